"""Word documents: headings, paragraphs, list items and table rows in the order in which they are read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING

from index.read.archive import check_document
from index.read.clean import CELL, clean, heading, not_headings, one_line, title_or
from index.read.pictures import Gallery
from index.types import Page, ReadDocument

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.xmlchemy import BaseOxmlElement as _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_V = "{urn:schemas-microsoft-com:vml}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_CAPTION = "caption"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Struck out by a tracked change, a field's code, a format, or a second copy for old programs.
_UNSEEN = frozenset((f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}delText", f"{_W}pPr", f"{_W}rPr", _FALLBACK))
_TEXT_BOX = f"{_W}txbxContent"
_CHARACTERS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_HEADING_STYLE = re.compile(r"^heading (?P<level>[1-9])$", re.IGNORECASE)
_RUN_OF_SPACES = re.compile(r"(?<=\S)[ \t]{2,}")


def read_docx(data: bytes, name: str) -> ReadDocument:
    """Read a .docx file; the title is the one in its properties, else its first heading, else the file's name.

    Raises:
        UnreadableFile: It unpacks to more than a document could need.
    """
    check_document(data)
    gallery = Gallery()
    title, marked = _extract(data, gallery)
    pages, pictures = gallery.settle((Page(None, marked),))
    text = pages[0].text
    first = re.search(r"^#{1,6} (?P<title>.+)$", text, re.MULTILINE)
    title = title_or(title, first["title"] if first else "")
    return ReadDocument(title=title_or(title, name), kind="docx", pages=pages, pictures=pictures)


def _extract(data: bytes, gallery: Gallery) -> tuple[str, str]:
    import docx

    document = docx.Document(BytesIO(data))
    body = _Body(document, _styles(document), _numbered_levels(document), gallery)
    text = clean(_RUN_OF_SPACES.sub(" ", "\n\n".join(body.blocks())))
    return document.core_properties.title or "", text


@dataclass(frozen=True, slots=True)
class _Style:
    """A paragraph style.

    Attributes:
        name: Its English name in lower case, which Word keeps for its own styles in every language.
        list_id: The list that its paragraphs are items of, empty for none.
    """

    name: str
    list_id: str


_PLAIN = _Style("", "")


@dataclass(slots=True)
class _Body:
    """Walks the body; counts the items of numbered lists on the way."""

    document: Document
    styles: dict[str, _Style]
    numbered: set[tuple[str, int]]
    gallery: Gallery
    last_picture: str = ""
    counts: dict[str, Counter[int]] = field(default_factory=dict)

    def blocks(self) -> Iterator[str]:
        """Paragraphs, with list items and table rows that follow one another in one block."""
        lines: list[str] = []
        for block, listed in chain(self._walk(self.document.element.body), self._notes()):
            if not listed and lines:
                yield "\n".join(lines)
                lines = []
            if listed:
                lines.append(block)
            elif block.strip():
                yield block
        if lines:
            yield "\n".join(lines)

    def _walk(self, parent: _Element) -> Iterator[tuple[str, bool]]:
        """Each paragraph, list item or row, and whether it stands in one block with its neighbours."""
        for child in parent:
            if child.tag == f"{_W}p":
                yield self._paragraph(child)
                yield from self._pictures(child)
                for box in _text_boxes(child):
                    yield from self._walk(box)
            elif child.tag == f"{_W}tbl":
                yield "", False
                yield from ((row, True) for row in _rows(child))
                yield "", False
                yield from self._pictures(child)
            elif child.tag not in _UNSEEN:
                # Content controls, tracked insertions and custom XML wrap paragraphs without being any.
                yield from self._walk(child)

    def _notes(self) -> Iterator[tuple[str, bool]]:
        """Footnotes and endnotes, after the text that refers to them."""
        from docx.oxml import parse_xml

        for relation in self.document.part.rels.values():
            if relation.reltype.endswith(("/footnotes", "/endnotes")) and not relation.is_external:
                notes = parse_xml(relation.target_part.blob)
                # The notes that carry a type are the lines that separate notes from text.
                for note in (one for one in notes if one.get(f"{_W}type") is None):
                    yield from self._walk(note)

    def _paragraph(self, paragraph: _Element) -> tuple[str, bool]:
        text = "".join(_visible(paragraph)).strip()
        style = self._style(paragraph)
        if text and style.name == _CAPTION and self.last_picture:
            self.gallery.describe(self.last_picture, text)
        self.last_picture = "" if text else self.last_picture
        if style.name == "title":
            return heading(1, text), False
        if found := _HEADING_STYLE.match(style.name):
            return heading(int(found["level"]), text), False
        marker = self._marker(paragraph, style) if text else ""
        return marker + not_headings(text), bool(marker)

    def _pictures(self, element: _Element) -> Iterator[tuple[str, bool]]:
        """Marks of the pictures in a paragraph or a table, each a block of its own."""
        for drawing in _drawings(element):
            described = next(drawing.iter(f"{_WP}docPr"), None)
            for reference in (*drawing.iter(f"{_A}blip"), *drawing.iter(f"{_V}imagedata")):
                part = self.document.part.related_parts.get(reference.get(f"{_R}embed") or reference.get(f"{_R}id"))
                caption = described.get("descr") or "" if described is not None else ""
                if part is not None and (mark := self.gallery.mark(part.blob, caption)):
                    self.last_picture = mark
                    yield mark, False

    def _style(self, paragraph: _Element) -> _Style:
        found = paragraph.find(f"{_W}pPr/{_W}pStyle")
        wanted = found.get(f"{_W}val") if found is not None else None
        return self.styles.get(wanted or "", _PLAIN)

    def _marker(self, paragraph: _Element, style: _Style) -> str:
        """A dash before an item, or its number where the list is numbered with plain figures."""
        own = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}numId")
        list_id = str(own.get(f"{_W}val")) if own is not None else style.list_id
        if list_id in ("", "0"):
            return ""
        level = _level(paragraph)
        counts = self.counts.setdefault(list_id, Counter())
        counts[level] += 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        return "  " * level + (f"{counts[level]}. " if (list_id, level) in self.numbered else "- ")


def _level(paragraph: _Element) -> int:
    found = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
    value = found.get(f"{_W}val") if found is not None else None
    return int(value) if value and value.isdecimal() else 0


def _styles(document: Document) -> dict[str, _Style]:
    return {style.style_id: _Style((style.name or "").lower(), _list_id(style.element)) for style in document.styles}


def _list_id(style: _Element) -> str:
    found = style.find(f"{_W}pPr/{_W}numPr/{_W}numId")
    return str(found.get(f"{_W}val")) if found is not None else ""


def _numbered_levels(document: Document) -> set[tuple[str, int]]:
    """Which levels of which lists count in plain figures, by the list's id and the level from 0."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    if not any(relation.reltype == RELATIONSHIP_TYPE.NUMBERING for relation in document.part.rels.values()):
        return set()
    numbering = document.part.numbering_part.element
    levels = {one.get(f"{_W}abstractNumId"): _decimal_levels(one) for one in numbering.findall(f"{_W}abstractNum")}
    return {
        (number.get(f"{_W}numId"), level)
        for number in numbering.findall(f"{_W}num")
        if (kind := number.find(f"{_W}abstractNumId")) is not None
        for level in levels.get(kind.get(f"{_W}val"), ())
    }


def _decimal_levels(kind: _Element) -> list[int]:
    formats = ((level, level.find(f"{_W}numFmt")) for level in kind.findall(f"{_W}lvl"))
    return [
        int(level.get(f"{_W}ilvl")) for level, form in formats if form is not None and form.get(f"{_W}val") == "decimal"
    ]


def _visible(element: _Element) -> Iterator[str]:
    """The text that is seen, less that of text boxes, which are paragraphs of their own."""
    for child in element:
        if child.tag in _UNSEEN or child.tag == _TEXT_BOX or _is_hidden(child):
            continue
        if child.tag in (f"{_W}t", _MATH_TEXT):
            yield child.text or ""
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        else:
            yield from _visible(child)


def _is_hidden(run: _Element) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish") if run.tag == f"{_W}r" else None
    return vanish is not None and vanish.get(f"{_W}val") not in ("0", "false")


def _text_boxes(element: _Element) -> Iterator[_Element]:
    for child in element:
        if child.tag == _TEXT_BOX:
            yield child
        elif child.tag not in _UNSEEN:
            yield from _text_boxes(child)


def _drawings(element: _Element) -> Iterator[_Element]:
    """What shows pictures, less what stands in text boxes, which have paragraphs of their own."""
    for child in element:
        if child.tag in (f"{_W}drawing", f"{_W}pict"):
            if next(child.iter(_TEXT_BOX), None) is None:
                yield child
        elif child.tag not in _UNSEEN:
            yield from _drawings(child)


def _rows(table: _Element) -> Iterator[str]:
    for row in table.iter(f"{_W}tr"):
        cells = [_cell(cell) for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr")) is row]
        if any(cells):
            yield CELL.join(cells).rstrip(" |")


def _cell(cell: _Element) -> str:
    """The text of the cell's own paragraphs; a table inside it follows as rows of its own."""
    own = (one for one in cell.iter(f"{_W}p") if next(one.iterancestors(f"{_W}tc")) is cell)
    return one_line(" ".join("".join(_visible(paragraph)) for paragraph in own))
