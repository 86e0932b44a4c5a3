"""Lets a batch ask its model as much at once as is wanted, and no more, whatever else its rows do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """What all requests to servers go through.

    Args:
        most: Requests at once.
    """

    def __init__(self, most: int) -> None:
        self.places = asyncio.Semaphore(most)


class Pass:
    """What the requests of one row go through the gate with.

    Attributes:
        waited: Seconds that they have waited for a place.

    Args:
        gate: The gate.
        limit: The time that the row may take, which stands still while it waits.
    """

    def __init__(self, gate: Gate, limit: asyncio.Timeout) -> None:
        self._places, self._limit = gate.places, limit
        self.waited = 0.0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Holds a place for one request."""
        if not self._places.locked():
            async with self._places:
                yield
            return
        loop, end = asyncio.get_running_loop(), self._limit.when()
        began = loop.time()
        self._end(None)
        async with self._places:
            waited = loop.time() - began
            self.waited += waited
            self._end(None if end is None else end + waited)
            yield

    def _end(self, end: float | None) -> None:
        if not self._limit.expired():
            self._limit.reschedule(end)
