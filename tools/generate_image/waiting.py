"""One queue for each device: whoever waits sees their place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Lock

LOOK = 0.25  # seconds between two looks at whether a waiting request was stopped


class Stopped(Exception):
    """The request was stopped."""


class Queue:
    """Lets one request at a time to a device, in the order of their coming."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: deque[object] = deque()

    @contextmanager
    def turn(self, stopped: Callable[[], bool], place: Callable[[int], None]) -> Iterator[None]:
        """Waits for the device, and holds it.

        Args:
            stopped: Whether the request is no longer wanted.
            place: Is told how many are before this one, each time that it changes.

        Raises:
            Stopped: It was no longer wanted before its turn came.
        """
        mine, told = object(), 0
        with self._changed:
            self._waiting.append(mine)
        try:
            while before := self._before(mine):
                if stopped():
                    raise Stopped
                if before != told:
                    place(told := before)
                with self._changed:
                    self._changed.wait_for(lambda: self._before(mine) != told, LOOK)
            yield
        finally:
            with self._changed:
                self._waiting.remove(mine)
                self._changed.notify_all()

    def _before(self, mine: object) -> int:
        return self._waiting.index(mine)


_queues: dict[str, Queue] = {}
_lock = Lock()


def queue_of(device: str) -> Queue:
    """Returns the queue of a device."""
    with _lock:
        return _queues.setdefault(device, Queue())
