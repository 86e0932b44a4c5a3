"""An iterator that runs ahead in a thread of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")
READ_AHEAD = 16
_POLL_SECONDS = 0.1


class ReadAhead(Generic[Item]):
    """Runs an iterator in a thread; its items, and None while there are none, come out of this one.

    An exception of the iterator is raised here.
    """

    def __init__(self, incoming: Generator[Item, None, None], stop: Event) -> None:
        self._incoming = incoming
        self._queue: Queue[Item | BaseException | None] = Queue(READ_AHEAD)
        self._stop = stop
        self._thread = Thread(target=self._fill, name="index-read-ahead", daemon=True)

    def __enter__(self) -> Iterator[Item | None]:
        self._thread.start()
        return self._items()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _items(self) -> Iterator[Item | None]:
        while True:
            try:
                item = self._queue.get(timeout=_POLL_SECONDS)
            except Empty:
                yield None
                continue
            if isinstance(item, BaseException):
                raise item
            if item is None:
                return
            yield item

    def _fill(self) -> None:
        end: BaseException | None = None
        try:
            with closing(self._incoming) as items:
                for item in items:
                    if not self._put(item):
                        break
        except BaseException as error:  # raised again in the other thread
            end = error
        self._put(end)

    def _put(self, item: Item | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except Full:
                continue
            return True
        return False
