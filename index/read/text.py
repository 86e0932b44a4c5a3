"""Plain text."""

from __future__ import annotations

from index.read.clean import clean
from index.read.decode import decode
from index.types import Page, ReadDocument


def read_text(data: bytes, name: str) -> ReadDocument:
    """Read plain text in any encoding; the title is the file's name, since plain text has no other."""
    return ReadDocument(title=name, kind="text", pages=(Page(None, clean(decode(data))),))
