"""``/v1/models`` and ``/v1/embeddings``."""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from assistant.api.access import needs
from assistant.api.asking import MODEL
from assistant.api.errors import ApiError
from assistant.api.keys import Key
from assistant.api.library_shapes import ModelList, ModelRow, VectorList
from assistant.api.shapes import answers
from assistant.session import Assistant

router = APIRouter(prefix="/v1", tags=["models"])
MAX_TEXTS, MAX_CHARACTERS = 2_048, 100_000
TOKENS = "texts are embedded, not tokens; to LangChain's OpenAIEmbeddings give check_embedding_ctx_length=False"
Asking = Annotated[Key, Depends(needs("ask"))]


class EmbeddingRequest(BaseModel):
    """Texts to embed."""

    model_config = ConfigDict(extra="forbid")
    input: (
        Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
        | Annotated[
            list[Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]],
            Field(min_length=1, max_length=MAX_TEXTS),
        ]
    )
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    user: str | None = None

    @field_validator("input", mode="before")
    @classmethod
    def _texts(cls, given: Any) -> Any:
        if isinstance(given, list) and given and isinstance(given[0], int | list):
            raise PydanticCustomError("tokens", TOKENS)
        return given


@router.get("/models", response_model=None, responses=answers(ModelList))
async def models(request: Request, key: Asking) -> dict[str, Any]:
    """List the assistant, the adapters of its engine and the model that embeds."""
    engine = request.app.state.assistant.engine
    names = [(MODEL, engine.name), *((name, engine.name) for name in await engine.adapters())]
    names.append((_embedder(request).name, "embeddings"))
    return {"object": "list", "data": [_model(name, owner) for name, owner in names]}


@router.get("/models/{name:path}", response_model=None, responses=answers(ModelRow))
async def model(request: Request, name: str, key: Asking) -> dict[str, Any]:
    """Tell about one model."""
    engine = request.app.state.assistant.engine
    if name == MODEL or name in await engine.adapters():
        return _model(name, engine.name)
    if name == _embedder(request).name:
        return _model(name, "embeddings")
    raise ApiError(404, f"There is no model {name!r}; see /v1/models.", "model", "model_not_found")


@router.post("/embeddings", response_model=None, responses=answers(VectorList))
async def embed(request: Request, asked: EmbeddingRequest, key: Asking) -> JSONResponse:
    """Embed texts with the model of the library, so that vectors made here can be compared with it."""
    embedder = _embedder(request)
    if asked.model not in ("", embedder.name):
        line = f"There is no model {asked.model!r} that embeds; {embedder.name!r} is the one."
        raise ApiError(404, line, "model", "model_not_found")
    if asked.dimensions not in (None, embedder.dimensions):
        raise ApiError(400, f"Vectors of {embedder.name} have {embedder.dimensions} numbers.", "dimensions")
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    vectors = await asyncio.to_thread(embedder.embed, texts)
    count = sum(await asyncio.to_thread(embedder.count_tokens, texts))
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(vector.tobytes()).decode()
            if asked.encoding_format == "base64"
            else vector.tolist(),
        }
        for index, vector in enumerate(vectors.astype("<f4"))
    ]
    usage = {"prompt_tokens": count, "total_tokens": count}
    return JSONResponse({"object": "list", "data": data, "model": embedder.name, "usage": usage})


def _embedder(request: Request) -> Any:
    assistant: Assistant = request.app.state.assistant
    return assistant.libraries.embedder


def _model(name: str, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}
