"""What the graph carries through a turn, and how a turn's messages are read again later."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from opentelemetry.trace import NoOpTracer, Tracer

from assistant import taint
from assistant.approval import Rule
from assistant.course import Course
from assistant.events import Artifact, Event, ToolCall
from assistant.evidence import Ledger, PageText
from assistant.past import Past
from assistant.plugin import Context
from assistant.schema import Tool
from assistant.vision import Load

CHANGED = "\n(The person changed the arguments of this call before approving it, to: "


class TurnState(TypedDict):
    """The checkpointed state.

    Attributes:
        messages: The messages of this turn alone, the question first. Earlier turns lie in their own checkpoints of the
            same thread, so that each message is saved once.
        decisions: What a person decided about the calls of the last reply, by the request's id. It goes with them:
            a decision never speaks for a later call.
    """

    messages: list[AnyMessage]
    decisions: dict[str, dict[str, Any]]


@dataclass(slots=True)
class Turn:
    """What the nodes need beside the state; made anew for each turn and never saved.

    Attributes:
        conversation: The conversation's id.
        past: The earlier turns, as far as the model is shown them.
        ledger: The conversation's passages.
        tools: What may be called, by name.
        page_text: Looks up stored text of the conversation's library for the check.
        picture: Looks up a picture of it by its id.
        context: Makes the context of one tool call from the receiver of its progress.
        rules: What the settings say to calls.
        granted: Tools that were approved in this conversation; a tool approved in this turn is added.
        started: ``time.perf_counter()`` at the question.
        model: Which of the engine's models answers; empty is the usual one.
        tracer: Makes the spans of what is done in the turn.
        course: What makes it go the same way again.
        fence: What the fence around foreign text is named by.
        notes: Receives what the person should know about how the answer came about.
        finished: Receives the turn's messages when it comes to its end.
        events: Receives what happens, closed by None. LangGraph's own stream would do the same at twice the cost.
    """

    conversation: str
    past: Past
    ledger: Ledger
    tools: Mapping[str, Tool]
    page_text: PageText
    picture: Load
    context: Callable[[Callable[[float | None, str], None]], Context]
    rules: Sequence[Rule]
    granted: set[str]
    started: float
    model: str = ""
    tracer: Tracer = field(default_factory=NoOpTracer)
    course: Course = field(default_factory=Course)
    fence: str = ""
    notes: list[str] = field(default_factory=list)
    finished: list[AnyMessage] = field(default_factory=list)
    events: asyncio.Queue[Event | None] = field(default_factory=asyncio.Queue)

    def emit(self, event: Event) -> None:
        """Passes an event on; to be called in the event loop's thread."""
        self.events.put_nowait(event)


def tool_message(
    call: ToolCall,
    artifacts: Sequence[Artifact] = (),
    *,
    quotes: bool = False,
    trusted: bool = True,
    changed: bool = False,
    pictures: Sequence[tuple[int, int]] = (),
) -> ToolMessage:
    """Returns a finished call as the message that the model reads.

    Args:
        call: The call.
        artifacts: Files that it made.
        quotes: Whether it returned passages of documents, so that its numbers were not computed.
        trusted: Whether no foreign text can be in it.
        changed: Whether a person had changed the arguments.
        pictures: Numbers and ids of the pictures that it returned.
    """
    content = json.dumps(call.result, ensure_ascii=False) if call.ok else f"Error: {call.result}"
    if changed:
        content += f"{CHANGED}{json.dumps(call.arguments, ensure_ascii=False)})"
    extra = {
        "seconds": call.seconds,
        "artifacts": [asdict(replace(artifact, tool=call.name)) for artifact in artifacts],
        "quotes": quotes,
        "trusted": trusted,
        "arguments": call.arguments,
    }
    if pictures:
        extra["pictures"] = [list(each) for each in pictures]
    status = "success" if call.ok else "error"
    return ToolMessage(content, name=call.name, tool_call_id=call.id, status=status, additional_kwargs=extra)


def said(message: ToolMessage) -> str:
    """Returns what a tool returned, without what was put around it for the model."""
    return taint.raw(message).partition(CHANGED)[0]


def tool_calls(messages: Sequence[AnyMessage]) -> list[ToolCall]:
    """Returns the finished calls of a turn, in order."""
    results = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    return [
        _finished(call["id"] or "", call["name"], dict(call["args"]), results[call["id"] or ""])
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] in results
    ]


def computations(messages: Sequence[AnyMessage]) -> list[ToolCall]:
    """Returns the finished calls whose results are not quoted from documents."""
    quoting = {
        message.tool_call_id
        for message in messages
        if isinstance(message, ToolMessage) and message.additional_kwargs.get("quotes")
    }
    return [call for call in tool_calls(messages) if call.id not in quoting]


def artifacts(messages: Sequence[AnyMessage]) -> list[Artifact]:
    """Returns the files that the turn's tools made, in order."""
    found = [message.additional_kwargs.get("artifacts", []) for message in messages if isinstance(message, ToolMessage)]
    return [Artifact(**artifact) for some in found for artifact in some]


def replies(messages: Sequence[AnyMessage]) -> list[AIMessage]:
    """Returns what the model said in a turn, in order."""
    return [message for message in messages if isinstance(message, AIMessage)]


def is_complete(messages: Sequence[AnyMessage]) -> bool:
    """Whether a turn came to its end: a reply that calls no tool stands last."""
    return bool(messages) and isinstance(messages[-1], AIMessage) and not has_calls(messages[-1])


def has_calls(message: AIMessage) -> bool:
    """Whether a reply asks for tools, in well-formed or malformed calls."""
    return bool(message.tool_calls or message.invalid_tool_calls)


def _finished(call_id: str, name: str, arguments: dict[str, Any], message: ToolMessage) -> ToolCall:
    ok = message.status == "success"
    text = said(message)
    result = json.loads(text) if ok else text.removeprefix("Error: ")
    ran_with = message.additional_kwargs.get("arguments", arguments)
    return ToolCall(call_id, name, ran_with, result, ok, message.additional_kwargs.get("seconds", 0.0))
