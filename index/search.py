"""From a question to passages: by meaning and by words, both scores weighed together."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from index.records import document, passages_by_id
from index.types import Hit
from index.vectors import VectorIndex
from index.words import STOP_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CANDIDATES = 100
DENSE_WEIGHT, LEXICAL_WEIGHT = 0.6, 0.4
# Title, headings, text: a word in a title says about as much as one in the text.
_COLUMN_WEIGHTS = "1.0, 1.0, 1.0"
# More words than these make a query slow and no better: they are a pasted page, not a question.
MAX_WORDS = 64
MAX_CHARACTERS = 10_000
PAIR_WEIGHT = 0.5
BETWEEN = 2
# The tokenizer of the index takes the underscore for a gap between words.
_WORD = re.compile(r"[^\W_]+")


def search(
    connection: sqlite3.Connection,
    index: VectorIndex,
    query: str,
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
        query: What is asked, in any words.
        vector: Its embedding, shape (dimensions,).
        count: How many passages at most.
        among: The passages to search; None searches all.

    Returns:
        The hits, best first.
    """
    depth = max(CANDIDATES, 2 * count)
    cosines = dict(zip(*index.nearest(connection, vector, depth, among), strict=True))
    words = lexical(connection, query, 2 * depth, among)
    cosines |= cosines_of(connection, vector, [number for number in words if number not in cosines])
    scores = {number: DENSE_WEIGHT * cosines[number] + LEXICAL_WEIGHT * words.get(number, 0.0) for number in cosines}
    best = sorted(scores, key=lambda number: (-scores[number], number))[:count]
    found = passages_by_id(connection, best)
    return [
        Hit(
            found[number],
            document(connection, found[number].document),
            scores[number],
            cosines[number],
            words.get(number, 0.0),
        )
        for number in best
        if number in found
    ]


def lexical(
    connection: sqlite3.Connection, query: str, count: int, among: Sequence[int] | None = None
) -> dict[int, float]:
    """Finds passages by their words.

    Returns:
        BM25 divided by the best BM25 of this query, 0 to 1, by passage, best first.
    """
    words = telling_words(query)
    chosen = None if among is None else json.dumps(list(among))
    scores = dict(_bm25(connection, words_expression(words), count, chosen))
    # Words that stand together in the question and in the passage belong together.
    for number, score in _bm25(connection, pairs_expression(words), count, chosen):
        if number in scores:
            scores[number] += PAIR_WEIGHT * score
    best = max(scores.values(), default=0.0)
    return {number: score / best for number, score in scores.items()} if best > 0 else {}


def _bm25(connection: sqlite3.Connection, match: str, count: int, chosen: str | None) -> list[tuple[int, float]]:
    """Returns passages and their scores; ``chosen`` is a JSON list of the passages that come into question."""
    if not match:
        return []
    among, values = ("", ()) if chosen is None else ("AND rowid IN (SELECT value FROM json_each(?))", (chosen,))
    query = f"""
        SELECT rowid, -bm25(words, {_COLUMN_WEIGHTS}) AS score FROM words WHERE words MATCH ? {among}
        ORDER BY score DESC LIMIT ?
    """  # noqa: S608
    return connection.execute(query, (match, *values, count)).fetchall()


def telling_words(query: str) -> list[str]:
    """The words of a query in its order, each once, without stop words unless it has no others."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(query[:MAX_CHARACTERS])))
    return ([word for word in words if word not in STOP_WORDS] or words)[:MAX_WORDS]


def words_expression(words: Sequence[str]) -> str:
    """An expression of FTS5 for any of the words, each in quotes, so that nothing is taken for an operator."""
    return " OR ".join(f'"{word}"' for word in words)


def pairs_expression(words: Sequence[str]) -> str:
    """An expression of FTS5 for two neighbours of the query with at most ``BETWEEN`` words between them."""
    return " OR ".join(f'NEAR("{one}" "{other}", {BETWEEN})' for one, other in pairwise(words))


def cosines_of(connection: sqlite3.Connection, vector: NDArray[np.float32], numbers: list[int]) -> dict[int, float]:
    """Returns the cosines between a query and some passages, read from the store."""
    import numpy as np

    found = {}
    for number in numbers:
        row = connection.execute("SELECT vector FROM vectors WHERE passage = ?", (number,)).fetchone()
        if row:
            found[number] = float(np.frombuffer(row[0], "<f4") @ vector)
    return found
