"""A lock that many may hold to look, or one to change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """Those who look do so together; whoever changes does so alone, and does not wait behind those who come later."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._looking = 0
        self._changing = False
        self._waiting = 0

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Holds off changes."""
        with self._condition:
            self._condition.wait_for(lambda: not self._changing and not self._waiting)
            self._looking += 1
        try:
            yield
        finally:
            with self._condition:
                self._looking -= 1
                self._condition.notify_all()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Holds off everybody else."""
        with self._condition:
            self._waiting += 1
            try:
                self._condition.wait_for(lambda: not self._changing and not self._looking)
            finally:
                self._waiting -= 1
            self._changing = True
        try:
            yield
        finally:
            with self._condition:
                self._changing = False
                self._condition.notify_all()
