"""What an engine tells while it streams a reply, in ``response_metadata`` of chunks without text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.utils import message_chunk_to_message
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

# Why nothing comes at the moment: a message and a fraction, which may be None.
PROGRESS = "progress"
# What has come of the reply counts no more: it begins anew.
AGAIN = "again"


def waiting(message: str, fraction: float | None = None) -> ChatGenerationChunk:
    """Returns the chunk that says why nothing comes."""
    return _chunk({PROGRESS: {"message": message, "fraction": fraction, "loading": False}})


def again() -> ChatGenerationChunk:
    """Returns the chunk that begins a reply anew."""
    return _chunk({AGAIN: True})


async def gathered(chunks: AsyncIterator[ChatGenerationChunk]) -> ChatResult:
    """Returns a whole reply, for those who do not watch it come.

    Args:
        chunks: As an engine streams them.
    """
    pieces: list[AIMessageChunk] = []
    async for chunk in chunks:
        if AGAIN in chunk.message.response_metadata:
            pieces.clear()
        elif PROGRESS not in chunk.message.response_metadata:
            assert isinstance(chunk.message, AIMessageChunk)
            pieces.append(chunk.message)
    whole = pieces[0] + pieces[1:] if len(pieces) > 1 else pieces[0]
    return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(whole))])


def _chunk(told: dict[str, Any]) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=told))
