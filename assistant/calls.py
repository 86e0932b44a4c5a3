"""The calls of one reply: which of them a person has to approve, and running the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, InvalidToolCall, ToolMessage

from assistant import taint
from assistant.approval import Decision, Verdict, judge, nobody
from assistant.events import ApprovalRequest, ToolCall, ToolFinished, ToolPreview, ToolProgress, ToolStarted
from assistant.runner import misfit, parameters, run_tool
from assistant.state import Turn, tool_message
from assistant.tracing import span, tell_call
from index.types import Hit

# Of what a model wrote in place of arguments it is shown so many characters.
MAX_SHOWN = 2_000


def pending(messages: Sequence[AnyMessage], turn: Turn) -> list[ApprovalRequest]:
    """Returns a request for each call of the last reply that a person has to decide about.

    Nobody is asked about a call whose arguments do not fit the tool: ``run_calls`` refuses it.
    """
    requests = []
    for number, call in enumerate(_reply(messages).tool_calls):
        arguments = dict(call["args"])
        verdict = _verdict(call["name"], arguments, messages, turn)
        if verdict.ruling == "ask" and not misfit(turn.tools[call["name"]], arguments):
            touches = turn.tools[call["name"]].options.touches
            requests.append(
                ApprovalRequest(str(number), call["name"], arguments, verdict.reason, touches, code=verdict.code)
            )
    return requests


async def run_calls(
    messages: Sequence[AnyMessage], decisions: Mapping[str, Mapping[str, Any]], turn: Turn
) -> list[ToolMessage]:
    """Runs the calls of the last reply, one after the other.

    Passages get their numbers in an order that does not depend on timing. A call that needs approval and has none is
    refused, whatever has brought the graph here; so is one whose arguments do not fit, which grants its tool nothing.

    Args:
        messages: Of the turn.
        decisions: What a person decided, by the request's id.
        turn: The turn.

    Returns:
        A message for each call.
    """
    reply = _reply(messages)
    results = [_refuse_malformed(call, turn) for call in reply.invalid_tool_calls]
    for number, call in enumerate(reply.tool_calls):
        call_id, name, arguments = call["id"] or "", call["name"], dict(call["args"])
        verdict = _verdict(name, arguments, messages, turn)
        given = decisions.get(str(number))
        decision = _decision(verdict, given)
        changed = decision.arguments is not None and decision.arguments != arguments
        with_arguments = dict(decision.arguments or {}) if changed else arguments
        refused = given is not None and not decision.approved
        if verdict.ruling == "ask" and not refused and (wrong := misfit(turn.tools[name], with_arguments)):
            results.append(_not_run(call_id, name, with_arguments, wrong, turn, changed=changed))
            continue
        if not decision.approved:
            results.append(_refused(call_id, name, arguments, decision.note, turn))
            continue
        if verdict.ruling == "ask":
            turn.granted.add(name)
        results.append(await _run_one(call_id, name, with_arguments, turn, changed=changed))
    return results


def _reply(messages: Sequence[AnyMessage]) -> AIMessage:
    reply = messages[-1]
    assert isinstance(reply, AIMessage)
    return reply


def _verdict(name: str, arguments: Mapping[str, Any], messages: Sequence[AnyMessage], turn: Turn) -> Verdict:
    if (tool := turn.tools.get(name)) is None:
        return Verdict("approve")  # there is nothing to run; the model is told so
    tainted = turn.past.tainted or taint.is_tainted(messages)
    return judge(tool, arguments, turn.rules, tainted=tainted, granted=turn.granted)


def _decision(verdict: Verdict, given: Mapping[str, Any] | None) -> Decision:
    if verdict.ruling == "ask":
        return Decision(**given) if given else Decision(approved=False, note=nobody(verdict.reason, verdict.code))
    return Decision(approved=verdict.ruling == "approve", note=verdict.reason)


async def _run_one(call_id: str, name: str, arguments: dict[str, Any], turn: Turn, *, changed: bool) -> ToolMessage:
    turn.emit(ToolStarted(call_id, name, arguments))
    context = turn.context(_reporter(call_id, turn))
    context.show = _shower(call_id, turn)
    cite = context.cite
    quoted: list[Hit] = []

    pictures: list[tuple[int, int]] = []

    def recording(hit: Hit) -> int:
        quoted.append(hit)
        number = cite(hit)
        pictures.extend((number, picture.id) for picture in hit.pictures[:1])
        return number

    context.cite = recording
    tool = turn.tools.get(name)
    with span(turn.tracer, f"tool {name}", gen_ai__operation__name="execute_tool", gen_ai__tool__name=name) as current:
        if tool:
            call = await run_tool(tool, call_id, arguments, context)
        else:
            call = ToolCall(call_id, name, arguments, f"there is no tool '{name}'; {_there_is(turn)}", False, 0.0)
        tell_call(current, call)
    turn.emit(ToolFinished(call))
    trusted = tool is None or tool.options.trusted
    return tool_message(
        call, context.artifacts, quotes=bool(quoted), trusted=trusted, changed=changed, pictures=pictures
    )


def _reporter(call_id: str, turn: Turn) -> Callable[[float | None, str], None]:
    loop = asyncio.get_running_loop()

    def report(fraction: float | None, message: str) -> None:  # called from the tool's thread
        loop.call_soon_threadsafe(turn.emit, ToolProgress(call_id, fraction, message))

    return report


def _shower(call_id: str, turn: Turn) -> Callable[[bytes], None]:
    loop = asyncio.get_running_loop()

    def show(picture: bytes) -> None:  # called from the tool's thread
        loop.call_soon_threadsafe(turn.emit, ToolPreview(call_id, picture))

    return show


def _refused(call_id: str, name: str, arguments: dict[str, Any], note: str, turn: Turn) -> ToolMessage:
    reason = f"this call was not approved{f': {note}' if note else ''}; do not try it again in this turn"
    return _not_run(call_id, name, arguments, reason, turn)


def _not_run(
    call_id: str, name: str, arguments: dict[str, Any], reason: str, turn: Turn, *, changed: bool = False
) -> ToolMessage:
    call = ToolCall(call_id, name, arguments, reason, False, 0.0)
    turn.emit(ToolStarted(call_id, name, arguments))
    turn.emit(ToolFinished(call))
    return tool_message(call, changed=changed)


def _refuse_malformed(call: InvalidToolCall, turn: Turn) -> ToolMessage:
    name, tool = call["name"] or "", turn.tools.get(call["name"] or "")
    written = call["args"] or ""
    shown = written if len(written) <= MAX_SHOWN else written[:MAX_SHOWN] + "…"
    what_fits = parameters(tool) if tool else _there_is(turn)
    reason = f"the arguments of {name} are not valid JSON: {shown!r}; {what_fits}"
    return tool_message(ToolCall(call["id"] or "", name, {}, reason, False, 0.0))


def _there_is(turn: Turn) -> str:
    return f"the tools are: {', '.join(sorted(turn.tools)) or 'none'}"
