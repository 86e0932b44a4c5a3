"""A log of conversations that lasts no longer than the process, for those who write down the answers themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any


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
