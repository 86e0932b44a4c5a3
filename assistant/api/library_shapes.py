"""What is told of libraries, files, models and vectors, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class Deleted(BaseModel):
    """Something is gone."""

    object: str
    id: str | int
    deleted: Literal[True]


class LibraryRow(BaseModel):
    """A library."""

    object: Literal["library"]
    id: str


class LibraryList(BaseModel):
    """The libraries."""

    object: Literal["list"]
    data: list[LibraryRow]


class LibraryShape(LibraryRow):
    """A library with how much it holds."""

    documents: int
    passages: int


class DocumentRow(BaseModel):
    """A document of a library."""

    object: Literal["document"]
    id: int
    title: str
    kind: str
    bytes: int
    pages: int | None
    passages: int
    added: str = Field(description="UTC time in ISO 8601.")
    tags: list[str]


class DocumentAdded(DocumentRow):
    """A document that was sent."""

    status: str = Field(description="Whether it was added, updated or there already.")


class DocumentList(BaseModel):
    """Documents by their ids."""

    object: Literal["list"]
    data: list[DocumentRow]
    has_more: bool


class Found(BaseModel):
    """A passage with the scores that brought it."""

    document: str = Field(description="The document's file name.")
    document_id: int
    title: str
    page: int | None
    start: int
    end: int
    heading: str
    text: str
    score: float
    dense: float
    lexical: float
    reranked: float | None
    alike: float | None
    visual: float | None
    boxes: list[dict[str, Any]]
    pictures: list[dict[str, Any]]


class FoundList(BaseModel):
    """Passages, the best first."""

    object: Literal["list"]
    data: list[Found]


class ModelRow(BaseModel):
    """A model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """The models."""

    object: Literal["list"]
    data: list[ModelRow]


class Vector(BaseModel):
    """A text's vector, as numbers or as float32 in base64."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """The tokens of the texts."""

    prompt_tokens: int
    total_tokens: int


class VectorList(BaseModel):
    """The vectors of the texts, in their order."""

    object: Literal["list"]
    data: list[Vector]
    model: str
    usage: EmbeddingUsage


class FileShape(BaseModel):
    """A file that was sent."""

    id: str
    object: Literal["file"]
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: Literal["processed"]
    expires_at: int | None


class FileList(BaseModel):
    """Files, the newest first."""

    object: Literal["list"]
    data: list[FileShape]
    first_id: str | None
    last_id: str | None
    has_more: bool
