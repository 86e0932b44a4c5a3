"""Tags: words of one's own by which documents are told apart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from index import records
from index.errors import LibraryError
from index.store import Store
from index.types import Document

LONGEST = 50


def tidy(tags: Iterable[str]) -> tuple[str, ...]:
    """Returns tags as they are kept: in small letters, without white space around them, each once.

    Raises:
        LibraryError: One is empty or too long, or has a comma or a line's end in it.
    """
    found = tuple(dict.fromkeys(" ".join(tag.casefold().split()) for tag in tags))
    for tag in found:
        if not tag or len(tag) > LONGEST or "," in tag or not tag.isprintable():
            raise LibraryError(f"{tag!r} cannot be a tag: it takes 1 to {LONGEST} characters and no comma.")
    return found


def add(connection: sqlite3.Connection, document: int, tags: Iterable[str]) -> None:
    """Gives a document tags; those that it has already it keeps."""
    connection.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(document, tag) for tag in tags])


def remove(connection: sqlite3.Connection, document: int, tags: Iterable[str]) -> None:
    """Takes tags from a document; those that it does not have are passed over."""
    connection.executemany("DELETE FROM tags WHERE document = ? AND tag = ?", [(document, tag) for tag in tags])


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Returns how many documents have each tag, in the order of the alphabet."""
    return dict(connection.execute("SELECT tag, count(*) FROM tags GROUP BY tag ORDER BY tag").fetchall())


class Tagged:
    """What a library does with tags.

    Args:
        store: What is held.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def tag(self, reference: str, tags: Iterable[str]) -> Document:
        """Gives a document tags, by which searches can be kept to some documents.

        Args:
            reference: Its id, path, file name or title.
            tags: Words of one's own; they are kept in small letters.

        Returns:
            The document with all its tags.

        Raises:
            UnknownDocument: None goes by it, or several do.
            LibraryError: A tag is empty or too long, or has a comma in it.
        """
        return self._tagged(reference, tags, add)

    def untag(self, reference: str, tags: Iterable[str]) -> Document:
        """Takes tags from a document; else as ``tag``."""
        return self._tagged(reference, tags, remove)

    def tags(self) -> dict[str, int]:
        """Returns how many documents have each tag."""
        with self._store.reading() as connection:
            return counts(connection)

    def _tagged(
        self, reference: str, tags: Iterable[str], change: Callable[[sqlite3.Connection, int, Iterable[str]], None]
    ) -> Document:
        words = tidy(tags)
        with self._store.writing() as connection:
            found = records.find(connection, reference)
            change(connection, found.id, words)
            return records.document(connection, found.id)
