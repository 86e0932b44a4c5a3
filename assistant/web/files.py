"""The files of conversations, each to whom the conversation belongs."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from assistant.accounts.identity import Identity
from assistant.errors import StorageError
from assistant.session import Assistant
from assistant.web.answers import refusal
from assistant.within import file_within

# What a browser may show in its place. Anything else, HTML and SVG above all, is only ever downloaded, so that a script
# in it never runs as the page's own.
SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/webm"}
# A link that cannot be guessed opens a file where there are no accounts, so that no cache beside the browser keeps it.
HEADERS = {"cache-control": "private, no-cache", "cross-origin-resource-policy": "same-origin"}


def url_of(folder: Path, path: Path) -> str:
    """Returns where the page finds a file.

    Args:
        folder: The conversation's, which is called by its id.
        path: Somewhere below.
    """
    return f"/files/{folder.name}/{quote(path.resolve().relative_to(folder.resolve()).as_posix())}"


def files(assistant: Assistant) -> APIRouter:
    """Returns the route that serves them."""
    routes = APIRouter()

    @routes.get("/files/{conversation}/{name:path}")
    async def file(conversation: str, name: str, request: Request) -> Response:
        owner = await assistant.conversations.owner(conversation)
        who: Identity | None = request.scope.get("user")
        if owner is None or (who is not None and owner != who.owner):
            return refusal(404, "no_file")
        try:
            path = await found(assistant, conversation, name)
        except StorageError:
            path = None
        return response_of(path) if path else refusal(404, "no_file")

    return routes


async def found(assistant: Assistant, conversation: str, name: str) -> Path | None:
    """Returns a file of a conversation; None where there is none of this name.

    Raises:
        StorageError: It may be in the bucket, which cannot be reached.
    """
    folder = assistant.files.folder(conversation)
    if path := await asyncio.to_thread(file_within, folder, name):
        return path
    await assistant.files.bring(conversation)  # another server may have made it
    return await asyncio.to_thread(file_within, folder, name)


def response_of(path: Path) -> FileResponse:
    """Returns a file as it is sent: shown by a browser where that is harmless, else downloaded."""
    kind = mimetypes.guess_type(path.name)[0]
    if kind in SHOWN:
        return FileResponse(
            path, media_type=kind, filename=path.name, content_disposition_type="inline", headers=HEADERS
        )
    return FileResponse(path, media_type="application/octet-stream", filename=path.name, headers=HEADERS)
