"""Pictures among the hits: found by the words that stand for them and around them, and by how they look."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from index import pictures
from index.records import document, passages_by_id
from index.search import DENSE_WEIGHT, cosines_of
from index.types import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BESIDE = 3
"""Pictures that a search for passages returns beside them at most."""
LOOKS_WEIGHT, WORDS_WEIGHT = 0.7, 0.3


def with_pictures(connection: sqlite3.Connection, among: Sequence[int] | None) -> list[int]:
    """Returns the passages in which pictures stand.

    Args:
        connection: Of the store.
        among: The passages to choose from; None chooses from all.
    """
    chosen = "" if among is None else "AND passages.id IN (SELECT value FROM json_each(?))"
    query = f"""
        SELECT DISTINCT passages.id FROM pictures JOIN passages ON passages.page = pictures.page
        AND pictures.start < passages.end AND pictures.end > passages.start {chosen} ORDER BY passages.id
    """  # noqa: S608
    values = () if among is None else (json.dumps(list(among)),)
    return [row[0] for row in connection.execute(query, values)]


def beside(
    connection: sqlite3.Connection, hits: list[Hit], cosines: Mapping[int, float], vector: NDArray[np.float32] | None
) -> list[Hit]:
    """Returns hits with the passages of further pictures after them, whose score is that of their words.

    Args:
        connection: In a reading transaction.
        hits: The passages found.
        cosines: Of the pictures nearest to the query, by id.
        vector: The query's text, shape (dimensions,); None where it has none.
    """
    held = {hit.passage.id for hit in hits}
    numbers = [number for number in passages_of(connection, cosines) if number not in held]
    dense = {} if vector is None else cosines_of(connection, vector, numbers)
    found = passages_by_id(connection, numbers)
    return hits + [
        Hit(
            found[number],
            document(connection, found[number].document),
            DENSE_WEIGHT * dense.get(number, 0.0),
            dense.get(number, 0.0),
            0.0,
        )
        for number in numbers
        if number in found
    ]


def passages_of(connection: sqlite3.Connection, numbers: Mapping[int, float]) -> list[int]:
    """Returns for each picture the passage in which it begins, each once, in the order of the pictures."""
    query = """
        SELECT passages.id FROM pictures JOIN passages ON passages.page = pictures.page
        AND pictures.start < passages.end AND pictures.end > passages.start WHERE pictures.id = ?
        ORDER BY passages.start LIMIT 1
    """
    rows = [connection.execute(query, (number,)).fetchone() for number in numbers]
    return list(dict.fromkeys(row[0] for row in rows if row))


def looked_at(connection: sqlite3.Connection, hits: Sequence[Hit], cosines: Mapping[int, float]) -> list[Hit]:
    """Returns hits with boxes, and with their pictures, those most like the query first.

    Args:
        connection: In a reading transaction.
        hits: The passages found.
        cosines: Between the query and pictures, by id.
    """
    return [_looked_at(hit, cosines) for hit in pictures.placed(connection, hits)]


def ranked(hits: Sequence[Hit], cosines: Mapping[int, float], sharpness: float) -> list[Hit]:
    """Orders hits by how their pictures look and by their words.

    A cosine between words and pictures says something only beside others of the same query: it is turned into the odds
    that the model would give the picture against the best one, 0 to 1.

    Args:
        hits: With their pictures.
        cosines: Between the query and pictures, by id.
        sharpness: What the model multiplies cosines with.
    """
    best = max(cosines.values(), default=0.0)

    def scored(hit: Hit) -> Hit:
        odds = 0.0 if hit.visual is None else math.exp(sharpness * (hit.visual - best))
        return replace(hit, score=LOOKS_WEIGHT * odds + WORDS_WEIGHT * hit.score)

    return sorted(map(scored, hits), key=lambda hit: (-hit.score, hit.passage.id))


def _looked_at(hit: Hit, cosines: Mapping[int, float]) -> Hit:
    order = sorted(hit.pictures, key=lambda picture: -cosines.get(picture.id, -2.0))
    visual = cosines.get(order[0].id) if order else None
    return replace(hit, pictures=tuple(order), visual=visual)
