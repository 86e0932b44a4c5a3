"""``/v1/libraries``: documents are listed, added, searched and removed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, File, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from assistant.api.access import needs
from assistant.api.errors import ApiError
from assistant.api.evidence import name_of
from assistant.api.keys import Key
from assistant.api.library_shapes import (
    Deleted,
    DocumentAdded,
    DocumentList,
    DocumentRow,
    FoundList,
    LibraryList,
    LibraryRow,
    LibraryShape,
)
from assistant.api.shapes import answers
from assistant.errors import StorageError
from assistant.libraries import create, place, places
from assistant.originals import Originals
from assistant.session import Assistant
from assistant.terminal import hit_row
from assistant.within import plain_name
from index.errors import LibraryError
from index.filter import Filter
from index.library import Library
from index.tags import tidy
from index.types import Document, Hit, Outcome

router = APIRouter(prefix="/v1/libraries", tags=["libraries"])
MB = 1_000_000
Reading = Annotated[Key, Depends(needs("read"))]
Writing = Annotated[Key, Depends(needs("write"))]


class NewLibrary(BaseModel):
    """A library to make."""

    model_config = ConfigDict(extra="forbid")
    name: str


class NewDocument(BaseModel):
    """A document to add, as a form."""

    model_config = ConfigDict(extra="forbid")
    file: UploadFile
    tags: list[str] = Field(default_factory=list, max_length=100)


class Search(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid")
    query: str = Field(min_length=1, max_length=20_000)
    count: int = Field(6, ge=1, le=100)
    documents: list[str] = Field(default_factory=list, description="Titles or paths that it is kept to.")
    tags: list[str] = Field(default_factory=list)


@router.get("", response_model=None, responses=answers(LibraryList))
async def libraries(request: Request, key: Reading) -> dict[str, Any]:
    """List the libraries."""
    found = await asyncio.to_thread(places, _assistant(request).settings.home)
    return {"object": "list", "data": [{"object": "library", "id": each.name} for each in found]}


@router.post("", status_code=201, response_model=None, responses=answers(LibraryRow, 201))
async def begin(request: Request, given: NewLibrary, key: Writing) -> dict[str, Any]:
    """Make an empty library."""
    settings = _assistant(request).settings
    if place(settings.home, given.name).exists:
        raise ApiError(409, f"There is a library {given.name!r} already.", "name")
    made = await asyncio.to_thread(create, settings, given.name)
    return {"object": "library", "id": made.name}


@router.get("/{library}", response_model=None, responses=answers(LibraryShape))
async def library(request: Request, library: str, key: Reading) -> dict[str, Any]:
    """Tell how much a library holds."""
    held = await asyncio.to_thread((await _library(request, library)).status)
    return {"object": "library", "id": library, "documents": held.documents, "passages": held.passages}


@router.delete("/{library}", response_model=None, responses=answers(Deleted))
async def drop(request: Request, library: str, key: Writing) -> dict[str, Any]:
    """Delete a library with all that it holds; files that were added from this machine's folders stay."""
    await asyncio.to_thread(_originals(request).drop, library)
    return {"object": "library", "id": library, "deleted": True}


@router.get("/{library}/documents", response_model=None, responses=answers(DocumentList))
async def documents(
    request: Request,
    library: str,
    key: Reading,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: int | None = None,
) -> dict[str, Any]:
    """List the documents by their ids, ``after`` the last one that is known already."""
    found = await asyncio.to_thread((await _library(request, library)).documents)
    rest = sorted((each for each in found if after is None or each.id > after), key=lambda each: each.id)
    return {"object": "list", "data": [_row(each) for each in rest[:limit]], "has_more": len(rest) > limit}


@router.post("/{library}/documents", status_code=201, response_model=None, responses=answers(DocumentAdded, 201))
async def add(request: Request, library: str, given: Annotated[NewDocument, File()], key: Writing) -> dict[str, Any]:
    """Add a document; it is read before this answers."""
    held, originals, name = await _library(request, library), _originals(request), plain_name(given.file.filename)
    largest, tags = _assistant(request).settings.page.max_upload_mb, _tags(given.tags)
    if (given.file.size or 0) > largest * MB:
        raise ApiError(413, f"{name} is larger than {largest} MB.", "file", "too_large")
    kept = await asyncio.to_thread(_kept, originals, given.file.file, name)
    outcome: Outcome | None = None
    try:
        (outcome,) = await asyncio.to_thread(lambda: held.add([kept], tags=tags))
    finally:
        if outcome is None or outcome.document is None:
            await asyncio.to_thread(originals.forget, kept)
    if outcome.document is None:
        raise ApiError(400, f"{name}: {outcome.reason}", "file", "unreadable")
    return {**_row(outcome.document), "status": outcome.status}


@router.get("/{library}/documents/{document}", response_model=None, responses=answers(DocumentRow))
async def document(request: Request, library: str, document: int, key: Reading) -> dict[str, Any]:
    """Tell about one document."""
    return _row(await asyncio.to_thread((await _library(request, library)).document, document))


@router.delete("/{library}/documents/{document}", response_model=None, responses=answers(Deleted))
async def remove_document(request: Request, library: str, document: int, key: Writing) -> dict[str, Any]:
    """Remove a document, and its file where that was uploaded."""
    await asyncio.to_thread(_removed, await _library(request, library), document, _originals(request))
    return {"object": "document", "id": document, "deleted": True}


@router.post("/{library}/search", response_model=None, responses=answers(FoundList))
async def search(request: Request, library: str, given: Search, key: Reading) -> dict[str, Any]:
    """Find passages, with the scores that brought them."""
    only = Filter(documents=tuple(given.documents), tags=tuple(given.tags))
    held = await _library(request, library)
    hits = await asyncio.to_thread(held.search, given.query, given.count, only)
    return {"object": "list", "data": [_found(hit) for hit in hits]}


def _assistant(request: Request) -> Assistant:
    found: Assistant = request.app.state.assistant
    return found


async def _library(request: Request, name: str) -> Library:
    return await asyncio.to_thread(_assistant(request).libraries.get, name)


def _originals(request: Request) -> Originals:
    return Originals(_assistant(request).libraries, _assistant(request).settings.home)


def _tags(given: list[str]) -> tuple[str, ...]:
    try:
        return tidy(given)
    except LibraryError as error:
        raise ApiError(400, str(error), "tags") from None


def _kept(originals: Originals, file: IO[bytes], name: str) -> Path:
    try:
        return originals.keep(file, name)
    except OSError as error:
        raise StorageError(f"{name} cannot be kept here ({error.strerror or error}); try again later.") from error


def _removed(library: Library, document: int, originals: Originals) -> None:
    # By its path, since a number may be the title of another one.
    path = library.document(document).path
    library.remove(path)
    originals.forget(Path(path))


def _found(hit: Hit) -> dict[str, Any]:
    row = {key: value for key, value in hit_row(hit, ()).items() if key != "around"}
    return {**row, "document": name_of(hit.document.path), "document_id": hit.document.id}


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
