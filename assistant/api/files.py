"""``/v1/files``: files that are sent first and named in questions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Query, Request, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.api.access import needs
from assistant.api.errors import ApiError
from assistant.api.keys import Key
from assistant.api.library_shapes import Deleted, FileList, FileShape
from assistant.api.shapes import answers
from assistant.session import Assistant
from assistant.uploaded import Upload, Uploaded
from assistant.web.files import response_of
from assistant.web.uploads import Uploads

router = APIRouter(prefix="/v1/files", tags=["files"])
MB = 1_000_000
HOUR, MONTH = 3_600, 2_592_000
Asking = Annotated[Key, Depends(needs("ask"))]
Purpose = Literal["user_data", "assistants", "vision"]


class NewFile(BaseModel):
    """A file with what it is for, as a form."""

    model_config = ConfigDict(extra="forbid")
    file: UploadFile
    purpose: Purpose
    anchor: Literal["created_at"] = Field("created_at", alias="expires_after[anchor]")
    seconds: int | None = Field(None, alias="expires_after[seconds]", ge=HOUR, le=MONTH)


@router.post("", response_model=None, responses=answers(FileShape))
async def create(request: Request, given: Annotated[NewFile, File()], key: Asking) -> dict[str, Any]:
    """Take a file, which questions of the same key may name."""
    file, recent, size = given.file, _recent(request), given.file.size or 0
    largest = _assistant(request).settings.page.max_upload_mb
    if not size:
        raise ApiError(400, "The file is empty.", "file", "empty")
    if size > largest * MB:
        raise ApiError(413, f"A file may have {largest} MB.", "file", "too_large")
    if recent.full(key.owner, size):
        raise ApiError(429, "This key has sent too many files in the last hour; try again later.", "file", "uploads")
    taken = await _uploaded(request).add(key.owner, file.filename, given.purpose, file.file, given.seconds)
    recent.take(key.owner, [taken.id], size)
    return _row(taken)


@router.get("", response_model=None, responses=answers(FileList))
async def files(
    request: Request,
    key: Asking,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    after: str | None = None,
    order: Literal["asc", "desc"] = "desc",
    purpose: str | None = None,
) -> dict[str, Any]:
    """List the files of this key, ``after`` the last one that is known already."""
    newest = order == "desc"
    found, more = await _uploaded(request).list(key.owner, limit, after, purpose, newest=newest)
    ends = {"first_id": found[0].id, "last_id": found[-1].id} if found else {"first_id": None, "last_id": None}
    return {"object": "list", "data": [_row(each) for each in found], **ends, "has_more": more}


@router.get("/{file}", response_model=None, responses=answers(FileShape))
async def file(request: Request, file: str, key: Asking) -> dict[str, Any]:
    """Tell about one file."""
    return _row(await _uploaded(request).get(file, key.owner))


@router.get("/{file}/content", response_class=FileResponse, responses={200: {"content": {"*/*": {}}}})
async def content(request: Request, file: str, key: Asking) -> FileResponse:
    """Send a file back."""
    uploaded = _uploaded(request)
    return response_of(await uploaded.path(await uploaded.get(file, key.owner)))


@router.delete("/{file}", response_model=None, responses=answers(Deleted))
async def delete(request: Request, file: str, key: Asking) -> dict[str, Any]:
    """Delete a file; conversations in which it was asked about keep theirs."""
    await _uploaded(request).delete(file, key.owner)
    return {"id": file, "object": "file", "deleted": True}


def _assistant(request: Request) -> Assistant:
    found: Assistant = request.app.state.assistant
    return found


def _uploaded(request: Request) -> Uploaded:
    return _assistant(request).uploaded


def _recent(request: Request) -> Uploads:
    found: Uploads = request.app.state.uploads
    return found


def _row(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "object": "file",
        "bytes": upload.size,
        "created_at": upload.created,
        "filename": upload.name,
        "purpose": upload.purpose,
        "status": "processed",
        "expires_at": upload.expires,
    }
