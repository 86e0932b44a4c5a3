"""Names of files that come from a model or from the network."""

from __future__ import annotations

from pathlib import Path


def file_within(folder: Path, name: str) -> Path | None:
    """Returns a file below a folder; None where there is none, or where the name or a link leads out of it."""
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):  # too long for a name, or with what no name may hold
        return None
