"""What the library asks of an index of vectors, and which vectors of the store an index is made of.

The store is the truth. An index keeps in step with it by numbers that only grow: what was added after the last number
that it knows, and what was removed after the last removal that it knows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from index.errors import LibraryDamaged
from index.store import meta

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Numbers = NDArray[np.int64]

FLOAT_BYTES = 4
BATCH = 4096
REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Source:
    """A table of vectors in the store, with what tells how it changed.

    Attributes:
        name: Of the index, for its files.
        table: Where the vectors are, as float32 in little endian in a column ``vector``.
        item: The column with the id of what a vector stands for; ids are never used again.
        number: The column with the vector's own number, which only grows.
        sequence: The table whose ``AUTOINCREMENT`` gives these numbers; it has as many rows as there are vectors.
        removals: A table of removals: their numbers in ``id``, the removed ids in the column ``item``.
        model: Under which key ``meta`` names the model that made the vectors.
        dimensions: Under which it has how many numbers a vector has.
    """

    name: str
    table: str
    item: str
    number: str
    sequence: str
    removals: str
    model: str
    dimensions: str


PASSAGES = Source("vectors", "vectors", "passage", "passage", "passages", "removals", "embedder", "dimensions")
PICTURES = Source(
    "pictures",
    "picture_vectors",
    "picture",
    "id",
    "picture_vectors",
    "picture_removals",
    "picture_embedder",
    "picture_dimensions",
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A state of the vectors in a store.

    Attributes:
        library: The store's own name.
        model: The model that made the vectors.
        added: The number of the last vector that was ever added, 0 before the first.
        removed: The number of the last removal, 0 before the first.
    """

    library: str
    model: str
    added: int
    removed: int

    def leads_to(self, later: Mark) -> bool:
        """Whether this is the same or an earlier state of the same vectors."""
        same = (self.library, self.model) == (later.library, later.model)
        return same and self.added <= later.added and self.removed <= later.removed


class VectorIndex(Protocol):
    """Finds the nearest of the vectors that a store holds; used by any number of threads."""

    def nearest(
        self, connection: sqlite3.Connection, query: NDArray[np.float32], count: int, among: Sequence[int] | None = None
    ) -> tuple[list[int], list[float]]:
        """Finds what is nearest to a query in the store as a connection sees it.

        Args:
            connection: In a reading transaction.
            query: Shape (dimensions,), length 1.
            count: How many at most.
            among: The ids to search, in any order; None searches all.

        Returns:
            Ids and cosines, nearest first.
        """
        ...

    def contents(self, connection: sqlite3.Connection) -> dict[int, NDArray[np.float32]]:
        """Returns every vector that a search would consider, by id."""
        ...

    def problem(self) -> str | None:
        """Says what is wrong with what the index keeps outside the store, if anything is."""
        ...

    def save(self) -> None:
        """Keeps what the next start can use, if that is worth it; failing to do so loses only time."""
        ...

    def close(self) -> None:
        """Saves, and ends whatever runs in the background."""
        ...


OpenIndex = Callable[[Path, Source, int], VectorIndex]
"""Opens the index of a library in a folder over vectors of so many numbers; loads nothing heavy."""


def mark(connection: sqlite3.Connection, source: Source = PASSAGES) -> Mark:
    """Returns the state that a connection sees; costs microseconds."""
    last = dict(connection.execute("SELECT name, seq FROM sqlite_sequence"))
    library, model = meta(connection, "library") or "", meta(connection, source.model) or ""
    return Mark(library, model, last.get(source.sequence, 0), last.get(source.removals, 0))


def dimensions_of(connection: sqlite3.Connection, source: Source) -> int:
    """Returns how many numbers the vectors of a store have; 0 before the first."""
    return int(meta(connection, source.dimensions) or 0)


def added_after(
    connection: sqlite3.Connection, source: Source, number: int, dimensions: int
) -> Iterator[tuple[Numbers, Matrix]]:
    """Yields the ids and vectors that were added after one, some at a time, shapes (n,) and (n, dimensions).

    Raises:
        LibraryDamaged: A vector is of another length.
    """
    import numpy as np

    query = f"""
        SELECT {source.item}, vector FROM {source.table} WHERE {source.number} > ? ORDER BY {source.number}
    """  # noqa: S608
    rows = connection.execute(query, (number,))
    while some := rows.fetchmany(BATCH):
        for item, blob in some:
            if len(blob) != FLOAT_BYTES * dimensions:
                raise LibraryDamaged(f"The vector of {source.item} {item} is damaged; run `assistant index verify`.")
        matrix = np.frombuffer(b"".join(blob for _, blob in some), "<f4").reshape(len(some), dimensions)
        yield np.array([item for item, _ in some], np.int64), np.ascontiguousarray(matrix, np.float32)


def removed_after(connection: sqlite3.Connection, source: Source, removal: int, last: int) -> Numbers | None:
    """Returns the ids that were removed after one removal until another; None where the store no longer knows all."""
    import numpy as np

    query = f"SELECT {source.item} FROM {source.removals} WHERE id > ? ORDER BY id"  # noqa: S608
    found = np.array([row[0] for row in connection.execute(query, (removal,))], np.int64)
    return found if len(found) == last - removal else None


def forget_removals(connection: sqlite3.Connection, source: Source) -> None:
    """Drops removals that are so long ago that an index which does not know them is as well compared with the store."""
    last = "(SELECT seq FROM sqlite_sequence WHERE name = ?)"
    connection.execute(
        f"DELETE FROM {source.removals} WHERE id <= {last} - ?",  # noqa: S608
        (source.removals, REMEMBERED),
    )


def in_store(connection: sqlite3.Connection, source: Source) -> Numbers:
    """Returns the ids of all that has a vector."""
    import numpy as np

    query = f"SELECT {source.item} FROM {source.table}"  # noqa: S608
    return np.array([row[0] for row in connection.execute(query)], np.int64)
