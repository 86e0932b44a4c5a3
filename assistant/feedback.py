"""What people thought of answers: a thumb and a comment, kept with the log."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from assistant.database.base import Database
from assistant.errors import BadQuestion, UnknownConversation

Verdict = Literal["good", "bad"]
MAX_COMMENT = 2_000


class Feedback:
    """The verdicts of every owner's conversations.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    async def give(self, turn: int, owner: str, verdict: str | None, comment: str = "") -> None:
        """Keeps what the owner thinks of an answer; the last one counts.

        Args:
            turn: Its row.
            owner: Whose conversation it is in.
            verdict: ``good`` or ``bad``; None takes it back.
            comment: Why.

        Raises:
            UnknownConversation: The turn does not exist or belongs to somebody else.
            BadQuestion: It is no verdict.
        """
        if verdict is not None and verdict not in get_args(Verdict):
            raise BadQuestion("A verdict is good or bad.")
        select = "SELECT c.id FROM turns t JOIN conversations c ON c.id = t.conversation WHERE t.id = ? AND c.owner = ?"
        async with self._db.change() as change:
            rows = await change.rows(select, turn, owner)
            if not rows:
                raise UnknownConversation(f"There is no answer {turn}.")
            await change.run("DELETE FROM feedback WHERE turn = ?", turn)
            if verdict is not None:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                row = (turn, rows[0][0], verdict, comment.strip()[:MAX_COMMENT], now)
                await change.run("INSERT INTO feedback VALUES (?, ?, ?, ?, ?)", *row)

    async def of(self, conversation: str) -> dict[int, tuple[Verdict, str]]:
        """Returns verdict and comment by turn."""
        select = "SELECT turn, verdict, comment FROM feedback WHERE conversation = ?"
        return {row[0]: (row[1], row[2]) for row in await self._db.rows(select, conversation)}

    async def all(self) -> AsyncIterator[dict[str, Any]]:
        """Yields every verdict with its question and answer, the oldest first; no owner is named."""
        select = (
            "SELECT f.given, f.verdict, f.comment, f.conversation, f.turn, t.question, t.result FROM feedback f "
            "JOIN turns t ON t.id = f.turn ORDER BY f.given, f.turn"
        )
        names = ("given", "verdict", "comment", "conversation", "turn", "question")
        for row in await self._db.rows(select):
            yield dict(zip(names, row, strict=False)) | {"result": json.loads(row[6]) if row[6] else None}
