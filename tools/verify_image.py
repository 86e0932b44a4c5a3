"""The tool that tells where a picture comes from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from assistant.plugin import Context, ToolError, tool, verify


@tool(
    examples=["Where does photo.png come from?", "Verify picture-5.png", "Was this picture altered or made by AI?"],
    timeout=60,
    concurrency=4,
)
def verify_image(file: str, ctx: Context) -> dict[str, Any]:
    """Tell whether a picture of the conversation carries a signed origin, and whether it was altered since.

    Args:
        file: Name of the picture's file.
    """
    path = (ctx.folder / file.strip()).resolve()
    if not path.is_relative_to(ctx.folder.resolve()) or not path.is_file():
        raise ToolError(f"There is no file '{file[:80]}' in this conversation.")
    verdict = verify(path)
    return {"file": path.name, "said": verdict.said, **asdict(verdict)}
