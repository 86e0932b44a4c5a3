"""Documents, pages and passages as rows of the store."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

from index import pictures, tokens
from index.chunk import Chunk
from index.errors import UnknownDocument
from index.store import tidy
from index.types import Document, OutcomeStatus, Passage, ReadDocument
from index.vectors import PASSAGES, PICTURES, forget_removals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

_DOCUMENT = """
    SELECT id, path, title, kind, sha256, size, (SELECT count(*) FROM pages WHERE document = documents.id),
        (SELECT count(*) FROM passages JOIN pages ON pages.id = page WHERE document = documents.id), added,
        (SELECT group_concat(tag) FROM (SELECT tag FROM tags WHERE document = documents.id ORDER BY tag))
    FROM documents
"""
_PASSAGE = """
    SELECT passages.id, document, number, start, end, heading, passages.text
    FROM passages JOIN pages ON pages.id = passages.page
"""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that is ready to be stored, but for its vectors.

    Attributes:
        path: Absolute path, the document's identity.
        sha256: Hex digest of its bytes.
        size: Bytes.
        content: What the reader made of it.
        chunks: Its passages.
        stamp: Of the file; see ``index.stamp``.
    """

    path: str
    sha256: str
    size: int
    content: ReadDocument
    chunks: tuple[Chunk, ...]
    stamp: str | None = None


def document(connection: sqlite3.Connection, number: int) -> Document:
    """Returns a document by its id.

    Raises:
        UnknownDocument: There is none.
    """
    row = connection.execute(f"{_DOCUMENT} WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise UnknownDocument(f"No document has the number {number}; see `assistant index list`.")
    return _document(row)


def documents_by_id(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, Document]:
    """Returns those of the documents that exist."""
    rows = (connection.execute(f"{_DOCUMENT} WHERE id = ?", (number,)).fetchone() for number in numbers)
    return {row[0]: _document(row) for row in rows if row}


def documents(connection: sqlite3.Connection) -> list[Document]:
    """Returns every document in the order in which they were added."""
    return [_document(row) for row in connection.execute(f"{_DOCUMENT} ORDER BY id")]


def find(connection: sqlite3.Connection, reference: str) -> Document:
    """Returns the document that goes by an id, a path, a file name or a title, tried in this order.

    Raises:
        UnknownDocument: None does, or several do.
    """
    rows = connection.execute("SELECT id, path, title FROM documents").fetchall()
    for matches in (_by_path, _by_id, _by_name):
        found = [number for number, path, title in rows if matches(reference, number, path, title)]
        if len(found) == 1:
            return document(connection, found[0])
        if found:
            some = ", ".join(map(str, found[:10]))
            raise UnknownDocument(f"Several documents go by {reference}; name one by its number: {some}.")
    raise UnknownDocument(f"No document goes by {reference}; see `assistant index list`.")


def _by_path(reference: str, number: int, path: str, title: str) -> bool:
    return path in (reference, os.path.realpath(reference))


def _by_id(reference: str, number: int, path: str, title: str) -> bool:
    return reference == str(number)


def _by_name(reference: str, number: int, path: str, title: str) -> bool:
    return reference in (title, PurePath(path).name)


def page_text(connection: sqlite3.Connection, number: int, page: int | None) -> str:
    """Returns the text of a page.

    Args:
        connection: Of the store.
        number: The document's id.
        page: The page's number; None for a format without pages.

    Raises:
        UnknownDocument: There is no such document or page.
    """
    row = connection.execute(
        "SELECT text FROM pages WHERE document = ? AND number IS ? ORDER BY position", (number, page)
    ).fetchone()
    if row is None:
        held = document(connection, number)
        raise UnknownDocument(f"{held.title} has no page {page}.")
    return str(row[0])


def passages(connection: sqlite3.Connection, number: int) -> list[Passage]:
    """Returns the passages of a document in reading order."""
    order = "WHERE document = ? ORDER BY position, start"
    return [Passage(*row) for row in connection.execute(f"{_PASSAGE} {order}", (number,))]


def neighbours(connection: sqlite3.Connection, number: int, before: int, after: int) -> list[Passage]:
    """Returns a passage with at most so many before and after it in its document.

    Raises:
        UnknownDocument: There is no such passage.
    """
    row = connection.execute(f"{_PASSAGE} WHERE passages.id = ?", (number,)).fetchone()
    if row is None:
        raise UnknownDocument(f"There is no passage {number} any more.")
    around = passages(connection, row[1])
    place = next(place for place, passage in enumerate(around) if passage.id == number)
    return around[max(0, place - before) : place + after + 1]


def around(
    connection: sqlite3.Connection, number: int, page: int | None, start: int, end: int, before: int, after: int
) -> list[Passage]:
    """Returns the passages that hold a stretch of a page's text, with at most so many before and after them.

    None where the stretch is in no passage.
    """
    rows = passages(connection, number)
    held = [at for at, one in enumerate(rows) if one.page == page and one.start < end and one.end > start]
    return rows[max(0, held[0] - before) : held[-1] + after + 1] if held else []


def passages_by_id(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, Passage]:
    """Returns those of the passages that exist."""
    query = f"{_PASSAGE} WHERE passages.id IN (SELECT value FROM json_each(?))"  # noqa: S608
    return {row[0]: Passage(*row) for row in connection.execute(query, (json.dumps(list(numbers)),))}


def vectors_of(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, NDArray[np.float32]]:
    """Returns the vectors of those of the passages that exist, each of shape (dimensions,)."""
    import numpy as np

    query = "SELECT passage, vector FROM vectors WHERE passage IN (SELECT value FROM json_each(?))"
    rows = connection.execute(query, (json.dumps(list(numbers)),))
    return {number: np.frombuffer(blob, "<f4") for number, blob in rows}


def at_path(connection: sqlite3.Connection, path: str) -> Document | None:
    """Returns the document that was added from a path."""
    row = connection.execute(f"{_DOCUMENT} WHERE path = ?", (path,)).fetchone()
    return _document(row) if row else None


def _document(row: tuple[Any, ...]) -> Document:
    return Document(*(*row[:-1], tuple(sorted(row[-1].split(","))) if row[-1] else ()))


def has_stamp(connection: sqlite3.Connection, path: str, stamp: str) -> bool:
    """Whether the document that was added from a path was read from a file of this stamp."""
    query = "SELECT 1 FROM documents WHERE path = ? AND stamp = ?"
    return connection.execute(query, (path, stamp)).fetchone() is not None


def exists(connection: sqlite3.Connection, number: int) -> bool:
    """Whether there is a document of an id."""
    return connection.execute("SELECT 1 FROM documents WHERE id = ?", (number,)).fetchone() is not None


def put_stamp(connection: sqlite3.Connection, path: str, sha256: str, stamp: str) -> None:
    """Notes the stamp of a file whose digest is the stored one."""
    connection.execute("UPDATE documents SET stamp = ? WHERE path = ? AND sha256 = ?", (stamp, path, sha256))


def put(
    connection: sqlite3.Connection, new: NewDocument, vectors: Matrix, codes: Sequence[bytes | None]
) -> tuple[OutcomeStatus, Document]:
    """Stores a document, or replaces the one of the same path.

    Args:
        connection: In a writing transaction.
        new: The document.
        vectors: Shape (passages, dimensions), in the order of its chunks.
        codes: The token codes of each, None where there are none.

    Returns:
        What happened and the document as it now is.
    """
    row = connection.execute("SELECT id, sha256 FROM documents WHERE path = ?", (new.path,)).fetchone()
    if row and row[1] == new.sha256:
        return "unchanged", document(connection, row[0])
    values = (
        new.content.title,
        new.content.kind,
        new.sha256,
        new.size,
        datetime.now(UTC).isoformat(timespec="seconds"),
        new.stamp,
    )
    if row:
        _empty(connection, row[0])
        update = "UPDATE documents SET title = ?, kind = ?, sha256 = ?, size = ?, added = ?, stamp = ? WHERE id = ?"
        connection.execute(update, (*values, row[0]))
    else:
        insert = "INSERT INTO documents (title, kind, sha256, size, added, stamp, path) VALUES (?, ?, ?, ?, ?, ?, ?)"
        row = (connection.execute(insert, (*values, new.path)).lastrowid,)
    _fill(connection, row[0], new, vectors, codes)
    return "changed" if len(row) > 1 else "added", document(connection, row[0])


def remove(connection: sqlite3.Connection, number: int) -> None:
    """Removes a document with everything cut from it."""
    _empty(connection, number)
    connection.execute("DELETE FROM documents WHERE id = ?", (number,))


def _empty(connection: sqlite3.Connection, number: int) -> None:
    pictures.remove(connection, number)
    connection.execute("DELETE FROM passages WHERE page IN (SELECT id FROM pages WHERE document = ?)", (number,))
    connection.execute("DELETE FROM pages WHERE document = ?", (number,))
    for source in (PASSAGES, PICTURES):
        forget_removals(connection, source)
    tidy(connection)


def _fill(
    connection: sqlite3.Connection, number: int, new: NewDocument, vectors: Matrix, codes: Sequence[bytes | None]
) -> None:
    page = "INSERT INTO pages (document, position, number, text) VALUES (?, ?, ?, ?)"
    rows: list[Any] = [
        connection.execute(page, (number, position, one.number, one.text)).lastrowid
        for position, one in enumerate(new.content.pages)
    ]
    pictures.put(connection, new.content, rows)
    passage = "INSERT INTO passages (page, start, end, heading, text) VALUES (?, ?, ?, ?, ?)"
    for one, vector, code in zip(new.chunks, vectors, codes, strict=True):
        cursor = connection.execute(passage, (rows[one.page], one.start, one.end, one.heading, one.text))
        connection.execute("INSERT INTO vectors VALUES (?, ?)", (cursor.lastrowid, _blob(vector)))
        if code is not None:
            tokens.put_codes(connection, [(cast("int", cursor.lastrowid), code)])


def _blob(vector: NDArray[np.float32]) -> bytes:
    return vector.astype("<f4", copy=False).tobytes()
