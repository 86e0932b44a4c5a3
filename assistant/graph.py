"""The agent loop: the model speaks, its tools run, and at the end its words are checked.

model ──calls tools──▶ tools ──▶ model … ──answers──▶ check
  └──a call needs approval──▶ approve ──▶ tools
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage, SystemMessage
from langchain_core.messages.utils import message_chunk_to_message
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from assistant import state as turns
from assistant import taint
from assistant.calls import pending, run_calls
from assistant.engines.chunks import AGAIN, PROGRESS
from assistant.engines.reasoning import THOUGHTS, settled, thoughts_of
from assistant.errors import EngineRefused, StepLimit
from assistant.events import Answer, CitationAdded, EngineProgress, ReasoningDelta, TextDelta, ToolCall
from assistant.evidence import MARKER, Checked, Similarity, check
from assistant.prompts import prompt
from assistant.repair import mended, require_sound
from assistant.state import Turn, TurnState
from assistant.usage import spent
from assistant.vision import with_pictures

Graph = CompiledStateGraph[TurnState, Turn, TurnState, TurnState]

DECLINED = re.compile(r"\b(documents?|passages?|library) (do|does|did) not (answer|contain|say|mention|hold)\b", re.I)

EMPTY = "The model gave an empty reply; ask again, or look at the server's log."
ONLY_THOUGHT = "The model thought and then gave no answer; ask again, or let the server's context be longer."


@dataclass(frozen=True, slots=True)
class Parts:
    """What the graph is made of.

    Attributes:
        engine: The chat model.
        engine_name: How it is called before people.
        max_steps: Replies in one turn at most.
        similarity: Compares sentences for the check.
        sees: Whether the engine is shown the pictures that were found.
    """

    engine: BaseChatModel
    engine_name: str
    max_steps: int
    similarity: Similarity | None
    sees: bool = False


def build_graph(parts: Parts, saver: BaseCheckpointSaver[str]) -> Graph:
    """Wires the loop.

    Args:
        parts: The engine and what the check needs.
        saver: Keeps each turn.

    Returns:
        The graph; what happens is emitted through ``Turn.emit``.
    """

    async def model(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
        return await _ask_model(parts, state["messages"], runtime.context)

    async def approve(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
        requests = pending(state["messages"], runtime.context)
        # The graph stops here, is saved, and begins this node again when somebody has decided.
        decisions = interrupt([asdict(request) for request in requests])
        return {"messages": state["messages"], "decisions": decisions}

    async def tools(state: TurnState, runtime: Runtime[Turn]) -> TurnState:
        results = await run_calls(state["messages"], state["decisions"], runtime.context)
        return {"messages": [*state["messages"], *results], "decisions": {}}

    def after_model(state: TurnState, runtime: Runtime[Turn]) -> Literal["approve", "tools", "check"]:
        reply = state["messages"][-1]
        if not (isinstance(reply, AIMessage) and turns.has_calls(reply)):
            return "check"
        return "approve" if pending(state["messages"], runtime.context) else "tools"

    async def evidence(state: TurnState, runtime: Runtime[Turn]) -> None:
        await _check(parts, state["messages"], runtime.context)

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


async def _ask_model(parts: Parts, messages: list[AnyMessage], turn: Turn) -> TurnState:
    if sum(isinstance(message, AIMessage) for message in messages) >= parts.max_steps:
        raise StepLimit(
            f"The model called tools {parts.max_steps} times without answering; "
            "ask for less at once or raise agent.max_steps."
        )
    context = [*turn.history, *messages]
    shown = [SystemMessage(prompt("system")), *taint.fenced(context, turn.conversation)]
    if parts.sees:
        shown = await with_pictures(shown, turn.picture)
    offered: dict[str, Any] = {"tools": [tool.for_model for tool in turn.tools.values()]} if turn.tools else {}
    reply = await _stream(parts.engine.astream(shown, conversation=turn.conversation, **offered), turn)
    require_sound([*turns.replies(messages), reply], turn.tools)
    if taint.is_tainted(context):
        reply = taint.mark(reply)
    return {"messages": [*messages, reply], "decisions": {}}


async def _stream(chunks: AsyncIterator[Any], turn: Turn) -> AIMessage:
    pieces: list[AIMessageChunk] = []
    async for chunk in chunks:
        if waits := chunk.response_metadata.get(PROGRESS):  # the model is not there yet
            turn.emit(EngineProgress(waits["fraction"], waits["message"], waits.get("loading", True)))
            continue
        if chunk.response_metadata.get(AGAIN):  # it begins anew, and has said nothing so far
            pieces.clear()
            continue
        pieces.append(chunk)
        if thoughts := chunk.additional_kwargs.get(THOUGHTS):
            turn.emit(ReasoningDelta(thoughts))
        if chunk.text:
            turn.emit(TextDelta(chunk.text))
    whole = _whole(pieces) if pieces else None
    reply = message_chunk_to_message(whole) if whole else None
    if not isinstance(reply, AIMessage):
        raise EngineRefused(EMPTY)
    reply = settled(reply)
    if isinstance(whole, AIMessageChunk) and whole.tool_call_chunks:
        reply = mended(reply, whole.tool_call_chunks, turn.tools)
    if not (reply.text.strip() or turns.has_calls(reply)):
        raise EngineRefused(ONLY_THOUGHT if thoughts_of(reply) else EMPTY)
    return reply


def _whole(pieces: list[AIMessageChunk]) -> BaseMessage:
    """Puts pieces together, all at once, as each addition goes through all that there is so far."""
    # A model that does not stream gives a message, which is whole.
    return pieces[0] + pieces[1:] if len(pieces) > 1 else pieces[0]


async def _check(parts: Parts, messages: list[AnyMessage], turn: Turn) -> None:
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
        engine=parts.engine_name,
        conversation=turn.conversation,
        seconds=round(time.perf_counter() - turn.started, 3),
        reasons=reasons,
        usage=spent(messages),
        reasoning="\n\n".join(filter(None, (thoughts_of(each).strip() for each in turns.replies(messages)))),
    )
