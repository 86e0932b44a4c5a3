"""``/v1/conversations``: what was asked with a key before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse

from assistant.api.access import needs
from assistant.api.errors import ApiError
from assistant.api.keys import Key
from assistant.session import Assistant
from assistant.web.files import found, response_of

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])
Asking = Annotated[Key, Depends(needs("ask"))]


@router.get("")
async def conversations(
    request: Request, key: Asking, limit: Annotated[int, Query(ge=1, le=500)] = 100, after: str | None = None
) -> dict[str, Any]:
    """List the conversations of this key, the newest first, ``after`` the last one that is known already."""
    assistant: Assistant = request.app.state.assistant
    listed = await assistant.conversations.list(key.owner, limit + 1, after)
    rows = [{"object": "conversation", **asdict(each)} for each in listed[:limit]]
    return {"object": "list", "data": rows, "has_more": len(listed) > limit}


@router.get("/{conversation}")
async def conversation(request: Request, conversation: str, key: Asking) -> dict[str, Any]:
    """Show a conversation's turns with their evidence."""
    assistant: Assistant = request.app.state.assistant
    turns = await assistant.conversations.turns(conversation, key.owner)
    rows = [{"question": turn.question, "state": turn.state, "result": turn.result} for turn in turns]
    return {"object": "conversation", "id": conversation, "turns": rows}


@router.get("/{conversation}/files/{name:path}", response_class=FileResponse, responses={200: {"content": {"*/*": {}}}})
async def file(request: Request, conversation: str, name: str, key: Asking) -> FileResponse:
    """Send a file that an answer made."""
    assistant: Assistant = request.app.state.assistant
    await assistant.conversations.library(conversation, key.owner)
    path = await found(assistant, conversation, name)
    if path is None:
        raise ApiError(404, "There is no such file in this conversation.")
    return response_of(path)


@router.delete("/{conversation}")
async def delete(request: Request, conversation: str, key: Asking) -> dict[str, Any]:
    """Delete a conversation with all that belongs to it."""
    assistant: Assistant = request.app.state.assistant
    await assistant.delete(conversation, key.owner)
    return {"object": "conversation", "id": conversation, "deleted": True}
