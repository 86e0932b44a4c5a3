"""Rows that cannot be read become error rows with their lines, and those around them are read."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from assistant.batch.rows import Row, rows
from assistant.batch.source import read
from assistant.errors import BatchError


def found(path: Path, content: str | bytes) -> list[Row]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(rows(read(path)))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.batch.source.MAX_LINE", 100)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("x" * 5000, 3),
        (f'"{"x" * 5000}"', 3),
        ('"' + 'yes, ""no""\n' * 300 + '"', 303),
        ('"' + "x," * 60 + "\r\n" + 'z""' * 99 + '"', 4),
    ],
)
def test_a_row_of_a_table_that_is_too_long_ends_where_it_would_have(tmp_path: Path, cell: str, line: int) -> None:
    table = f'id,question,note\n1,first?,a\n2,{cell},"b, c"\n3,"third, ""too""?",d\n'
    first, long, third = found(tmp_path / "x.csv", table)
    assert (first.id, first.question, third.id, third.question) == (1, "first?", 3, 'third, "too"?')
    assert long.error == f"line {line} ends a row that is longer than 0 MB"


def test_a_row_of_a_table_that_is_no_utf8_is_the_only_one_that_is_lost(tmp_path: Path) -> None:
    table = "id,question\n1,Was?\n2,Wie spät?\n3,Wo?\n".encode("cp1252")
    assert [(row.id, row.error) for row in found(tmp_path / "x.csv", table)] == [
        (1, ""), ("line 3", "line 3 is not encoded in UTF-8"), (3, ""),
    ]  # fmt: skip


def test_a_quote_that_is_not_closed_is_told(tmp_path: Path) -> None:
    first, second = found(tmp_path / "x.csv", 'id,question\n1,a?\n2,"b?\n3,c?\n')
    assert (first.question, second.error) == ("a?", "line 4 ends a row with a quote that is not closed")


def test_numbers_that_are_too_long_are_texts(tmp_path: Path) -> None:
    digits = "9" * 5000
    one, other = found(tmp_path / "x.csv", f"id,question,seed\n{digits},a?,\n2,b?,{digits}\n")
    assert (one.id, one.question) == (digits, "a?")
    assert "seed must be a whole number" in other.error


def test_what_json_cannot_hold_is_told_or_replaced(tmp_path: Path) -> None:
    lines = '{"id": 1, "question": "a\\ud800?", "note": "\\ud83d\\ude00"}\n{"id": 2, "question": "b?", "note": NaN}\n'
    lines += '{"id": true, "question": "c?"}\n'
    half, constant, truth = found(tmp_path / "x.jsonl", lines)
    assert (half.question, half.extra) == ("a??", {"note": "\U0001f600"})
    assert constant.error == "line 2 is not valid JSON: NaN is no number of JSON"
    assert truth.error == "line 3: id must be a text or a whole number"


def test_values_of_parquet_come_back_as_json_has_them(tmp_path: Path) -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
    table = {"id": [1.0, None], "question": ["a?", "b?"], "when": [when] * 2, "price": [Decimal("1.50")] * 2}
    pd.DataFrame({**table, "data": [b"\xff"] * 2, "many": [[1.5, None]] * 2}).to_parquet(tmp_path / "x.parquet")
    first, second = rows(read(tmp_path / "x.parquet"))
    assert (first.id, second.id) == (1, 2)
    assert first.extra == {
        "when": "2026-01-02T03:04:00+00:00", "price": "1.50", "data": "/w==", "many": [1.5, None],
    }  # fmt: skip
    pd.DataFrame({"text": ["a"]}).to_parquet(tmp_path / "y.parquet")
    with pytest.raises(BatchError, match="no column 'question'"):
        list(read(tmp_path / "y.parquet"))
