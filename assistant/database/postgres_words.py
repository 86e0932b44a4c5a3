"""Finds conversations by words in PostgreSQL.

The words are made here, not by PostgreSQL, so that the same are found whatever the server's language and dictionaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.database.base import Change, Row
from assistant.database.excerpt import excerpt, plain, plain_words

if TYPE_CHECKING:
    from assistant.database.postgres import PostgresDatabase


class PostgresWords:
    """The words of questions and answers.

    Args:
        database: Where they are.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def add(self, change: Change, turn: int, question: str) -> None:
        """Takes in a question."""
        insert = "INSERT INTO said (turn, question, words) VALUES (?, ?, array_to_tsvector(?::text[]))"
        await change.run(insert, turn, question, plain_words(question))

    async def answer(self, change: Change, turn: int, answer: str) -> None:
        """Takes in what was answered to it."""
        found = await change.rows("SELECT question FROM said WHERE turn = ?", turn)
        if not found:  # the conversation was deleted meanwhile
            return
        update = "UPDATE said SET answer = ?, words = array_to_tsvector(?::text[]) WHERE turn = ?"
        await change.run(update, answer, plain_words(f"{found[0][0]}\n{answer}"), turn)

    async def forget(self, change: Change, conversation: str) -> None:
        """They go with their turns."""

    async def find(self, owner: str, terms: Sequence[str], columns: str) -> list[Row]:
        """Returns the owner's turns that hold all the terms, the newest first."""
        wanted = [word for word in map(plain, terms) if word]
        if not wanted:
            return []
        query = " & ".join(f"'{word}'" for word in wanted) + ":*"
        select = (
            f"SELECT {columns}, s.question, s.answer "  # noqa: S608 — all ours
            "FROM said s JOIN turns t ON t.id = s.turn JOIN conversations c ON c.id = t.conversation "
            "WHERE s.words @@ ?::tsquery AND c.owner = ? ORDER BY t.id DESC"
        )
        found = await self._database.rows(select, query, owner)
        return [(*row[:-2], excerpt(row[-2], wanted) or excerpt(row[-1], wanted)) for row in found]
