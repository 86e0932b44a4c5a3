"""Columns come back whatever they are called, and a batch's output can be the next one's input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assistant.batch import Options, run
from assistant.batch.rows import rows
from assistant.batch.source import read
from assistant.settings import Settings
from tests.assistant.batch.rows_of import by_id, written
from tests.replies import Text
from tests.scripted_server import ScriptedServer


async def test_columns_with_the_names_of_results_are_told_from_these(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Text("Hello there to you."))
    given = {"error": ["x"], "answer": "mine", "usage": 3, "input_answer": "older", "note": None, "input_note": 1}
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    written(source, {"id": 1, "question": "a?", **given}, {"id": 2, **given}, {"id": 3, "question": "a?", "tools": 1})
    summary = await run(served, source, output, Options())
    good, bad, third = (by_id(output)[n] for n in (1, 2, 3))
    assert summary.errors == 2
    assert "error" not in good
    assert (good["answer"], good["note"], good["input_note"]) == ("Hello there to you.", None, 1)
    assert "answer" not in bad
    assert bad["error_kind"] == "BatchError"
    assert third["question"] == "a?"
    for row in (good, bad):
        assert (row["input_error"], row["input_answer"], row["input_input_answer"]) == (["x"], "mine", "older")


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
async def test_an_output_can_be_the_next_input(
    served: Settings, model_server: ScriptedServer, tmp_path: Path, kind: str
) -> None:
    model_server.always(Text("Hello there to you."))
    source = written(tmp_path / "in.jsonl", {"id": 1, "question": "a?", "tools": ["calculator"], "engine": "builtin"})
    first, second = tmp_path / f"first.{kind}", tmp_path / "second.jsonl"
    await run(served, source, first, Options())
    summary = await run(served, first, second, Options())
    assert (summary.written, summary.errors) == (1, 0)
    row = by_id(second)[1]
    assert row["engine"].startswith("scripted")
    assert row["input_engine"].startswith("built-in engine")
    assert row["tools"] == (["calculator"] if kind == "jsonl" else '["calculator"]')
    assert "conversation" not in row
    assert model_server.requests[0].tools == ["calculator"]


async def test_error_rows_tell_as_much_as_others(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Text(""))
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    lines: list[dict[str, Any]] = [
        {"id": 1, "question": "a?", "note": "x"},
        {"id": 1, "question": "b?", "note": "y"},
        {"id": [2], "note": "z"},
    ]
    written(source, *lines)
    await run(served, source, output, Options(1))
    failed, again, odd = by_id(output).values()
    assert failed.keys() >= {"error", "error_kind", "seconds", "usage", "engine", "seed", "note"}
    assert (again["id"], again["input_id"], again["question"], again["note"]) == ("line 2", 1, "b?", "y")
    assert (odd["id"], odd["input_id"], odd["note"]) == ("line 3", [2], "z")


def test_tables_keep_ids_and_empty_cells(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,question,tools,seed,note\n007,a?,,,\n7,b?,,,x\n0,c?,,,\n-1,d?,,,\n")
    pd.DataFrame({"question": ["e?"], "note": [None], "tools": [None]}).to_parquet(tmp_path / "b.parquet")
    found = list(rows(read(tmp_path)))
    assert [row.id for row in found] == ["007", 7, 0, "-1", "b.parquet:1"]
    assert [row.extra["note"] for row in found] == ["", "x", "", "", None]
    assert {(row.tools, row.seed, row.error) for row in found} == {(None, None, "")}
