"""Tables: Excel workbooks, a page per sheet, and CSV files.

The first row becomes a heading where it names the columns, so that each passage of a long table carries their names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from index.read.archive import check_document
from index.read.clean import CELL, HEADING_LENGTH, clean, heading, not_headings, one_line, title_or
from index.read.decode import decode
from index.types import Page, ReadDocument

_DELIMITERS = ",;\t|"
_ROWS_TO_TELL = 30
_LONGEST_CELL = 1_000_000


def read_xlsx(data: bytes, name: str) -> ReadDocument:
    """Read a workbook: what its cells show, sheet by sheet; the title is the one in its properties, else its name.

    Raises:
        UnreadableFile: It unpacks to more than a workbook could need.
    """
    import openpyxl  # type: ignore[import-untyped]

    check_document(data)
    workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        visible = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        pages = [
            Page(number, _sheet(sheet.title, _cells(sheet)))
            for number, sheet in enumerate(visible or workbook.worksheets, 1)
        ]
        title = workbook.properties.title or ""
    finally:
        workbook.close()
    return ReadDocument(title_or(title, name), "xlsx", tuple(pages))


def read_csv(data: bytes, name: str) -> ReadDocument:
    """Read comma, semicolon or tab separated values in any encoding."""
    csv.field_size_limit(_LONGEST_CELL)
    text = decode(data).replace("\x00", "")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    return ReadDocument(name, "csv", (Page(None, _sheet("", rows)),))


def _sheet(title: str, rows: Iterable[Sequence[str]]) -> str:
    lines = [heading(1, title)] if title.strip() else []
    for number, row in enumerate(_tidy(rows)):
        line = CELL.join(row).rstrip(" |")
        names_columns = number == 0 and len(row) > 1 and all(_is_name(cell) for cell in row)
        lines.append(f"{heading(2, line)}\n" if names_columns and len(line) <= HEADING_LENGTH else not_headings(line))
    return clean("\n".join(lines))


def _tidy(rows: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    """Rows with something in them, each cell on one line."""
    for row in rows:
        cells = [one_line(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield cells


def _is_name(cell: str) -> bool:
    return bool(cell) and not any(character.isdecimal() for character in cell[:1]) and cell[:1] not in "+-#"


def _cells(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # what a file says of its size may be wrong by a million rows
    for row in sheet.iter_rows():
        yield [_shown(cell) for cell in row]


def _shown(cell: Any) -> str:
    """About what Excel shows: dates without a midnight, shares as per cent, numbers without the noise of binary."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time | timedelta):
        return str(value)
    if isinstance(value, int | float):
        return f"{value * 100:.10g}%" if "%" in (cell.number_format or "") else f"{value:.15g}"
    return str(value)


def _delimiter(text: str) -> str:
    """The one that cuts the first rows into the most cells, the same number in each."""

    def evenness(delimiter: str) -> tuple[int, int]:
        found = [
            len(row) for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _ROWS_TO_TELL)
        ]
        usual = max(set(found), key=found.count, default=1)
        return (found.count(usual) if usual > 1 else 0, usual)

    return max(_DELIMITERS, key=evenness)
