"""Conversations on disk: each turn is written when it begins and once more when it ends.

The messages of a turn are the graph's checkpoint; this log holds what a person sees of it, and the evidence
with its numbers. Both lie in one SQLite file.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import aiosqlite

from assistant.engine_info import Adapters
from assistant.errors import BadQuestion, NothingWaits, UnknownConversation
from assistant.evidence import Evidence, evidence_from
from assistant.feedback import Feedback
from assistant.log_schema import create_tables, said
from assistant.past import Summaries
from assistant.settings import DEFAULT_LIBRARY
from assistant.sharing import Shares, path_to
from assistant.shelf import Conversation, Shelf, shortened
from assistant.tool_choices import ToolChoices

__all__ = ["Begun", "Conversation", "Conversations", "Turn", "TurnState"]

GIVEN_UP = "The call that waited for approval was given up, since another question was asked."

TurnState = Literal["running", "waiting", "answered", "failed"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with what became of it.

    Attributes:
        id: Its row.
        question: As it was asked.
        state: ``running`` also stands for a turn that was stopped or cut off; ``waiting`` is for approval.
        result: The answer as ``Answer.to_json`` gives it, or ``{"error": …}``, or ``{"requests": […]}`` while waiting;
            while running what has been shown so far, or None.
        versions: Rows of the turns that begin here, this one among them: other wordings of the question, and other
            answers to it.
    """

    id: int
    question: str
    state: TurnState
    result: dict[str, Any] | None
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Illustrated:
    """An answer that may show pictures.

    Attributes:
        turn: Its row.
        conversation: The conversation's id.
        title: The conversation's title.
        library: Which library the conversation is about.
        asked: UTC time in ISO 8601.
        result: The answer as ``Answer.to_json`` gives it.
    """

    turn: int
    conversation: str
    title: str
    library: str
    asked: str
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that was written down and is about to run.

    Attributes:
        conversation: The conversation's id.
        turn: The turn's row.
        previous: Row of the turn that it follows, None for the first.
        library: Which library the conversation is about.
        path: Rows of the turns that lead to it, the first one first.
    """

    conversation: str
    turn: int
    previous: int | None
    library: str = DEFAULT_LIBRARY
    path: tuple[int, ...] = ()


class Conversations:
    """The log of every conversation.

    A conversation is a tree of turns, since a question can be asked again or in other words; what is shown and what the
    model builds on is the path to its leaf.

    Attributes:
        shelf: The list of conversations.
        feedback: What people thought of answers.
        summaries: What came before the turns that the model is shown.
        adapters: Which of the model's adapters answers.
        shares: The links by which they can be read.
        tools: Which tools they may use.

    Args:
        connection: An open connection, which stays the caller's to close.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._db = connection
        self._beginning = asyncio.Lock()
        self.shelf = Shelf(connection)
        self.feedback = Feedback(connection)
        self.summaries = Summaries(connection)
        self.adapters = Adapters(connection)
        self.shares = Shares(connection)
        self.tools = ToolChoices(connection)

    async def setup(self) -> None:
        """Creates the tables where they are missing."""
        await create_tables(self._db)

    async def begin(
        self,
        conversation: str | None,
        owner: str,
        question: str,
        library: str | None = None,
        off: Collection[str] = (),
        instead_of: int | None = None,
    ) -> Begun:
        """Writes a question down before anything is done about it.

        Args:
            conversation: None begins a new one.
            owner: Whose it is.
            question: As asked.
            library: Which library a new one is about; of another one None takes its own.
            off: The tools that are turned off in a new one.
            instead_of: Row of a turn in whose place it is asked; that turn and what followed it stay as another branch.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else, or has no such turn.
            BadQuestion: It is about another library.
        """
        async with self._beginning:  # so that of two questions at the same moment one follows the other
            return await self._begin(conversation, owner, question, library, off, instead_of)

    async def open(self, owner: str, title: str, library: str | None = None, off: Collection[str] = ()) -> str:
        """Begins a conversation without a question; the first one gives it its title.

        Args:
            owner: Whose it is.
            title: What it is called until then.
            library: Which library it is about.
            off: The tools that are turned off in it.

        Returns:
            Its id.
        """
        conversation = await self._open(owner, title, library, off)
        await self._db.commit()
        return conversation

    async def resume(self, conversation: str, owner: str) -> tuple[Begun, Turn]:
        """Takes up the turn that waits for approval; from then on it is running.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
            NothingWaits: No turn of it waits.
        """
        leaf, library = await self._require(conversation, owner)
        turns = [turn for turn in await self.turns(conversation, owner) if turn.id == leaf and turn.state == "waiting"]
        # Only one of two that decide at the same moment finds it waiting.
        take = "UPDATE turns SET state = 'running' WHERE id = ? AND state = 'waiting'"
        cursor = await self._db.execute(take, (leaf,))
        await self._db.commit()
        if not turns or not cursor.rowcount:
            raise NothingWaits("Nothing waits for approval in this conversation; it was decided or given up.")
        path = (await self._path(leaf))[:-1]
        return Begun(conversation, turns[0].id, path[-1] if path else None, library, path), turns[0]

    async def take_branch(self, conversation: str, owner: str, turn: int) -> None:
        """Goes over to the branch that a turn is on, to where that branch was left.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else, or has no such turn.
        """
        await self._require(conversation, owner)
        await self._parent(conversation, turn)
        down = (
            "WITH RECURSIVE below(id) AS (SELECT ? UNION ALL SELECT turns.id FROM turns JOIN below ON "
            "turns.parent = below.id) UPDATE conversations SET leaf = (SELECT max(id) FROM below) WHERE id = ?"
        )
        await self._db.execute(down, (turn, conversation))
        await self._db.commit()

    async def keep(self, begun: Begun, shown: dict[str, Any]) -> None:
        """Writes what has been shown of a running turn, for the case that it never ends."""
        update = "UPDATE turns SET result = ? WHERE id = ? AND state = 'running'"
        await self._db.execute(update, (json.dumps(shown, ensure_ascii=False), begun.turn))
        await self._db.commit()

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
        await self._db.execute("UPDATE said SET answer = ? WHERE rowid = ?", (said(result), begun.turn))
        await self._db.commit()

    async def evidence(self, conversation: str) -> list[Evidence]:
        """Returns the passages of a conversation by number."""
        select = "SELECT passage FROM evidence WHERE conversation = ? ORDER BY n"
        rows = await self._db.execute_fetchall(select, (conversation,))
        return [evidence_from(json.loads(row[0])) for row in rows]

    async def turns(self, conversation: str, owner: str) -> list[Turn]:
        """Returns the turns of a conversation on the way to its leaf, in order.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        leaf, _ = await self._require(conversation, owner)
        parents = {
            row[0]: row[1]
            for row in await self._db.execute_fetchall(
                "SELECT id, parent FROM turns WHERE conversation = ? ORDER BY id", (conversation,)
            )
        }
        versions: dict[int | None, list[int]] = {}
        for turn, parent in parents.items():
            versions.setdefault(parent, []).append(turn)
        path = await self._path(leaf)
        rows = {turn.id: turn for turn in await self.rows(path)}
        return [_versioned(rows[turn], versions[parents[turn]]) for turn in path]

    async def rows(self, turns: Collection[int]) -> list[Turn]:
        """Returns turns by their rows, whoever's they are."""
        select = "SELECT id, question, state, result FROM turns WHERE id IN (SELECT value FROM json_each(?))"
        rows = await self._db.execute_fetchall(select, (json.dumps([*turns]),))
        return [Turn(row[0], row[1], row[2], json.loads(row[3]) if row[3] else None) for row in rows]

    async def illustrated(self, owner: str, before: int | None, count: int) -> list[Illustrated]:
        """Returns answers with files or citations, which may show pictures, the newest first.

        Args:
            owner: Whose.
            before: Only those of turns before this one; None begins with the newest.
            count: How many at most.
        """
        select = (
            "SELECT turns.id, conversation, title, library, asked, result FROM turns "
            "JOIN conversations ON conversations.id = conversation "
            "WHERE owner = ? AND state = 'answered' AND turns.id < ? "
            "AND json_array_length(result, '$.artifacts') + json_array_length(result, '$.citations') > 0 "
            "ORDER BY turns.id DESC LIMIT ?"
        )
        rows = await self._db.execute_fetchall(select, (owner, before or 2**62, count))
        return [Illustrated(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) for row in rows]

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
        forget = "DELETE FROM said WHERE rowid IN (SELECT id FROM turns WHERE conversation = ?)"
        await self._db.execute(forget, (conversation,))
        for table in ("tools_off", "grants", "evidence", "feedback", "shares", "turns"):
            await self._db.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation,))  # noqa: S608 — fixed
        await self._db.execute("DELETE FROM conversations WHERE id = ?", (conversation,))
        await self._db.commit()

    async def _begin(
        self,
        conversation: str | None,
        owner: str,
        question: str,
        library: str | None,
        off: Collection[str],
        instead_of: int | None,
    ) -> Begun:
        now, parent = _now(), None
        if conversation is None:
            library = library or DEFAULT_LIBRARY
            conversation = await self._open(owner, question, library, off)
        else:
            parent, own = await self._require(conversation, owner)
            if instead_of is not None:
                parent = await self._parent(conversation, instead_of)
            library = _same(library, own)
            first = "UPDATE conversations SET title = ? WHERE id = ? AND leaf IS NULL"
            await self._db.execute(first, (shortened(question), conversation))
        # Going on without deciding is a refusal: nothing that waited can run any more.
        given_up = json.dumps({"error": GIVEN_UP, "kind": "NotApproved", "shown": ""})
        give_up = "UPDATE turns SET state = 'failed', result = ? WHERE conversation = ? AND state = 'waiting'"
        await self._db.execute(give_up, (given_up, conversation))
        insert = "INSERT INTO turns (conversation, question, asked, state, parent) VALUES (?, ?, ?, 'running', ?)"
        cursor = await self._db.execute(insert, (conversation, question, now, parent))
        assert cursor.lastrowid is not None
        turn = cursor.lastrowid
        await self._db.execute("INSERT INTO said (rowid, question, answer) VALUES (?, ?, '')", (turn, question))
        update = "UPDATE conversations SET updated = ?, leaf = ?, archived = 0 WHERE id = ?"
        await self._db.execute(update, (now, turn, conversation))
        await self._db.commit()
        return Begun(conversation, turn, parent, library, await self._path(parent))

    async def _open(self, owner: str, title: str, library: str | None, off: Collection[str]) -> str:
        conversation, now = uuid.uuid4().hex, _now()
        insert = "INSERT INTO conversations (id, owner, title, created, updated, library) VALUES (?, ?, ?, ?, ?, ?)"
        row = (conversation, owner, shortened(title), now, now, library or DEFAULT_LIBRARY)
        await self._db.execute(insert, row)
        await self.tools.turn_off(conversation, off)
        return conversation

    async def _require(self, conversation: str, owner: str) -> tuple[int | None, str]:
        """Returns the row of its leaf, and its library."""
        select = "SELECT leaf, library FROM conversations WHERE id = ? AND owner = ?"
        rows = list(await self._db.execute_fetchall(select, (conversation, owner)))
        if not rows:
            raise UnknownConversation(f"There is no conversation '{conversation}'; leave it out to begin a new one.")
        return rows[0][0], rows[0][1]

    async def _parent(self, conversation: str, turn: int) -> int | None:
        select = "SELECT parent FROM turns WHERE id = ? AND conversation = ?"
        rows = list(await self._db.execute_fetchall(select, (turn, conversation)))
        if not rows:
            raise UnknownConversation(f"There is no turn {turn} in the conversation '{conversation}'.")
        parent: int | None = rows[0][0]
        return parent

    async def _path(self, leaf: int | None) -> tuple[int, ...]:
        return await path_to(self._db, leaf)

    # Last, since in the class body its name hides the built-in type from the annotations behind it.
    async def list(self, owner: str, limit: int = 500) -> list[Conversation]:
        """Returns the owner's conversations, the newest first."""
        return await self.shelf.list(owner, limit)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _same(library: str | None, own: str) -> str:
    if library not in (None, own):
        raise BadQuestion(
            f"This conversation is about the library '{own}'; go on with that, or begin a new one about '{library}'."
        )
    return own


def _versioned(turn: Turn, versions: Sequence[int]) -> Turn:
    return replace(turn, versions=tuple(versions))
