"""Conversations in a SQLite file, for one machine."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from assistant.database.base import Change, Database, Row, Words
from assistant.database.turn_files import TurnFiles
from assistant.errors import SettingsError
from assistant.log_schema import create_tables
from assistant.shelf import FOUND_BEGIN, FOUND_END

# The folder beside the file in which running turns show.
TURNS = "turns"


class SqliteDatabase:
    """A SQLite file.

    One connection serves everybody, so one lock keeps the changes apart, the checkpoints' among them.

    Args:
        connection: An open connection, which stays the caller's to close.
        path: The file.
    """

    locking = ""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._db, self._turns = connection, TurnFiles(path.with_name(TURNS))
        saver = AsyncSqliteSaver(connection)
        self.saver: BaseCheckpointSaver[Any] = saver
        self.words: Words = SqliteWords(self)
        self._setup, self._lock = saver.setup, saver.lock

    async def setup(self) -> None:
        """Makes the tables where they are missing."""
        await self._setup()
        async with self._lock:
            await create_tables(self._db)

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds."""
        async with self._lock:
            return [tuple(row) for row in await self._db.execute_fetchall(statement, values)]

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Change]:
        """Begins a transaction, which is committed where nothing is raised within."""
        async with self._lock:
            # What a checkpoint has written whose turn was stopped before it could commit.
            await self._db.commit()
            # At once, since another process may write between what is read in it and what is written.
            await self._db.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteChange(self._db)
                await self._db.commit()
            except BaseException:
                await asyncio.shield(self._db.rollback())
                raise

    def number(self, column: str, key: str) -> str:
        """Returns the expression for a number in a column of JSON."""
        return f"json_extract({column}, '$.{key}')"

    @asynccontextmanager
    async def idle(self, conversation: str) -> AsyncIterator[bool]:
        """Tells whether no process of this machine is at a turn of a conversation."""
        with self._turns.held(conversation) as free:
            yield free

    @asynccontextmanager
    async def alone(self, conversation: str) -> AsyncIterator[None]:
        """Shows other processes that there is a turn; there is no other server, so that nothing is waited for."""
        with self._turns.held(conversation):
            yield


class SqliteChange:
    """What a transaction of SQLite does.

    Args:
        connection: Where it has begun.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._db = connection

    async def run(self, statement: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed."""
        return (await self._db.execute(statement, values)).rowcount

    async def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Runs a statement for each row of values."""
        await self._db.executemany(statement, rows)

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds or makes."""
        return [tuple(row) for row in await self._db.execute_fetchall(statement, values)]


class SqliteWords:
    """The full-text index of SQLite.

    Args:
        database: Where it is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, change: Change, turn: int, question: str) -> None:
        """Takes in a question."""
        await change.run("INSERT INTO said (rowid, question, answer) VALUES (?, ?, '')", turn, question)

    async def answer(self, change: Change, turn: int, answer: str) -> None:
        """Takes in what was answered to it."""
        await change.run("UPDATE said SET answer = ? WHERE rowid = ?", answer, turn)

    async def forget(self, change: Change, conversation: str) -> None:
        """Drops the words of a conversation."""
        await change.run("DELETE FROM said WHERE rowid IN (SELECT id FROM turns WHERE conversation = ?)", conversation)

    async def find(self, owner: str, terms: Sequence[str], columns: str) -> list[Row]:
        """Returns the owner's turns that hold all the terms, the best first."""
        query = " ".join(f'"{term}"' for term in terms) + "*"
        select = (
            f"SELECT {columns}, snippet(said, -1, ?, ?, '…', 12) "  # noqa: S608 — all ours
            "FROM said JOIN turns t ON t.id = said.rowid JOIN conversations c ON c.id = t.conversation "
            "WHERE said MATCH ? AND c.owner = ? ORDER BY said.rank"
        )
        return await self._database.rows(select, FOUND_BEGIN, FOUND_END, query, owner)


@asynccontextmanager
async def open_sqlite(path: Path) -> AsyncIterator[Database]:
    """Opens a file, which is made where there is none.

    Raises:
        SettingsError: It cannot be opened, or is something else.
    """
    try:
        await asyncio.to_thread(path.touch, 0o600)  # what people said is for nobody else on this machine
        connection = await aiosqlite.connect(path, timeout=10)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        database = SqliteDatabase(connection, path)
        try:
            await connection.execute("PRAGMA journal_mode = WAL")
            # With a write-ahead log a killed process loses nothing; only a power cut can take the last moments.
            await connection.execute("PRAGMA synchronous = NORMAL")
            await connection.execute("PRAGMA foreign_keys = ON")
            await database.setup()
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        yield database
    finally:
        await connection.close()  # its thread would keep the process alive


def _unusable(path: Path, error: Exception) -> SettingsError:
    return SettingsError(
        f"{path} cannot be opened ({error}); move it away or choose another home folder (`home`, --home)."
    )
