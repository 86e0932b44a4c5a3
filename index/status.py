"""How much a library holds."""

from __future__ import annotations

from dataclasses import dataclass

from index.faiss_file import cache_path
from index.store import Store, meta


@dataclass(frozen=True, slots=True)
class Status:
    """How much a library holds.

    Attributes:
        folder: Where it lies.
        documents: How many.
        passages: How many.
        bytes: Size on disk.
        embedder: Whose vectors it holds.
        dimensions: Numbers in each; 0 before the first.
        vectors_cached: Whether there is a file that spares the next start reading all vectors.
    """

    folder: str
    documents: int
    passages: int
    bytes: int
    embedder: str
    dimensions: int
    vectors_cached: bool


def status(store: Store, embedder: str) -> Status:
    """Counts.

    Args:
        store: Of the library.
        embedder: Told where the store is empty and knows of none.
    """
    with store.reading() as connection:
        documents, passages = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("documents", "passages")
        )
        dimensions, held = meta(connection, "dimensions"), meta(connection, "embedder")
    folder = store.folder
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    cached = cache_path(folder).exists()
    return Status(str(folder), documents, passages, size, held or embedder, int(dimensions or 0), cached)
