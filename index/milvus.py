"""Nearest vectors at a Milvus server, or in a file of Milvus Lite: a copy of those in the store that is kept in step.

Each library has a collection of its own there for each kind of vectors, and an entry in a collection of marks, which
says what state of the store it stands for. The mark is written after the vectors, and doing a step again changes
nothing, so that an interruption costs only time. A collection that is missing, disagrees with the store or is ahead of
it is built anew.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from index.errors import LibraryError
from index.vectors import FLOAT_BYTES, Mark, OpenIndex, Source, VectorIndex, added_after, mark, removed_after

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MARKS = "assistant_marks"
SECONDS = 30.0
"""How long the server may take over one request."""
SAMPLES = 16
MOST_ANSWERS = 16_384  # Milvus gives no more at once
MOST_NAMED = 4_096  # ids in one filter
MESSAGE_BYTES = 16_000_000
LOCK_SECONDS = 600.0
T = TypeVar("T")


def milvus_index(uri: str, token: str = "") -> OpenIndex:
    """Returns what opens indexes at a server.

    Args:
        uri: ``http://host:19530``, with the database as its path where it is not the default one, or a path that ends
            in ``.db`` for Milvus Lite.
        token: ``user:password`` or an API key; empty for none.
    """
    return partial(_open, uri, token)


def _open(uri: str, token: str, folder: Path, source: Source, dimensions: int) -> VectorIndex:
    return MilvusIndex(folder, source, dimensions, uri, token)


class MilvusIndex:
    """Vectors of a library at a Milvus server; used by any number of threads and processes.

    Args:
        folder: The library's, for the lock that keeps its processes from bringing the server up to date at once.
        source: Which vectors.
        dimensions: Numbers in a vector.
        uri: As in ``milvus_index``.
        token: As there.
    """

    def __init__(self, folder: Path, source: Source, dimensions: int, uri: str, token: str = "") -> None:
        self._folder, self._source, self._dimensions = folder, source, dimensions
        self._uri, self._token = uri, token
        self._lock = Lock()
        self._opened: Any = None
        self._mark: Mark | None = None

    def nearest(
        self, connection: sqlite3.Connection, query: NDArray[np.float32], count: int, among: Sequence[int] | None = None
    ) -> tuple[list[int], list[float]]:
        """Finds what is nearest to a query; see `VectorIndex.nearest`.

        Raises:
            LibraryError: The server does not answer.
        """
        ask = partial(self._nearest, query, count, among)
        return self._in_step(connection, ask)

    def contents(self, connection: sqlite3.Connection) -> dict[int, NDArray[np.float32]]:
        """Returns every vector that a search would consider, by id.

        Raises:
            LibraryError: The server does not answer.
        """
        return self._in_step(connection, lambda client, name: dict(_all(client, name)))

    def problem(self) -> str | None:
        """Says why the server cannot be used, if it cannot."""
        try:
            self._client()
        except LibraryError as error:
            return str(error)
        return None

    def save(self) -> None:
        """Does nothing: the server keeps what it has."""

    def close(self) -> None:
        """Ends the connection."""
        with self._lock:
            client, self._opened = self._opened, None
        if client is not None:
            client.close()

    def _in_step(self, connection: sqlite3.Connection, ask: Callable[[Any, str], T]) -> T:
        """Asks a collection that is as new as the connection; once more where somebody has dropped it meanwhile."""
        now = mark(connection, self._source)
        name = f"assistant_{self._source.name}_{now.library}"
        client = self._client()
        with self._explained():
            if self._mark is None or not now.leads_to(self._mark):
                self._catch_up(client, name, connection, now)
            try:
                return ask(client, name)
            except _milvus_error():
                if client.has_collection(name, timeout=SECONDS):
                    raise
            self._catch_up(client, name, connection, now)
            return ask(client, name)

    def _nearest(
        self, query: NDArray[np.float32], count: int, among: Sequence[int] | None, client: Any, name: str
    ) -> tuple[list[int], list[float]]:
        best: list[tuple[float, int]] = []
        for only in _filters(among):
            best += _search(client, name, query, min(count, MOST_ANSWERS), only)
        best = sorted(best, key=lambda pair: (-pair[0], pair[1]))[:count]
        return [number for _, number in best], [cosine for cosine, _ in best]

    def _catch_up(self, client: Any, name: str, connection: sqlite3.Connection, now: Mark) -> None:
        with _one_at_a_time(self._folder):
            known = _read_mark(client, name)
            if known and self._mark and now.leads_to(known):
                pass  # another process has seen this state or a later one already
            elif not known or not known.leads_to(now) or not self._resume(client, name, connection, known, now):
                _create(client, name, self._dimensions)
                self._apply(client, name, connection, replace(now, added=0), now)
                _write_mark(client, name, now)
        self._mark = now

    def _resume(self, client: Any, name: str, connection: sqlite3.Connection, known: Mark, now: Mark) -> bool:
        """Brings what is there up to date; False where it then does not agree with the store."""
        client.load_collection(name, timeout=SECONDS)
        if known != now:
            if not self._apply(client, name, connection, known, now):
                return False
            _write_mark(client, name, now)
        return self._mark is not None or self._agrees(client, name, connection)

    def _agrees(self, client: Any, name: str, connection: sqlite3.Connection) -> bool:
        """Whether there are as many vectors as in the store, and the same ones at some places."""
        import numpy as np

        table, item = self._source.table, self._source.item
        held = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        if held != _count(client, name):
            return False
        step = max(1, held // SAMPLES)
        rows = connection.execute(f"SELECT {item}, vector FROM {table} WHERE {item} % ? = 0 LIMIT ?", (step, SAMPLES))  # noqa: S608
        expected = {number: np.frombuffer(blob, "<f4") for number, blob in rows}
        if not expected:
            return True
        found = client.query(name, ids=list(expected), output_fields=["id", "vector"], timeout=SECONDS)
        vectors = {row["id"]: np.asarray(row["vector"], np.float32) for row in found}
        return vectors.keys() == expected.keys() and all(
            np.array_equal(vectors[number], expected[number]) for number in expected
        )

    def _apply(self, client: Any, name: str, connection: sqlite3.Connection, since: Mark, now: Mark) -> bool:
        """Does what happened between two states; False where the store no longer knows all that was removed."""
        gone = removed_after(connection, self._source, since.removed, now.removed)
        if gone is None:
            return False
        rows = max(1, MESSAGE_BYTES // (FLOAT_BYTES * self._dimensions))
        for ids, vectors in added_after(connection, self._source, since.added, self._dimensions):
            for first in range(0, len(ids), rows):
                some = zip(ids[first : first + rows].tolist(), vectors[first : first + rows], strict=True)
                client.upsert(name, [{"id": number, "vector": vector} for number, vector in some], timeout=SECONDS)
        for first in range(0, len(gone), MOST_NAMED):
            client.delete(name, ids=gone[first : first + MOST_NAMED].tolist(), timeout=SECONDS)
        return True

    def _client(self) -> Any:
        with self._lock:
            if self._opened is None:
                with self._explained():
                    self._opened = _connect(self._uri, self._token)
            return self._opened

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Milvus' errors as one line that says what to do."""
        try:
            yield
        except ImportError as error:
            raise LibraryError(
                "library.vectors names Milvus, whose client is not installed; run `pip install -e '.[cluster]'`."
            ) from error
        except _milvus_error() as error:
            why = " ".join(str(getattr(error, "message", "") or error).split())[:300]
            hint = "a file serves one process at a time" if self._uri.endswith(".db") else "start it"
            raise LibraryError(
                f"Milvus at {self._uri} does not do its part ({why}); {hint}, or take library.vectors out of the "
                "settings: the vectors are in the library as well, nothing is lost."
            ) from error


def _milvus_error() -> tuple[type[Exception], ...]:
    """What the client raises; nothing where it is not installed, so that no other error is mistaken."""
    try:
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException
    except ImportError:
        return ()
    return (MilvusException, RpcError)


def _connect(uri: str, token: str) -> Any:
    from pymilvus import MilvusClient

    # It prints each failed request, which is raised as well.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    logging.getLogger("milvus_lite").setLevel(logging.CRITICAL)
    where = str(Path(uri).expanduser().resolve()) if uri.endswith(".db") else uri
    return MilvusClient(uri=where, token=token, timeout=SECONDS)


def _create(client: Any, name: str, dimensions: int) -> None:
    """Makes an empty collection, in place of the one that there may be."""
    from pymilvus import DataType

    _drop(client, name)
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimensions)
    _make(client, name, schema, "IP")


def _make(client: Any, name: str, schema: Any, metric: str) -> None:
    index = client.prepare_index_params()
    index.add_index("vector", index_type="AUTOINDEX", metric_type=metric)
    # Strong: what has been committed is found by the next search, whichever process asks.
    client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong", timeout=SECONDS)
    client.load_collection(name, timeout=SECONDS)


def _drop(client: Any, name: str) -> None:
    if client.has_collection(MARKS, timeout=SECONDS):
        client.delete(MARKS, ids=[name], timeout=SECONDS)
    if client.has_collection(name, timeout=SECONDS):
        client.drop_collection(name, timeout=SECONDS)


def _read_mark(client: Any, name: str) -> Mark | None:
    """What state a collection stands for; None where it is not there or nobody has finished it."""
    if not client.has_collection(MARKS, timeout=SECONDS) or not client.has_collection(name, timeout=SECONDS):
        return None
    client.load_collection(MARKS, timeout=SECONDS)
    rows = client.query(MARKS, ids=[name], output_fields=["mark"], timeout=SECONDS)
    try:
        return Mark(**json.loads(rows[0]["mark"])) if rows else None
    except (ValueError, TypeError):
        return None


def _write_mark(client: Any, name: str, state: Mark) -> None:
    from pymilvus import DataType

    if not client.has_collection(MARKS, timeout=SECONDS):
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=200)
        schema.add_field("mark", DataType.VARCHAR, max_length=2000)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)  # a collection without one cannot be made
        _make(client, MARKS, schema, "L2")
    row = {"id": name, "mark": json.dumps(asdict(state)), "vector": [0.0, 0.0]}
    client.upsert(MARKS, [row], timeout=SECONDS)


def _search(client: Any, name: str, query: NDArray[np.float32], count: int, only: str) -> list[tuple[float, int]]:
    if count < 1:
        return []
    [hits] = client.search(name, [query], filter=only, limit=count, output_fields=["id"], timeout=SECONDS)
    return [(float(hit["distance"]), int(hit["id"])) for hit in hits]


def _filters(among: Sequence[int] | None) -> list[str]:
    """Milvus' expressions for some ids, none of them too long for it; an empty one for all."""
    if among is None:
        return [""]
    named = [list(among[first : first + MOST_NAMED]) for first in range(0, len(among), MOST_NAMED)]
    return [f"id in {[int(number) for number in some]}" for some in named]


def _count(client: Any, name: str) -> int:
    [row] = client.query(name, filter="", output_fields=["count(*)"], timeout=SECONDS)
    return int(row["count(*)"])


def _all(client: Any, name: str) -> Iterator[tuple[int, NDArray[np.float32]]]:
    import numpy as np

    pages = client.query_iterator(name, batch_size=1000, output_fields=["id", "vector"], timeout=SECONDS)
    try:
        while rows := pages.next():
            for row in rows:
                yield int(row["id"]), np.asarray(row["vector"], np.float32)
    finally:
        pages.close()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Holds a lock among all processes that use a library: SQLite's, which every system has."""
    connection = sqlite3.connect(folder / "milvus.lock", LOCK_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()
