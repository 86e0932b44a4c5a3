"""Jupyter notebooks: the cells in their order, with what the code printed and drew."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from index.read.clean import clean, not_headings, title_or
from index.read.decode import decode
from index.read.html import text_of
from index.read.markdown import read_markdown
from index.read.pictures import Gallery
from index.types import Page, ReadDocument

_FIRST_HEADING = re.compile(r"^#{1,6} (?P<title>.+)$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")


def read_notebook(data: bytes, name: str) -> ReadDocument:
    """Read a notebook; the title is its first heading, else the file's name.

    Raises:
        ValueError: It is no notebook.
    """
    import nbformat

    notebook = nbformat.reads(decode(data), as_version=4)  # type: ignore[no-untyped-call]
    gallery = Gallery()
    blocks = (block for cell in notebook.cells for block in _blocks(cell, gallery))
    text = clean("\n\n".join(block for block in blocks if block.strip()))
    pages, pictures = gallery.settle((Page(None, text),))
    first = _FIRST_HEADING.search(pages[0].text)
    return ReadDocument(title_or(first["title"] if first else "", name), "notebook", pages, pictures)


def _blocks(cell: Mapping[str, Any], gallery: Gallery) -> Iterator[str]:
    source = str(cell.get("source", ""))
    if cell.get("cell_type") != "code":
        yield read_markdown(source.encode("utf-8", "replace"), "").pages[0].text if source.strip() else ""
        for pictures in (cell.get("attachments") or {}).values():
            yield from _pictures(pictures, gallery)
        return
    yield not_headings(clean(source))
    for output in cell.get("outputs", ()):
        yield from _output(output, gallery)


def _output(output: Mapping[str, Any], gallery: Gallery) -> Iterator[str]:
    if output.get("output_type") == "error":
        yield not_headings(f"{output.get('ename')}: {output.get('evalue')}")
        return
    shown = output.get("data") or {"text/plain": output.get("text", "")}
    pictures = list(_pictures(shown, gallery))
    yield from pictures
    if "text/html" in shown and "<table" in shown["text/html"]:
        yield text_of(shown["text/html"])
    elif "text/markdown" in shown:
        yield str(shown["text/markdown"])
    elif not pictures:  # the words for a picture are the name of a class
        yield not_headings(clean(_COLOUR.sub("", str(shown.get("text/plain", "")))))


def _pictures(shown: Mapping[str, Any], gallery: Gallery) -> Iterator[str]:
    for kind in _PICTURES:
        if kind in shown:
            try:
                mark = gallery.mark(base64.b64decode("".join(shown[kind]).encode()))
            except (binascii.Error, ValueError):
                continue
            if mark:
                yield mark
            return
