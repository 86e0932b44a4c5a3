"""The files of the page that are not Python."""

from __future__ import annotations

from pathlib import Path


def script(name: str) -> str:
    """Returns a file of ``ui/assets``."""
    return (Path(__file__).parent / "assets" / name).read_text(encoding="utf-8")
