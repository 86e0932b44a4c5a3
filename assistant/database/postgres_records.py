"""Accounts and keys in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from assistant.database.base import Row
from assistant.database.postgres_client import LIVELY, place_of, storable, theirs, told
from assistant.database.postgres_pool import make_blocking_pool
from assistant.errors import SettingsError
from assistant.records import Records, Taken

SETUP = 7_316_043


class PostgresRecords:
    """A few tables in PostgreSQL; any thread may use them.

    Args:
        url: Where the database is.
        schema: Statements that make what is missing in it.
        patience: How long a database is waited for that is away or does not answer, in seconds.

    Raises:
        SettingsError: It cannot be reached or used.
    """

    def __init__(self, url: str, schema: str, patience: float) -> None:
        self._place = place_of(url)
        try:
            with psycopg.connect(url, **LIVELY) as connection:  # type: ignore[arg-type]
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (SETUP,))
                connection.execute(schema)
        except psycopg.Error as error:
            reason = " ".join(str(error).split())
            raise SettingsError(f"{self._place} cannot be used ({reason}); check database.url.") from error
        self._pool = make_blocking_pool(url, 4, patience)

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds."""
        with told(self._place), self._pool.connection() as connection:
            return _Change(connection).rows(statement, *values)

    def run(self, statement: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed."""
        with told(self._place), self._pool.connection() as connection:
            return _Change(connection).run(statement, *values)

    @contextmanager
    def change(self, table: str) -> Iterator[Records]:
        """Begins a transaction in which nobody else changes a table."""
        with told(self._place), self._pool.connection() as connection, connection.transaction():
            connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            yield _Change(connection)

    def close(self) -> None:
        """Ends its connections."""
        self._pool.close()


class _Change:
    def __init__(self, connection: Connection[Row]) -> None:
        self._db = connection

    def rows(self, statement: str, *values: Any) -> list[Row]:
        return self._db.execute(theirs(statement), storable(values)).fetchall()

    def run(self, statement: str, *values: Any) -> int:
        try:
            return self._db.execute(theirs(statement), storable(values)).rowcount
        except psycopg.errors.UniqueViolation as error:
            raise Taken from error
