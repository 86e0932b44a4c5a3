"""PDF, through pypdfium2: one page at a time, each as paragraphs rather than as printed lines."""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING

from index.errors import UnreadableFile
from index.read.clean import clean, title_or
from index.read.pdf_paragraphs import CELL_GAP, HYPHENS, Line, between, page_texts
from index.types import Page, ReadDocument

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfTextPage

# PDFium keeps global state and may be called by one thread at a time.
_PDFIUM = threading.Lock()
_ENCRYPTED = "is encrypted and opens only with a password; save a copy without the password and add that"
_CORRUPT = "is damaged or is no PDF ({reason}); open it in a viewer and save it again"
_SCANNED = (
    "is scanned: {pages} only pictures, without a text layer; run text recognition (OCR) on it and add the result"
)
_BREAKS = frozenset("\r\n") | HYPHENS
_JUNK_TITLE = re.compile(
    r"""^(?: untitled.* | microsoft\ word\ -\ .* | .*\.(?:docx?|tex|dvi|odt|pdf|indd|html?) | title | document\d*
    | \(?(?:anonymous|unspecified|none)\)? | [\W\d_]* )$""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADINGS = tuple(re.compile(rf"^{mark} (?P<title>.*\w.*)$", re.MULTILINE) for mark in ("##?", "###"))
_EMPTY_LAST_CELL = re.compile(r"[ |]+$", re.MULTILINE)


def read_pdf(data: bytes, name: str) -> ReadDocument:
    """Read a PDF; the title is the one in its properties, else the largest heading of page 1, else the file's name.

    Raises:
        UnreadableFile: It needs a password, is damaged, or has no text layer.
    """
    with _PDFIUM:
        title, lines = _extract(data)
    texts = [_EMPTY_LAST_CELL.sub("", clean(text)) for text in page_texts(lines)]
    if not any(texts):
        raise UnreadableFile(
            _SCANNED.format(pages="its one page holds" if len(texts) == 1 else f"its {len(texts)} pages hold")
        )
    pages = tuple(Page(number, text) for number, text in enumerate(texts, start=1))
    title = _largest_heading(texts[0]) if _JUNK_TITLE.match(title) else title
    return ReadDocument(title=title_or(title, name), kind="pdf", pages=pages)


def _largest_heading(text: str) -> str:
    found = (heading.search(text) for heading in _HEADINGS)
    return next((match["title"] for match in found if match), "")


def _extract(data: bytes) -> tuple[str, list[list[Line]]]:
    import pypdfium2 as pdfium

    pdf = _open(data)
    try:
        return clean(pdf.get_metadata_value("Title")), [_page_lines(pdf, index) for index in range(len(pdf))]
    except pdfium.PdfiumError as error:
        raise UnreadableFile(_CORRUPT.format(reason=_reason(error))) from error
    finally:
        pdf.close()


def _open(data: bytes) -> PdfDocument:
    import pypdfium2 as pdfium
    import pypdfium2.raw as c

    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) in (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY):
            raise UnreadableFile(_ENCRYPTED) from error
        raise UnreadableFile(_CORRUPT.format(reason=_reason(error))) from error
    if len(pdf) == 0:
        pdf.close()
        raise UnreadableFile(_CORRUPT.format(reason="it has no pages"))
    if pdf.get_formtype() != c.FORMTYPE_NONE:
        pdf.init_forms()
    return pdf


def _reason(error: Exception) -> str:
    return str(error).removeprefix("Failed to load document (PDFium: ").rstrip(".)").splitlines()[0].lower()


def _page_lines(pdf: PdfDocument, index: int) -> list[Line]:
    page = pdf[index]
    if pdf.formenv:
        # What was filled into a form lies above the page; PDFium reads it only once it is part of the page.
        page.flatten()
        page.close()
        page = pdf[index]
    textpage = page.get_textpage()
    try:
        return list(_lines(_characters(textpage)))
    finally:
        textpage.close()
        page.close()


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


def _lines(characters: Iterable[_Character]) -> Iterator[Line]:
    """Cut at PDFium's line ends, in the order of the file; a line broken within a word keeps the mark of that."""
    run: list[_Character] = []
    for character in characters:
        if character.text not in _BREAKS:
            run.append(character)
            continue
        if any(one.height > 0 for one in run):
            yield _line(run, character.text if character.text in HYPHENS else "")
        run = []
    if any(one.height > 0 for one in run):
        yield _line(run, "")


def _line(run: Sequence[_Character], mark: str) -> Line:
    inked = [one for one in run if one.height > 0]
    height = median_low(one.height for one in inked)
    return Line(
        text=_paired(_with_cells(run, height)) + mark,
        left=min(one.left for one in inked),
        right=max(one.right for one in inked),
        bottom=median_low(one.bottom for one in inked),
        height=height,
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
