"""Conversations in PostgreSQL, for several servers that share them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import psycopg
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import PoolClosed, PoolTimeout

from assistant.database.base import Change, Database, Row, Words
from assistant.database.postgres_client import AWAY, LIVELY, place_of, storable, theirs, told
from assistant.database.postgres_locks import TurnLocks
from assistant.database.postgres_pool import Pool, Unanswered, make_pool
from assistant.database.postgres_schema import SCHEMA
from assistant.database.postgres_words import PostgresWords
from assistant.errors import SettingsError, StorageError

log = logging.getLogger(__name__)

# Servers that start at the same moment make the tables one after the other: any number that is always the same.
SETUP = 7_316_041

# After these the time is up that a database is waited for.
WAITED = (PoolTimeout, PoolClosed, Unanswered)


class PostgresDatabase:
    """A PostgreSQL server.

    Args:
        pool: Its connections, which stay the caller's to close.
        url: Where it is.
        place: What people are told of where it is.
        patience: How long it is waited for, in seconds.
    """

    locking = " FOR UPDATE"

    def __init__(self, pool: Pool, url: str, place: str, patience: float) -> None:
        self.pool, self._place = pool, place
        self.saver: BaseCheckpointSaver[Any] = _Saver(pool, place)
        self.words: Words = PostgresWords(self)
        self.locks = TurnLocks(url, LIVELY, place, patience)

    async def setup(self) -> None:
        """Makes the tables where they are missing."""
        with told(self._place):
            async with self.pool.connection() as connection:
                patience, connection.patience = connection.patience, None  # an index of much is not made in a moment
                # Tried again and again, since a statement that waits for it holds up the making of an index.
                while not await _one(connection, "SELECT pg_try_advisory_lock(%s)", SETUP):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                try:
                    await connection.execute(SCHEMA)
                    await AsyncPostgresSaver(connection).setup()  # type: ignore[arg-type]  # rows as above
                finally:
                    await connection.execute("SELECT pg_advisory_unlock(%s)", (SETUP,))
                    connection.patience = patience

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds; where the connection is lost in the middle it is asked once more."""
        try:
            return await self._rows(statement, values)
        except AWAY as error:
            if isinstance(error, WAITED):
                with told(self._place):
                    raise
            log.warning("%s is asked once more", self._place, exc_info=True)
        with told(self._place):
            return await self._rows(statement, values)

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Change]:
        """Begins a transaction, which is committed where nothing is raised within."""
        with told(self._place):
            async with self.pool.connection() as connection, connection.transaction():
                yield _Change(connection)

    def number(self, column: str, key: str) -> str:
        """Returns the expression for a number in a column of JSON."""
        return f"({column}::json ->> '{key}')::double precision"

    def idle(self, conversation: str) -> AbstractAsyncContextManager[bool]:
        """Tells whether nobody is at a turn of a conversation; if so, nobody else begins one meanwhile."""
        return self.locks.idle(conversation)

    def alone(self, conversation: str) -> AbstractAsyncContextManager[None]:
        """Waits until no other server is at a turn of a conversation, and keeps them from beginning one."""
        return self.locks.held(conversation)

    async def _rows(self, statement: str, values: Sequence[Any]) -> list[Row]:
        async with self.pool.connection() as connection:
            return await _Change(connection).rows(statement, *values)


class _Change:
    def __init__(self, connection: AsyncConnection[Row]) -> None:
        self._db = connection

    async def run(self, statement: str, *values: Any) -> int:
        return (await self._db.execute(theirs(statement), storable(values))).rowcount

    async def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        async with self._db.cursor() as cursor:
            await cursor.executemany(theirs(statement), [storable(row) for row in rows])

    async def rows(self, statement: str, *values: Any) -> list[Row]:
        return await (await self._db.execute(theirs(statement), storable(values))).fetchall()


class _Saver(AsyncPostgresSaver):
    """LangGraph's checkpoints, with our errors."""

    def __init__(self, pool: Pool, place: str) -> None:
        super().__init__(pool)  # type: ignore[arg-type]  # it makes cursors of rows of its own kind
        self._place = place

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[Any]]:
        with told(self._place):
            async with super()._cursor(pipeline=pipeline) as cursor:
                yield cursor


@asynccontextmanager
async def open_postgres(url: str, connections: int, patience: float) -> AsyncIterator[Database]:
    """Opens a database, in which the tables are made where they are missing.

    Args:
        url: Where it is; the password may stand in the environment variable PGPASSWORD or in ``~/.pgpass``.
        connections: How many this process holds at most.
        patience: How long a database is waited for that is away or does not answer, in seconds.

    Raises:
        SettingsError: It cannot be reached or used.
    """
    where = place_of(url)
    try:
        await (await AsyncConnection.connect(url, **LIVELY)).close()  # type: ignore[arg-type]
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"{where} cannot be used ({reason}); check database.url and the password.") from error
    pool = make_pool(url, connections, patience)
    async with pool:
        database = PostgresDatabase(pool, url, where, patience)
        try:
            await database.setup()
        except StorageError as error:
            raise SettingsError(str(error)) from error
        try:
            yield database
        finally:
            await database.locks.close()


async def _one(connection: AsyncConnection[Row], statement: str, value: Any) -> Any:
    row = await (await connection.execute(statement, (value,))).fetchone()
    assert row is not None
    return row[0]
