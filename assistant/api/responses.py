"""``/v1/responses``: the same question in OpenAI's newer form."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import Field

from assistant.api.asking import MOST_MESSAGES, Asked, Asking, Message, Place, turn_of
from assistant.api.chat import end_of, failure
from assistant.api.errors import ApiError
from assistant.api.fields import HarmlessResponse
from assistant.api.leaving import unless_gone
from assistant.api.response_object import PREFIX, Head, response, stored
from assistant.api.response_stream import lines
from assistant.api.shapes import ResponseShape, answers, streamed
from assistant.course import Course
from assistant.errors import UnknownConversation
from assistant.events import Began, Failed
from assistant.session import Assistant

router = APIRouter(prefix="/v1", tags=["chat"])
# The conversation, and the turn's row; ids of earlier versions name the conversation alone.
ID = re.compile(rf"{PREFIX}([0-9a-z]+)(?:_(\d{{1,18}}))?", re.ASCII)


class ResponseRequest(Asked, HarmlessResponse):
    """What is asked: a text, or messages of which the last is the question.

    ``previous_response_id`` goes on from an earlier answer, beside what has been asked after it; ``conversation`` goes
    on where a conversation ends. ``library`` and ``approval`` are ours, as in chat completions; how a model samples is
    for the settings to say.
    """

    input: str | Annotated[list[Message], Field(max_length=MOST_MESSAGES)]
    previous_response_id: str | None = None
    instructions: str | None = Field(None, description="How the answer is to be; a language model is told.")
    max_output_tokens: int | None = Field(None, ge=1, description="How long a reply of a server's model may be.")


@router.post("/responses", response_model=None, responses=streamed(ResponseShape))
async def respond(request: Request, asked: ResponseRequest, key: Asking) -> Response:
    """Answer from the library and with the tools, and show the evidence."""
    assistant: Assistant = request.app.state.assistant
    place = await _place(assistant, key.owner, asked)
    course = Course(wishes=asked.instructions or "", most_tokens=asked.max_output_tokens)
    try:
        events = await turn_of(assistant, key.owner, asked, _messages(asked.input), course, place)
    except ApiError as error:
        error.param = "input" if error.param == "messages" else error.param
        raise
    first = await anext(events)
    if isinstance(first, Failed):
        raise failure(first)
    assert isinstance(first, Began)
    head = Head(f"{PREFIX}{first.conversation}_{first.turn}", asked.previous_response_id, int(time.time()))
    if asked.stream:
        told = lines(events, head, course)
        return StreamingResponse(told, media_type="text/event-stream", headers={"cache-control": "no-cache"})
    return JSONResponse(response(head, await unless_gone(request, end_of(events)), course))


@router.get("/responses/{response_id}", response_model=None, responses=answers(ResponseShape))
async def retrieve(request: Request, response_id: str, key: Asking) -> Response:
    """Show an answer again, with its evidence."""
    assistant: Assistant = request.app.state.assistant
    conversation, row = _parsed(response_id, "response_id")
    try:
        if row is None:
            row = (await assistant.conversations.turns(conversation, key.owner))[-1].id
        turn, asked = await assistant.conversations.turn(conversation, key.owner, row)
    except (UnknownConversation, IndexError):
        raise _unknown(response_id, "response_id") from None
    head = Head(f"{PREFIX}{conversation}_{row}", None, int(datetime.fromisoformat(asked).timestamp()))
    return JSONResponse(stored(head, turn, conversation))


def _messages(given: str | Sequence[Message]) -> Sequence[Message]:
    return [Message(role="user", content=given)] if isinstance(given, str) else given


async def _place(assistant: Assistant, owner: str, asked: ResponseRequest) -> Place:
    """Returns where a request goes on.

    Raises:
        ApiError: There is no such response.
    """
    if asked.previous_response_id is None:
        return Place(asked.conversation)
    if asked.conversation is not None:
        raise ApiError(400, "Give conversation or previous_response_id, not both.", "previous_response_id")
    conversation, row = _parsed(asked.previous_response_id, "previous_response_id")
    if row is None:
        return Place(conversation)
    try:
        return Place(conversation, await _after(assistant, conversation, owner, row))
    except UnknownConversation:
        raise _unknown(asked.previous_response_id, "previous_response_id") from None


async def _after(assistant: Assistant, conversation: str, owner: str, row: int) -> int | None:
    """Returns the row of a turn that follows a turn, so that another can stand beside it; None where none does."""
    path = [turn.id for turn in await assistant.conversations.turns(conversation, owner)]
    if row not in path:
        await assistant.conversations.take_branch(conversation, owner, row)
        path = [turn.id for turn in await assistant.conversations.turns(conversation, owner)]
    return next((after for before, after in itertools.pairwise(path) if before == row), None)


def _parsed(name: str, param: str) -> tuple[str, int | None]:
    if not (found := ID.fullmatch(name)):
        raise _unknown(name, param)
    return found[1], int(found[2]) if found[2] else None


def _unknown(name: str, param: str) -> ApiError:
    return ApiError(404, f"There is no response {name!r} of this key.", param)
