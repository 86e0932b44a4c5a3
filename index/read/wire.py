"""How a document travels from the process that read it: lengths, JSON and pictures' bytes, nothing that can run."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

from index.reasons import Reason, reason
from index.types import Box, Line, Page, ReadDocument, ReadPicture

MOST_BYTES = 256_000_000
"""A longer reply is refused before it is taken in."""
LENGTH = struct.Struct("<cI")
"""What stands before each reply: its kind and its length in bytes."""
READY, DOCUMENT, REFUSED, FAILED, EXHAUSTED, PICTURE = b"h", b"d", b"r", b"f", b"m", b"p"
_HEAD = struct.Struct("<I")
_MEDIA_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})


class Malformed(ValueError):
    """A reply that is not what it should be."""


def encode(document: ReadDocument) -> bytes:
    """Returns the document's bytes."""
    head = {
        "title": document.title,
        "kind": document.kind,
        "pages": [[page.number, page.text, [_line(line) for line in page.lines]] for page in document.pages],
        "pictures": [
            [p.page, p.start, p.end, len(p.data), p.media_type, p.width, p.height, p.caption, p.box and _box(p.box)]
            for p in document.pictures
        ],
    }
    data = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return b"".join([_HEAD.pack(len(data)), data, *(picture.data for picture in document.pictures)])


def decode(data: bytes) -> ReadDocument:
    """Returns the document, every number of it checked.

    Raises:
        Malformed: Something does not fit.
    """
    try:
        size = _HEAD.unpack_from(data)[0]
        head = json.loads(data[_HEAD.size : _HEAD.size + size])
        pages = tuple(_page(*row) for row in head["pages"])
        pictures = tuple(_pictures(head["pictures"], data, _HEAD.size + size, pages))
        return ReadDocument(_text(head["title"]), _text(head["kind"]), pages, pictures)
    except (ValueError, TypeError, KeyError, IndexError, struct.error, RecursionError) as error:
        raise Malformed(f"the reply does not fit: {error}") from error


def _line(line: Line) -> list[float]:
    return [line.start, line.end, *_box(line.box)]


def _box(box: Box) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


def _page(number: Any, text: Any, lines: Any) -> Page:
    found = tuple(_read_line(len(_text(text)), *row) for row in lines)
    return Page(None if number is None else _whole(number), text, found)


def _read_line(length: int, start: Any, end: Any, *box: Any) -> Line:
    if not 0 <= _whole(start) <= _whole(end) <= length:
        raise Malformed(f"a line from {start} to {end} on a page of {length} characters")
    return Line(start, end, _read_box(*box))


def _read_box(left: Any, top: Any, right: Any, bottom: Any) -> Box:
    edges = [float(edge) for edge in (left, top, right, bottom)]
    if not all(0 <= edge <= 1 for edge in edges):
        raise Malformed(f"a box that leaves its page: {edges}")
    return Box(*edges)


def _pictures(rows: Any, data: bytes, first: int, pages: tuple[Page, ...]) -> Iterator[ReadPicture]:
    for page, start, end, size, media_type, width, height, caption, box in rows:
        last = first + _whole(size)
        if not (0 <= _whole(page) < len(pages) and 0 <= _whole(start) <= _whole(end) <= len(pages[page].text)):
            raise Malformed(f"a picture at {page}:{start}-{end}")
        if media_type not in _MEDIA_TYPES or size < 1 or last > len(data):
            raise Malformed(f"a picture of {size} bytes, {media_type}")
        place = None if box is None else _read_box(*box)
        shape = _whole(width), _whole(height)
        yield ReadPicture(page, start, end, data[first:last], media_type, *shape, _text(caption), place)
        first = last


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{type(value).__name__} where a text belongs")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise Malformed(f"{type(value).__name__} where a whole number belongs")
    return value


def too_much(size: int) -> Reason:
    """Why a reply of so many bytes is refused."""
    return reason("much", size=size // 1_000_000, most=MOST_BYTES // 1_000_000)
