"""Source code and other text that is written for machines, as it stands."""

from __future__ import annotations

from index.read.clean import clean
from index.read.decode import decode
from index.types import Page, ReadDocument


def read_code(data: bytes, name: str) -> ReadDocument:
    """Read source code in any encoding; the title is the file's name."""
    return ReadDocument(title=name, kind="code", pages=(Page(None, clean(decode(data))),))
