"""An index of vectors in memory, by FAISS: kept in step with the store, and arranged anew in the background."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from index import faiss_file
from index.arrangement import Options, flat, is_flat, nearest, parts, wants_training
from index.errors import LibraryError
from index.faiss_file import DAMAGE, cache_path
from index.faiss_gpu import GpuCopy
from index.store import Store
from index.train import arranged
from index.turns import Turns
from index.vectors import Mark, OpenIndex, Source, VectorIndex, added_after, in_store, mark, removed_after

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Fewer vectors than these are read from the store faster than anybody notices.
WORTH_A_FILE = 1000
# So many are written to the file faster than anybody notices.
WRITTEN_IN_PASSING = 20_000
SAMPLES = 16
_LOW_PRIORITY = 10
_log = logging.getLogger(__name__)


def faiss_index(options: Options) -> OpenIndex:
    """Returns what opens indexes that find as much as the options ask for."""
    return partial(_open, options)


def _open(options: Options, folder: Path, source: Source, dimensions: int) -> VectorIndex:
    return FaissIndex(folder, source, dimensions, options)


class FaissIndex:
    """Vectors of a library; used by any number of threads.

    Args:
        folder: Where the store and the cache file lie.
        source: Which vectors.
        dimensions: Numbers in a vector.
        options: When a search is exact, and how good it is otherwise.
    """

    def __init__(self, folder: Path, source: Source, dimensions: int, options: Options | None = None) -> None:
        self.path = cache_path(folder, source)
        self._source = source
        self._dimensions = dimensions
        self._options = options or Options()
        self._turns = Turns()
        self._index: Any = None
        self._mark: Mark | None = None
        self._saved: Mark | None = None
        self._gpu = GpuCopy() if self._options.gpu else None
        self._guard = Lock()
        self._worker: Thread | None = None
        self._refused = 0

    def nearest(
        self, connection: sqlite3.Connection, query: NDArray[np.float32], count: int, among: Sequence[int] | None = None
    ) -> tuple[list[int], list[float]]:
        """Finds what is nearest to a query; see `VectorIndex.nearest`."""
        import faiss

        # A setting of this thread only: sharing out one query's search takes longer than the search.
        faiss.omp_set_num_threads(1)
        self._catch_up(connection)
        with self._turns.looking():
            wanted = min(count, self._index.ntotal if among is None else len(among))
            if wanted < 1 or not self._index.ntotal:
                return [], []
            search = self._gpu.nearest if self._gpu and among is None else nearest
            cosines, ids = search(self._index, query[None], wanted, self._options, among)
        if wants_training(self._index, self._options) and self._index.ntotal > 2 * self._refused:
            self._in_background(self._rearrange)
        found = ids[0] >= 0  # FAISS fills up with -1 where there are fewer
        return ids[0][found].tolist(), cosines[0][found].tolist()

    def contents(self, connection: sqlite3.Connection) -> dict[int, NDArray[np.float32]]:
        """Returns every vector that a search would consider, by id."""
        self._catch_up(connection)
        with self._turns.looking():
            return {
                item: vector.copy()
                for ids, vectors in parts(self._index)
                for item, vector in zip(ids.tolist(), vectors, strict=True)
            }

    def problem(self) -> str | None:
        """Says what is wrong with the cache file, if anything is."""
        return faiss_file.problem(self.path)

    def save(self) -> None:
        """Writes the cache file if it has fallen behind enough to matter; a long file is written in the background."""
        if self._behind() < max(WORTH_A_FILE, self._index.ntotal // 4 if self._index else 0):
            return
        if self._index.ntotal <= WRITTEN_IN_PASSING:
            self._write()
        else:
            self._in_background(self._write)

    def finish(self) -> None:
        """Waits for what is done in the background."""
        if worker := self._worker:
            worker.join()

    def close(self) -> None:
        """Saves; waits for an arrangement that is being made, which the next start would else have to make."""
        self.finish()
        if self._behind() >= WORTH_A_FILE:
            self._write()

    def _behind(self) -> int:
        """By how many vectors the file differs from what is in memory."""
        if self._mark is None:
            return 0
        saved = self._saved or replace(self._mark, added=0, removed=0)
        return abs(self._mark.added - saved.added) + abs(self._mark.removed - saved.removed)

    def _write(self) -> None:
        with self._turns.looking():
            state = self._mark
            assert state is not None
            try:
                faiss_file.write(self.path, self._index, state)
            except OSError as error:
                _log.warning("The cache %s was not written: %s", self.path, error)
                return
        self._saved = state

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        now = mark(connection, self._source)
        if self._mark is None or not now.leads_to(self._mark):  # another thread may have seen a later state already
            with self._turns.changing():
                if self._mark is None:
                    self._start(connection, now)
                elif not now.leads_to(self._mark):
                    self._apply(connection, self._mark, now)

    def _start(self, connection: sqlite3.Connection, now: Mark) -> None:
        saved = self._load(now)
        if saved is not None:
            self._apply(connection, saved, now)
        if saved is None or not self._agrees(connection):
            self._saved = None
            self._index = flat(self._dimensions)
            self._apply(connection, replace(now, added=0), now)

    def _load(self, now: Mark) -> Mark | None:
        try:
            index, saved = faiss_file.read(self.path)
        except FileNotFoundError:
            return None
        except (OSError, *DAMAGE) as error:
            _log.warning("The cache %s is built anew: %s", self.path, error)
            return None
        if not saved.leads_to(now) or index.d != self._dimensions:
            return None
        self._index, self._saved = index, saved
        return saved

    def _agrees(self, connection: sqlite3.Connection) -> bool:
        """Whether the index has as many vectors as the store and the same ones at some places.

        A store that was put back from a copy and has grown since looks like a successor of what the file stands for.
        """
        import numpy as np

        source = self._source
        held = connection.execute(f"SELECT count(*) FROM {source.sequence}").fetchone()[0]  # noqa: S608
        if self._index.ntotal != held:
            return False
        one = f"SELECT vector FROM {source.table} WHERE {source.item} = ?"  # noqa: S608
        some = list(parts(self._index))
        for ids, vectors in some[:: max(1, len(some) // SAMPLES)]:
            for place in range(0, len(ids), max(1, len(some) * len(ids) // SAMPLES)):
                row = connection.execute(one, (int(ids[place]),)).fetchone()
                if row is None or not np.array_equal(vectors[place], np.frombuffer(row[0], "<f4")):
                    return False
        return True

    def _apply(self, connection: sqlite3.Connection, since: Mark, now: Mark) -> None:
        import numpy as np

        gone = removed_after(connection, self._source, since.removed, now.removed)
        if gone is None:  # the removals are too long ago to be remembered one by one
            gone = np.setdiff1d(
                [item for ids, _ in parts(self._index) for item in ids], in_store(connection, self._source)
            )
        self._discard(gone)
        for ids, vectors in added_after(connection, self._source, since.added, self._dimensions):
            if self._source.item != self._source.number:  # only then can something get another vector
                self._discard(ids)
            self._index.add_with_ids(vectors, ids)
        self._changed(now)

    def _discard(self, ids: NDArray[np.int64]) -> None:
        import faiss

        if len(ids):
            self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def _changed(self, now: Mark) -> None:
        self._mark = now
        if self._gpu:
            self._gpu.outdated()

    def _in_background(self, work: Callable[[], None]) -> None:
        """Does one thing at a time beside the searches; what comes meanwhile is asked for again by a later search."""
        with self._guard:
            if self._worker is None or not self._worker.is_alive():
                self._worker = Thread(target=work, name="index-arranging", daemon=True)
                self._worker.start()

    def _rearrange(self) -> None:
        """Trains on a state of the store while the present arrangement answers, then puts the new one in its place."""
        _give_way()
        try:
            with closing(Store(self.path.parent)) as store:
                with store.reading() as connection:
                    then = mark(connection, self._source)
                    index = arranged(connection, self._source, self._dimensions, self._options)
                with self._turns.changing(), store.reading() as connection:
                    self._index = index
                    self._apply(connection, then, mark(connection, self._source))
        except (LibraryError, sqlite3.Error, RuntimeError, MemoryError) as error:
            self._refused = self._index.ntotal
            _log.warning("The vectors of %s stay as they are arranged: %s", self.path.parent, error)
        else:
            _log.info("%d vectors are arranged %s", index.ntotal, "in a row" if is_flat(index) else "in lists")
            self._write()


def _give_way() -> None:
    """Lets whoever asks a question go first on the processor."""
    if hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOW_PRIORITY)
        except OSError:
            _log.debug("This system does not lower the priority of a thread")
