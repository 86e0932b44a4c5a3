"""``/v1/conversations``: what was asked with a key before."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse

from assistant.api.access import needs
from assistant.api.errors import ApiError
from assistant.api.evidence import shown
from assistant.api.keys import Key
from assistant.api.library_shapes import Deleted
from assistant.api.shapes import ConversationList, ConversationShape, answers
from assistant.conversations import Turn
from assistant.session import Assistant
from assistant.shelf import Conversation
from assistant.web.files import found, response_of

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])
Asking = Annotated[Key, Depends(needs("ask"))]


@router.get("", response_model=None, responses=answers(ConversationList))
async def conversations(
    request: Request, key: Asking, limit: Annotated[int, Query(ge=1, le=500)] = 100, after: str | None = None
) -> dict[str, Any]:
    """List the conversations of this key, the newest first, ``after`` the last one that is known already."""
    assistant: Assistant = request.app.state.assistant
    found = await assistant.conversations.list(key.owner, limit + 1, after)
    return {"object": "list", "data": [_row(each) for each in found[:limit]], "has_more": len(found) > limit}


@router.get("/{conversation}", response_model=None, responses=answers(ConversationShape))
async def conversation(request: Request, conversation: str, key: Asking) -> dict[str, Any]:
    """Show a conversation's turns with their evidence."""
    assistant: Assistant = request.app.state.assistant
    turns = await assistant.conversations.turns(conversation, key.owner)
    rows = [{"question": turn.question, "state": turn.state, "result": _result(turn, conversation)} for turn in turns]
    return {"object": "conversation", "id": conversation, "turns": rows}


def _row(each: Conversation) -> dict[str, Any]:
    return {
        "object": "conversation",
        "id": each.id,
        "title": each.title,
        "created": each.created,
        "updated": each.updated,
        "library": each.library,
    }


def _result(turn: Turn, conversation: str) -> dict[str, Any] | None:
    return None if turn.result is None else shown(turn.result, conversation)


@router.get("/{conversation}/files/{name:path}", response_class=FileResponse, responses={200: {"content": {"*/*": {}}}})
async def file(request: Request, conversation: str, name: str, key: Asking) -> FileResponse:
    """Send a file that an answer made."""
    assistant: Assistant = request.app.state.assistant
    await assistant.conversations.library(conversation, key.owner)
    path = await found(assistant, conversation, name)
    if path is None:
        raise ApiError(404, "There is no such file in this conversation.")
    return response_of(path)


@router.delete("/{conversation}", response_model=None, responses=answers(Deleted))
async def delete(request: Request, conversation: str, key: Asking) -> dict[str, Any]:
    """Delete a conversation with all that belongs to it."""
    assistant: Assistant = request.app.state.assistant
    await assistant.delete(conversation, key.owner)
    return {"object": "conversation", "id": conversation, "deleted": True}
