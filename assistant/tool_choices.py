"""Which tools a conversation may use: those that were turned off in it, and those that were approved for it."""

from __future__ import annotations

from collections.abc import Collection

import aiosqlite

from assistant.errors import UnknownConversation


class ToolChoices:
    """What was chosen about the tools of each conversation.

    Args:
        connection: An open connection to the log, which stays the caller's to close.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._db = connection

    async def grants(self, conversation: str) -> set[str]:
        """Returns the tools that were approved in a conversation."""
        rows = await self._db.execute_fetchall("SELECT tool FROM grants WHERE conversation = ?", (conversation,))
        return {row[0] for row in rows}

    async def grant(self, conversation: str, tools: Collection[str]) -> None:
        """Keeps that tools were approved in a conversation."""
        rows = [(conversation, tool) for tool in tools]
        await self._db.executemany("INSERT OR IGNORE INTO grants VALUES (?, ?)", rows)
        await self._db.commit()

    async def off(self, conversation: str) -> frozenset[str]:
        """Returns the tools that are turned off in a conversation."""
        rows = await self._db.execute_fetchall("SELECT tool FROM tools_off WHERE conversation = ?", (conversation,))
        return frozenset(row[0] for row in rows)

    async def switch(self, conversation: str, owner: str, tool: str, *, on: bool) -> None:
        """Turns a tool on or off in a conversation, from its next question on.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        mine = "SELECT 1 FROM conversations WHERE id = ? AND owner = ?"
        if not list(await self._db.execute_fetchall(mine, (conversation, owner))):
            raise UnknownConversation(f"There is no conversation {conversation!r}.")
        await self.turn_off(conversation, () if on else (tool,))
        if on:
            gone = "DELETE FROM tools_off WHERE conversation = ? AND tool = ?"
            await self._db.execute(gone, (conversation, tool))
        await self._db.commit()

    async def turn_off(self, conversation: str, tools: Collection[str]) -> None:
        """Turns tools off in a conversation that is being made; the caller commits."""
        rows = [(conversation, tool) for tool in tools]
        await self._db.executemany("INSERT OR IGNORE INTO tools_off VALUES (?, ?)", rows)
