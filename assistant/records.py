"""Where accounts and keys are: a SQLite file that only the person who runs the server may read, or PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from assistant.errors import SettingsError
from assistant.settings import DatabaseSettings

Row = tuple[Any, ...]
Place = Path | DatabaseSettings
"""A home folder, or the database that several servers share."""


class Taken(Exception):
    """What is to be one of a kind is there already."""


class Records(Protocol):
    """What can be done with rows, outside of a transaction or within."""

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds."""
        ...

    def run(self, statement: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed.

        Raises:
            Taken: It would make a second of what is to be one of a kind.
        """
        ...


class Store(Records, Protocol):
    """A few tables; any thread may use them."""

    def change(self, table: str) -> AbstractContextManager[Records]:
        """Begins a transaction in which nobody else changes a table."""
        ...

    def close(self) -> None:
        """Closes it."""
        ...


def open_store(place: Place, file: str, schema: str, shared_schema: str, patience: float | None = None) -> Store:
    """Opens tables, which are made where they are missing.

    Args:
        place: The home folder or the database.
        file: The file's name in a home folder.
        schema: Statements of SQLite that make what is missing.
        shared_schema: The same for PostgreSQL.
        patience: How long a database is waited for that is away, in seconds; None goes by its settings.

    Raises:
        SettingsError: It cannot be opened, or what it needs is not installed.
    """
    if isinstance(place, Path):
        return FileStore(place / file, schema)
    try:
        from assistant.database.postgres_records import PostgresRecords
    except ImportError:
        raise SettingsError("database needs PostgreSQL's client: pip install 'assistant[postgres]'.") from None
    return PostgresRecords(place.url, shared_schema, patience or place.timeout)


class FileStore:
    """A SQLite file.

    Args:
        path: The file; its folder is made too.
        schema: Statements that make what is missing in it.

    Raises:
        SettingsError: It cannot be opened.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(schema)
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(
                f"{path} cannot be opened ({error}); move it away or choose another home folder (`home`, --home)."
            ) from error
        self._change = _Change(self._db)

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Returns what a statement finds."""
        with self._lock:
            return self._change.rows(statement, *values)

    def run(self, statement: str, *values: Any) -> int:
        """Runs a statement and returns how many rows it changed."""
        with self._lock:
            return self._change.run(statement, *values)

    @contextmanager
    def change(self, table: str) -> Iterator[Records]:
        """Begins a transaction: what is read in it holds until it is written."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._change
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


class _Change:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def rows(self, statement: str, *values: Any) -> list[Row]:
        return self._db.execute(statement, values).fetchall()

    def run(self, statement: str, *values: Any) -> int:
        try:
            return self._db.execute(statement, values).rowcount
        except sqlite3.IntegrityError as error:
            raise Taken from error
