import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from assistant.batch import run
from assistant.errors import BatchError
from assistant.settings import Settings
from tests.replies import SlowText, Status, Text
from tests.scripted_server import ScriptedServer


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def questions(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"id": n, "question": f"Question {n}?"}) + "\n" for n in range(count)))
    return path


async def test_every_row_is_answered_once(served: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.always(Text("Hello there to you."))
    source, output = questions(tmp_path / "in.jsonl", 10), tmp_path / "out.jsonl"
    summary = await run(served, source, output, 4)
    assert (summary.written, summary.skipped, summary.errors) == (10, 0, 0)
    assert sorted(row["id"] for row in rows(output)) == list(range(10))
    assert rows(output)[0].keys() >= {"answer", "citations", "tool_calls", "confidence", "abstained", "engine"}
    again = await run(served, source, output, 4)
    assert (again.written, again.skipped) == (0, 10)
    assert len(rows(output)) == 10


async def test_bad_rows_become_error_rows_and_the_rest_goes_on(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Text("Hello there to you."))
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        '{"id": 1, "question": "a?"}\nnot json\n\n[1]\n{"id": 1, "question": "again?"}\n{"id": "x"}\n'
        '{"id": 2.5, "question": "b?"}\n{"question": "no id?"}\n{"id": "e", "question": " "}\n'
    )
    summary = await run(served, source, output, 2)
    by_id = {row["id"]: row for row in rows(output)}
    assert summary.errors == 6
    assert {key for key, row in by_id.items() if "error" not in row} == {1, 8}
    assert "line 2 is not valid JSON" in by_id["line 2"]["error"]
    assert "the id 1 was used before" in by_id["line 5"]["error"]
    assert "no text under 'question'" in by_id["x"]["error"]
    assert "is empty" in by_id["e"]["error"]


async def test_ids_bytes_and_files_are_told_apart(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Text("Hello there to you."))
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b'{"question": "a?"}\n{"question": "\xff"}\n{"id": 1, "question": "b?"}\n')
    await run(served, source, output, 1)
    assert {row["id"]: row.get("error") for row in rows(output)} == {
        "line 1": None, "line 2": "line 2 is not encoded in UTF-8", 1: None,
    }  # fmt: skip
    with pytest.raises(BatchError, match="is the input"):
        await run(served, source, source, 1)


async def test_a_failing_server_becomes_error_rows(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Status(500))
    output = tmp_path / "out.jsonl"
    assert (await run(served, questions(tmp_path / "in.jsonl", 3), output, 3)).errors == 3
    assert all("answered 500" in row["error"] for row in rows(output))


async def test_a_torn_line_is_asked_again(served: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.always(Text("Hello there to you."))
    output = tmp_path / "out.jsonl"
    output.write_text('{"id": 0, "answer": "kept"}\n{"id": 1, "ans')
    assert (await run(served, questions(tmp_path / "in.jsonl", 2), output, 1)).written == 1
    assert [row["answer"] for row in rows(output)] == ["kept", "Hello there to you."]


async def test_files_that_cannot_be_used_are_named(served: Settings, tmp_path: Path) -> None:
    source = questions(tmp_path / "in.jsonl", 1)
    with pytest.raises(BatchError, match="Cannot read"):
        await run(served, tmp_path / "none.jsonl", tmp_path / "out.jsonl", 1)
    with pytest.raises(BatchError, match="Cannot write"):
        await run(served, source, tmp_path / "no" / "folder" / "out.jsonl", 1)
    other = tmp_path / "other.txt"
    other.write_text("shopping list\n")
    with pytest.raises(BatchError, match="line 1, is no batch result"):
        await run(served, source, other, 1)
    assert other.read_text() == "shopping list\n"


def test_a_killed_batch_goes_on_where_it_stopped(model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.always(SlowText("Hello there to you.", delay=0.01))
    source, output = questions(tmp_path / "in.jsonl", 30), tmp_path / "out.jsonl"
    config = tmp_path / "c.yaml"
    config.write_text(f"home: {tmp_path / 'home'}\nengine: {{url: {model_server.url}, model: scripted}}\n")
    command = [sys.executable, "-m", "assistant", "batch", str(source), "-o", str(output), "--config", str(config)]
    for wanted in (5, 15):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while not output.exists() or output.read_bytes().count(b"\n") < wanted:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command, check=True, capture_output=True)
    assert sorted(row["id"] for row in rows(output)) == list(range(30))
