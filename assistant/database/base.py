"""What the log of conversations asks of a database; SQLite and PostgreSQL are two of them.

Statements are written in what both understand, with ``?`` for values. What they do differently is here by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver

Row = tuple[Any, ...]


class Change(Protocol):
    """One transaction: all of it is written, or nothing."""

    async def run(self, statement: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed."""
        ...

    async def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Runs a statement for each row of values."""
        ...

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds or makes."""
        ...


class Words(Protocol):
    """The words of questions and answers, by which conversations are found."""

    async def add(self, change: Change, turn: int, question: str) -> None:
        """Takes in a question."""
        ...

    async def answer(self, change: Change, turn: int, answer: str) -> None:
        """Takes in what was answered to it."""
        ...

    async def forget(self, change: Change, conversation: str) -> None:
        """Drops the words of a conversation."""
        ...

    async def find(self, owner: str, terms: Sequence[str], columns: str) -> list[Row]:
        """Returns the owner's turns that hold all the terms, the best first.

        Args:
            owner: Whose.
            terms: Words; the last may be the beginning of one.
            columns: What of the conversation ``c`` is returned.

        Returns:
            For each turn the columns and then the words around what was found.
        """
        ...


class Database(Protocol):
    """Where conversations are.

    Attributes:
        words: Finds them by words.
        saver: Keeps the graph's checkpoints.
        locking: Follows a ``SELECT`` in a change whose row nobody else is to change meanwhile.
    """

    words: Words
    saver: BaseCheckpointSaver[Any]
    locking: str

    async def setup(self) -> None:
        """Makes the tables where they are missing."""
        ...

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds.

        Raises:
            StorageError: The database cannot be reached; another attempt has been made.
        """
        ...

    def change(self) -> AbstractAsyncContextManager[Change]:
        """Begins a transaction, which is committed where nothing is raised within; other reads do not see it before.

        Raises:
            StorageError: The database cannot be reached; nothing of the change is written.
        """
        ...

    def number(self, column: str, key: str) -> str:
        """Returns the expression for a number in a column of JSON."""
        ...

    def idle(self, conversation: str) -> AbstractAsyncContextManager[bool]:
        """Tells whether nobody is at a turn of a conversation; if so, nobody else begins one meanwhile."""
        ...

    def alone(self, conversation: str) -> AbstractAsyncContextManager[None]:
        """Waits until no other server is at a turn of a conversation, and keeps them from beginning one."""
        ...
