"""What a batch has answered, in PostgreSQL: one connection, which also keeps others from running the same batch."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from assistant.database.postgres_client import LIVELY, NOTICE, place_of, told
from assistant.errors import BatchError

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE, machine TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS batch_rows (
    batch INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE, key TEXT NOT NULL,
    n BIGINT GENERATED ALWAYS AS IDENTITY, failed BOOLEAN NOT NULL, result TEXT NOT NULL, PRIMARY KEY (batch, key)
);
"""
# Any numbers that are always the same: for those who make the tables at once, and for the locks of batches.
SETUP, OURS = 7_316_044, 7_316_045
AT_ONCE = 500
# Seconds that a lock is waited for when a batch begins, since the database takes a moment to see that a process died.
TO_CLAIM, BETWEEN_LOOKS = 5.0, 0.1
INSERT = (
    "INSERT INTO batch_rows (batch, key, failed, result) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (batch, key) DO UPDATE SET failed = excluded.failed, result = excluded.result"
)


class Claimed(BatchError):
    """A batch is being run by somebody else."""


class BatchState:
    """The results of one batch.

    Args:
        url: The database.
        name: The batch.
        claim: Whether others are kept from running it.

    Raises:
        StorageError: The database cannot be reached or used.
        Claimed: The batch is being run by somebody else.
    """

    def __init__(self, url: str, name: str, *, claim: bool = True) -> None:
        self._url, self.name = url, name
        self.place = place_of(url)
        self._connection: psycopg.Connection[Any] | None = None
        with told(self.place):
            connection = psycopg.connect(url, autocommit=True, **LIVELY)  # type: ignore[arg-type]
            try:
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (SETUP,))
                    connection.execute(SCHEMA)
                    insert = "INSERT INTO batches (name) VALUES (%s) ON CONFLICT DO NOTHING"
                    connection.execute(insert, (name,))
                found = connection.execute("SELECT id FROM batches WHERE name = %s", (name,)).fetchone()
                assert found
                self._batch = int(found[0])
                if claim:
                    self._claim(connection, TO_CLAIM)
            except BaseException:
                connection.close()
                raise
        self._connection = connection

    def keys(self) -> dict[str, bool]:
        """Returns the rows that are there, in the order in which they came, each with whether it is an error."""
        with told(self.place):
            select = "SELECT key, failed FROM batch_rows WHERE batch = %s ORDER BY n"
            return dict(self._connected().execute(select, (self._batch,)).fetchall())

    def results(self, keys: Sequence[str]) -> Iterator[bytes]:
        """Yields the results of rows as lines of JSON, some hundreds held at a time."""
        select = "SELECT result FROM batch_rows WHERE batch = %s AND key = ANY(%s) ORDER BY n"
        for start in range(0, len(keys), AT_ONCE):
            with told(self.place):
                some = keys[start : start + AT_ONCE]
                found = self._connected().execute(select, (self._batch, list(some))).fetchall()
            yield from (row[0].encode() for row in found)

    def forget(self, *, failed: bool) -> None:
        """Drops the results.

        Args:
            failed: Whether only those that are errors go.
        """
        with told(self.place):
            delete = "DELETE FROM batch_rows WHERE batch = %s AND (failed OR NOT %s)"
            self._connected().execute(delete, (self._batch, failed))

    def write(self, rows: Sequence[tuple[str, bool, bytes]]) -> None:
        """Writes results, all or none of them; connects again first where the connection is lost.

        Args:
            rows: Of each its key, whether it is an error, and its line of JSON.

        Raises:
            psycopg.Error: It cannot be done; nothing was written.
            Claimed: Somebody else has begun to run the batch meanwhile.
        """
        connection = self._connected()
        with connection.transaction(), connection.cursor() as cursor:
            values = [(self._batch, key, failed, line.decode()) for key, failed, line in rows]
            cursor.executemany(INSERT, values)

    def close(self) -> None:
        """Ends the connection, and with it the lock."""
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(self._url, autocommit=True, **LIVELY)  # type: ignore[arg-type]
            try:
                self._claim(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _claim(self, connection: psycopg.Connection[Any], patience: float = 0) -> None:
        connection.execute(NOTICE)
        until = time.monotonic() + patience
        while not _taken(connection, self._batch):
            if time.monotonic() > until:
                other = connection.execute("SELECT machine FROM batches WHERE id = %s", (self._batch,)).fetchone()
                where = f" on {other[0]}" if other and other[0] else ""
                raise Claimed(f"The batch {self.name} is being run{where}; wait, or give this one another --name.")
            time.sleep(BETWEEN_LOOKS)
        connection.execute("UPDATE batches SET machine = %s WHERE id = %s", (platform.node(), self._batch))


def _taken(connection: psycopg.Connection[Any], batch: int) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (OURS, batch)).fetchone()
    return bool(row and row[0])


def key_of(identity: str | int) -> str:
    """Returns the name of a row in the database, which has a fixed length however long its id is."""
    return hashlib.sha256(json.dumps(identity, ensure_ascii=True).encode()).hexdigest()
