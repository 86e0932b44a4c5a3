"""Whose each uploaded file is, and how much each person has uploaded of late."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable

HOUR = 3600.0
# Gradio deletes its copies after a day; what is older is forgotten first.
MOST = 50_000


class Uploads:
    """What was uploaded, by whom.

    Args:
        files: How many a person may upload in an hour.
        size: How many bytes of them.
        clock: Tells the time in seconds.
    """

    def __init__(self, files: int, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._size, self._clock = files, size, clock
        self._owners: OrderedDict[str, set[str]] = OrderedDict()
        self._recent: dict[str, deque[tuple[float, int, int]]] = {}
        self._lock = threading.Lock()

    def full(self, owner: str, size: int) -> bool:
        """Whether so many bytes more would be too many."""
        with self._lock:
            recent = self._recent.get(owner, deque())
            while recent and recent[0][0] < self._clock() - HOUR:
                recent.popleft()
            if not recent:
                self._recent.pop(owner, None)
            files, taken = sum(each[1] for each in recent), sum(each[2] for each in recent)
        return files >= self._most or taken + size > self._size

    def take(self, owner: str, paths: Iterable[str], size: int) -> None:
        """Notes what somebody has uploaded."""
        with self._lock:
            taken = [os.path.realpath(path) for path in paths]
            for path in taken:
                # The same file of two people lies in the same place.
                self._owners.setdefault(path, set()).add(owner)
                self._owners.move_to_end(path)
            while len(self._owners) > MOST:
                self._owners.popitem(last=False)
            self._recent.setdefault(owner, deque()).append((self._clock(), len(taken), size))

    def own(self, owner: str, path: str) -> bool:
        """Whether somebody uploaded a file."""
        return owner in self._owners.get(os.path.realpath(path), ())

    def foreign(self, owner: str, path: str) -> bool:
        """Whether only others uploaded it."""
        owners = self._owners.get(os.path.realpath(path))
        return owners is not None and owner not in owners
