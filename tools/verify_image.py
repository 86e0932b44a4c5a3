"""The tool that tells where a picture comes from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.plugin import Context, ToolError, tool, verify

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff")


@tool(
    examples=["Where does photo.png come from?", "Verify picture-5.png", "Was this picture altered or made by AI?"],
    timeout=60,
    concurrency=4,
)
def verify_image(ctx: Context, file: str = "last") -> dict[str, Any]:
    """Tell whether a picture of the conversation carries a signed origin, and whether it was altered since.

    Args:
        file: Name of the picture's file; "last" is the conversation's newest picture.
    """
    path = _newest(ctx.folder) if file.strip().lower() in ("", "last") else (ctx.folder / file.strip()).resolve()
    if not path.is_relative_to(ctx.folder.resolve()) or not path.is_file():
        raise ToolError(f"There is no file '{file[:80]}' in this conversation.")
    verdict = verify(path)
    return {"file": path.name, "said": verdict.said, **asdict(verdict)}


def _newest(folder: Path) -> Path:
    there = [path for path in folder.glob("*") if path.suffix.lower() in ENDINGS and path.is_file()]
    if not there:
        raise ToolError("There is no picture in this conversation yet.")
    return max(there, key=lambda path: (path.stat().st_mtime_ns, path.name))
