"""``/v1/chat/completions``: a question as OpenAI's clients ask it, the evidence in a field of its own."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.api.asking import MODEL, MOST_MESSAGES, Asked, Asking, Message, Place, turn_of
from assistant.api.errors import AGAIN, AWAY, STATUS, ApiError, body
from assistant.api.evidence import evidence, usage_of
from assistant.api.fields import HarmlessChat
from assistant.api.leaving import unless_gone
from assistant.api.sentences import TOLD
from assistant.api.shapes import Completion, streamed
from assistant.approval import Decision
from assistant.course import Course
from assistant.events import Answer, ApprovalNeeded, Event, Failed, ReasoningDelta, TextDelta
from assistant.session import Assistant

router = APIRouter(prefix="/v1", tags=["chat"])


class StreamOptions(BaseModel):
    """How an answer is streamed."""

    model_config = ConfigDict(extra="ignore")
    include_usage: bool = False


class ChatRequest(Asked, HarmlessChat):
    """What is asked.

    The last message is the question, those before it are what it refers to, and those of the system say how it is to
    be answered. ``conversation``, ``library`` and ``approval`` are ours. Sampling is for the settings to say, so that
    answers can be repeated: such fields are taken and not used.
    """

    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1, description="How long a reply of a server's model may be.")
    max_completion_tokens: int | None = Field(None, ge=1, description="The same under its newer name.")


class Verdict(BaseModel):
    """What a person says of one call that waits."""

    model_config = ConfigDict(extra="forbid")
    approve: bool
    arguments: dict[str, Any] | None = Field(None, description="Replace those of the call.")


class Verdicts(BaseModel):
    """The decisions by the requests' ids; a call without one is refused."""

    model_config = ConfigDict(extra="forbid")
    decisions: dict[str, Verdict]
    stream: bool = False


@router.post("/chat/completions", response_model=None, responses=streamed(Completion))
async def complete(request: Request, asked: ChatRequest, key: Asking) -> Response:
    """Answer the last message from the library and with the tools, and show the evidence."""
    assistant: Assistant = request.app.state.assistant
    course = Course(most_tokens=asked.max_completion_tokens or asked.max_tokens)
    events = await turn_of(assistant, key.owner, asked, asked.messages, course, Place(asked.conversation))
    counted = bool(asked.stream_options and asked.stream_options.include_usage)
    return await _reply(request, events, course, stream=asked.stream, counted=counted)


@router.post(
    "/conversations/{conversation}/approvals",
    response_model=None,
    responses=streamed(Completion),
    tags=["conversations"],
)
async def decide(request: Request, conversation: str, given: Verdicts, key: Asking) -> Response:
    """Go on with a turn that waits for approval."""
    assistant: Assistant = request.app.state.assistant
    decisions = {
        each: Decision(verdict.approve, arguments=verdict.arguments) for each, verdict in given.decisions.items()
    }
    await _require(assistant, conversation, key.owner, decisions)
    course = Course()
    events = assistant.resume(conversation, decisions, key.owner, course=course)
    return await _reply(request, events, course, stream=given.stream)


async def _require(assistant: Assistant, conversation: str, owner: str, decisions: Collection[str]) -> None:
    """Refuses decisions about what does not wait, since a turn takes decisions only once."""
    turns = await assistant.conversations.turns(conversation, owner)
    if not turns or turns[-1].state != "waiting":  # told where it is taken up
        return
    waiting = [each["id"] for each in (turns[-1].result or {})["requests"]]
    if unknown := next((each for each in decisions if each not in waiting), None):
        line = f"No call {unknown!r} waits in this conversation; these do: {', '.join(waiting)}."
        raise ApiError(400, line, "decisions")


async def _reply(
    request: Request, events: AsyncGenerator[Event, None], course: Course, *, stream: bool, counted: bool = False
) -> Response:
    if not stream:
        return JSONResponse(completion(await unless_gone(request, end_of(events)), course))
    # What fails before anything is said gets a status of its own.
    first = await anext(events)
    if isinstance(first, Failed):
        raise failure(first)
    return StreamingResponse(
        _chunks(events, course, counted=counted), media_type="text/event-stream", headers={"cache-control": "no-cache"}
    )


async def end_of(events: AsyncGenerator[Event, None]) -> Answer | ApprovalNeeded:
    """Returns how a turn ends.

    Raises:
        ApiError: It failed.
    """
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answer | ApprovalNeeded):
                return event
            if isinstance(event, Failed):
                raise failure(event)
    raise AssertionError("a turn ends")


def completion(end: Answer | ApprovalNeeded, course: Course) -> dict[str, Any]:
    """Returns the object that answers a request."""
    message = {"role": "assistant", "content": end.text if isinstance(end, Answer) else ""}
    if isinstance(end, Answer) and end.reasoning:
        message["reasoning_content"] = end.reasoning
    choice = {"index": 0, "message": message, "finish_reason": _reason(course), "logprobs": None}
    return {**_head("chat.completion"), "choices": [choice], "usage": usage_of(end), "evidence": evidence(end)}


async def _chunks(events: AsyncGenerator[Event, None], course: Course, *, counted: bool) -> AsyncIterator[str]:
    head = _head("chat.completion.chunk")
    yield _line(head, {"role": "assistant", "content": ""})
    streamed = ""
    async with aclosing(events):
        async for event in events:
            match event:
                case ReasoningDelta(text):
                    yield _line(head, {"reasoning_content": text})
                case TextDelta(text):
                    streamed += text
                    yield _line(head, {"content": text})
                case Answer() | ApprovalNeeded():
                    # An engine that does not stream says all of it at the end.
                    if isinstance(event, Answer) and not streamed:
                        yield _line(head, {"content": event.text})
                    yield _line(head, {}, _reason(course), evidence(event))
                    if counted:
                        yield f"data: {json.dumps({**head, 'choices': [], 'usage': usage_of(event)})}\n\n"
                case Failed(message, _, kind):
                    told = body(STATUS.get(kind, 500), TOLD.get(kind, message), code=kind)
                    yield f"data: {json.dumps(told)}\n\n"
    yield "data: [DONE]\n\n"


def _line(
    head: dict[str, Any], delta: dict[str, Any], reason: str | None = None, proof: dict[str, Any] | None = None
) -> str:
    chunk = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}]}
    if proof is not None:
        chunk["evidence"] = proof
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _reason(course: Course) -> str:
    return "length" if course.cut_off else "stop"


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def failure(failed: Failed) -> ApiError:
    """Returns what a request gets whose turn failed."""
    status = STATUS.get(failed.kind, 500)
    return ApiError(
        status, TOLD.get(failed.kind, failed.message), code=failed.kind, **(AGAIN if status == AWAY else {})
    )
