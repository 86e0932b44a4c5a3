"""Which reader takes a file: by its suffix, and by its content where the suffix lies or is missing."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePath

from index.errors import UnreadableFile
from index.read.archive import members
from index.read.budget import Budget, new_budget
from index.read.formats import BY_KIND, BY_SUFFIX, LARGEST, MEGABYTE, Format, is_picture, kinds, stranger
from index.reasons import reason
from index.types import ReadDocument

_PDF_HEADER_WITHIN = 1024
_PDF = b"%PDF-"
_ZIP = b"PK\x03\x04"
# What an archive holds that is a document of a certain kind.
_BY_MEMBER = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx", "xl/workbook.xml": "xlsx"}
_EPUB_CONTAINER = "META-INF/container.xml"


def read(path: Path) -> ReadDocument:
    """Read a file into the text of its pages; the same bytes always give the same text.

    Raises:
        UnreadableFile: One line says why the file cannot be read and what to do; the caller adds the path.
    """
    with new_budget() as spent:
        return read_within(path, spent)


def read_within(path: Path, spent: Budget) -> ReadDocument:
    """As ``read``, on a budget that has begun.

    Raises:
        UnreadableFile: As ``read``.
    """
    data = load(path)
    spent.beside = _Folder(path.parent)
    return read_data(data, path.name)


def read_data(data: bytes, name: str) -> ReadDocument:
    """Read what a file of this name holds.

    Raises:
        UnreadableFile: As ``read``.
    """
    if not data:
        raise UnreadableFile(reason("empty"))
    form = _format(PurePath(name).suffix.lower(), data)
    if len(data) > form.limit:
        raise _too_large(len(data), form.limit)
    try:
        document = form.reader()(data, name)
    except (UnreadableFile, MemoryError):
        raise
    # A broken document fails in as many ways as it has parts: zlib, the XML parser, missing relations, wrong types.
    except Exception as error:
        why = (str(error).splitlines() or [""])[0][:120] or type(error).__name__
        raise UnreadableFile(form.damaged(why)) from error
    if not any(page.text.strip() for page in document.pages):
        raise UnreadableFile(reason("no_text"))
    return document


class _Folder:
    """Finds what stands beside a file: in its folder or below, never above or behind a link that leads out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str) -> bytes | None:
        try:
            root = self._folder.resolve()
            path = (root / name).resolve()
            if root in path.parents and path.is_file() and path.stat().st_size <= LARGEST:
                return path.read_bytes()
        except (OSError, ValueError):
            pass
        return None


def load(path: Path) -> bytes:
    """Returns what is in a file.

    Raises:
        UnreadableFile: There is none, it is none, it may not be read, or it is too large.
    """
    try:
        found = path.stat()
        _refuse_what_is_no_file(found)
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile(reason("no_file")) from None
    except PermissionError:
        raise UnreadableFile(reason("not_allowed")) from None
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise UnreadableFile(reason("disk", why=why)) from error


def _refuse_what_is_no_file(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise UnreadableFile(reason("folder"))
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFile(reason("device"))
    if found.st_size > LARGEST:
        raise _too_large(found.st_size, LARGEST)


def _too_large(size: int, limit: int) -> UnreadableFile:
    return UnreadableFile(reason("large", size=size / MEGABYTE, most=limit // MEGABYTE))


def _format(suffix: str, data: bytes) -> Format:
    """What the content says beyond doubt wins over the suffix, which wins over what the content merely looks like."""
    if (kind := _signature(data, suffix)) is not None:
        return BY_KIND[kind]
    if strange := stranger(data, suffix):
        raise UnreadableFile(strange)
    if suffix in BY_SUFFIX:
        return _among_texts(BY_SUFFIX[suffix], data)
    if not suffix:
        return _among_texts(BY_KIND["text"], data)
    raise UnreadableFile(reason("kind", suffix=suffix, kinds=kinds()))


def _signature(data: bytes, suffix: str) -> str | None:
    # Viewers allow for junk before the mark; a program or a text may well speak of it.
    if data.startswith(_PDF) or (suffix in ("", ".pdf") and _PDF in data[:_PDF_HEADER_WITHIN]):
        return "pdf"
    if is_picture(data):
        return "picture"
    return _archive_kind(data, suffix) if data.startswith(_ZIP) else None


def _archive_kind(data: bytes, suffix: str) -> str | None:
    names = members(data)
    for name, kind in _BY_MEMBER.items():
        if name in names:
            return kind
    if _EPUB_CONTAINER in names and any(name.endswith(".opf") for name in names):
        return "epub"
    if {"mimetype", "content.xml"} <= names:
        raise UnreadableFile(reason("open_document"))
    if "xl/workbook.bin" in names:
        raise UnreadableFile(reason("binary_workbook"))
    return "zip" if not suffix and names else None


def _among_texts(form: Format, data: bytes) -> Format:
    """A page saved from the browser often ends in .txt, .docx or .pdf; it is read as what it is."""
    start = data[:_PDF_HEADER_WITHIN].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if form.kind not in ("markdown", "code", "mail", "notebook") and (
        start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<?xml") and b"<html" in start)
    ):
        return BY_KIND["html"]
    return form
