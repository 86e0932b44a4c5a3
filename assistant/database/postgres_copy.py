"""Our tables of PostgreSQL as files, of one moment, and back: what a backup holds of a database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import psycopg
from psycopg import Connection, sql

from assistant.database.postgres_client import LIVELY, place_of
from assistant.errors import BackupError

# In an order in which each names only rows of those before it.
TABLES = (
    "conversations", "turns", "evidence", "tools_off", "grants", "summaries", "models", "feedback", "shares", "said",
    "uploads", "checkpoints", "checkpoint_blobs", "checkpoint_writes", "accounts", "sessions", "keys", "batches",
    "batch_rows",
)  # fmt: skip
BLOCK = 1 << 20
COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s "
    "ORDER BY ordinal_position"
)
COUNTED = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s "
    "AND is_identity = 'YES'"
)


def exported(url: str) -> Iterator[tuple[str, list[str], IO[bytes]]]:
    """Yields each table's name, its columns, and its rows in PostgreSQL's text format; all as they are at one moment.

    Raises:
        BackupError: The database cannot be read.
    """
    with _told(url), psycopg.connect(url, **LIVELY) as connection:  # type: ignore[arg-type]
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for table in TABLES:
            columns = [row[0] for row in connection.execute(COLUMNS, (table,)).fetchall()]
            if columns:  # else no server has used it yet
                with tempfile.TemporaryFile() as file:
                    with connection.cursor().copy(_copy(table, columns, "TO STDOUT")) as rows:
                        for data in rows:
                            file.write(data)
                    file.seek(0)
                    yield table, columns, file


class Filling:
    """A database that is being filled; others see nothing of it before all is there.

    Args:
        connection: In a transaction.
    """

    def __init__(self, connection: Connection[Any]) -> None:
        self._db = connection

    def fill(self, table: str, columns: Sequence[str], file: IO[bytes]) -> None:
        """Puts back the rows of a table."""
        if table not in TABLES:
            raise BackupError(f"The backup holds a table {table!r}, which this version does not know; update it.")
        with self._db.cursor().copy(_copy(table, columns, "FROM STDIN")) as rows:
            while data := file.read(BLOCK):
                rows.write(data)
        for (column,) in self._db.execute(COUNTED, (table,)).fetchall():
            text = "SELECT setval(pg_get_serial_sequence(%s, %s), greatest(max({}), 1)) FROM {}"
            count = sql.SQL(text).format(sql.Identifier(column), sql.Identifier(table))
            self._db.execute(count, (table, column))

    def rename(self, old: str, new: str) -> None:
        """Has stored answers find their files, as JSON writes their places, somewhere else."""
        update = "UPDATE turns SET result = replace(result, %s, %s) WHERE strpos(result, %s) > 0"
        self._db.execute(update, (old, new, old))


@contextmanager
def filling(url: str) -> Iterator[Filling]:
    """Begins to fill a database, whose tables are there; what was put there is committed at the end.

    Raises:
        BackupError: It is not empty, or cannot be written; nothing of it is then.
    """
    with _told(url), psycopg.connect(url, **LIVELY) as connection:  # type: ignore[arg-type]
        for table in TABLES:
            found = connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table)))
            if found.fetchone():
                raise BackupError(f"{place_of(url)} is not empty (table {table}); restore to one that is.")
        yield Filling(connection)


def _copy(table: str, columns: Sequence[str], how: str) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) {}").format(sql.Identifier(table), names, sql.SQL(how))


@contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise BackupError(f"{place_of(url)} cannot be copied ({reason}).") from error
