"""EPUB books."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import UnreadableFile
from index.read import read
from tests.index.read.files import picture, zipped

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONTAINER = '<container xmlns="urn:c"><rootfiles><rootfile full-path="text/book.opf"/></rootfiles></container>'
PACKAGE = """<?xml version="1.0"?><!DOCTYPE package [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<package xmlns="urn:p" xmlns:dc="urn:d"><metadata><dc:title>Teas</dc:title></metadata><manifest>
<item id="b" href="b%20two.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="c.css" media-type="text/css"/></manifest>
<spine><itemref idref="a"/><itemref idref="c"/><itemref idref="gone"/><itemref idref="b"/></spine></package>"""
BOOK: dict[str, bytes | str] = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "text/book.opf": PACKAGE,
    "text/a.xhtml": "<html><body><h1>One</h1><p>Leaves.</p><img src='../img/a.png' alt='A leaf'/></body></html>",
    "text/b two.xhtml": "<html><body><h1>Two</h1><p>Water.</p><img src='../../../out.png'/></body></html>",
    "img/a.png": picture(),
}


def test_a_real_book() -> None:
    document = read(FIXTURES / "book.epub")
    assert (document.title, document.kind) == ("Test EPUB Document", "epub")
    assert [page.number for page in document.pages] == [1, 2]
    assert document.pages[0].text.startswith("# Chapter 1: Test Content\n\nThis is a test paragraph")


def test_chapters_come_in_reading_order_with_their_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(zipped(BOOK))
    document = read(tmp_path / "a.epub")
    assert document.title == "Teas"
    assert [page.text for page in document.pages] == ["# One\n\nLeaves.\n\n[Picture: A leaf]", "# Two\n\nWater."]
    assert [(one.page, one.caption) for one in document.pictures] == [(0, "A leaf")]


def test_protected_and_incomplete_books(tmp_path: Path) -> None:
    path = tmp_path / "a.epub"
    path.write_bytes(zipped({**BOOK, "META-INF/encryption.xml": '<a><CipherReference URI="text/a.xhtml"/></a>'}))
    with pytest.raises(UnreadableFile, match=r"is protected against copying \(DRM\)"):
        read(path)
    path.write_bytes(zipped({**BOOK, "text/book.opf": "<package/>"}))
    with pytest.raises(UnreadableFile, match="is damaged or is no EPUB book"):
        read(path)
