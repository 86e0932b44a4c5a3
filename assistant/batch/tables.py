"""Reads the tables of a batch: CSV and Parquet."""

from __future__ import annotations

import base64
import csv
import datetime
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from assistant.errors import BatchError

# A row's number, its columns, and why it cannot be read.
Found = tuple[int, dict[str, Any], str]
NO_PARQUET = "Parquet files need pyarrow: pip install 'assistant[parquet]', or give JSONL or CSV."
NO_QUESTION = "The table has no column 'question'; name the column with the questions so."
# What stands between cells; another sign is what a table of a single column mostly comes of.
CELLS = {
    ",": "Between its cells there have to be commas; with semicolons or tabs it is another kind of file.",
    "\t": "Between its cells there have to be tabs, as its name ends in .tsv.",
}
# Bytes that are no UTF-8 come as these.
UNDECODED = re.compile("[\udc80-\udcff]")
# Python turns no longer text into a number, and nobody counts so far.
MOST_DIGITS = 19
# An id that is a number; 007 is a text, which 7 must not be taken for.
WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")
# The columns that say what is asked; where they are empty nothing is said.
ASKING = ("id", "question", "library", "files", "tools", "engine", "seed")


def table(file: Path, delimiter: str, longest: int) -> Iterator[Found]:
    """Yields the rows of a CSV file by the numbers of their last lines.

    Args:
        file: Which.
        delimiter: What stands between cells.
        longest: How many characters a row may have.

    Raises:
        BatchError: It has no column for questions, or cannot be read further.
        OSError: It cannot be read.
    """
    csv.field_size_limit(sys.maxsize)  # `_Lines` limits rows
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        lines = _Lines(text, delimiter, longest)
        reader = csv.DictReader(lines, delimiter=delimiter, restkey="", restval="")
        try:
            names = reader.fieldnames or ()
            if any(map(UNDECODED.search, names)):
                raise BatchError(f"{file} is not encoded in UTF-8; save it as UTF-8.")
            if names and "question" not in names:
                raise BatchError(NO_QUESTION if len(names) > 1 else f"{NO_QUESTION} {CELLS[delimiter]}")
            lines.begin()
            for row in reader:
                yield _read(row, reader.line_num, lines)
                lines.begin()
        except csv.Error as error:
            raise BatchError(f"Line {reader.line_num} of the table cannot be read: {error}.") from error


def _read(row: dict[str, Any], number: int, lines: _Lines) -> Found:
    if lines.unclosed:
        return number, {}, "ends a row with a quote that is not closed"
    if lines.too_long:
        return number, {}, f"ends a row that is longer than {lines.longest // 1_000_000} MB"
    extra = row.pop("", None)
    value: dict[str, Any] = {key: cell for key, cell in row.items() if cell != "" or key not in ASKING}
    if any(UNDECODED.search(cell) for cell in value.values()):
        return number, {}, "is not encoded in UTF-8"
    identity = str(value.get("id", ""))
    if WHOLE.fullmatch(identity):
        value["id"] = int(identity)
    return number, value, "has more cells than the table has columns" if extra else ""


class _Lines:
    """The lines of a table, in which a row that is too long is thinned, so that it takes no memory.

    Of what lies between quotes, delimiters and line ends one character is left; the row then ends where it would have.

    Attributes:
        unclosed: Whether the file ended within a row, which a quote alone can bring about.

    Args:
        text: The file.
        delimiter: What stands between cells.
        longest: How many characters a row may have.
    """

    def __init__(self, text: IO[str], delimiter: str, longest: int) -> None:
        self.longest = longest
        self._text, self._filling = text, re.compile(rf'[^"\r\n{re.escape(delimiter)}]+')
        self._size = 0
        self.unclosed = False

    def begin(self) -> None:
        """Says that the next line begins a row."""
        self._size = 0

    @property
    def too_long(self) -> bool:
        """Whether the row that was read last was."""
        return self._size > self.longest

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._piece()
        if not line:
            self.unclosed = self._size > 0
            raise StopIteration
        if self.too_long:
            pieces = [self._filling.sub("x", line)]
            while line and not line.endswith(("\n", "\r")):
                line = self._piece()
                pieces.append(self._filling.sub("x", line))
            return "".join(pieces)
        return line

    def _piece(self) -> str:
        piece = self._text.readline(self.longest + 1)
        self._size += len(piece)
        return piece


def parquet(file: Path) -> Iterator[Found]:
    """Yields the rows of a Parquet file by their numbers.

    Raises:
        BatchError: It is none, or has no column for questions.
        OSError: It cannot be read.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise BatchError(NO_PARQUET) from None
    number = 0
    try:
        with ParquetFile(file) as opened:
            if "question" not in opened.schema_arrow.names:
                raise BatchError(NO_QUESTION)
            for batch in opened.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    given = {key: _plain(value) for key, value in row.items()}
                    yield number, {key: one for key, one in given.items() if one is not None or key not in ASKING}, ""
    except UnicodeDecodeError as error:
        raise BatchError(f"{file} holds text behind row {number} that is not encoded in UTF-8.") from error
    except ArrowException as error:
        told = " ".join(str(error).split())[:200]
        line = f"{file} cannot be read behind row {number}" if number else f"{file} is no Parquet file"
        raise BatchError(f"{line}: {told}") from error


def _plain(value: Any) -> Any:
    """Returns a value as JSON can hold it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return _written(value)


def _written(value: Any) -> str:
    if isinstance(value, datetime.date | datetime.time):  # of which a time of a day is one
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
