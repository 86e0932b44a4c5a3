"""Shows one turn in the page as it happens, update by update."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from assistant.events import Event, Failed, TextDelta
from ui.view import ShownTurn, View

log = logging.getLogger(__name__)

# Faster updates than this look the same and cost a message to the browser each.
SECONDS_BETWEEN_UPDATES = 0.04


async def play(view: View, turn: ShownTurn, stream: AsyncGenerator[Event, None]) -> AsyncGenerator[ShownTurn, None]:
    """Shows a turn of a view as it happens.

    Args:
        view: Where it is shown; its running turn must have ended.
        turn: One of the view's turns.
        stream: The turn's events.

    Yields:
        The turn, each time that there is more to show of it.
    """
    turns, conversation = view.turns, view.conversation
    turn.requests = ()
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    task = view.running = asyncio.create_task(_pump(stream, events))
    try:
        yield turn
        async with aclosing(_updates(turn, events)) as updates:
            async for _ in updates:
                yield turn
        if not task.cancelled():
            await task
    except Exception as error:  # the edge: the page stays usable
        log.exception("a turn of the page failed")
        turn.end = Failed(f"Something went wrong ({type(error).__name__}: {error}); the log has the details.", "")
    finally:
        task.cancel()
        # Until then the end of the turn is not written down.
        await asyncio.wait([task])
        turn.stop()
        if view.turns is turns:
            view.conversation, view.running = turn.conversation or conversation, None


async def _pump(stream: AsyncGenerator[Event, None], events: asyncio.Queue[Event | None]) -> None:
    """Runs the turn in a task of its own, which a stop cancels."""
    try:
        async with aclosing(stream):
            async for event in stream:
                events.put_nowait(event)
    finally:
        events.put_nowait(None)


async def _updates(turn: ShownTurn, events: asyncio.Queue[Event | None]) -> AsyncGenerator[ShownTurn, None]:
    """Takes what has come since the last update, all at once."""
    running = True
    while running:
        batch = [await events.get()]
        while not events.empty():
            batch.append(events.get_nowait())
        for event in batch:
            if event is not None:
                turn.take(event)
        running = batch[-1] is not None
        yield turn
        if isinstance(batch[-1], TextDelta):
            await asyncio.sleep(SECONDS_BETWEEN_UPDATES)
