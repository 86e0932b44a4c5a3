"""Which documents a library holds."""

from __future__ import annotations

from index import records
from index.store import Store
from index.types import Document


class Listed:
    """What a library tells of its documents.

    Args:
        store: What is held.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def at_path(self, path: str) -> Document | None:
        """Returns the document that was added from a path, if there is one."""
        with self._store.reading() as connection:
            return records.at_path(connection, path)
