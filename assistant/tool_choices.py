"""Which tools a conversation may use: those that were turned off in it, and those that were approved for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from assistant.database.base import Change, Database
from assistant.errors import UnknownConversation
from assistant.schema import Tool


class ToolChoices:
    """What was chosen about the tools of each conversation.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    async def grants(self, conversation: str) -> set[str]:
        """Returns the tools that were approved in a conversation."""
        rows = await self._db.rows("SELECT tool FROM grants WHERE conversation = ?", conversation)
        return {row[0] for row in rows}

    async def grant(self, conversation: str, tools: Collection[str]) -> None:
        """Keeps that tools were approved in a conversation."""
        rows = [(conversation, tool) for tool in tools]
        async with self._db.change() as change:
            await change.many("INSERT INTO grants VALUES (?, ?) ON CONFLICT DO NOTHING", rows)

    async def off(self, conversation: str) -> frozenset[str]:
        """Returns the tools that are turned off in a conversation."""
        rows = await self._db.rows("SELECT tool FROM tools_off WHERE conversation = ?", conversation)
        return frozenset(row[0] for row in rows)

    async def on(self, conversation: str, tools: Mapping[str, Tool]) -> Mapping[str, Tool]:
        """Returns those of some tools that are not turned off in a conversation."""
        off = await self.off(conversation)
        return {name: tool for name, tool in tools.items() if name not in off} if off else tools

    async def switch(self, conversation: str, owner: str, tool: str, *, on: bool) -> None:
        """Turns a tool on or off in a conversation, from its next question on.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        async with self._db.change() as change:
            if not await change.rows("SELECT 1 FROM conversations WHERE id = ? AND owner = ?", conversation, owner):
                raise UnknownConversation(f"There is no conversation {conversation!r}.")
            if on:
                await change.run("DELETE FROM tools_off WHERE conversation = ? AND tool = ?", conversation, tool)
            else:
                await turn_off(change, conversation, (tool,))


async def turn_off(change: Change, conversation: str, tools: Collection[str]) -> None:
    """Turns tools off in a conversation, as a part of a change."""
    if rows := [(conversation, tool) for tool in tools]:
        await change.many("INSERT INTO tools_off VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
