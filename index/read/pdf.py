"""PDF, through pypdfium2: one page at a time, each as paragraphs rather than as printed lines."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import median_low
from typing import TYPE_CHECKING

from index.errors import UnreadableFile
from index.read.budget import budget
from index.read.clean import clean, title_or
from index.read.formats import BY_KIND
from index.read.ocr import Pages
from index.read.pdf_paragraphs import CELL_GAP, HYPHENS, Line, between, page_paragraphs, page_text
from index.read.pdf_pictures import (
    Shown,
    ToBox,
    area,
    cropped,
    has_drawings,
    images,
    place_pictures,
    rendered,
    to_box,
)
from index.read.pictures import Gallery
from index.reasons import reason
from index.types import Box, Page, ReadDocument

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage, PdfTextPage

# PDFium keeps global state and may be called by one thread at a time.
_PDFIUM = threading.Lock()
# Fewer letters are a page number or a stamp on a scan.
_FEW_LETTERS = 16
# From here on a picture is the page itself rather than something on it; with print on it, it is the paper.
_SCAN, _BACKGROUND, _WHOLE = 0.5, 0.85, 1.0
# Letters of a page of which the words are what matters.
_FULL_PAGE = 100
_BREAKS = frozenset("\r\n") | HYPHENS
_JUNK_TITLE = re.compile(
    r"""^(?: untitled.* | microsoft\ word\ -\ .* | .*\.(?:docx?|tex|dvi|odt|pdf|indd|html?) | title | document\d*
    | \(?(?:anonymous|unspecified|none)\)? | [\W\d_]* )$""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADINGS = tuple(re.compile(rf"^{mark} (?P<title>.*\w.*)$", re.MULTILINE) for mark in ("##?", "###"))


def read_pdf(data: bytes, name: str) -> ReadDocument:
    """Read a PDF; the title is the one in its properties, else the largest heading of page 1, else the file's name.

    Pages without a text layer are recognised.

    Raises:
        UnreadableFile: It needs a password, is damaged, or has more scanned pages than there is time for.
    """
    gallery = Gallery()
    with _PDFIUM:
        title, contents = _extract(data, gallery)
    paragraphs = page_paragraphs([content.lines for content in contents])
    for page, content in zip(paragraphs, contents, strict=True):
        place_pictures(page, content.pictures, gallery)
    texts = [page_text(page) for page in paragraphs]
    read = [Page(number, text.text, text.lines) for number, text in enumerate(texts, start=1)]
    pages, pictures = gallery.settle(read)
    if _JUNK_TITLE.match(title):
        title = _largest_heading(pages[0].text)
    return ReadDocument(title_or(title, name), "pdf", pages, pictures)


def _largest_heading(text: str) -> str:
    found = (heading.search(text) for heading in _HEADINGS)
    return next((match["title"] for match in found if match), "")


@contextmanager
def opened_page(data: bytes, index: int) -> Iterator[PdfPage | None]:
    """A page of a PDF, counted from 0, with what was filled into it; None where there is none."""
    with _PDFIUM:
        pdf = _open(data)
        try:
            if not 0 <= index < len(pdf):
                yield None
                return
            with _page(pdf, index) as page:
                yield page
        finally:
            pdf.close()


@dataclass(slots=True)
class _Content:
    """What a page holds.

    Attributes:
        lines: Its print.
        shown: Where its images are.
        recognised: What will be its print where it has to be recognised.
        pictures: The marks of its pictures with their boxes.
    """

    lines: list[Line]
    shown: list[Shown]
    recognised: Future[list[Line]] | None = None
    pictures: list[tuple[str, Box]] = field(default_factory=list)


def _extract(data: bytes, gallery: Gallery) -> tuple[str, list[_Content]]:
    import pypdfium2 as pdfium

    pdf = _open(data)
    try:
        with Pages() as pages:
            contents = [_content(pdf, index, pages) for index in range(len(pdf))]
            for index, content in enumerate(contents):
                _take_pictures(pdf, index, content, gallery)
        return clean(pdf.get_metadata_value("Title")), contents
    except pdfium.PdfiumError as error:
        raise UnreadableFile(BY_KIND["pdf"].damaged(_reason(error))) from error
    finally:
        pdf.close()


def _open(data: bytes) -> PdfDocument:
    import pypdfium2 as pdfium
    import pypdfium2.raw as c

    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) in (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY):
            raise UnreadableFile(reason("encrypted")) from error
        raise UnreadableFile(BY_KIND["pdf"].damaged(_reason(error))) from error
    if len(pdf) == 0:
        pdf.close()
        raise UnreadableFile(BY_KIND["pdf"].damaged("it has no pages"))
    if pdf.get_formtype() != c.FORMTYPE_NONE:
        pdf.init_forms()
    return pdf


def _reason(error: Exception) -> str:
    return str(error).removeprefix("Failed to load document (PDFium: ").rstrip(".)").splitlines()[0].lower()


@contextmanager
def _page(pdf: PdfDocument, index: int) -> Iterator[PdfPage]:
    page = pdf[index]
    if pdf.formenv:
        # What was filled into a form lies above the page; PDFium reads it only once it is part of the page.
        page.flatten()
        page.close()
        page = pdf[index]
    try:
        yield page
    finally:
        page.close()


def _content(pdf: PdfDocument, index: int, pages: Pages) -> _Content:
    with _page(pdf, index) as page:
        textpage = page.get_textpage()
        try:
            lines = list(_lines(_characters(textpage), to_box(page)))
        finally:
            textpage.close()
        content = _Content(lines, images(page))
        if _is_scan(page, content):
            content.recognised = pages.begin(rendered(page))
            if content.recognised is None:
                raise UnreadableFile(reason("scanned", page=index, pages=len(pdf), seconds=budget().seconds))
        return content


def _is_scan(page: PdfPage, content: _Content) -> bool:
    letters = _letters(content.lines)
    if not letters:
        return bool(content.shown) or has_drawings(page)
    return letters < _FEW_LETTERS and sum(area(one.box) for one in content.shown) > _SCAN


def _letters(lines: Iterable[Line]) -> int:
    return sum(character.isalnum() for line in lines for character in line.text)


def _take_pictures(pdf: PdfDocument, index: int, content: _Content, gallery: Gallery) -> None:
    """Takes what is a picture on the page rather than the page itself, or the paper that its text stands on."""
    largest = _BACKGROUND if _letters(content.lines) >= _FEW_LETTERS else _WHOLE
    if content.recognised:
        content.lines = content.recognised.result() or content.lines
        largest = _SCAN if _letters(content.lines) >= _FULL_PAGE else _WHOLE
    wanted = [one for one in content.shown if area(one.box) <= largest]
    if not wanted:
        return
    with _page(pdf, index) as page, gallery.words(wanted=content.recognised is None):
        for one in wanted:
            if mark := gallery.mark_image(partial(cropped, page, one.box), one.identity, one.box):
                content.pictures.append((mark, one.box))


@dataclass(frozen=True, slots=True)
class _Character:
    """A character and its box in points from the page's lower left corner; white space has no box worth measuring."""

    text: str
    left: float = 0.0
    bottom: float = 0.0
    right: float = 0.0
    height: float = 0.0


def _characters(textpage: PdfTextPage) -> Iterator[_Character]:
    import pypdfium2.raw as c

    handle, box = textpage.raw, c.FS_RECTF()
    pointer = ctypes.byref(box)
    for position in range(textpage.count_chars()):
        text = chr(c.FPDFText_GetUnicode(handle, position))
        if text.isspace() or text in _BREAKS or not c.FPDFText_GetLooseCharBox(handle, position, pointer):
            yield _Character(text)
        else:
            yield _Character(text, box.left, box.bottom, box.right, box.top - box.bottom)


def _lines(characters: Iterable[_Character], place: ToBox) -> Iterator[Line]:
    """Cut at PDFium's line ends, in the order of the file; a line broken within a word keeps the mark of that."""
    run: list[_Character] = []
    for character in characters:
        if character.text not in _BREAKS:
            run.append(character)
            continue
        if any(one.height > 0 for one in run):
            yield _line(run, character.text if character.text in HYPHENS else "", place)
        run = []
    if any(one.height > 0 for one in run):
        yield _line(run, "", place)


def _line(run: Sequence[_Character], mark: str, place: ToBox) -> Line:
    inked = [one for one in run if one.height > 0]
    height = median_low(one.height for one in inked)
    left, right = min(one.left for one in inked), max(one.right for one in inked)
    bottom, top = min(one.bottom for one in inked), max(one.bottom + one.height for one in inked)
    return Line(
        text=clean(_paired(_with_cells(run, height))) + mark,
        left=left,
        right=right,
        bottom=median_low(one.bottom for one in inked),
        height=height,
        box=place(left, bottom, right, top),
    )


def _with_cells(run: Sequence[_Character], height: float) -> str:
    """The characters in a row, with a mark where so much white lies between two words that they are two cells."""
    text, before = "", None
    for one in run:
        if one.height > 0:
            if before and (gap := (one.left - before.right) / height) > CELL_GAP:
                text = text.rstrip() + between(text, gap)
            before = one
        text += one.text
    return text


def _paired(text: str) -> str:
    """PDFium hands characters beyond the basic plane over as two surrogates."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
