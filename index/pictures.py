"""Pictures, and where the lines of pages stand, as rows of the store."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from index.errors import UnknownDocument
from index.types import Box, Hit, Line, Picture, ReadDocument, ReadPicture

WHOLE = Box(0.0, 0.0, 1.0, 1.0)
_BOX = struct.Struct("<4f")
_LINE = struct.Struct("<2I4f")
_COLUMNS = "pictures.id, document, number, pictures.start, pictures.end, media_type, width, height, caption, box"
_PICTURE = f"SELECT {_COLUMNS} FROM pictures JOIN pages ON pages.id = pictures.page"  # noqa: S608


def put(connection: sqlite3.Connection, content: ReadDocument, pages: Sequence[int]) -> None:
    """Stores a document's pictures and where its lines stand.

    Args:
        connection: In a writing transaction.
        content: The document.
        pages: The rows of its pages.
    """
    boxes = [(row, packed_lines(page.lines)) for row, page in zip(pages, content.pages, strict=True) if page.lines]
    connection.executemany("INSERT INTO lines VALUES (?, ?)", boxes)
    connection.executemany(
        "INSERT INTO pictures (page, start, end, media_type, width, height, caption, box, data) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_row(one, pages[one.page]) for one in content.pictures],
    )


def _row(one: ReadPicture, page: int) -> tuple[Any, ...]:
    place = one.box and _BOX.pack(*_edges(one.box))
    return page, one.start, one.end, one.media_type, one.width, one.height, one.caption, place, one.data


def remove(connection: sqlite3.Connection, document: int) -> None:
    """Removes a document's pictures with their vectors; its lines go with its pages."""
    of_document = "page IN (SELECT id FROM pages WHERE document = ?)"
    connection.execute(f"DELETE FROM pictures WHERE {of_document}", (document,))  # noqa: S608


def picture(connection: sqlite3.Connection, number: int) -> Picture:
    """Returns a picture by its id.

    Raises:
        UnknownDocument: There is none.
    """
    row = connection.execute(f"{_PICTURE} WHERE pictures.id = ?", (number,)).fetchone()
    if row is None:
        raise UnknownDocument(f"There is no picture {number} any more.")
    return _picture(row)


def data(connection: sqlite3.Connection, number: int) -> bytes:
    """Returns the bytes of a picture.

    Raises:
        UnknownDocument: There is none.
    """
    row = connection.execute("SELECT data FROM pictures WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise UnknownDocument(f"There is no picture {number} any more.")
    return bytes(row[0])


def within(
    connection: sqlite3.Connection, document: int, page: int | None, start: int = 0, end: int | None = None
) -> list[Picture]:
    """Returns the pictures whose lines stand, in part at least, in a stretch of a page's text, in its order.

    Args:
        connection: Of the store.
        document: The document's id.
        page: The page's number; None for a format without pages.
        start: First character.
        end: One past the last; None for the whole page.
    """
    query = f"{_PICTURE} WHERE document = ? AND number IS ? AND end > ? AND (? IS NULL OR start < ?) ORDER BY start"
    return [_picture(row) for row in connection.execute(query, (document, page, start, end, end))]


def boxes(connection: sqlite3.Connection, document: int, page: int | None, start: int, end: int) -> tuple[Box, ...]:
    """Returns the boxes of the lines, in part at least, in a stretch of a page's text, in its order.

    Args:
        connection: Of the store.
        document: The document's id.
        page: The page's number; None for a format without pages.
        start: First character.
        end: One past the last.
    """
    query = "SELECT boxes FROM lines JOIN pages ON pages.id = page WHERE document = ? AND number IS ?"
    rows = connection.execute(query, (document, page))
    return tuple(box for row in rows for box in _between(row[0], start, end))


def placed(connection: sqlite3.Connection, hits: Sequence[Hit]) -> list[Hit]:
    """Returns hits with the boxes of their lines and the pictures that stand in them."""
    chosen = (json.dumps([hit.passage.id for hit in hits]),)
    among = "WHERE passages.id IN (SELECT value FROM json_each(?))"
    join = "JOIN passages ON passages.page ="
    # By the passage's page rather than its number: a document that has been replaced meanwhile has other ones.
    query = f"SELECT passages.id, boxes FROM lines {join} lines.page {among}"  # noqa: S608
    lines = dict(connection.execute(query, chosen))
    held: dict[int, list[Picture]] = {}
    query = f"""
        SELECT passages.id, {_COLUMNS} FROM pictures {join} pictures.page JOIN pages ON pages.id = pictures.page
        {among} AND pictures.start < passages.end AND pictures.end > passages.start ORDER BY pictures.start
    """  # noqa: S608
    for number, *row in connection.execute(query, chosen):
        held.setdefault(number, []).append(_picture(row))
    return [_placed(hit, lines.get(hit.passage.id, b""), held.get(hit.passage.id, ())) for hit in hits]


def _placed(hit: Hit, lines: bytes, pictures: Iterable[Picture]) -> Hit:
    return replace(hit, boxes=_between(lines, hit.passage.start, hit.passage.end), pictures=tuple(pictures))


def _between(lines: bytes, start: int, end: int) -> tuple[Box, ...]:
    return tuple(line.box for line in lines_of(lines) if line.start < end and line.end > start)


def packed_lines(lines: Iterable[Line]) -> bytes:
    """Returns lines as the store holds them."""
    return b"".join(_LINE.pack(line.start, line.end, *_edges(line.box)) for line in lines)


def lines_of(blob: bytes) -> list[Line]:
    """Returns the lines in what the store holds.

    Raises:
        struct.error: It is damaged.
    """
    return [Line(start, end, _rounded(*edges)) for start, end, *edges in _LINE.iter_unpack(blob)]


def _picture(row: Sequence[Any]) -> Picture:
    *facts, box = row
    return Picture(*[*facts, None if box is None else _rounded(*_BOX.unpack(box))])


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def _rounded(*edges: float) -> Box:
    """Readers give five digits, of which a float32 keeps all but shows more."""
    return Box(*(round(edge, 5) for edge in edges))
