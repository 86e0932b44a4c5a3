"""The files of the page that are not Python."""

from __future__ import annotations

from pathlib import Path


def script(*names: str) -> str:
    """Returns files of ``ui/assets``, one behind the other."""
    return "".join((Path(__file__).parent / "assets" / name).read_text(encoding="utf-8") for name in names)
