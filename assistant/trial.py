"""One call of a tool by a person, outside of any conversation; whether it is approved has been settled before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.context import Context, LibraryView
from assistant.events import Artifact, ToolCall
from assistant.origin.sign import Signer
from assistant.runner import run_tool
from assistant.schema import Tool
from index.types import Hit

Report = Callable[[float | None, str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a call.

    Attributes:
        call: The finished call.
        artifacts: Files that it made.
    """

    call: ToolCall
    artifacts: tuple[Artifact, ...]


async def run_trial(
    tool: Tool,
    arguments: dict[str, Any],
    library: LibraryView,
    folder: Path,
    passages: int,
    report: Report,
    signer: Signer,
) -> Trial:
    """Calls a tool.

    Args:
        tool: Which.
        arguments: What it is to run with.
        library: What it may search.
        folder: What it takes for the conversation's folder.
        passages: How many passages a search is to return.
        report: Receives how far it is.
        signer: Signs the pictures that it makes.

    Raises:
        LibraryError: The library cannot be used.
        ToolCrashed: The tool has a bug; the log has the whole story.
    """
    cited: list[int] = []

    def cite(hit: Hit) -> int:
        if hit.passage.id not in cited:
            cited.append(hit.passage.id)
        return cited.index(hit.passage.id) + 1

    signer.prepare()
    context = Context(library, cite, folder, passages, report=report, sign=signer.sign)
    call = await run_tool(tool, "trial", arguments, context)
    return Trial(call, tuple(context.artifacts))
