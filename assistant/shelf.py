"""The list of conversations: found by words, named, put in folders, pinned and archived."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.database.base import Database, Row
from assistant.errors import UnknownConversation
from assistant.settings import DEFAULT_LIBRARY

TITLE_LENGTH = 60
FOLDER_LENGTH = 40
# Stand around the words that were found; no text holds them.
FOUND_BEGIN, FOUND_END = "\x02", "\x03"
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Conversation:
    """One entry of the list of conversations.

    Attributes:
        id: As printed by ``ask --json``.
        title: The first question, shortened, or what the model or a person called it.
        created: UTC time in ISO 8601.
        updated: The same of the last turn.
        library: Which library it is about.
        folder: Where a person put it; empty is nowhere.
        pinned: Whether it stays on top.
        archived: Whether it was put away.
        excerpt: Where it was searched for, the words around what was found, between ``FOUND_BEGIN`` and ``FOUND_END``.
    """

    id: str
    title: str
    created: str
    updated: str
    library: str = DEFAULT_LIBRARY
    folder: str = ""
    pinned: bool = False
    archived: bool = False
    excerpt: str = ""


class Shelf:
    """The list of every owner's conversations.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    async def search(self, owner: str, words: str, limit: int = 50) -> list[Conversation]:
        """Returns the owner's conversations whose questions, answers or title hold all the words, the best first.

        Args:
            owner: Whose.
            words: The last may be the beginning of one; an empty search finds nothing.
            limit: How many at most.
        """
        terms = WORD.findall(words)
        if not terms:
            return []
        columns = "c.id, c.title, c.created, c.updated, c.library, c.folder, c.pinned, c.archived"
        found: dict[str, Conversation] = {}
        for row in await self._db.words.find(owner, terms, columns):
            found.setdefault(row[0], _conversation(row))
        named = [each for each in await self.list(owner) if all(t.lower() in each.title.lower() for t in terms)]
        return list({each.id: each for each in [*named, *found.values()]}.values())[:limit]

    async def rename(self, conversation: str, owner: str, title: str) -> None:
        """Gives a conversation another title; an empty one changes nothing.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        if title := shortened(title):
            await self._set(conversation, owner, "title", title)

    async def entitle(self, conversation: str, owner: str, before: str, title: str) -> None:
        """Gives a conversation another title, unless a person or another question has given it one.

        Args:
            conversation: Which.
            owner: Whose.
            before: The title that it has to have.
            title: The new one.
        """
        update = "UPDATE conversations SET title = ? WHERE id = ? AND owner = ? AND title = ?"
        async with self._db.change() as change:
            await change.run(update, shortened(title), conversation, owner, before)

    async def pin(self, conversation: str, owner: str, pinned: bool) -> None:
        """Keeps a conversation on top of the list, or no longer.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self._set(conversation, owner, "pinned", int(pinned))

    async def archive(self, conversation: str, owner: str, archived: bool) -> None:
        """Puts a conversation away, or back.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self._set(conversation, owner, "archived", int(archived))

    async def put(self, conversation: str, owner: str, folder: str) -> None:
        """Puts a conversation in a folder; an empty name takes it out.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self._set(conversation, owner, "folder", shortened(folder, FOLDER_LENGTH))

    async def _set(self, conversation: str, owner: str, column: str, value: object) -> None:
        update = f"UPDATE conversations SET {column} = ? WHERE id = ? AND owner = ?"  # noqa: S608 — a fixed name
        async with self._db.change() as change:
            changed = await change.run(update, value, conversation, owner)
        if not changed:
            raise UnknownConversation(f"There is no conversation '{conversation}'.")

    # Last, since in the class body its name hides the built-in type from the annotations behind it.
    async def list(self, owner: str, limit: int = 500, after: str | None = None) -> list[Conversation]:
        """Returns the owner's conversations, the newest first; a limit below 0 is none.

        Args:
            owner: Whose.
            limit: How many at most.
            after: The id of the last one that is known already; None begins with the newest.

        Raises:
            UnknownConversation: ``after`` does not exist or belongs to somebody else.
        """
        older, last = "", list[str]()
        if after is not None:
            rows = await self._db.rows("SELECT updated FROM conversations WHERE id = ? AND owner = ?", after, owner)
            if not rows:
                raise UnknownConversation(f"There is no conversation '{after}'.")
            older, last = "AND (updated < ? OR (updated = ? AND id > ?))", [rows[0][0], rows[0][0], after]
        columns = "id, title, created, updated, library, folder, pinned, archived, ''"
        rest = f"WHERE owner = ? {older} ORDER BY updated DESC, id LIMIT ?"
        select = f"SELECT {columns} FROM conversations {rest}"  # noqa: S608 — all ours
        found = await self._db.rows(select, owner, *last, limit if limit >= 0 else 2**62)
        return [_conversation(row) for row in found]


def shortened(text: str, length: int = TITLE_LENGTH) -> str:
    """Returns a text as one line of a bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _conversation(row: Row) -> Conversation:
    key, title, created, updated, library, folder, pinned, archived, excerpt = row
    return Conversation(key, title, created, updated, library, folder, bool(pinned), bool(archived), excerpt)
