"""A log of conversations that lasts no longer than the process, for those who write down the answers themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, cast

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from assistant.database.base import Change, Database, Row, Words
from assistant.database.sqlite import SqliteChange
from assistant.log_schema import create_tables


class PassingLog:
    """SQLite in memory with the part of aiosqlite's interface that the log uses; it waits for no disk and no thread."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.execute("PRAGMA foreign_keys = ON")

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Runs a statement."""
        return self._db.execute(sql, values)

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        """Runs a statement once for each row."""
        return self._db.executemany(sql, rows)

    async def executescript(self, script: str) -> None:
        """Runs several statements."""
        self._db.executescript(script)

    async def execute_fetchall(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Runs a query and returns all rows."""
        return self._db.execute(sql, values).fetchall()

    async def commit(self) -> None:
        """Does nothing: there is nothing that could be lost."""

    async def close(self) -> None:
        """Lets go of it."""
        self._db.close()


class NoWords:
    """Nobody searches what does not last."""

    async def add(self, change: Change, turn: int, question: str) -> None:
        """Takes nothing in."""

    async def answer(self, change: Change, turn: int, answer: str) -> None:
        """Takes nothing in."""

    async def forget(self, change: Change, conversation: str) -> None:
        """Has nothing."""

    async def find(self, owner: str, terms: Sequence[str], columns: str) -> list[Row]:
        """Finds nothing."""
        return []


class PassingDatabase:
    """Conversations in memory, where no statement is ever interrupted by another one."""

    locking = ""

    def __init__(self) -> None:
        self._db = cast(aiosqlite.Connection, PassingLog())
        self.saver: BaseCheckpointSaver[Any] = InMemorySaver()
        self.words: Words = NoWords()

    async def setup(self) -> None:
        """Makes the tables."""
        await create_tables(self._db)

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds."""
        return await SqliteChange(self._db).rows(statement, *values)

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Change]:
        """Begins what belongs together."""
        yield SqliteChange(self._db)

    def number(self, column: str, key: str) -> str:
        """Returns the expression for a number in a column of JSON."""
        return f"json_extract({column}, '$.{key}')"

    def idle(self, conversation: str) -> AbstractAsyncContextManager[bool]:
        """Nobody takes up what does not last."""
        return nullcontext(False)

    def alone(self, conversation: str) -> AbstractAsyncContextManager[None]:
        """There is no other server."""
        return nullcontext()

    async def close(self) -> None:
        """Lets go of it."""
        await self._db.close()


@asynccontextmanager
async def open_passing() -> AsyncIterator[Database]:
    """Opens an empty database that is gone at the end."""
    database = PassingDatabase()
    await database.setup()
    try:
        yield database
    finally:
        await database.close()
