"""Nearest vectors: an exact FAISS index in memory, kept in step with the store, and a file to start from.

The file is a cache. It names the library and the state of the store that it stands for; one that is missing, damaged,
of another library or ahead of the store is left aside, and the index is built from the store.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from index.vectors import PASSAGES, Mark, Source, added_after, mark, removed_after

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Fewer vectors than these are read from the store faster than anybody notices.
WORTH_A_FILE = 1000
SAMPLES = 16
_MAGIC = b"assistant-vectors-2\n"
# What reading a file that is not ours may raise.
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, RuntimeError)
_log = logging.getLogger(__name__)


def cache_path(folder: Path, source: Source = PASSAGES) -> Path:
    """Returns where the cache file of an index lies."""
    return folder / f"{source.name}.faiss"


class FaissIndex:
    """Vectors of a library; used by any number of threads.

    Args:
        folder: Where the cache file lies.
        source: Which vectors.
        dimensions: Numbers in a vector.
    """

    def __init__(self, folder: Path, source: Source, dimensions: int) -> None:
        self.path = cache_path(folder, source)
        self._source = source
        self._dimensions = dimensions
        self._lock = Lock()
        self._index: Any = None
        self._mark: Mark | None = None
        self._saved = 0

    def nearest(
        self,
        connection: sqlite3.Connection,
        query: NDArray[np.float32],
        count: int,
        among: Sequence[int] | None = None,
    ) -> tuple[list[int], list[float]]:
        """Finds what is nearest to a query; see `VectorIndex.nearest`."""
        with self._lock:
            self._catch_up(connection)
            count = min(count, self._index.ntotal if among is None else len(among))
            if not count or not self._index.ntotal:
                return [], []
            cosines, ids = self._index.search(query[None], count, params=_only(among))
        found = ids[0] >= 0  # FAISS fills up with -1 where there are fewer
        return ids[0][found].tolist(), cosines[0][found].tolist()

    def contents(self, connection: sqlite3.Connection) -> dict[int, NDArray[np.float32]]:
        """Returns every vector that a search would consider, by id."""
        import faiss

        with self._lock:
            self._catch_up(connection)
            ids = faiss.vector_to_array(self._index.id_map).tolist()
            return {number: self._index.reconstruct(number) for number in ids}

    def problem(self) -> str | None:
        """Says what is wrong with the cache file, if anything is."""
        try:
            _read(self.path)
        except FileNotFoundError:
            return None
        except (OSError, *_DAMAGE) as error:
            return f"the cache {self.path} is not sound ({error}); delete it, it will be made anew"
        return None

    def close(self) -> None:
        """Saves."""
        self.save()

    def save(self) -> None:
        """Writes the cache file if it has fallen behind enough to matter; failing to do so loses only time."""
        with self._lock:
            if self._mark is None or abs(self._mark.added + self._mark.removed - self._saved) < WORTH_A_FILE:
                return
            try:
                _write(self.path, self._index, self._mark)
                self._saved = self._mark.added + self._mark.removed
            except OSError as error:
                _log.warning("The cache %s was not written: %s", self.path, error)

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        now = mark(connection, self._source)
        if self._mark is None:
            self._start(connection, now)
        elif not now.leads_to(self._mark):  # another thread may have seen a later state already
            self._apply(connection, self._mark)
            self._mark = now

    def _start(self, connection: sqlite3.Connection, now: Mark) -> None:
        saved = self._load(now)
        if saved is not None:
            self._apply(connection, saved)
        if saved is None or not self._agrees(connection):
            self._index = _empty(self._dimensions)
            self._apply(connection, replace(now, added=0))
        self._mark = now

    def _agrees(self, connection: sqlite3.Connection) -> bool:
        """Whether the index has as many vectors as the store and the same ones at some places.

        A store that was put back from a copy and has grown since looks like a successor of what the file stands for.
        """
        import faiss
        import numpy as np

        ids = faiss.vector_to_array(self._index.id_map)
        source = self._source
        if len(ids) != connection.execute(f"SELECT count(*) FROM {source.sequence}").fetchone()[0]:  # noqa: S608
            return False
        one = f"SELECT vector FROM {source.table} WHERE {source.item} = ?"  # noqa: S608
        for number in ids[:: max(1, len(ids) // SAMPLES)].tolist():
            row = connection.execute(one, (number,)).fetchone()
            if row is None or not np.array_equal(self._index.reconstruct(number), np.frombuffer(row[0], "<f4")):
                return False
        return True

    def _apply(self, connection: sqlite3.Connection, since: Mark) -> None:
        import numpy as np

        self._discard(removed_after(connection, self._source, since.removed))
        for ids, vectors in added_after(connection, self._source, since.added, self._dimensions):
            if self._source.item != self._source.number:  # only then can something get another vector
                self._discard(ids)
            self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), ids)

    def _discard(self, ids: NDArray[np.int64]) -> None:
        import faiss

        if len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def _load(self, now: Mark) -> Mark | None:
        try:
            index, saved = _read(self.path)
        except FileNotFoundError:
            return None
        except (OSError, *_DAMAGE) as error:
            _log.warning("The cache %s is built anew: %s", self.path, error)
            return None
        if not saved.leads_to(now) or index.d != self._dimensions:
            return None
        self._index, self._saved = index, saved.added + saved.removed
        return saved


def _only(among: Sequence[int] | None) -> Any:
    import faiss
    import numpy as np

    chosen = None if among is None else faiss.IDSelectorBatch(np.asarray(among, np.int64))
    return chosen and faiss.SearchParameters(sel=chosen)  # type: ignore[call-arg]  # FAISS adds it when it is loaded


def _empty(dimensions: int) -> Any:
    import faiss

    return faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions))


def _write(path: Path, index: Any, state: Mark) -> None:
    import faiss

    payload = faiss.serialize_index(index).tobytes()
    header = json.dumps({**asdict(state), "checksum": zlib.crc32(payload)}).encode()
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(_MAGIC + header + b"\n" + payload)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> tuple[Any, Mark]:
    import faiss
    import numpy as np

    magic, header, payload = path.read_bytes().split(b"\n", 2)
    fields = json.loads(header)
    # FAISS trusts what it reads, so it is only given what we wrote.
    if magic + b"\n" != _MAGIC or fields.pop("checksum") != zlib.crc32(payload):
        raise ValueError("it is damaged")
    return faiss.deserialize_index(np.frombuffer(payload, np.uint8)), Mark(**fields)
