"""Pictures inside documents are found by the text around them, with their page, in each format that has them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest
import reportlab.pdfgen.canvas
from pptx.util import Inches
from reportlab.lib.utils import ImageReader

from index.library import Library
from tests.index.read.files import picture, zipped
from tests.index.read.test_epub import BOOK

BEFORE = "The old harbour crane lifted whole barges out of the water."
AFTER = "It was pulled down in the summer of 1931."


def pdf(path: Path) -> int:
    canvas = reportlab.pdfgen.canvas.Canvas(str(path), pagesize=(600, 800))
    canvas.drawString(50, 700, "A page without a picture.")
    canvas.showPage()
    canvas.drawString(50, 700, BEFORE)
    canvas.drawImage(ImageReader(io.BytesIO(picture(size=(320, 240)))), 100, 400, 320, 240)
    canvas.drawString(50, 300, AFTER)
    canvas.save()
    return 2


def word(path: Path) -> None:
    document = docx.Document()
    document.add_paragraph(BEFORE)
    document.add_picture(io.BytesIO(picture()))
    document.add_paragraph(AFTER)
    document.save(str(path))


def slides(path: Path) -> int:
    presentation = pptx.Presentation()
    for words in ("A slide without a picture.", BEFORE):
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        slide.shapes.add_textbox(Inches(1), Inches(1), Inches(6), Inches(1)).text_frame.text = words
    slide.shapes.add_picture(io.BytesIO(picture()), Inches(2), Inches(3), Inches(4), Inches(3))
    presentation.save(str(path))
    return 2


def page(path: Path) -> None:
    inline = base64.b64encode(picture()).decode()
    path.write_text(f'<p>{BEFORE}</p><img src="data:image/png;base64,{inline}"><p>{AFTER}</p>')


def book(path: Path) -> int:
    parts = {
        name: data.replace(b"Leaves.", BEFORE.encode()) if isinstance(data, bytes) else data.replace("Leaves.", BEFORE)
        for name, data in BOOK.items()
    }
    path.write_bytes(zipped(parts))
    return 1


@pytest.mark.parametrize(
    ("name", "write"), [("a.pdf", pdf), ("a.docx", word), ("a.pptx", slides), ("a.html", page), ("a.epub", book)]
)
def test_the_text_around_finds_it(library: Library, tmp_path: Path, name: str, write: Callable[[Path], int | None]):
    number = write(tmp_path / name)
    [outcome] = library.add([tmp_path / name])
    assert outcome.status == "added", outcome.reason
    [hit, *_] = library.search("the crane of the old harbour", pictures=True)
    [found] = hit.pictures
    assert (found.document, found.page) == (outcome.document.id, number)
    assert BEFORE in hit.passage.text
    assert library.picture_data(found.id)
    assert (found.box is not None) is (name in ("a.pdf", "a.pptx"))
    assert library.verify() == []
