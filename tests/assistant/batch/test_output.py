"""What an output holds is judged before it is touched, belongs to one batch at a time, and to its own questions."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet
import pytest

from assistant.batch import Options, preview, run
from assistant.batch.columns import to_parquet
from assistant.batch.output import Output, lines_of, results
from assistant.errors import BatchError
from assistant.settings import Settings
from tests.assistant.batch.rows_of import by_id, written
from tests.replies import Text
from tests.scripted_server import ScriptedServer

ASKED = {"id": 1, "question": "a?"}


@pytest.fixture
def server(model_server: ScriptedServer) -> ScriptedServer:
    model_server.always(Text("Hello there to you."))
    return model_server


@pytest.mark.parametrize(
    "content",
    [
        b"my notes, without an end",
        b"my notes\nwithout an end",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b'{\n  "theme": "dark"\n}',
        b'{"id": 5, "note": "mine"}\n',
        b'{"id": 5, "note": "mine"}',
        b'{"id": true, "answer": "mine"}\n',
        b'[{"id": 5, "answer": "mine"}]\n',
        b'{"id": 5, "answer": "ours"}\nmine\n{"id": 6, "ans',
    ],
)
@pytest.mark.parametrize("name", ["notes.txt", "out.parquet.rows.jsonl"])
async def test_what_is_no_output_of_a_batch_stays_as_it_is(
    served: Settings, tmp_path: Path, content: bytes, name: str
) -> None:
    source, there = written(tmp_path / "in.jsonl", ASKED), tmp_path / name
    there.write_bytes(content)
    output = there.with_name(name.removesuffix(".rows.jsonl"))
    with pytest.raises(BatchError, match="is no batch result; choose another output"):
        preview(served, source, output, Options())
    with pytest.raises(BatchError, match="is no batch result; choose another output"):
        await run(served, source, output, Options(retry_errors=True))
    assert there.read_bytes() == content


async def test_a_table_that_no_batch_made_is_not_replaced(served: Settings, tmp_path: Path) -> None:
    source, there = written(tmp_path / "in.jsonl", ASKED), tmp_path / "mine.parquet"
    pd.DataFrame({"mine": [1]}).to_parquet(there)
    before = there.read_bytes()
    with pytest.raises(BatchError, match=r"is there, but not mine\.parquet\.rows\.jsonl"):
        await run(served, source, there, Options())
    assert there.read_bytes() == before
    assert not lines_of(there).exists()


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx", "-"])
def test_an_output_of_another_kind_is_refused(name: str) -> None:
    with pytest.raises(BatchError, match="The output is JSONL, or Parquet"):
        Output(Path(name))


async def test_a_dry_run_leaves_a_torn_line_where_it_is(served: Settings, tmp_path: Path) -> None:
    source, output = written(tmp_path / "in.jsonl", ASKED), tmp_path / "out.jsonl"
    output.write_text('{"id":0,"answer":"kept"}\n{"id":1,"ans')
    before = output.read_text()
    assert "1 rows, 0 of them already answered" in preview(served, source, output, Options())
    assert output.read_text() == before
    assert [row["id"] for row in results(output)] == [0]


async def test_other_questions_are_not_taken_for_answered(
    served: Settings, server: ScriptedServer, tmp_path: Path
) -> None:
    source, output = written(tmp_path / "in.jsonl", ASKED, {"id": 2, "question": "b?"}), tmp_path / "out.jsonl"
    await run(served, source, output, Options())
    before = output.read_text()
    written(source, ASKED, {"id": 2, "question": "b, or c?"}, {"id": 3, "question": "d?"})
    for act in (preview, run):
        with pytest.raises(BatchError, match=r"1 rows ask, first that of id 2 \(“b, or c\?”\).*--again"):
            done = act(served, source, output, Options())
            assert not isinstance(done, str)
            await done
    assert output.read_text() == before
    asked = len(server.requests)
    await run(served, source, output, Options(again=True, limit=1))
    assert output.read_text() == before  # what is not asked now is not thrown away
    assert (await run(served, source, output, Options(again=True))).written == 2
    assert len(server.requests) == asked + 2
    assert by_id(output)[2]["question"] == "b, or c?"
    written(source, {**ASKED, "tools": []})
    with pytest.raises(BatchError, match="--again"):
        await run(served, source, output, Options())
    # What earlier versions wrote is known by its question alone.
    written(output, {"id": 1, "question": "a?", "answer": "Yes."}, {"id": 2, "answer": "No."})
    assert (await run(served, source, output, Options())).skipped == 1


@pytest.mark.usefixtures("server")
async def test_only_errors_that_are_asked_for_are_asked_again(served: Settings, tmp_path: Path) -> None:
    source, output = written(tmp_path / "in.jsonl", *({"id": n, "question": "?"} for n in range(3))), tmp_path / "out"
    written(output, *({"id": n, "error": "broken"} for n in (0, 1, 7)))
    await run(served, source, output, Options(limit=1, retry_errors=True))
    assert {key: "error" in row for key, row in by_id(output).items()} == {0: False, 1: True, 7: True}


@pytest.mark.usefixtures("server")
async def test_an_output_in_the_folder_of_its_input_is_no_input(served: Settings, tmp_path: Path) -> None:
    written(tmp_path / "b.jsonl", {"question": "a?"}, {"id": "x", "question": "b?"})
    for name in ("out.jsonl", "out.parquet"):
        assert (await run(served, tmp_path, tmp_path / name, Options(limit=2))).written == 2
        assert (await run(served, tmp_path, tmp_path / name, Options(limit=2))).skipped == 2
    assert by_id(tmp_path / "out.jsonl").keys() == {"b.jsonl:1", "x"}
    (tmp_path / "out.jsonl").unlink()
    (tmp_path / "out.parquet").unlink()
    lines_of(tmp_path / "out.parquet").rename(tmp_path / "other.parquet.rows.jsonl")
    await run(served, tmp_path, output := tmp_path / "other.jsonl", Options())
    written(tmp_path / "a.jsonl", {"question": "first?"})
    summary = await run(served, tmp_path, output, Options())
    assert (summary.written, summary.skipped) == (1, 2)  # the other rows kept their numbers


HOLD = "import sys, pathlib; from assistant.batch.output import Output\n" + (
    "with Output(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "out.jsonl")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_an_output_is_written_by_one_batch_at_a_time(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    path = tmp_path / "out.jsonl"
    with pytest.raises(BatchError, match="is being written by another batch"), Output(path):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with Output(path) as output:
        output.write({"id": 1, "error": "x"})
        output.forget({1})  # which makes the file anew
        with pytest.raises(BatchError, match="is being written by another batch"), Output(path):
            pass
        output.write({"id": 2, "error": "y"})
    assert [row["id"] for row in results(path)] == [2]


def test_what_another_batch_wrote_meanwhile_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    first, second = Output(path), Output(path)
    with first:
        first.write({"id": 1, "answer": "x"})
    with second:
        assert second.done == {1: False}


def test_what_no_file_can_hold_becomes_an_error(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "question": "?", "answer": object()},
        {"id": 2, "answer": "half \ud83d", "big": 2**70},
        {"id": 3, "error": "x"},
    ]
    with Output(tmp_path / "out.jsonl") as output:
        for row in rows:
            output.write(row)
    assert rows[0]["error"].startswith("The result cannot be written as JSON")
    assert [row["id"] for row in results(output.path)] == [1, 2, 3]
    assert Output(output.path).done == {1: True, 2: False, 3: True}


def test_columns_keep_their_kinds(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 7, "big": 2**60 + 1, "huge": 2**70, "n": 1, "mixed": True, "flag": True, "half": "\ud83d", "list": [1]},
        {"id": "x", "n": 2.5, "mixed": "true", "none": None},
        {"id": "7", "big": None, "huge": 1, "n": 3},
    ]
    to_parquet(rows, tmp_path / "t.parquet", tmp_path)
    table = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert table["id"] == ["7", "x", "7"]
    assert table["big"] == [2**60 + 1, None, None]
    assert table["huge"] == [str(2**70), None, "1"]
    assert table["n"] == [1.0, 2.5, 3.0]
    assert table["mixed"] == ["true", "true", None]
    assert (table["flag"], table["half"]) == ([True, None, None], ["?", None, None])
    assert (table["list"][0], table["none"]) == (json.dumps([1]), [None] * 3)
