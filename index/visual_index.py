"""The pictures' vectors: made once for each picture and model, kept in the store, and searched."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from index.store import Store, meta, set_meta
from index.vectors import PICTURES, OpenIndex, VectorIndex
from index.visual import PictureEmbedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OnProgress = Callable[[int, int], None]
"""Receives how many pictures have their vectors now, and how many there are."""
# A commit for so many: little is lost by a kill, and they fit into memory.
SLICE = 32


class VisualIndex:
    """Compares pictures with words and with pictures; used by any number of threads.

    Args:
        store: What holds the pictures.
        embedder: Makes their vectors.
        open_index: Opens what finds the nearest of them.
    """

    def __init__(self, store: Store, embedder: PictureEmbedder, open_index: OpenIndex) -> None:
        self.embedder = embedder
        self._store = store
        self._open_index = open_index
        self._lock = Lock()
        self._vectors: VectorIndex | None = None

    def missing(self) -> int:
        """Returns how many pictures have no vector of this model yet."""
        with self._store.reading() as connection:
            pictures = _count(connection, "pictures")
            return pictures - _count(connection, "picture_vectors") if self._is_ours(connection) else pictures

    def embed(self, on_progress: OnProgress | None = None, cancelled: Callable[[], bool] | None = None) -> int:
        """Makes the vectors that are missing; those of another model give way.

        Args:
            on_progress: Called after each commit.
            cancelled: Asked before each slice; what is stored by then stays.

        Returns:
            How many were made.

        Raises:
            LibraryError: The store cannot be written or the model not be loaded.
        """
        last = made = 0
        total = self.missing()
        while total and not (cancelled and cancelled()) and (some := self._without(last)):
            vectors = self.embedder.embed_pictures([data for _, data in some])
            with self._store.writing() as connection:
                self._claim(connection)
                made += _put(connection, [number for number, _ in some], vectors)
            last = some[-1][0]
            if on_progress:
                on_progress(made, total)
        return made

    def nearest(
        self,
        connection: sqlite3.Connection,
        text: str,
        like: bytes | None,
        count: int,
        among: Sequence[int] | None = None,
    ) -> dict[int, float]:
        """Finds the pictures that look most like a text, a picture, or both.

        Args:
            connection: In a reading transaction.
            text: What is to be seen; may be empty.
            like: An encoded picture; None for none.
            count: How many at most.
            among: The passages in one of which they are to stand; None takes all.

        Returns:
            Their cosines by id, nearest first; none where the store holds another model's vectors.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        if not self._is_ours(connection) or not _count(connection, "picture_vectors"):
            return {}
        chosen = None if among is None else _standing_in(connection, among)
        vector = self._vector(text, like)
        return dict(zip(*self._index().nearest(connection, vector, count, chosen), strict=True))

    def save(self) -> None:
        """Keeps what the next start can use, if that is worth it."""
        if self._vectors is not None:
            self._vectors.save()

    def close(self) -> None:
        """Saves, and ends what runs in the background."""
        if self._vectors is not None:
            self._vectors.close()

    def _vector(self, text: str, like: bytes | None) -> NDArray[np.float32]:
        """The vector of the words or of the picture, or the middle of both, shape (dimensions,)."""
        import numpy as np

        parts = [self.embedder.embed_texts([text])[0]] if text.strip() else []
        parts += [self.embedder.embed_pictures([like])[0]] if like is not None else []
        middle = np.sum(parts, axis=0)
        return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-12), np.float32)

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        return meta(connection, PICTURES.model) == self.embedder.name

    def _without(self, last: int) -> list[tuple[int, bytes]]:
        with self._store.reading() as connection:
            held = "AND id NOT IN (SELECT picture FROM picture_vectors)" if self._is_ours(connection) else ""
            query = f"SELECT id, data FROM pictures WHERE id > ? {held} ORDER BY id LIMIT ?"  # noqa: S608
            return connection.execute(query, (last, SLICE)).fetchall()

    def _claim(self, connection: sqlite3.Connection) -> None:
        if not self._is_ours(connection):
            connection.execute("DELETE FROM picture_vectors")
            facts: dict[str, str | int] = {
                PICTURES.model: self.embedder.name,
                PICTURES.dimensions: self.embedder.dimensions,
            }
            set_meta(connection, **facts)

    def _index(self) -> VectorIndex:
        with self._lock:
            if self._vectors is None:
                self._vectors = self._open_index(self._store.folder, PICTURES, self.embedder.dimensions)
            return self._vectors


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def _put(connection: sqlite3.Connection, numbers: Sequence[int], vectors: NDArray[np.float32]) -> int:
    """Stores the vectors of pictures that are still there and have none, but for those that could not be opened."""
    insert = (
        "INSERT OR IGNORE INTO picture_vectors (picture, vector) "
        "SELECT ?, ? WHERE EXISTS (SELECT 1 FROM pictures WHERE id = ?)"
    )
    given = zip(numbers, vectors, strict=True)
    rows = [(number, vector.astype("<f4").tobytes(), number) for number, vector in given if vector.any()]
    return connection.executemany(insert, rows).rowcount


def _standing_in(connection: sqlite3.Connection, passages: Sequence[int]) -> list[int]:
    query = """
        SELECT DISTINCT pictures.id FROM passages JOIN pictures ON pictures.page = passages.page
        AND pictures.start < passages.end AND pictures.end > passages.start
        WHERE passages.id IN (SELECT value FROM json_each(?))
    """
    return [row[0] for row in connection.execute(query, (json.dumps(list(passages)),))]
