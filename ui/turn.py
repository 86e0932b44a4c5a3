"""Answers one question in the page, update by update."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from assistant.errors import UnknownConversation
from assistant.events import Failed, TextDelta
from assistant.session import Assistant
from ui.view import ShownTurn, View

log = logging.getLogger(__name__)

# Faster updates than this look the same and cost a message to the browser each.
SECONDS_BETWEEN_UPDATES = 0.04


async def answer(assistant: Assistant, view: View, question: str) -> AsyncGenerator[ShownTurn, None]:
    """Adds a question to a view and answers it there.

    Args:
        assistant: Who answers.
        view: Where; its running turn must have ended.
        question: As typed.

    Yields:
        The turn, each time that there is more to show of it.
    """
    turn = ShownTurn(question)
    turns, conversation, owner = view.turns, view.conversation, view.owner
    ended = view.running = asyncio.Event()
    turns.append(turn)
    before = None if conversation else {each.id for each in await assistant.conversations.list(owner)}
    try:
        yield turn
        async with aclosing(_events(assistant, turn, conversation, owner)) as updates:
            async for _ in updates:
                yield turn
    except Exception as error:  # the edge: the page stays usable
        log.exception("a turn of the page failed")
        turn.end = Failed(f"Something went wrong ({type(error).__name__}: {error}); the log has the details.", "")
        yield turn
    finally:
        turn.stop()
        found = conversation or turn.conversation or await _begun(assistant, owner, before or set(), question)
        if view.turns is turns:
            view.conversation, view.running = found, None
        ended.set()


async def _events(
    assistant: Assistant, turn: ShownTurn, conversation: str | None, owner: str
) -> AsyncGenerator[ShownTurn, None]:
    shown = 0.0
    async with aclosing(assistant.stream(turn.question, conversation, owner)) as events:
        async for event in events:
            turn.take(event)
            now = time.monotonic()
            if isinstance(event, TextDelta) and now - shown < SECONDS_BETWEEN_UPDATES:
                continue
            shown = now
            yield turn


async def _begun(assistant: Assistant, owner: str, before: set[str], question: str) -> str | None:
    """The conversation that a stopped question began: its id comes with the end, which a stop cuts off."""
    new = [each for each in await assistant.conversations.list(owner) if each.id not in before]
    for each in new:
        try:
            turns = await assistant.conversations.turns(each.id, owner)
        except UnknownConversation:
            continue
        if turns and turns[0].question == question:
            return each.id
    return None


async def wait_for_end(view: View, seconds: float = 10) -> None:
    """Waits until the running turn of a view has been written down."""
    if view.running:
        try:
            await asyncio.wait_for(view.running.wait(), seconds)
        except TimeoutError:
            view.running = None
