"""From a question to passages: by meaning and by words, both scores weighed together."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from index.records import documents_by_id, passages_by_id
from index.types import Hit
from index.vectors import VectorIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CANDIDATES = 100
DENSE_WEIGHT, LEXICAL_WEIGHT = 0.6, 0.4


def search(
    connection: sqlite3.Connection,
    index: VectorIndex,
    words: Callable[[], Mapping[int, float]],
    vector: NDArray[np.float32],
    count: int,
    among: Sequence[int] | None = None,
) -> list[Hit]:
    """Finds the passages that answer a query.

    Both ways give candidates. A candidate's score is a weighted sum of its cosine and of its BM25, the latter divided
    by the best BM25 of the query.

    Args:
        connection: In a reading transaction of the store.
        index: The vectors.
        words: Returns what the words of the query found among ``candidates_for(count)`` passages; see `WordSearch`.
        vector: The query's embedding, shape (dimensions,).
        count: How many passages at most.
        among: The passages to search; None searches all.

    Returns:
        The hits, best first.
    """
    found = words()
    cosines = dict(zip(*index.nearest(connection, vector, candidates_for(count) // 2, among), strict=True))
    cosines |= cosines_of(connection, vector, [number for number in found if number not in cosines])
    scores = {number: DENSE_WEIGHT * cosines[number] + LEXICAL_WEIGHT * found.get(number, 0.0) for number in cosines}
    best = sorted(scores, key=lambda number: (-scores[number], number))[:count]
    passages = passages_by_id(connection, best)
    documents = documents_by_id(connection, {passage.document for passage in passages.values()})
    return [
        Hit(passage, documents[passage.document], scores[number], cosines[number], found.get(number, 0.0))
        for number in best
        if (passage := passages.get(number))
    ]


def candidates_for(count: int) -> int:
    """How many passages are weighed by words to find so many; half as many come by meaning."""
    return 2 * max(CANDIDATES, 2 * count)


def cosines_of(connection: sqlite3.Connection, vector: NDArray[np.float32], numbers: Iterable[int]) -> dict[int, float]:
    """Returns the cosines between a query and those of some passages that exist, read from the store."""
    import numpy as np

    query = "SELECT passage, vector FROM vectors WHERE passage IN (SELECT value FROM json_each(?))"
    rows = connection.execute(query, (json.dumps(list(numbers)),)).fetchall()
    matrix = np.frombuffer(b"".join(blob for _, blob in rows), "<f4").reshape(len(rows), len(vector))
    return dict(zip([number for number, _ in rows], (matrix @ vector).tolist(), strict=True))
