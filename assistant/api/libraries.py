"""``/v1/libraries``: documents are listed, added, searched and removed."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from assistant.api.access import needs
from assistant.api.errors import ApiError
from assistant.api.keys import Key
from assistant.libraries import create, places
from assistant.session import Assistant
from assistant.terminal import hit_row
from assistant.within import plain_name
from index.filter import Filter
from index.library import Library
from index.types import Document

router = APIRouter(prefix="/v1/libraries", tags=["libraries"])
MB = 1_000_000
Reading = Annotated[Key, Depends(needs("read"))]
Writing = Annotated[Key, Depends(needs("write"))]


class NewLibrary(BaseModel):
    """A library to make."""

    model_config = ConfigDict(extra="forbid")
    name: str


class Search(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid")
    query: str = Field(min_length=1, max_length=20_000)
    count: int = Field(6, ge=1, le=100)
    documents: list[str] = Field(default_factory=list, description="Titles or paths that it is kept to.")
    tags: list[str] = Field(default_factory=list)


@router.get("")
async def libraries(request: Request, key: Reading) -> dict[str, Any]:
    """List the libraries."""
    found = await asyncio.to_thread(places, _assistant(request).settings.home)
    return {"object": "list", "data": [{"object": "library", "id": each.name} for each in found]}


@router.post("", status_code=201)
async def begin(request: Request, given: NewLibrary, key: Writing) -> dict[str, Any]:
    """Make an empty library."""
    made = await asyncio.to_thread(create, _assistant(request).settings, given.name)
    return {"object": "library", "id": made.name}


@router.delete("/{library}")
async def drop(request: Request, library: str, key: Writing) -> dict[str, Any]:
    """Delete a library with all that it holds; the files that were added stay."""
    await asyncio.to_thread(_assistant(request).libraries.remove, library)
    return {"object": "library", "id": library, "deleted": True}


@router.get("/{library}/documents")
async def documents(
    request: Request,
    library: str,
    key: Reading,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: int | None = None,
) -> dict[str, Any]:
    """List the documents by their ids, ``after`` the last one that is known already."""
    found = sorted((await _library(request, library)).documents(), key=lambda each: each.id)
    rest = [each for each in found if after is None or each.id > after]
    return {"object": "list", "data": [_row(each) for each in rest[:limit]], "has_more": len(rest) > limit}


@router.post("/{library}/documents", status_code=201)
async def add(request: Request, library: str, file: UploadFile, key: Writing) -> dict[str, Any]:
    """Add a document; it is read before this answers."""
    held, assistant = await _library(request, library), _assistant(request)
    kept = await _keep(file, assistant.settings.home / "files" / "uploads", assistant.settings.page.max_upload_mb * MB)
    outcome = (await asyncio.to_thread(held.add, [kept]))[0]
    if outcome.document is None:
        await asyncio.to_thread(shutil.rmtree, kept.parent, ignore_errors=True)
        raise ApiError(400, f"{kept.name}: {outcome.reason}", "file", "unreadable")
    return {**_row(outcome.document), "status": outcome.status}


@router.delete("/{library}/documents/{document}")
async def remove_document(request: Request, library: str, document: int, key: Writing) -> dict[str, Any]:
    """Remove a document."""
    gone = await asyncio.to_thread((await _library(request, library)).remove, str(document))
    return {"object": "document", "id": gone.id, "deleted": True}


@router.post("/{library}/search")
async def search(request: Request, library: str, given: Search, key: Reading) -> dict[str, Any]:
    """Find passages, with the scores that brought them."""
    only = Filter(documents=tuple(given.documents), tags=tuple(given.tags))
    held = await _library(request, library)
    hits = await asyncio.to_thread(held.search, given.query, given.count, only)
    return {"object": "list", "data": [hit_row(hit, [hit.passage]) for hit in hits]}


def _assistant(request: Request) -> Assistant:
    found: Assistant = request.app.state.assistant
    return found


async def _library(request: Request, name: str) -> Library:
    return await asyncio.to_thread(_assistant(request).libraries.get, name)


async def _keep(file: UploadFile, folder: Path, largest: int) -> Path:
    """Puts an upload under its own name into a folder of its own."""
    name = plain_name(file.filename)
    kept = folder / uuid.uuid4().hex[:12] / name
    await asyncio.to_thread(kept.parent.mkdir, parents=True)
    written = 0
    with kept.open("wb") as target:
        while piece := await file.read(MB):
            written += len(piece)
            if written > largest:
                break
            await asyncio.to_thread(target.write, piece)
    if written > largest:
        await asyncio.to_thread(shutil.rmtree, kept.parent, ignore_errors=True)
        raise ApiError(413, f"{name} is larger than {largest // MB} MB.", "file", "too_large")
    return kept


def _row(document: Document) -> dict[str, Any]:
    return {
        "object": "document",
        "id": document.id,
        "title": document.title,
        "kind": document.kind,
        "bytes": document.size,
        "pages": document.pages,
        "passages": document.passages,
        "added": document.added,
        "tags": list(document.tags),
    }
