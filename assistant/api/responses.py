"""``/v1/responses``: the same question in OpenAI's newer form."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.api.chat import MODEL, STREAMED, Asking, Message, evidence, failure, question_of, refusing
from assistant.api.errors import ApiError
from assistant.events import Answer, ApprovalNeeded, Began, Event, Failed, TextDelta
from assistant.session import Assistant

router = APIRouter(prefix="/v1", tags=["chat"])
PREFIX = "resp_"


class ResponseRequest(BaseModel):
    """What is asked: a text, or messages of which the last is the question.

    ``previous_response_id`` goes on with the conversation of an earlier answer. ``library`` and ``approval`` are ours,
    as in chat completions; how a model samples is for the settings to say.
    """

    model_config = ConfigDict(extra="forbid")
    model: str = MODEL
    input: str | list[Message]
    stream: bool = False
    previous_response_id: str | None = None
    library: str | None = None
    approval: Literal["refuse", "ask"] = "refuse"
    instructions: str | None = Field(None, description="Taken and not used; the settings say what the model is told.")
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    user: str | None = None


@router.post("/responses", response_model=None, responses=STREAMED)
async def respond(request: Request, asked: ResponseRequest, key: Asking) -> dict[str, Any] | StreamingResponse:
    """Answer from the library and with the tools, and show the evidence."""
    assistant: Assistant = request.app.state.assistant
    messages = [Message(role="user", content=asked.input)] if isinstance(asked.input, str) else asked.input
    question, earlier = question_of(messages)
    conversation = asked.previous_response_id.removeprefix(PREFIX) if asked.previous_response_id else None
    events = assistant.stream(
        question, conversation, key.owner, library=asked.library, history=() if conversation else earlier
    )
    if asked.approval == "refuse":
        events = refusing(assistant, events, key.owner)
    first = await anext(events)
    if isinstance(first, Failed):
        raise failure(first)
    assert isinstance(first, Began)
    if asked.stream:
        lines = _lines(events, first.conversation)
        return StreamingResponse(lines, media_type="text/event-stream", headers={"cache-control": "no-cache"})
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answer | ApprovalNeeded):
                return response(first.conversation, event)
            if isinstance(event, Failed):
                raise failure(event)
    raise ApiError(500, "The turn ended without an answer; the log has it.")


def response(conversation: str, end: Answer | ApprovalNeeded | None) -> dict[str, Any]:
    """Returns the object that answers a request; one of a turn that is under way where there is no end yet."""
    text = end.text if isinstance(end, Answer) else ""
    return {
        "id": f"{PREFIX}{conversation}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress" if end is None else "completed",
        "model": MODEL,
        "output": [] if end is None else [_message(conversation, text)],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
        "evidence": None if end is None else evidence(end),
    }


def _message(conversation: str, text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": f"msg_{conversation}", "type": "message", "role": "assistant", "status": "completed", "content": content,
    }  # fmt: skip


async def _lines(events: AsyncGenerator[Event, None], conversation: str) -> AsyncIterator[str]:
    numbered = _Numbered()
    part = {"item_id": f"msg_{conversation}", "output_index": 0, "content_index": 0}
    empty = {**_message(conversation, ""), "status": "in_progress", "content": []}
    yield numbered("response.created", response=response(conversation, None))
    yield numbered("response.output_item.added", output_index=0, item=empty)
    yield numbered("response.content_part.added", **part, part={"type": "output_text", "text": "", "annotations": []})
    streamed = ""
    async with aclosing(events):
        async for event in events:
            match event:
                case TextDelta(text):
                    streamed += text
                    yield numbered("response.output_text.delta", **part, delta=text, logprobs=[])
                case Answer() | ApprovalNeeded():
                    if isinstance(event, Answer) and not streamed:
                        yield numbered("response.output_text.delta", **part, delta=event.text, logprobs=[])
                    whole = response(conversation, event)
                    said = whole["output"][0]
                    text = said["content"][0]["text"]
                    yield numbered("response.output_text.done", **part, text=text, logprobs=[])
                    yield numbered("response.content_part.done", **part, part=said["content"][0])
                    yield numbered("response.output_item.done", output_index=0, item=said)
                    yield numbered("response.completed", response=whole)
                case Failed(message, _, kind):
                    failed = {**response(conversation, None), "status": "failed"}
                    yield numbered("response.failed", response={**failed, "error": {"code": kind, "message": message}})


class _Numbered:
    """Writes events, each with its number."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, kind: str, **fields: Any) -> str:
        event = {"type": kind, "sequence_number": self._next, **fields}
        self._next += 1
        return f"event: {kind}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
