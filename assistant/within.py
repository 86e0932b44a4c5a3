"""Names of files that come from a model or from the network."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

# What file systems allow is mostly 255; there has to be room for what is put before or behind a name.
LONGEST = 200


def file_within(folder: Path, name: str) -> Path | None:
    """Returns a file below a folder; None where there is none, or where the name or a link leads out of it."""
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):  # too long for a name, or with what no name may hold
        return None


def plain_name(given: str | None, otherwise: str = "document") -> str:
    """Returns a name that any folder takes for a file: the last part of what was given, without what cannot be in one.

    Args:
        given: What somebody calls it; folders in it are left out.
        otherwise: What it is called where nothing is left.
    """
    last = PurePosixPath((given or "").replace("\\", "/")).name
    name = "".join(each for each in last if each.isprintable()).strip()
    if not name.strip("."):
        return otherwise
    stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
    ending = f"{dot}{suffix}".encode()[:LONGEST]
    return (stem.encode()[: LONGEST - len(ending)] + ending).decode(errors="ignore")
