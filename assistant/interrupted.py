"""Turns that were running when their process ended: told as interrupted, so that nobody waits for them."""

from __future__ import annotations

import json

from assistant.conversations import Begun, Conversations
from assistant.database.base import Database
from assistant.endings import failure
from assistant.events import Failed
from assistant.progress import Progress

CUT_SHORT = "The server ended before this answer was complete. Ask again."


async def tell_interrupted(database: Database, conversations: Conversations) -> None:
    """Ends the turns that nobody runs any more, with what they had shown; the question can be asked again.

    Args:
        database: Where they are.
        conversations: The log in it.

    Raises:
        StorageError: The database cannot be reached.
    """
    for turn, conversation in await database.rows("SELECT id, conversation FROM turns WHERE state = 'running'"):
        async with database.idle(conversation) as idle:
            found = await database.rows("SELECT result FROM turns WHERE id = ? AND state = 'running'", turn)
            if idle and found:
                shown = Progress.of(json.loads(found[0][0]) if found[0][0] else None)
                end = Failed(CUT_SHORT, conversation, "Interrupted")
                await conversations.end(Begun(conversation, turn, None, ""), "failed", failure(end, shown))
