"""What was said in a conversation before: the latest turns as they were, and those before them in short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from langchain_core.messages import AnyMessage, HumanMessage

from assistant import taint
from assistant.database.base import Database


@dataclass(frozen=True, slots=True)
class Summary:
    """Earlier turns in short, with the passages that they cited word by word.

    Attributes:
        text: As the model is shown it.
        covers: Row of the last turn in it; None where the turns are kept elsewhere.
        tainted: Whether foreign text may have come into it.
    """

    text: str
    covers: int | None
    tainted: bool


@dataclass(slots=True)
class Past:
    """The turns that came to their end, the oldest first.

    Attributes:
        turns: The messages of each.
        rows: The row of each; None of one that is kept elsewhere.
        summary: What came before them; None where that is nothing.
    """

    turns: list[list[AnyMessage]] = field(default_factory=list)
    rows: list[int | None] = field(default_factory=list)
    summary: Summary | None = None

    @property
    def history(self) -> list[AnyMessage]:
        """The messages in order."""
        return [message for turn in self.turns for message in turn]

    @property
    def characters(self) -> int:
        """How long the messages are together."""
        return sum(len(message.text) for turn in self.turns for message in turn)

    @property
    def tainted(self) -> bool:
        """Whether foreign text has come in."""
        return taint.is_tainted(self.history) or bool(self.summary and self.summary.tainted)

    def add(self, row: int | None, messages: Sequence[AnyMessage]) -> None:
        """Adds a turn."""
        self.turns.append(list(messages))
        self.rows.append(row)

    def drop(self, count: int) -> None:
        """Drops the oldest turns."""
        del self.turns[:count], self.rows[:count]

    def told(self, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """Returns what the model is shown: the summary within the first question, the turns, and a turn's messages.

        Some chat templates want a person and the model to speak in turn, and take one system message.
        """
        first, *others = [*self.history, *messages]
        if self.summary is None or not isinstance(first, HumanMessage):
            return [first, *others]
        extra = {**first.additional_kwargs, **({taint.MARK: True} if self.summary.tainted else {})}
        text = f"{self.summary.text}\n\n{first.text}"
        return [first.model_copy(update={"content": text, "additional_kwargs": extra}), *others]


class Summaries:
    """The summaries of conversations on disk.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    async def keep(self, conversation: str, summary: Summary) -> None:
        """Writes one down."""
        insert = (
            "INSERT INTO summaries VALUES (?, ?, ?, ?) ON CONFLICT (conversation, turn) "
            "DO UPDATE SET text = excluded.text, tainted = excluded.tainted"
        )
        async with self._db.change() as change:
            await change.run(insert, conversation, summary.covers, summary.text, int(summary.tainted))

    async def newest(self, conversation: str, path: Sequence[int]) -> Summary | None:
        """Returns the one that covers most of a path of turns."""
        select = "SELECT text, turn, tainted FROM summaries WHERE conversation = ? ORDER BY turn DESC"
        rows = await self._db.rows(select, conversation)
        return next((Summary(row[0], row[1], bool(row[2])) for row in rows if row[1] in path), None)
