"""Reads the input of a batch: JSONL, CSV or Parquet, from a file, a folder of them, or standard input."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import BatchError

STANDARD_INPUT = Path("-")
# Longer lines are no questions, and are not taken apart.
MAX_LINE = 10_000_000
KINDS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
# A row's number, its columns, and why it cannot be read.
_Found = tuple[int, dict[str, Any], str]
NO_PARQUET = "Parquet files need pyarrow: pip install 'assistant[parquet]', or give JSONL or CSV."


@dataclass(frozen=True, slots=True)
class Raw:
    """A row as it was read.

    Attributes:
        place: Where it stands, for people, such as ``line 3``; unique within the batch.
        number: Its number within the batch, from 1.
        value: Its columns; empty where there is an error.
        error: Why it cannot be read; empty where it can.
    """

    place: str
    number: int
    value: dict[str, Any]
    error: str = ""


def read(source: Path) -> Iterator[Raw]:
    """Yields the rows of a source.

    Args:
        source: A file, a folder, whose files are taken by name, or ``-``.

    Raises:
        BatchError: It cannot be read.
    """
    if source == STANDARD_INPUT:
        yield from _numbered(_json_lines(sys.stdin.buffer), 0, "line")
        return
    files = _files(source)
    first = 0
    for file in files:
        called = "row" if file.suffix.lower() == ".parquet" else "line"
        last = first
        for raw in _numbered(_of(file), first, f"{file.name}, {called}" if source.is_dir() else called):
            yield raw
            last = raw.number
        first = last


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    files = sorted(file for file in source.iterdir() if file.suffix.lower() in KINDS)
    if not files:
        raise BatchError(f"{source} holds no file that ends in {', '.join(KINDS)}; choose another input.")
    return files


def _numbered(rows: Iterable[_Found], first: int, called: str) -> Iterator[Raw]:
    for number, value, error in rows:
        place = f"{called} {number}"
        yield Raw(place, first + number, value, f"{place} {error}" if error else "")


def _of(file: Path) -> Iterator[_Found]:
    """Yields number, columns and error of each row of a file."""
    kind = file.suffix.lower()
    try:
        if kind == ".parquet":
            yield from _parquet(file)
        elif kind in (".csv", ".tsv"):
            with file.open(encoding="utf-8-sig", newline="") as text:
                yield from _csv(text, "\t" if kind == ".tsv" else ",")
        else:
            with file.open("rb") as lines:
                yield from _json_lines(lines)
    except OSError as error:
        raise BatchError(f"Cannot read {file}: {error.strerror or error}; check the path.") from error
    except UnicodeDecodeError as error:
        raise BatchError(f"{file} is not encoded in UTF-8; save it as UTF-8.") from error


def _json_lines(lines: io.BufferedIOBase | Any) -> Iterator[_Found]:
    number = 0
    while line := lines.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            while (rest := lines.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, {}, f"is longer than {MAX_LINE // 1_000_000} MB"
        elif line.strip():
            yield number, *_parsed(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _parsed(line: bytes) -> tuple[dict[str, Any], str]:
    """Returns a line's object, or an empty one and why it is none."""
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return {}, "is not encoded in UTF-8"
    except (ValueError, RecursionError) as error:
        return {}, f"is not valid JSON: {error}"
    if not isinstance(value, dict):
        return {}, 'must be an object such as {"id": 1, "question": "…"}'
    return value, ""


def _csv(text: Iterable[str], delimiter: str) -> Iterator[_Found]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.DictReader(text, delimiter=delimiter, restkey="", restval="")
    try:
        if "question" not in (reader.fieldnames or ()):
            raise BatchError("The table has no column 'question'; name the column with the questions so.")
        for row in reader:
            extra = row.pop("", None)
            error = "has more cells than the table has columns" if extra else ""
            value: dict[str, Any] = {key: cell for key, cell in row.items() if cell != ""}
            if str(value.get("id", "")).isdecimal():
                value["id"] = int(value["id"])
            yield reader.line_num, value, error
    except csv.Error as error:
        raise BatchError(f"Line {reader.line_num} of the table cannot be read: {error}.") from error


def _parquet(file: Path) -> Iterator[_Found]:
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise BatchError(NO_PARQUET) from None
    try:
        number = 0
        with ParquetFile(file) as table:
            for batch in table.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield number, {key: value for key, value in row.items() if value is not None}, ""
    except ArrowInvalid as error:
        raise BatchError(f"{file} is no Parquet file: {' '.join(str(error).split())[:200]}") from error
