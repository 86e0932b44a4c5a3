"""The truth about a library: one SQLite database, changed in transactions that happen wholly or not at all."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock

from index.errors import EmbedderMismatch, LibraryDamaged, LibraryError, LibraryLocked

FILE = "library.sqlite"
WAIT_SECONDS = 60.0
"""How long a writer waits for another process; a commit takes well under a second."""

_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
    # What a long ingest made of the write-ahead log is given back to the disk.
    "PRAGMA journal_size_limit = 16777216",
)
# Pages of the file: so many are given back to the disk at once, where more than a quarter are empty.
_GIVEN_BACK = 2048
_WORTH_GIVING_BACK = 256
# Pages of the index of words that are put in order after a removal; a few milliseconds.
_MERGED = 16


class Store:
    """Connections to the store of one library; used by any number of threads.

    Args:
        folder: Where the store lies; made where there is none.
        wait: Seconds to wait for a store that another process is writing to.

    Raises:
        LibraryError: The folder cannot be used, or the store was made by a newer version.
        LibraryDamaged: The store's file is not sound.
        LibraryLocked: Another process kept it locked.
    """

    def __init__(self, folder: Path, wait: float = WAIT_SECONDS) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._wait = wait
        self._writer = Lock()
        self._guard = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"The library's folder {folder} cannot be made ({error.strerror}).") from error
        self._prepare()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lends a connection on which everything is read at one moment of the store's life."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lends a connection whose changes become true together when the block ends, or never if it raises.

        Raises:
            LibraryLocked: Somebody else has been writing for longer than we wait.
        """
        if not self._writer.acquire(timeout=self._wait):
            raise self._locked()
        try:
            with self._transaction("BEGIN IMMEDIATE") as connection:
                yield connection
            self._give_back()
        finally:
            self._writer.release()

    def close(self) -> None:
        """Closes every connection as soon as nobody uses it."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._explained(), self._connection() as connection:
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            if self._closed:
                raise LibraryError("The library has been closed.")
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        finally:
            with self._guard:
                keep = not self._closed
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    def _give_back(self) -> None:
        """Shortens a file of which much is empty; whoever comes later does it where this one cannot."""
        with suppress(sqlite3.OperationalError, LibraryError), self._connection() as connection:
            [free], [pages] = (
                connection.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_count")
            )
            if free > max(_WORTH_GIVING_BACK, pages // 4):
                # Not execute, which would take the first step only, a page.
                connection.executescript(f"PRAGMA incremental_vacuum({_GIVEN_BACK})")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, self._wait, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        """Makes the tables unless they are there; two processes may do so at once."""
        with self._explained(), self._connection() as connection:
            if not connection.execute("PRAGMA page_count").fetchone()[0]:  # it can be chosen for a new file only
                self._patiently(lambda: connection.execute("PRAGMA auto_vacuum = INCREMENTAL"))
            self._patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone())
        newest = len(_steps())
        with self.reading() as connection:
            version = _version(connection)
        if version < newest:
            with self.writing() as connection:
                _bring_up_to_date(connection)
        if version > newest:
            raise LibraryError(
                f"The library {self.path} has format {version}, this version reads formats up to {newest}; update the "
                "assistant, or choose another --home."
            )

    def _patiently(self, action: Callable[[], object]) -> None:
        """Tries again while the store is busy: the change to a write-ahead log does not wait by itself."""
        until = time.monotonic() + self._wait
        while True:
            try:
                action()
            except sqlite3.OperationalError as error:
                if not _is(error, "SQLITE_BUSY", "SQLITE_LOCKED") or time.monotonic() > until:
                    raise
                time.sleep(0.02)
            else:
                return

    def _locked(self) -> LibraryLocked:
        return LibraryLocked(
            f"The library {self.path} has been locked by another writer for {self._wait:.0f} s; "
            "wait until it has finished, then try again."
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """SQLite's errors as one line that says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            if _is(error, "SQLITE_BUSY", "SQLITE_LOCKED"):
                raise self._locked() from error
            if _is(error, "SQLITE_CORRUPT", "SQLITE_NOTADB") or "malformed" in str(error):
                raise self.damaged(str(error)) from error
            if _is(error, "SQLITE_FULL"):
                raise LibraryError(f"The disk that holds {self.path} is full; make room and try again.") from error
            if _is(error, "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_AUTH"):
                raise LibraryError(
                    f"The library {self.path} cannot be opened or written ({error}); check that its folder may be "
                    "written by this user, or choose another --home."
                ) from error
            raise

    def damaged(self, what: str) -> LibraryDamaged:
        """The error for a store that contradicts itself."""
        return LibraryDamaged(
            f"The library {self.path} is damaged ({what}); move that file away and add your documents again."
        )


def meta(connection: sqlite3.Connection, key: str) -> str | None:
    """Returns what the store says about itself under a key."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def set_meta(connection: sqlite3.Connection, **values: str | int) -> None:
    """Writes what the store says about itself."""
    rows = [(key, str(value)) for key, value in values.items()]
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", rows
    )


def tidy(connection: sqlite3.Connection) -> None:
    """Does a share of clearing up what removals left; to be called in every transaction that removes passages.

    FTS5 notes a removal beside what is removed, and drops both when it merges the segments that they are in. Left to
    itself it does so when several have gathered, which keeps four times as much as there is.
    """
    if connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone() is None:
        connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
        return
    merged = connection.execute("SELECT v FROM words_config WHERE k = 'usermerge'").fetchone()
    if merged is None:
        connection.execute("INSERT INTO words (words, rank) VALUES ('usermerge', 2)")
    connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (_MERGED,))


def check_embedder(connection: sqlite3.Connection, path: Path, embedder: str) -> None:
    """Makes sure that vectors of two models never meet; an empty library may change hands.

    Raises:
        EmbedderMismatch: The store holds another model's vectors.
    """
    held = meta(connection, "embedder")
    if held not in (None, embedder) and connection.execute("SELECT 1 FROM vectors LIMIT 1").fetchone():
        raise EmbedderMismatch(
            f"The library {path} was made with the embedding model {held}, the settings name {embedder}; set "
            "library.embedder back, or choose another --home and add your documents again."
        )


def claim(connection: sqlite3.Connection, path: Path, embedder: str, dimensions: int) -> None:
    """Notes whose vectors the store is about to hold.

    Raises:
        EmbedderMismatch: It holds another model's.
    """
    check_embedder(connection, path, embedder)
    set_meta(connection, embedder=embedder, dimensions=dimensions)


def _version(connection: sqlite3.Connection) -> int:
    """The last of the schema's steps that the store has taken, 0 before the first."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone() is None:
        return 0
    return int(meta(connection, "schema") or 0)


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Takes the steps that are missing; a store of an earlier version keeps all that it holds."""
    version, steps = _version(connection), _steps()
    for step in steps[version:]:
        for statement in _statements(step.read_text(encoding="utf-8")):
            connection.execute(statement)
    if version < len(steps):
        set_meta(connection, schema=len(steps))
    if meta(connection, "library") is None:
        set_meta(connection, library=uuid.uuid4().hex)


def _steps() -> list[Traversable]:
    """The scripts 1.sql, 2.sql and so on, in this order; one that has been released is never changed."""
    scripts = [path for path in (files("index") / "schema").iterdir() if path.name.endswith(".sql")]
    return sorted(scripts, key=lambda path: int(path.name.removesuffix(".sql")))


def _statements(script: str) -> Iterator[str]:
    """The statements one by one, since ``executescript`` would commit the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _is(error: sqlite3.Error, *names: str) -> bool:
    """Whether an error is of one of these kinds or of their extended ones."""
    found = getattr(error, "sqlite_errorname", None) or ""
    return any(found == name or found.startswith(f"{name}_") for name in names)
