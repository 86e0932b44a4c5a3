"""What the tests of a plugin use: a context that is the same at every run, and a call as the assistant makes it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.context import Context, LibraryView
from assistant.plugin import ToolError
from assistant.runner import run_tool
from assistant.schema import build_tool
from index.errors import UnknownDocument
from index.filter import Filter
from index.types import Document, DocumentHit, Hit, Passage, Picture

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class EmptyLibrary:
    """A library that holds nothing."""

    def search(self, query: str, k: int = 6, only: Filter | None = None) -> list[Hit]:
        """Finds nothing."""
        return []

    def search_pictures(
        self, query: str = "", k: int = 6, only: Filter | None = None, like: Path | None = None
    ) -> list[Hit]:
        """Finds nothing."""
        return []

    def picture_note(self) -> str:
        """Says nothing."""
        return ""

    def loaded_picture(self, id: int) -> tuple[Picture, bytes]:
        """Knows of no picture."""
        raise UnknownDocument(f"There is no picture {id} any more.")

    def documents(self) -> list[Document]:
        """Lists nothing."""
        return []

    def documents_about(self, query: str, only: Filter | None = None) -> list[DocumentHit]:
        """Finds nothing."""
        return []

    def search_each(
        self, things: Sequence[str], query: str = "", k: int = 3, only: Filter | None = None
    ) -> list[list[Hit]]:
        """Finds nothing of anything."""
        return [[] for _ in things]

    def neighbours(self, passage: int, before: int = 1, after: int = 1) -> list[Passage]:
        """Knows of no passage."""
        raise UnknownDocument(f"There is no passage {passage} any more.")


def make_context(
    folder: Path, *, seed: int = 0, now: datetime = NOON, library: LibraryView | None = None, cite: Sequence[Hit] = ()
) -> Context:
    """Returns a context whose clock stands still and whose dice fall the same way every time.

    Args:
        folder: The conversation's folder, such as pytest's ``tmp_path``.
        seed: Of ``ctx.random``.
        now: What ``ctx.now()`` returns.
        library: What ``ctx.library`` is; None takes an empty one.
        cite: Passages that were cited before, in the order of their numbers.
    """
    cited = [hit.passage.id for hit in cite]

    def number(hit: Hit) -> int:
        if hit.passage.id not in cited:
            cited.append(hit.passage.id)
        return cited.index(hit.passage.id) + 1

    return Context(library or EmptyLibrary(), number, folder, random=random.Random(seed), now=lambda: now)  # noqa: S311


def call(
    function: Callable[..., Any], ctx: Context, settings: Mapping[str, Any] | None = None, /, **arguments: Any
) -> Any:
    """Calls a tool as the assistant does: arguments checked, time limited, held to what it declares.

    Args:
        function: Marked with ``@tool``.
        ctx: Of ``make_context``.
        settings: What the configuration would say under ``tools.settings``.
        arguments: As a model would give them: what JSON can hold.

    Returns:
        The result as the model would see it, which is what JSON can hold.

    Raises:
        ToolError: The call failed in a way that the model is told of.
        ToolCrashed: The tool raised anything else.
        PluginError: The tool is malformed.
    """
    tool = build_tool(function, function.__module__, settings)
    done = asyncio.run(run_tool(tool, "test", arguments, ctx))
    if not done.ok:
        raise ToolError(str(done.result))
    return done.result
