"""Conversations on disk: each turn is written when it begins and once more when it ends.

The messages of a turn are the graph's checkpoint; this log holds what a person sees of it, and the evidence
with its numbers. Both lie in one database.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from assistant.database.base import Change, Database
from assistant.engine_info import Adapters
from assistant.errors import BadQuestion, NothingWaits, StorageError, UnknownConversation
from assistant.evidence import Evidence, evidence_from
from assistant.feedback import Feedback
from assistant.log_schema import said, stored
from assistant.logged import Begun, Illustrated, Turn, TurnState
from assistant.overview import Usage, usage
from assistant.past import Summaries
from assistant.settings import DEFAULT_LIBRARY
from assistant.sharing import Shares, path_to
from assistant.shelf import Conversation, Shelf, shortened
from assistant.tool_choices import ToolChoices, turn_off

__all__ = ["Begun", "Conversation", "Conversations", "Illustrated", "Turn", "TurnState"]

# Turns that are read by one statement.
AT_ONCE = 500
# Seconds between the attempts to write how a turn ended.
AGAIN = (0.5, 2.0)
GONE_ON = "Another server went on with this conversation while the database was away. Ask again."
GIVEN_UP = "The call that waited for approval was given up, since another question was asked."


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
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.shelf = Shelf(database)
        self.feedback = Feedback(database)
        self.summaries = Summaries(database)
        self.adapters = Adapters(database)
        self.shares = Shares(database)
        self.tools = ToolChoices(database)

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
        async with self._db.change() as change:
            return await self._begin(change, conversation, owner, question, library, off, instead_of)

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
        async with self._db.change() as change:
            return await _open(change, owner, title, library, off)

    async def resume(self, conversation: str, owner: str) -> tuple[Begun, Turn]:
        """Takes up the turn that waits for approval; from then on it is running.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
            NothingWaits: No turn of it waits.
        """
        leaf, library = await self._require(self._db, conversation, owner)
        turns = [turn for turn in await self.turns(conversation, owner) if turn.id == leaf and turn.state == "waiting"]
        # Only one of two that decide at the same moment finds it waiting.
        take = "UPDATE turns SET state = 'running' WHERE id = ? AND state = 'waiting'"
        async with self._db.change() as change:
            taken = await change.run(take, leaf)
        if not turns or not taken:
            raise NothingWaits("Nothing waits for approval in this conversation; it was decided or given up.")
        path = (await path_to(self._db, leaf))[:-1]
        return Begun(conversation, turns[0].id, path[-1] if path else None, library, path), turns[0]

    async def take_branch(self, conversation: str, owner: str, turn: int) -> None:
        """Goes over to the branch that a turn is on, to where that branch was left.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else, or has no such turn.
        """
        await self._require(self._db, conversation, owner)
        await _parent(self._db, conversation, turn)
        down = (
            "WITH RECURSIVE below(id) AS (SELECT id FROM turns WHERE id = ? UNION ALL SELECT turns.id FROM turns "
            "JOIN below ON turns.parent = below.id) "
            "UPDATE conversations SET leaf = (SELECT max(id) FROM below) WHERE id = ?"
        )
        async with self._db.change() as change:
            await change.run(down, turn, conversation)

    async def keep(self, begun: Begun, shown: dict[str, Any]) -> None:
        """Writes what has been shown of a running turn, for the case that it never ends."""
        update = "UPDATE turns SET result = ? WHERE id = ? AND state = 'running'"
        async with self._db.change() as change:
            await change.run(update, stored(shown), begun.turn)

    async def end(
        self, begun: Begun, state: TurnState, result: dict[str, Any], evidence: Sequence[Evidence] = ()
    ) -> bool:
        """Writes what became of a question, with the passages that got a number in the turn, at once.

        Args:
            begun: The turn.
            state: How it ended.
            result: As in ``Turn``.
            evidence: New passages.

        Returns:
            Whether it is there; the conversation may have been deleted meanwhile.
        """
        for wait in AGAIN:
            try:
                return await self._end(begun, state, result, evidence)
            except StorageError:  # the same once more does no harm, and an answer is not lost for a moment's absence
                await asyncio.sleep(wait)
        return await self._end(begun, state, result, evidence)

    async def _end(self, begun: Begun, state: TurnState, result: dict[str, Any], evidence: Sequence[Evidence]) -> bool:
        rows = [(begun.conversation, item.n, stored(asdict(item))) for item in evidence]
        # The same once more does no harm; another passage of that number is from a server that went on meanwhile.
        insert = (
            "INSERT INTO evidence VALUES (?, ?, ?) ON CONFLICT (conversation, n) "
            "DO UPDATE SET passage = excluded.passage WHERE evidence.passage = excluded.passage"
        )
        async with self._db.change() as change:
            # First, so that a conversation that was deleted meanwhile has nothing to keep.
            if not await change.run(
                "UPDATE turns SET state = ?, result = ? WHERE id = ?", state, stored(result), begun.turn
            ):
                return False
            for row in rows:
                if not await change.run(insert, *row):
                    raise StorageError(GONE_ON)
            await self._db.words.answer(change, begun.turn, said(result))
        return True

    async def evidence(self, conversation: str) -> list[Evidence]:
        """Returns the passages of a conversation by number."""
        select = "SELECT passage FROM evidence WHERE conversation = ? ORDER BY n"
        rows = await self._db.rows(select, conversation)
        return [evidence_from(json.loads(row[0])) for row in rows]

    async def turns(self, conversation: str, owner: str) -> list[Turn]:
        """Returns the turns of a conversation on the way to its leaf, in order.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        leaf, _ = await self._require(self._db, conversation, owner)
        select = "SELECT id, parent FROM turns WHERE conversation = ? ORDER BY id"
        parents = {row[0]: row[1] for row in await self._db.rows(select, conversation)}
        versions: dict[int | None, list[int]] = {}
        for turn, parent in parents.items():
            versions.setdefault(parent, []).append(turn)
        path = await path_to(self._db, leaf)
        rows = {turn.id: turn for turn in await self.rows(path)}
        return [_versioned(rows[turn], versions[parents[turn]]) for turn in path]

    async def rows(self, turns: Collection[int]) -> list[Turn]:
        """Returns turns by their rows, whoever's they are."""
        found: list[Turn] = []
        wanted = [*turns]
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            marks = ", ".join("?" * len(some))
            select = f"SELECT id, question, state, result FROM turns WHERE id IN ({marks})"  # noqa: S608 — marks only
            for row in await self._db.rows(select, *some):
                found.append(Turn(row[0], row[1], row[2], json.loads(row[3]) if row[3] else None))
        return found

    async def turn(self, conversation: str, owner: str, turn: int) -> tuple[Turn, str]:
        """Returns a turn of a conversation, on whichever branch, and when it was asked, as UTC time in ISO 8601.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else, or has no such turn.
        """
        await self._require(self._db, conversation, owner)
        select = "SELECT id, question, state, result, asked FROM turns WHERE id = ? AND conversation = ?"
        for row in await self._db.rows(select, turn, conversation):
            return Turn(row[0], row[1], row[2], json.loads(row[3]) if row[3] else None), row[4]
        raise UnknownConversation(f"There is no turn {turn} in the conversation '{conversation}'.")

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
            "WHERE owner = ? AND state = 'answered' AND turns.id < ? ORDER BY turns.id DESC LIMIT ?"
        )
        found: list[Illustrated] = []
        while rows := await self._db.rows(select, owner, before or 2**62, count):
            answers = [Illustrated(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) for row in rows]
            found += [each for each in answers if each.result.get("artifacts") or each.result.get("citations")]
            if len(found) >= count:
                break
            before = rows[-1][0]
        return found[:count]

    async def owner(self, conversation: str) -> str | None:
        """Returns whose a conversation is; None where there is none."""
        select = "SELECT owner FROM conversations WHERE id = ?"
        rows = await self._db.rows(select, conversation)
        return rows[0][0] if rows else None

    async def library(self, conversation: str, owner: str) -> str:
        """Returns which library a conversation is about.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        return (await self._require(self._db, conversation, owner))[1]

    async def delete(self, conversation: str, owner: str) -> None:
        """Deletes a conversation for good.

        Raises:
            UnknownConversation: It does not exist or belongs to somebody else.
        """
        async with self._db.change() as change:
            await self._require(change, conversation, owner)
            await self._db.words.forget(change, conversation)
            for table in ("tools_off", "grants", "evidence", "feedback", "shares", "turns"):
                await change.run(f"DELETE FROM {table} WHERE conversation = ?", conversation)  # noqa: S608 — fixed
            await change.run("DELETE FROM conversations WHERE id = ?", conversation)

    def alone(self, conversation: str) -> AbstractAsyncContextManager[None]:
        """Waits until no other server is at a turn of a conversation, and keeps them from beginning one."""
        return self._db.alone(conversation)

    async def usage(self, days: int = 30) -> dict[str, Usage]:
        """Returns who has asked how much in the last days, by owner."""
        return await usage(self._db, days)

    async def newest_passage(self, conversation: str) -> int:
        """Returns the highest number of a passage in a conversation; 0 where there is none."""
        rows = await self._db.rows("SELECT max(n) FROM evidence WHERE conversation = ?", conversation)
        return int(rows[0][0] or 0)

    async def _begin(
        self,
        change: Change,
        conversation: str | None,
        owner: str,
        question: str,
        library: str | None,
        off: Collection[str],
        instead_of: int | None,
    ) -> Begun:
        now, parent, new = _now(), None, conversation is None
        if conversation is None:
            library = library or DEFAULT_LIBRARY
            conversation = await _open(change, owner, question, library, off)
        else:
            # Kept for us, so that of two questions at the same moment one follows the other.
            parent, own = await self._require(change, conversation, owner, self._db.locking)
            if instead_of is not None:
                parent = await _parent(change, conversation, instead_of)
            library = _same(library, own)
            first = "UPDATE conversations SET title = ? WHERE id = ? AND leaf IS NULL"
            await change.run(first, shortened(question), conversation)
        # Going on without deciding is a refusal: nothing that waited can run any more.
        given_up = json.dumps({"error": GIVEN_UP, "kind": "NotApproved", "shown": ""})
        give_up = "UPDATE turns SET state = 'failed', result = ? WHERE conversation = ? AND state = 'waiting'"
        await change.run(give_up, given_up, conversation)
        columns = "(conversation, question, asked, state, parent)"
        insert = f"INSERT INTO turns {columns} VALUES (?, ?, ?, 'running', ?) RETURNING id"  # noqa: S608 — ours
        turn = int((await change.rows(insert, conversation, question, now, parent))[0][0])
        await self._db.words.add(change, turn, question)
        update = "UPDATE conversations SET updated = ?, leaf = ?, archived = 0 WHERE id = ?"
        await change.run(update, now, turn, conversation)
        return Begun(conversation, turn, parent, library, await path_to(change, parent), new)

    async def _require(
        self, db: Database | Change, conversation: str, owner: str, locking: str = ""
    ) -> tuple[int | None, str]:
        """Returns the row of its leaf, and its library."""
        select = f"SELECT leaf, library FROM conversations WHERE id = ? AND owner = ?{locking}"  # noqa: S608 — ours
        rows = await db.rows(select, conversation, owner)
        if not rows:
            raise UnknownConversation(f"There is no conversation '{conversation}'; leave it out to begin a new one.")
        return rows[0][0], rows[0][1]

    # Last, since in the class body its name hides the built-in type from the annotations behind it.
    async def list(self, owner: str, limit: int = 500, after: str | None = None) -> list[Conversation]:
        """Returns the owner's conversations, the newest first; see ``Shelf.list``."""
        return await self.shelf.list(owner, limit, after)


async def _open(change: Change, owner: str, title: str, library: str | None, off: Collection[str]) -> str:
    conversation, now = uuid.uuid4().hex, _now()
    insert = "INSERT INTO conversations (id, owner, title, created, updated, library) VALUES (?, ?, ?, ?, ?, ?)"
    row = (conversation, owner, shortened(title), now, now, library or DEFAULT_LIBRARY)
    await change.run(insert, *row)
    await turn_off(change, conversation, off)
    return conversation


async def _parent(db: Database | Change, conversation: str, turn: int) -> int | None:
    rows = await db.rows("SELECT parent FROM turns WHERE id = ? AND conversation = ?", turn, conversation)
    if not rows:
        raise UnknownConversation(f"There is no turn {turn} in the conversation '{conversation}'.")
    parent: int | None = rows[0][0]
    return parent


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
