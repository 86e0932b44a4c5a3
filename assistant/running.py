"""The turns that this process runs, so that they can be stopped and seen to their end by others than who asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assistant.endings import end_task

# Seconds that a stopped turn is waited for; one that nobody reads any more ends only when its reader goes.
TO_END = 10.0


class RunningTurn:
    """One turn.

    Attributes:
        conversation: Where it runs.
        stopped: Whether somebody has stopped it.
        ended: Set once its end is written down.
    """

    def __init__(self, conversation: str) -> None:
        self.conversation, self.stopped, self.ended = conversation, False, asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    def work(self, task: asyncio.Task[Any]) -> None:
        """Takes what does the work, and ends it at once where the turn was stopped before it came so far."""
        self._task = task
        if self.stopped:
            task.cancel()

    async def stop(self) -> None:
        """Ends the work, and waits until the turn's end is written down."""
        self.stopped = True
        if self._task is not None:
            await end_task(self._task)
            await asyncio.wait_for(self.ended.wait(), TO_END)


class RunningTurns:
    """All of them.

    Attributes:
        closing: Whether this process is about to end.
    """

    def __init__(self) -> None:
        self.closing = False
        self._turns: set[RunningTurn] = set()

    @contextmanager
    def turn(self, conversation: str) -> Iterator[RunningTurn]:
        """Counts a turn as running."""
        turn = RunningTurn(conversation)
        self._turns.add(turn)
        try:
            yield turn
        finally:
            self._turns.discard(turn)
            turn.ended.set()

    async def stop(self, conversation: str) -> None:
        """Stops the turns of a conversation, and waits for their end as long as somebody reads them."""
        await self._stop([each for each in self._turns if each.conversation == conversation])

    async def close(self) -> None:
        """Stops all turns, as this process is about to end."""
        self.closing = True
        await self._stop([*self._turns])

    async def _stop(self, turns: list[RunningTurn]) -> None:
        # One that is too late is not waited for any more; it finds out for itself at its end.
        await asyncio.gather(*(each.stop() for each in turns), return_exceptions=True)
