"""Reads the input of a batch: JSONL, CSV or Parquet, from a file, a folder of them, or standard input."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.batch.tables import Found, parquet, table
from assistant.errors import BatchError

STANDARD_INPUT = Path("-")
# Longer lines are no questions, and are not taken apart.
MAX_LINE = 10_000_000
KINDS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
# What people have their questions in as well, and what would make an error of each line.
OTHERS = (".json", ".xlsx", ".xls", ".ods")
# How the rows beside a Parquet output end.
ROWS = ".parquet.rows.jsonl"
# A surrogate may stand in a line as its escape only.
HALF = re.compile(rb"\\u[dD][89a-fA-F]")
# How the encoding announces itself that is most often taken for UTF-8, in either order of bytes.
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Raw:
    """A row as it was read.

    Attributes:
        place: Where it stands, for people, such as ``line 3``; unique within the batch.
        number: Its number, from 1; of a folder's file with its name before it, so that other files shift nothing.
        value: Its columns; empty where there is an error.
        error: Why it cannot be read; empty where it can.
    """

    place: str
    number: int | str
    value: dict[str, Any]
    error: str = ""


def read(source: Path, leaving_out: Collection[Path] = ()) -> Iterator[Raw]:
    """Yields the rows of a source.

    Args:
        source: A file, a folder, whose files are taken by name, or ``-``.
        leaving_out: Files of a folder that are no input.

    Raises:
        BatchError: It cannot be read.
    """
    none = True
    for found, called, file in _parts(source, leaving_out):
        for number, value, error in found:
            none, place = False, f"{called} {number}"
            yield Raw(place, f"{file}:{number}" if file else number, value, f"{place} {error}" if error else "")
    if none:
        name = "Standard input" if source == STANDARD_INPUT else source
        raise BatchError(f'{name} holds no rows; a row is such as {{"id": 1, "question": "…"}}.')


def _parts(source: Path, leaving_out: Collection[Path]) -> Iterator[tuple[Iterator[Found], str, str]]:
    """Yields the rows of each file, what their numbers are called, and in a folder the file's name."""
    if source == STANDARD_INPUT:
        yield _json_lines(sys.stdin.buffer), "line", ""
        return
    for file in _files(source, leaving_out):
        called = "row" if file.suffix.lower() == ".parquet" else "line"
        yield (_of(file), f"{file.name}, {called}", file.name) if source.is_dir() else (_of(file), called, "")


def _files(source: Path, leaving_out: Collection[Path]) -> list[Path]:
    if source.suffix.lower() in OTHERS and source.is_file():
        raise BatchError(f"{source} is neither {', '.join(KINDS[:-1])} nor {KINDS[-1]}; make one of these of it.")
    if not source.is_dir():
        return [source]
    others = {file.resolve() for file in leaving_out}
    files = sorted(
        file
        for file in source.iterdir()
        if file.suffix.lower() in KINDS and not file.name.endswith(ROWS) and file.resolve() not in others
    )
    if not files:
        raise BatchError(f"{source} holds no file that ends in {', '.join(KINDS)}; choose another input.")
    return files


def _of(file: Path) -> Iterator[Found]:
    """Yields number, columns and error of each row of a file."""
    kind = file.suffix.lower()
    try:
        if kind == ".parquet":
            yield from parquet(file)
        elif kind in (".csv", ".tsv"):
            yield from table(file, "\t" if kind == ".tsv" else ",", MAX_LINE)
        else:
            with file.open("rb") as lines:
                yield from _json_lines(lines)
    except OSError as error:
        raise BatchError(f"Cannot read {file}: {error.strerror or error}; check the path.") from error


def _json_lines(lines: io.BufferedIOBase | Any) -> Iterator[Found]:
    number = 0
    while line := lines.readline(MAX_LINE + 1):
        number += 1
        if number == 1 and line.startswith(UTF_16):
            raise BatchError("The input is encoded in UTF-16; save it as UTF-8.")
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            while (rest := lines.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, {}, f"is longer than {MAX_LINE // 1_000_000} MB"
        elif line.strip():
            yield number, *_parsed(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _parsed(line: bytes) -> tuple[dict[str, Any], str]:
    """Returns a line's object, or an empty one and why it is none."""
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        return {}, "is not encoded in UTF-8"
    except (ValueError, RecursionError) as error:
        return {}, f"is not valid JSON: {error}"
    if not isinstance(value, dict):
        return {}, 'must be an object such as {"id": 1, "question": "…"}'
    return (whole(value) if HALF.search(line) else value), ""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def whole(value: dict[str, Any]) -> dict[str, Any]:
    """Returns a value without halves of pairs of surrogates, which can be written nowhere."""
    made: dict[str, Any] = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return made
