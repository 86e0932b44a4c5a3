"""``/v1/responses``: the same question in OpenAI's newer form."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import Field

from assistant.api.asking import MODEL, Asked, Asking, Message, turn_of
from assistant.api.chat import end_of, failure
from assistant.api.evidence import evidence, usage_of
from assistant.api.leaving import unless_gone
from assistant.api.shapes import ResponseShape, streamed
from assistant.events import Answer, ApprovalNeeded, Began, Event, Failed, ReasoningDelta, TextDelta
from assistant.session import Assistant

router = APIRouter(prefix="/v1", tags=["chat"])
PREFIX = "resp_"


class ResponseRequest(Asked):
    """What is asked: a text, or messages of which the last is the question.

    ``previous_response_id`` goes on with the conversation of an earlier answer. ``library`` and ``approval`` are ours,
    as in chat completions; how a model samples is for the settings to say.
    """

    input: str | list[Message]
    previous_response_id: str | None = None
    instructions: str | None = Field(None, description="Taken and not used; the settings say what the model is told.")
    max_output_tokens: int | None = None


@router.post("/responses", response_model=None, responses=streamed(ResponseShape))
async def respond(request: Request, asked: ResponseRequest, key: Asking) -> Response:
    """Answer from the library and with the tools, and show the evidence."""
    assistant: Assistant = request.app.state.assistant
    messages = [Message(role="user", content=asked.input)] if isinstance(asked.input, str) else asked.input
    conversation = asked.previous_response_id.removeprefix(PREFIX) if asked.previous_response_id else None
    events = await turn_of(assistant, key.owner, asked, messages, conversation)
    first = await anext(events)
    if isinstance(first, Failed):
        raise failure(first)
    assert isinstance(first, Began)
    if asked.stream:
        lines = _lines(events, first.conversation)
        return StreamingResponse(lines, media_type="text/event-stream", headers={"cache-control": "no-cache"})
    end = await unless_gone(request, end_of(events))
    return JSONResponse(response(first.conversation, end, end.reasoning if isinstance(end, Answer) else ""))


def response(conversation: str, end: Answer | ApprovalNeeded | None, thought: str = "") -> dict[str, Any]:
    """Returns the object that answers a request.

    Args:
        conversation: Where it was asked.
        end: How the turn ended; None while it is under way.
        thought: What the model thought, where it comes before its answer.
    """
    text = end.text if isinstance(end, Answer) else ""
    output = [*([_reasoning(conversation, thought)] if thought else []), _message(conversation, text)]
    usage = usage_of(end) if end else None
    return {
        "id": f"{PREFIX}{conversation}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress" if end is None else "completed",
        "model": MODEL,
        "output": [] if end is None else output,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": False,
        "previous_response_id": None,
        "tool_choice": "auto",
        "tools": [],
        "usage": _renamed(usage) if usage else None,
        "evidence": None if end is None else evidence(end),
    }


def _renamed(usage: dict[str, Any]) -> dict[str, Any]:
    """The tokens under the names that they have here."""
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    names |= {f"{old}_details": f"{new}_details" for old, new in names.items()}
    return {names.get(name, name): value for name, value in usage.items()}


def _message(conversation: str, text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": f"msg_{conversation}", "type": "message", "role": "assistant", "status": "completed", "content": content,
    }  # fmt: skip


def _reasoning(conversation: str, text: str) -> dict[str, Any]:
    content = [{"type": "reasoning_text", "text": text}] if text else []
    return {"id": f"rs_{conversation}", "type": "reasoning", "summary": [], "status": "completed", "content": content}


async def _lines(events: AsyncGenerator[Event, None], conversation: str) -> AsyncIterator[str]:
    numbered = _Numbered()
    yield numbered("response.created", response=response(conversation, None))
    written = _Written(conversation, numbered)
    async with aclosing(events):
        async for event in events:
            match event:
                case ReasoningDelta(text):
                    for line in written.think(text):
                        yield line
                case TextDelta(text):
                    for line in written.say(text):
                        yield line
                case Answer() | ApprovalNeeded():
                    for line in written.end(event):
                        yield line
                case Failed(message, _, kind):
                    failed = {**response(conversation, None), "status": "failed"}
                    yield numbered("response.failed", response={**failed, "error": {"code": kind, "message": message}})


class _Written:
    """The items of a response as they grow: thoughts, where the model has any before it speaks, and the message.

    Args:
        conversation: Where it was asked.
        numbered: Writes events.
    """

    def __init__(self, conversation: str, numbered: _Numbered) -> None:
        self._conversation, self._numbered = conversation, numbered
        self._thought, self._speaking, self._said = "", False, False

    @property
    def _part(self) -> dict[str, Any]:
        place = 1 if self._thought else 0
        return {"item_id": f"msg_{self._conversation}", "output_index": place, "content_index": 0}

    def think(self, text: str) -> Iterator[str]:
        """Adds to the thoughts; those after the first words are left out, since items have an order."""
        if self._speaking:
            return
        part = {"item_id": f"rs_{self._conversation}", "output_index": 0}
        if not self._thought:
            item = {**_reasoning(self._conversation, ""), "status": "in_progress"}
            yield self._numbered("response.output_item.added", output_index=0, item=item)
        self._thought += text
        yield self._numbered("response.reasoning_text.delta", **part, content_index=0, delta=text)

    def say(self, text: str) -> Iterator[str]:
        """Adds to the message."""
        yield from self._speak()
        self._said = True
        yield self._numbered("response.output_text.delta", **self._part, delta=text, logprobs=[])

    def _speak(self) -> Iterator[str]:
        if self._speaking:
            return
        self._speaking = True
        if self._thought:
            part = {"item_id": f"rs_{self._conversation}", "output_index": 0, "content_index": 0}
            yield self._numbered("response.reasoning_text.done", **part, text=self._thought)
            whole = _reasoning(self._conversation, self._thought)
            yield self._numbered("response.output_item.done", output_index=0, item=whole)
        empty = {**_message(self._conversation, ""), "status": "in_progress", "content": []}
        yield self._numbered("response.output_item.added", output_index=self._part["output_index"], item=empty)
        part = {"type": "output_text", "text": "", "annotations": []}
        yield self._numbered("response.content_part.added", **self._part, part=part)

    def end(self, end: Answer | ApprovalNeeded) -> Iterator[str]:
        """Closes the items and the response."""
        whole = response(self._conversation, end, self._thought)
        said = whole["output"][-1]
        yield from self._speak()
        if isinstance(end, Answer) and not self._said:
            yield from self.say(end.text)
        yield self._numbered("response.output_text.done", **self._part, text=said["content"][0]["text"], logprobs=[])
        yield self._numbered("response.content_part.done", **self._part, part=said["content"][0])
        yield self._numbered("response.output_item.done", output_index=self._part["output_index"], item=said)
        yield self._numbered("response.completed", response=whole)


class _Numbered:
    """Writes events, each with its number."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, kind: str, **fields: Any) -> str:
        event = {"type": kind, "sequence_number": self._next, **fields}
        self._next += 1
        return f"event: {kind}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
