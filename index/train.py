"""Arranges the vectors of a store anew, a few at a time, so that they are never in memory twice."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

from index.arrangement import POINTS_PER_LIST, PROBES, Calibration, Options, flat, lists_for, trained
from index.vectors import Source, added_after

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SEED = 1


def arranged(connection: sqlite3.Connection, source: Source, dimensions: int, options: Options) -> Any:
    """Returns an index over all vectors that a connection sees, exact or in lists as their number asks for.

    Args:
        connection: In a reading transaction.
        source: Which vectors.
        dimensions: Numbers in each.
        options: When a search is exact, and how good it is otherwise.

    Raises:
        LibraryDamaged: A vector is of another length.
    """
    import faiss

    # A setting of this thread only; the other cores are for those who ask meanwhile.
    faiss.omp_set_num_threads(max(1, (os.cpu_count() or 1) // 2))
    count = connection.execute(f"SELECT count(*) FROM {source.sequence}").fetchone()[0]  # noqa: S608
    if count <= options.exact_up_to:
        return _filled(connection, source, flat(dimensions), None)
    lists = lists_for(count)
    sample = _sample(connection, source, max(PROBES, lists * POINTS_PER_LIST), dimensions)
    index, calibration = trained(sample, lists), Calibration(sample)
    del sample
    _filled(connection, source, index, calibration)
    calibration.settle(index, options.recall)
    return index


def _filled(connection: sqlite3.Connection, source: Source, index: Any, calibration: Calibration | None) -> Any:
    for ids, vectors in added_after(connection, source, 0, index.d):
        index.add_with_ids(vectors, ids)
        if calibration:
            calibration.add(ids, vectors)
    return index


def _sample(connection: sqlite3.Connection, source: Source, size: int, dimensions: int) -> NDArray[np.float32]:
    """Returns some of the vectors, drawn at random, shape (at most size, dimensions)."""
    import numpy as np

    numbers = np.array(connection.execute(f"SELECT id FROM {source.sequence}").fetchall(), np.int64)[:, 0]  # noqa: S608
    if len(numbers) > size:
        numbers = np.sort(np.random.default_rng(_SEED).choice(numbers, size, replace=False))
    found = np.zeros((len(numbers), dimensions), np.float32)
    one = f"SELECT vector FROM {source.table} WHERE {source.number} = ?"  # noqa: S608
    for place, number in enumerate(numbers.tolist()):
        [blob] = connection.execute(one, (number,)).fetchone()
        found[place] = np.frombuffer(blob, "<f4")
    return found
