"""Conversations on disk: each turn is written when it begins and once more when it ends.

The messages of a turn are the graph's checkpoint; this log holds what a person sees of it, and the evidence
with its numbers. Both lie in one SQLite file.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import aiosqlite

from assistant.errors import BadQuestion, NothingWaits, UnknownConversation
from assistant.evidence import Evidence, evidence_from
from assistant.settings import DEFAULT_LIBRARY

LIBRARY = f"library TEXT NOT NULL DEFAULT '{DEFAULT_LIBRARY}'"
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
    {LIBRARY}
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner, updated);
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    question TEXT NOT NULL, asked TEXT NOT NULL, state TEXT NOT NULL, result TEXT
);
CREATE INDEX IF NOT EXISTS turns_by_conversation ON turns (conversation, id);
CREATE TABLE IF NOT EXISTS evidence (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, n INTEGER NOT NULL,
    passage TEXT NOT NULL, PRIMARY KEY (conversation, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tools_off (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, tool TEXT NOT NULL,
    PRIMARY KEY (conversation, tool)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grants (
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE, tool TEXT NOT NULL,
    PRIMARY KEY (conversation, tool)
) WITHOUT ROWID;
"""

TITLE_LENGTH = 60
GIVEN_UP = "The call that waited for approval was given up, since another question was asked."

TurnState = Literal["running", "waiting", "answered", "failed"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One entry of the list of conversations.

    Attributes:
        id: As printed by ``ask --json``.
        title: The first question, shortened.
        created: UTC time in ISO 8601.
        updated: The same of the last turn.
        library: Which library it is about.
    """

    id: str
    title: str
    created: str
    updated: str
    library: str = DEFAULT_LIBRARY


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with what became of it.

    Attributes:
        id: Its row.
        question: As it was asked.
        state: ``running`` also stands for a turn that was stopped or cut off; ``waiting`` is for approval.
        result: The answer as ``Answer.to_json`` gives it, or ``{"error": …}``, or ``{"requests": […]}`` while waiting;
            None while running.
    """

    id: int
    question: str
    state: TurnState
    result: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that was written down and is about to run.

    Attributes:
        conversation: The conversation's id.
        turn: The turn's row.
        previous: Row of the turn before it in the conversation, None for the first.
        library: Which library the conversation is about.
    """

    conversation: str
    turn: int
    previous: int | None
    library: str = DEFAULT_LIBRARY


class Conversations:
    """The log of every conversation.

    Args:
        connection: An open connection, which stays the caller's to close.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._db = connection

    async def setup(self) -> None:
        """Creates the tables where they are missing."""
        await self._db.executescript(SCHEMA)
        columns = await self._db.execute_fetchall("SELECT name FROM pragma_table_info('conversations')")
        if ("library",) not in [tuple(row) for row in columns]:  # a file of the first version
            await self._db.execute(f"ALTER TABLE conversations ADD COLUMN {LIBRARY}")
        await self._db.commit()

    async def begin(
        self,
        conversation: str | None,
        owner: str,
        question: str,
        library: str | None = None,
        off: Collection[str] = (),
    ) -> Begun:
        """Writes a question down before anything is done about it.

        Args:
            conversation: None begins a new one.
            owner: Whose it is.
            question: As asked.
            library: Which library a new one is about; of another one None takes its own.
            off: The tools that are turned off in a new one.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
            BadQuestion: It is about another library.
        """
        now, previous = _now(), None
        if conversation is None:
            conversation, library = uuid.uuid4().hex, library or DEFAULT_LIBRARY
            row = (conversation, owner, _title(question), now, now, library)
            await self._db.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?)", row)
            await self._turn_off(conversation, off)
        else:
            previous, own = await self._require(conversation, owner)
            if library not in (None, own):
                raise BadQuestion(
                    f"This conversation is about the library '{own}'; go on with that, or begin a new one about "
                    f"'{library}'."
                )
            library = own
            await self._db.execute("UPDATE conversations SET updated = ? WHERE id = ?", (now, conversation))
        insert = "INSERT INTO turns (conversation, question, asked, state) VALUES (?, ?, ?, 'running')"
        # Going on without deciding is a refusal: nothing that waited can run any more.
        given_up = json.dumps({"error": GIVEN_UP, "kind": "NotApproved", "shown": ""})
        give_up = "UPDATE turns SET state = 'failed', result = ? WHERE conversation = ? AND state = 'waiting'"
        await self._db.execute(give_up, (given_up, conversation))
        cursor = await self._db.execute(insert, (conversation, question, now))
        await self._db.commit()
        assert cursor.lastrowid is not None
        return Begun(conversation, cursor.lastrowid, previous, library)

    async def resume(self, conversation: str, owner: str) -> tuple[Begun, Turn]:
        """Takes up the turn that waits for approval; from then on it is running.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
            NothingWaits: No turn of it waits.
        """
        last, library = await self._require(conversation, owner)
        turns = [turn for turn in await self.turns(conversation, owner) if turn.id == last and turn.state == "waiting"]
        # Only one of two that decide at the same moment finds it waiting.
        take = "UPDATE turns SET state = 'running' WHERE id = ? AND state = 'waiting'"
        cursor = await self._db.execute(take, (last,))
        await self._db.commit()
        if not turns or not cursor.rowcount:
            raise NothingWaits("Nothing waits for approval in this conversation; it was decided or given up.")
        select = "SELECT max(id) FROM turns WHERE conversation = ? AND id < ?"
        rows = list(await self._db.execute_fetchall(select, (conversation, last)))
        return Begun(conversation, turns[0].id, rows[0][0], library), turns[0]

    async def grants(self, conversation: str) -> set[str]:
        """Returns the tools that were approved in a conversation."""
        rows = await self._db.execute_fetchall("SELECT tool FROM grants WHERE conversation = ?", (conversation,))
        return {row[0] for row in rows}

    async def grant(self, conversation: str, tools: Collection[str]) -> None:
        """Keeps that tools were approved in a conversation."""
        rows = [(conversation, tool) for tool in tools]
        await self._db.executemany("INSERT OR IGNORE INTO grants VALUES (?, ?)", rows)
        await self._db.commit()

    async def tools_off(self, conversation: str) -> frozenset[str]:
        """Returns the tools that are turned off in a conversation."""
        rows = await self._db.execute_fetchall("SELECT tool FROM tools_off WHERE conversation = ?", (conversation,))
        return frozenset(row[0] for row in rows)

    async def switch(self, conversation: str, owner: str, tool: str, *, on: bool) -> None:
        """Turns a tool on or off in a conversation, from its next question on.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self._require(conversation, owner)
        await self._turn_off(conversation, () if on else (tool,))
        if on:
            gone = "DELETE FROM tools_off WHERE conversation = ? AND tool = ?"
            await self._db.execute(gone, (conversation, tool))
        await self._db.commit()

    async def _turn_off(self, conversation: str, tools: Collection[str]) -> None:
        rows = [(conversation, tool) for tool in tools]
        await self._db.executemany("INSERT OR IGNORE INTO tools_off VALUES (?, ?)", rows)

    async def end(
        self, begun: Begun, state: TurnState, result: dict[str, Any], evidence: Sequence[Evidence] = ()
    ) -> None:
        """Writes what became of a question, with the passages that got a number in the turn, at once.

        Args:
            begun: The turn.
            state: How it ended.
            result: As in ``Turn``.
            evidence: New passages.
        """
        rows = [(begun.conversation, item.n, json.dumps(asdict(item), ensure_ascii=False)) for item in evidence]
        if rows:
            await self._db.executemany("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?)", rows)
        update = "UPDATE turns SET state = ?, result = ? WHERE id = ?"
        await self._db.execute(update, (state, json.dumps(result, ensure_ascii=False), begun.turn))
        await self._db.commit()

    async def evidence(self, conversation: str) -> list[Evidence]:
        """Returns the passages of a conversation by number."""
        select = "SELECT passage FROM evidence WHERE conversation = ? ORDER BY n"
        rows = await self._db.execute_fetchall(select, (conversation,))
        return [evidence_from(json.loads(row[0])) for row in rows]

    async def turns(self, conversation: str, owner: str) -> list[Turn]:
        """Returns every turn of a conversation in order.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self._require(conversation, owner)
        select = "SELECT id, question, state, result FROM turns WHERE conversation = ? ORDER BY id"
        rows = await self._db.execute_fetchall(select, (conversation,))
        return [Turn(row[0], row[1], row[2], json.loads(row[3]) if row[3] else None) for row in rows]

    async def owner(self, conversation: str) -> str | None:
        """Returns whose a conversation is; None where there is none."""
        select = "SELECT owner FROM conversations WHERE id = ?"
        rows = list(await self._db.execute_fetchall(select, (conversation,)))
        return rows[0][0] if rows else None

    async def library(self, conversation: str, owner: str) -> str:
        """Returns which library a conversation is about.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        return (await self._require(conversation, owner))[1]

    async def delete(self, conversation: str, owner: str) -> None:
        """Deletes a conversation for good.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        await self._require(conversation, owner)
        for table in ("tools_off", "grants", "evidence", "turns"):
            await self._db.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation,))  # noqa: S608 — fixed
        await self._db.execute("DELETE FROM conversations WHERE id = ?", (conversation,))
        await self._db.commit()

    async def _require(self, conversation: str, owner: str) -> tuple[int | None, str]:
        """Returns the row of its last turn, and its library."""
        select = (
            "SELECT (SELECT max(id) FROM turns WHERE conversation = conversations.id), library FROM conversations "
            "WHERE id = ? AND owner = ?"
        )
        rows = list(await self._db.execute_fetchall(select, (conversation, owner)))
        if not rows:
            raise UnknownConversation(f"There is no conversation '{conversation}'; leave it out to begin a new one.")
        return rows[0][0], rows[0][1]

    # Last, since in the class body its name hides the built-in type from the annotations behind it.
    async def list(self, owner: str, limit: int = 200) -> list[Conversation]:
        """Returns the owner's conversations, the newest first."""
        select = (
            "SELECT id, title, created, updated, library FROM conversations WHERE owner = ? "
            "ORDER BY updated DESC, id LIMIT ?"
        )
        return [Conversation(*row) for row in await self._db.execute_fetchall(select, (owner, limit))]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _title(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
