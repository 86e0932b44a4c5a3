"""Answers rows in an event loop of its own, for threads that bring them."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from assistant.batch.answering import Answerer, answering
from assistant.batch.options import Options
from assistant.batch.rows import Row
from assistant.settings import Settings


class Desk:
    """What answers rows in a process of its own; ready when it is made.

    Args:
        settings: What to answer from.
        options: How.
        folder: Where the files go that tools make; None leaves them in the home folder.

    Raises:
        AssistantError: A part cannot be made.
        LibraryError: The library cannot be opened.
    """

    def __init__(self, settings: Settings, options: Options, folder: Path | None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="answers", daemon=True)
        self._thread.start()
        self._closing = asyncio.Event()
        self._running: set[asyncio.Task[Any]] = set()
        ready: Future[Answerer] = Future()
        self._open = asyncio.run_coroutine_threadsafe(self._serve(ready, settings, options, folder), self._loop)
        self._answerer = ready.result()

    def submit(self, row: Row) -> Future[dict[str, Any]]:
        """Begins to answer a row."""
        return asyncio.run_coroutine_threadsafe(self._answered(row), self._loop)

    def close(self) -> None:
        """Stops what it answers, and closes what it holds."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._open.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _answered(self, row: Row) -> dict[str, Any]:
        task = asyncio.current_task()
        assert task
        self._running.add(task)
        try:
            return await self._answerer.answer(row)
        finally:
            self._running.discard(task)

    async def _serve(self, ready: Future[Answerer], settings: Settings, options: Options, folder: Path | None) -> None:
        """Opens and closes in one task, as some parts want it."""
        try:
            async with answering(settings, options, folder) as answerer:
                ready.set_result(answerer)
                await self._closing.wait()
                for task in self._running:
                    task.cancel()
                await asyncio.gather(*self._running, return_exceptions=True)
        except Exception as error:
            if ready.done():
                raise
            ready.set_exception(error)
