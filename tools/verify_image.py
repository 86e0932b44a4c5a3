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
    """Tell whether a picture carries a signed origin, and whether it was altered since.

    Args:
        file: Name of a file of the conversation, or of a document that is a picture; "last" is the newest file.
    """
    name = file.strip()
    path = _newest(ctx.folder) if name.lower() in ("", "last") else ctx.file(name) or _document(ctx, name)
    if path is None:
        raise ToolError(
            f"There is no file '{name[:80]}' in this conversation, and no picture of this name in the library."
        )
    verdict = verify(path)
    return {"file": path.name, "said": verdict.said, **asdict(verdict)}


def _document(ctx: Context, name: str) -> Path | None:
    """The file that a document was added from: the library itself may keep a smaller copy without its origin."""
    there = [each for each in ctx.library.documents() if each.kind == "picture" and Path(each.path).name == name]
    return next((Path(each.path) for each in there if Path(each.path).is_file()), None)


def _newest(folder: Path) -> Path:
    there = [path for path in folder.glob("*") if path.suffix.lower() in ENDINGS and path.is_file()]
    if not there:
        raise ToolError("There is no picture in this conversation yet.")
    return max(there, key=lambda path: (path.stat().st_mtime_ns, path.name))
