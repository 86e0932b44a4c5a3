"""The agent loop: the model speaks, its tools run, and at the end its words are checked.

model ──calls tools──▶ tools ──▶ model … ──answers──▶ check
  └──a call needs approval──▶ approve ──▶ tools
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import asdict
from typing import Literal

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from assistant import state as turns
from assistant.approval import refusals
from assistant.calls import pending, run_calls
from assistant.engines.reasoning import thoughts_of
from assistant.events import Answer, CitationAdded, ToolCall
from assistant.evidence import MARKER, Checked, check
from assistant.reply import Parts, ask_model
from assistant.state import Turn, TurnState
from assistant.tracing import span, tell_reply
from assistant.usage import spent

Graph = CompiledStateGraph[TurnState, Turn, TurnState, TurnState]

DECLINED = re.compile(r"\b(documents?|passages?|library) (do|does|did) not (answer|contain|say|mention|hold)\b", re.I)


def build_graph(parts: Parts, saver: BaseCheckpointSaver[str] | None) -> Graph:
    """Wires the loop.

    Args:
        parts: The engine and what the check needs.
        saver: Keeps each turn; without one, nobody can be waited for.

    Returns:
        The graph; what happens is emitted through ``Turn.emit``.
    """

    async def model(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
        turn = runtime.context
        with span(turn.tracer, "model", gen_ai__operation__name="chat") as current:
            try:
                reply = await ask_model(parts, state["messages"], turn)
            finally:  # a server's own model is known once it has been asked
                if name := turn.model or getattr(parts.engine, "name_there", ""):
                    current.set_attribute("gen_ai.request.model", name)
            tell_reply(current, reply)
        turn.course.replies.append(reply)
        return {"messages": [*state["messages"], reply], "decisions": {}}

    async def approve(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
        requests = pending(state["messages"], runtime.context)
        if runtime.context.course.watched:
            # The graph stops here, is saved, and begins this node again when somebody has decided.
            decisions = interrupt([asdict(request) for request in requests])
        else:
            decisions = {key: asdict(decision) for key, decision in refusals(requests).items()}
        return {"messages": state["messages"], "decisions": decisions}

    async def tools(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
        results = await run_calls(state["messages"], state["decisions"], runtime.context)
        return {"messages": [*state["messages"], *results], "decisions": {}}

    # Were it no coroutine, it would be run in a thread.
    async def after_model(state: TurnState, runtime: Runtime[Turn]) -> Literal["approve", "tools", "check"]:
        reply = state["messages"][-1]
        if not (isinstance(reply, AIMessage) and turns.has_calls(reply)):
            return "check"
        return "approve" if pending(state["messages"], runtime.context) else "tools"

    async def evidence(state: TurnState, runtime: Runtime[Turn]) -> None:
        with span(runtime.context.tracer, "evidence") as current:
            checked = await _check(parts, state["messages"], runtime.context)
            current.set_attributes(
                {"assistant.citations": len(checked.citations), "assistant.unsupported": len(checked.unsupported)}
            )

    graph = StateGraph(TurnState, context_schema=Turn)
    graph.add_node("model", model)
    graph.add_node("approve", approve)
    graph.add_node("tools", tools)
    graph.add_node("check", evidence)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", after_model)
    graph.add_edge("approve", "tools")
    graph.add_edge("tools", "model")
    graph.add_edge("check", END)
    return graph.compile(checkpointer=saver)


async def _check(parts: Parts, messages: list[AnyMessage], turn: Turn) -> Checked:
    reply = messages[-1]
    assert isinstance(reply, AIMessage)
    calls = turns.tool_calls(messages)
    # An engine that speaks of itself, as in a greeting, says so: there is nothing to check.
    if reply.response_metadata.get("about_itself"):
        checked = Checked(reply.text, (), (), 0)
    else:
        arguments = (reply.text, turn.ledger, turns.computations(messages), turn.page_text, parts.similarity)
        # Only a citation makes the check read from disk and embed.
        checked = await asyncio.to_thread(check, *arguments) if MARKER.search(reply.text) else check(*arguments)
    turn.finished.extend(messages)
    for citation in checked.citations:
        turn.emit(CitationAdded(citation))
    turn.emit(_answer(parts, reply, checked, calls, messages, turn))
    return checked


def _answer(
    parts: Parts, reply: AIMessage, checked: Checked, calls: list[ToolCall], messages: list[AnyMessage], turn: Turn
) -> Answer:
    declined = reply.response_metadata.get("abstained")
    if declined is None:
        declined = not checked.citations and bool(DECLINED.search(reply.text))
    unsupported, reasons = ((), ()) if declined else (checked.unsupported, checked.reasons)
    return Answer(
        text=checked.text.strip(),
        citations=checked.citations,
        unsupported=unsupported,
        tool_calls=tuple(calls),
        artifacts=tuple(turns.artifacts(messages)),
        confidence=round(float(reply.response_metadata.get("confidence", checked.support)), 3),
        abstained=bool(declined),
        engine=f"{turn.model}, an adapter of {parts.engine_name}" if turn.model else parts.engine_name,
        conversation=turn.conversation,
        seconds=round(time.perf_counter() - turn.started, 3),
        reasons=reasons,
        usage=spent(messages),
        notes=tuple(turn.notes),
        about_itself=bool(reply.response_metadata.get("about_itself")),
        reasoning="\n\n".join(filter(None, (thoughts_of(each).strip() for each in turns.replies(messages)))),
    )
