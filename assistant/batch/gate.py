"""Lets a batch ask its model as much at once as is wanted, and no more, whatever else its rows do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """What each request to the model goes through.

    Args:
        most: Requests at once.
    """

    def __init__(self, most: int) -> None:
        self._places = asyncio.Semaphore(most)

    @asynccontextmanager
    async def place(self, limit: asyncio.Timeout) -> AsyncIterator[float]:
        """Holds a place.

        Args:
            limit: The time that the row may take, which stands still while it waits.

        Yields:
            Seconds that were waited.
        """
        if not self._places.locked():
            async with self._places:
                yield 0.0
            return
        loop, end = asyncio.get_running_loop(), limit.when()
        began = loop.time()
        _move(limit, None)
        async with self._places:
            waited = loop.time() - began
            _move(limit, None if end is None else end + waited)
            yield waited


def _move(limit: asyncio.Timeout, end: float | None) -> None:
    if not limit.expired():
        limit.reschedule(end)
