"""EPUB books: a page per chapter, in the order in which they are read."""

from __future__ import annotations

from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote

from index.errors import UnreadableFile
from index.read.archive import Archive
from index.read.budget import budget
from index.read.clean import title_or
from index.read.html import read_into
from index.read.pictures import Gallery
from index.reasons import reason
from index.types import Page, ReadDocument

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_CHAPTERS = ("application/xhtml+xml", "text/html")


def read_epub(data: bytes, name: str) -> ReadDocument:
    """Read a book; the title is the one in its package, else the file's name.

    Raises:
        ValueError: It lacks a part that every book has.
        UnreadableFile: It is protected.
    """
    archive = Archive(data)
    names = set(archive.names()) | {_CONTAINER}
    package = _first(_xml(archive.read(_CONTAINER)), "rootfile").get("full-path", "")
    root = _xml(archive.read(package))
    chapters = [normpath(join(dirname(package), href)) for href in _spine(root)]
    if _ENCRYPTION in names and any(chapter.encode() in archive.read(_ENCRYPTION) for chapter in chapters):
        raise UnreadableFile(reason("drm"))
    gallery, pages = Gallery(), list[Page]()
    for chapter in (one for one in chapters if one in names):
        with budget().inside(archive.beside(chapter)):
            text = read_into(archive.read(chapter), gallery)
        if text.strip():
            pages.append(Page(len(pages) + 1, text))
    settled, pictures = gallery.settle(pages)
    title = next((one.text or "" for one in root.iter("{*}title")), "")
    return ReadDocument(title_or(title, name), "epub", settled, pictures)


def _xml(data: bytes) -> Any:
    from lxml import etree  # type: ignore[import-untyped]

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))


def _first(root: Any, name: str) -> Any:
    found = root.find(f".//{{*}}{name}") if root is not None else None
    if found is None:
        raise ValueError(f"it has no {name}")
    return found


def _spine(root: Any) -> list[str]:
    """The chapters' files as the package names them."""
    items = {
        item.get("id"): unquote(item.get("href", ""))
        for item in _first(root, "manifest")
        if item.get("media-type") in _CHAPTERS
    }
    return [items[ref] for one in _first(root, "spine") if (ref := one.get("idref")) in items]
