"""What an engine tells while it streams a reply, in ``response_metadata`` of chunks without text."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

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


def _chunk(told: dict[str, Any]) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=told))
