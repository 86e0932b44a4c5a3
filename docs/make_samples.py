"""Make the PDF and the Word document of the sample library from their texts in docs/samples.

    pip install reportlab && python docs/make_samples.py

The same texts always give the same PDF, byte for byte; the Word file differs in nothing but its packing.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

import docx
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

SOURCES = Path(__file__).parent / "samples"
SAMPLES = Path(__file__).parent.parent / "assistant" / "samples" / "documents"
MADE = datetime.datetime(2026, 1, 15, tzinfo=datetime.UTC)
BLOCKS = (
    ("title", re.compile(r"# (?P<text>.+)")),
    ("heading", re.compile(r"## (?P<text>.+)")),
    ("bullet", re.compile(r"- (?P<text>.+)")),
    ("number", re.compile(r"\d+\. (?P<text>.+)")),
    ("row", re.compile(r"\| (?P<text>.+) \|")),
    ("note", re.compile(r"\*(?P<text>.+)\*")),
    ("paragraph", re.compile(r"(?P<text>[^|\s].*)")),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a source: what it is and its words."""

    kind: str
    text: str


def blocks(source: Path) -> list[Block]:
    """Read a text in the small part of Markdown that the samples need."""
    return [block for line in source.read_text("utf-8").splitlines() if (block := _block(line))]


def _block(line: str) -> Block | None:
    for kind, pattern in BLOCKS:
        if match := pattern.fullmatch(line):
            return Block(kind, match["text"])
    return None


def make_pdf(source: Path, target: Path) -> None:
    """Set the text on numbered A4 pages."""
    content = blocks(source)
    title = next(block.text for block in content if block.kind == "title")
    document = SimpleDocTemplate(
        str(target), pagesize=A4, title=title, author="The authors of Assistant", invariant=1,
        leftMargin=28 * mm, rightMargin=28 * mm, topMargin=25 * mm, bottomMargin=25 * mm,
    )  # fmt: skip
    flow = [flowable for kind, group in groupby(content, key=lambda b: b.kind) for flowable in _flow(kind, list(group))]
    document.build(flow, onFirstPage=_page_number, onLaterPages=_page_number)


def _page_number(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont("Helvetica", 9)
    canvas.drawCentredString(A4[0] / 2, 14 * mm, str(document.page))


def _flow(kind: str, group: list[Block]) -> list[Flowable]:
    styles = getSampleStyleSheet()
    body = styles["BodyText"]
    body.fontSize, body.leading, body.spaceAfter = 11, 15, 6
    styles["Heading2"].keepWithNext = 1
    if kind == "row":
        table = Table(
            [block.text.split(" | ") for block in group], hAlign="LEFT", colWidths=(42 * mm, 36 * mm, 32 * mm, 42 * mm)
        )
        table.setStyle([("FONTSIZE", (0, 0), (-1, -1), 10), ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black)])
        return [table, Spacer(1, 4 * mm)]
    style = {"title": styles["Title"], "heading": styles["Heading2"], "note": styles["Italic"]}.get(kind, body)
    return [Paragraph(escape(block.text), style) for block in group]


def make_docx(source: Path, target: Path) -> None:
    """Write the text with Word's own styles, so that its headings, lists and tables are real ones."""
    document = docx.Document()
    content = blocks(source)
    properties = document.core_properties
    properties.title = next(block.text for block in content if block.kind == "title")
    properties.author, properties.comments = "The authors of Assistant", ""
    properties.created = properties.modified = MADE
    writers: dict[str, Callable[[str], object]] = {
        "title": lambda text: document.add_heading(text, 0),
        "heading": lambda text: document.add_heading(text, 1),
        "bullet": lambda text: document.add_paragraph(text, style="List Bullet"),
        "number": lambda text: document.add_paragraph(text, style="List Number"),
        "note": lambda text: document.add_paragraph().add_run(text).__setattr__("italic", True),
        "paragraph": document.add_paragraph,
    }
    for kind, group in groupby(content, key=lambda b: b.kind):
        if kind == "row":
            _add_table(document, [block.text.split(" | ") for block in group])
        else:
            for block in group:
                writers[kind](block.text)
    document.save(str(target))


def _add_table(document: docx.document.Document, rows: list[list[str]]) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


if __name__ == "__main__":
    make_pdf(SOURCES / "employee-handbook.md", SAMPLES / "employee-handbook.pdf")
    make_docx(SOURCES / "cottage-guide.md", SAMPLES / "cottage-guide.docx")
