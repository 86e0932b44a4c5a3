"""Presentations, workbooks and tables."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import openpyxl
import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Emu

from index.errors import UnreadableFile
from index.read import read
from index.types import Box
from tests.index.read.files import picture, zipped

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    made = pptx.Presentation()
    made.slide_width, made.slide_height = Emu(10_000_000), Emu(10_000_000)
    layout = made.slide_layouts[5]
    first = made.slides.add_slide(layout)
    first.shapes.title.text = "Tea"
    group = first.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 10, 10).text_frame.text = "In a group.\n# no heading"
    first.notes_slide.notes_text_frame.text = "Say it slowly."
    shown = first.shapes.add_picture(io.BytesIO(picture()), 1_000_000, 2_000_000, 5_000_000, 4_000_000)
    shown._element.nvPicPr.cNvPr.set("descr", "Harvest by year")
    hidden = made.slides.add_slide(layout)
    hidden.shapes.title.text = "Hidden"
    hidden.element.set("show", "0")
    third = made.slides.add_slide(layout)
    table = third.shapes.add_table(2, 2, 0, 0, 10, 10).table
    for place, text in enumerate(("Year", "Tons", "2024", "7")):
        table.cell(place // 2, place % 2).text = text
    data = CategoryChartData()
    data.categories = ["2024", "2025"]
    data.add_series("Green", (1.5, None))
    third.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, 10, 10, data)
    made.save(tmp_path / "a.pptx")
    return tmp_path / "a.pptx"


def test_slides(deck: Path) -> None:
    document = read(deck)
    assert (document.title, document.kind) == ("Tea", "pptx")
    first, third = document.pages
    assert first.text == "# Tea\n\nIn a group.\n # no heading\n\n[Picture: Harvest by year]\n\nSay it slowly."
    assert third.text == "Year | Tons\n2024 | 7\n\n | Green\n2024 | 1.5\n2025 |"
    [found] = document.pictures
    assert first.text[found.start : found.end] == "[Picture: Harvest by year]"
    assert (found.page, found.width, found.height, found.media_type) == (0, 160, 120, "image/png")
    assert found.box == Box(0.1, 0.2, 0.6, 0.6)
    assert found.data == picture()


def test_a_workbook_shows_what_excel_shows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Harvest"
    sheet.append(["Day", "Tons", "Share", "Done"])
    sheet.append([datetime.datetime(2026, 3, 1), 0.1 + 0.2, 0.25, True])
    sheet["C2"].number_format = "0%"
    sheet.append(["# total", 12, None, None])
    book.create_sheet("Secret").sheet_state = "hidden"
    book["Secret"].append(["no", "one"])
    book.create_sheet("Last")["B3"] = "alone"
    book.save(tmp_path / "a.xlsx")
    document = read(tmp_path / "a.xlsx")
    assert [page.number for page in document.pages] == [1, 2]
    assert document.pages[0].text == (
        "# Harvest\n## Day | Tons | Share | Done\n\n2026-03-01 | 0.3 | 25% | TRUE\n # total | 12"
    )
    assert document.pages[1].text == "# Last\n | alone"


def test_a_real_workbook() -> None:
    document = read(FIXTURES / "workbook.xlsx")
    assert "## Alpha | Beta | Gamma | Delta\n\n89 | 82 | 100 | 12\n" in document.pages[0].text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ('Name,City\n"Doe, Jane",Köln\n', "utf-8"),
        ("Name;City\nDoe, Jane;Köln\n", "latin-1"),
        ("Name\tCity\nDoe, Jane\tKöln\n", "utf-16"),
        ('Name|City\n"Doe, \nJane"|Köln\n', "utf-8-sig"),
    ],
)
def test_tables_with_any_delimiter(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert read(tmp_path / "a.csv").pages[0].text == "## Name | City\n\nDoe, Jane | Köln"


def test_numbers_are_no_headings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    assert read(tmp_path / "a.csv").pages[0].text == "1 | 2\n3 | 4"


@pytest.mark.parametrize("suffix", ["pptx", "xlsx"])
def test_damaged(tmp_path: Path, suffix: str, deck: Path) -> None:
    path = tmp_path / f"b.{suffix}"
    source = deck if suffix == "pptx" else FIXTURES / "workbook.xlsx"
    for data in (source.read_bytes()[:5000], zipped({"a.xml": "<a/>"}), b"Just words."):
        path.write_bytes(data)
        with pytest.raises(UnreadableFile, match="is damaged or is no"):
            read(path)


def test_other_office_files_are_told_apart(tmp_path: Path) -> None:
    for name, data, reason in (
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "open it in Excel and save it as .xlsx"),
        ("a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is an Outlook message"),
        ("a.odt", zipped({"mimetype": "application/vnd.oasis", "content.xml": "<a/>"}), "is an OpenDocument file"),
        ("a.xlsb", zipped({"xl/workbook.bin": b""}), "is a binary Excel workbook"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnreadableFile, match=reason):
            read(tmp_path / name)
