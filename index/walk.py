"""Which files a list of files and folders stands for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from index.reasons import reason
from index.types import Outcome


def walk(paths: Iterable[Path], leave_out: Path) -> Iterator[Path | Outcome]:
    """Yields every file once, folders being searched in the order of names; hidden entries of folders are passed over.

    Links are followed, so that a file has one path however it was reached.

    Args:
        paths: Files and folders.
        leave_out: A folder that is never searched.

    Yields:
        Absolute paths, of files that may not exist or not be readable; an outcome where a folder cannot be searched.
    """
    seen = {os.path.realpath(leave_out)}
    for path in paths:
        yield from _entry(os.path.realpath(path), seen)


def _entry(path: str, seen: set[str]) -> Iterator[Path | Outcome]:
    if path in seen:
        return
    seen.add(path)
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib's raises where the parent may not be entered
        yield Path(path)
        return
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208
    except OSError as error:
        yield Outcome(printable(path), "refused", reason("not_searched", why=str(error.strerror)))
        return
    for name in names:
        if not name.startswith("."):
            yield from _entry(os.path.realpath(f"{path}/{name}"), seen)


def printable(path: str | Path) -> str:
    """The path as text that any terminal and the store can take."""
    return os.fsencode(path).decode("utf-8", "replace")
