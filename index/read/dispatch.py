"""Which reader takes a file: by its suffix, and by its content where the suffix lies or is missing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from index.errors import UnreadableFile
from index.types import ReadDocument

MEGABYTE = 1_000_000
Reader = Callable[[bytes, str], ReadDocument]


@dataclass(frozen=True, slots=True)
class Format:
    """A family of files that one reader takes.

    Attributes:
        kind: The short name that documents carry.
        label: The name for a person.
        suffixes: How such files end, in lower case.
        limit: The largest file that is read, in bytes.
    """

    kind: str
    label: str
    suffixes: tuple[str, ...]
    limit: int

    def reader(self) -> Reader:
        """Import the reader, and the library behind it, only when a file needs it."""
        reader: Reader = getattr(import_module(f"index.read.{self.kind}"), f"read_{self.kind}")
        return reader


FORMATS = (
    Format("markdown", "Markdown", (".md", ".markdown", ".mdown", ".mkd"), 50 * MEGABYTE),
    Format("text", "plain text", (".txt", ".text", ".rst"), 50 * MEGABYTE),
    Format("html", "HTML", (".html", ".htm", ".xhtml"), 20 * MEGABYTE),
    Format("pdf", "PDF", (".pdf",), 200 * MEGABYTE),
    Format("docx", "Word", (".docx",), 200 * MEGABYTE),
)
_BY_KIND = {form.kind: form for form in FORMATS}
_BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
SUFFIXES: frozenset[str] = frozenset(_BY_SUFFIX)
"""How the files end that can be indexed, in lower case with the dot."""

_LARGEST = max(form.limit for form in FORMATS)
# What a file that is none of ours starts with, and what to say about it.
_PICTURE = "is a picture, not a text; pictures cannot be indexed"
_STRANGERS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "is an old Office file or protected by a password; "
    "open it in Word and save it as .docx without a password",
    b"{\\rtf": "is a rich text file; save it as .docx or .pdf",
    b"\x89PNG\r\n": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
}
_MISTAKEN_FOR_OURS = frozenset(("", ".doc", ".rtf"))
_PDF_HEADER_WITHIN = 1024


def read(path: Path) -> ReadDocument:
    """Read a file into the text of its pages; the same bytes always give the same text.

    Raises:
        UnreadableFile: One line says why the file cannot be read and what to do; the caller adds the path.
    """
    data = _load(path)
    form = _format(path, data)
    if len(data) > form.limit:
        raise _too_large(len(data), form.limit)
    document = form.reader()(data, path.name)
    if not any(page.text.strip() for page in document.pages):
        raise UnreadableFile("holds no text; there is nothing in it to index")
    return document


def _load(path: Path) -> bytes:
    try:
        found = path.stat()
        _refuse_what_is_no_file(found)
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile("there is no such file; check the path") from None
    except PermissionError:
        raise UnreadableFile("may not be read by this user; change its permissions or copy it") from None
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise UnreadableFile(f"cannot be read from the disk ({why}); check the path and the disk") from error


def _refuse_what_is_no_file(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise UnreadableFile("is a folder, not a file; name the files in it")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFile("is not an ordinary file but a device, pipe or socket; copy its content into a file")
    if found.st_size == 0:
        raise UnreadableFile("is empty (0 bytes); there is nothing in it to index")
    if found.st_size > _LARGEST:
        raise _too_large(found.st_size, _LARGEST)


def _too_large(size: int, limit: int) -> UnreadableFile:
    most = limit // MEGABYTE
    return UnreadableFile(
        f"is too large ({size / MEGABYTE:,.1f} MB, at most {most} MB are read); split it into smaller files"
    )


def _format(path: Path, data: bytes) -> Format:
    """What the content says beyond doubt wins over the suffix, which wins over what the content merely looks like."""
    if (kind := _signature(data)) is not None:
        return _BY_KIND[kind]
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or suffix in _MISTAKEN_FOR_OURS:
        _refuse_strangers(data)
    if suffix in SUFFIXES:
        return _among_texts(_BY_SUFFIX[suffix], data)
    if not suffix:
        return _among_texts(_BY_KIND["text"], data)
    raise UnreadableFile(f"is of a kind that cannot be read ({suffix}); these can: {_kinds()}")


def _refuse_strangers(data: bytes) -> None:
    for start, reason in _STRANGERS.items():
        if data.startswith(start):
            raise UnreadableFile(reason)


def _signature(data: bytes) -> str | None:
    if b"%PDF-" in data[:_PDF_HEADER_WITHIN]:
        return "pdf"
    if data.startswith(b"PK\x03\x04") and b"word/document.xml" in data:
        return "docx"
    return None


def _among_texts(form: Format, data: bytes) -> Format:
    """A page saved from the browser often ends in .txt, .docx or .pdf; it is read as what it is."""
    start = data[:_PDF_HEADER_WITHIN].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if form.kind != "markdown" and (
        start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<?xml") and b"<html" in start)
    ):
        return _BY_KIND["html"]
    return form


def _kinds() -> str:
    return ", ".join(f"{form.label} ({' '.join(form.suffixes)})" for form in FORMATS)
