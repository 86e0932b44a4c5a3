"""Tells whether a process is at a turn of a conversation in a SQLite file: by a lock that dies with the process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class TurnFiles:
    """A folder with a locked file for each turn that runs.

    Args:
        folder: Where; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def held(self, conversation: str) -> Iterator[bool]:
        """Marks a conversation as one with a running turn; yields whether there was no other one."""
        path = self._folder / conversation.replace("/", "-")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            free = _locked(descriptor)
            try:
                yield free
            finally:
                if free:
                    path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
