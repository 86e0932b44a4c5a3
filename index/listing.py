"""Which documents a library holds: a page of the list at a time, as somebody wants to see it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from index import records, tags
from index.filter import Filter, conditions
from index.store import Store
from index.types import Document

Sort = Literal["title", "added", "size", "pages", "kind"]
# What each sort orders by. Titles are put in the order of a dictionary as far as SQLite knows it, which is ASCII.
_ORDER: dict[Sort, str] = {
    "title": "title COLLATE NOCASE",
    "added": "added",
    "size": "size",
    "pages": "(SELECT count(*) FROM pages WHERE document = documents.id)",
    "kind": "kind",
}
_PICTURES = "FROM pictures JOIN pages ON pages.id = pictures.page WHERE pages.document = documents.id"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents are to be listed, and how.

    Attributes:
        text: Words that title, path or tags must hold, in any order and case.
        only: What else they must meet.
        pictures: Whether they must hold pictures.
        sort: What orders them.
        descending: Whether the last comes first.
        start: How many to pass over.
        count: How many to return at most.
    """

    text: str = ""
    only: Filter = field(default_factory=Filter)
    pictures: bool = False
    sort: Sort = "title"
    descending: bool = False
    start: int = 0
    count: int = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of the list.

    Attributes:
        document: What it is.
        pictures: How many it holds.
    """

    document: Document
    pictures: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list.

    Attributes:
        entries: In the order that was wanted.
        total: How many documents meet what was wanted.
        held: How many there are at all.
    """

    entries: tuple[Entry, ...]
    total: int
    held: int


@dataclass(frozen=True, slots=True)
class Facets:
    """By what documents can be told apart.

    Attributes:
        kinds: How many documents there are of each format.
        tags: How many have each tag.
        folders: How many were added from each folder, not counting those below it.
        pictures: How many hold pictures.
    """

    kinds: dict[str, int]
    tags: dict[str, int]
    folders: dict[str, int]
    pictures: int


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

    def listing(self, wanted: Wanted) -> Listing:
        """Returns a page of the list of documents.

        Raises:
            UnknownDocument: The filter names a document that there is not, or that several go by.
        """
        with self._store.reading() as connection:
            return _listing(connection, wanted)

    def facets(self) -> Facets:
        """Returns by what the documents can be told apart."""
        with self._store.reading() as connection:
            return _facets(connection)

    def page_numbers(self, document: int) -> list[int | None]:
        """Returns the numbers of a document's pages in reading order; a single None where the format has none."""
        query = "SELECT number FROM pages WHERE document = ? ORDER BY position"
        with self._store.reading() as connection:
            return [row[0] for row in connection.execute(query, (document,))]


def _listing(connection: sqlite3.Connection, wanted: Wanted) -> Listing:
    where, values = conditions(connection, wanted.only)
    if words := wanted.text.casefold().split():
        # SQLite's own lower() knows ASCII alone.
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
        named = "(SELECT coalesce(group_concat(tag), '') FROM tags WHERE document = documents.id)"
        where += [f"instr(casefold(title || ' ' || path || ' ' || {named}), ?)"] * len(words)
        values += words
    if wanted.pictures:
        where.append(f"EXISTS (SELECT 1 {_PICTURES})")
    clause = f"WHERE {' AND '.join(where)}" if where else ""
    total = connection.execute(f"SELECT count(*) FROM documents {clause}", values).fetchone()[0]  # noqa: S608
    held = connection.execute("SELECT count(*) FROM documents").fetchone()[0]
    order = f"ORDER BY {_ORDER[wanted.sort]} {'DESC' if wanted.descending else 'ASC'}, id LIMIT ? OFFSET ?"
    query = f"SELECT id, (SELECT count(*) {_PICTURES}) FROM documents {clause} {order}"  # noqa: S608
    rows = connection.execute(query, [*values, wanted.count, wanted.start]).fetchall()
    found = records.documents_by_id(connection, [row[0] for row in rows])
    return Listing(tuple(Entry(found[number], pictures) for number, pictures in rows), total, held)


def _facets(connection: sqlite3.Connection) -> Facets:
    kinds = dict(connection.execute("SELECT kind, count(*) FROM documents GROUP BY kind ORDER BY kind").fetchall())
    folders: dict[str, int] = {}
    for (path,) in connection.execute("SELECT path FROM documents ORDER BY path"):
        folder = str(PurePath(path).parent)
        folders[folder] = folders.get(folder, 0) + 1
    query = f"SELECT count(*) FROM documents WHERE EXISTS (SELECT 1 {_PICTURES})"  # noqa: S608
    pictures = int(connection.execute(query).fetchone()[0])
    return Facets(kinds, tags.counts(connection), folders, pictures)
