import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from assistant.app import open_library
from assistant.batch import Options, preview, run
from assistant.batch.output import Output
from assistant.batch.rows import rows as batch_rows
from assistant.batch.run import chosen
from assistant.batch.source import read
from assistant.cli import cli
from assistant.errors import BatchError
from assistant.libraries import create
from assistant.settings import Settings
from tests.replies import Reply, SlowText, Status, Text
from tests.scripted_server import ScriptedServer


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def questions(path: Path, count: int) -> Path:
    path.write_text("".join(json.dumps({"id": n, "question": f"Question {n}?"}) + "\n" for n in range(count)))
    return path


async def test_every_row_is_answered_once(served: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.always(Text("Hello there to you."))
    source, output = questions(tmp_path / "in.jsonl", 10), tmp_path / "out.jsonl"
    summary = await run(served, source, output, Options(4))
    assert (summary.written, summary.skipped, summary.errors) == (10, 0, 0)
    assert sorted(row["id"] for row in rows(output)) == list(range(10))
    assert rows(output)[0].keys() >= {"answer", "citations", "tool_calls", "confidence", "abstained", "engine"}
    again = await run(served, source, output, Options(4))
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
    summary = await run(served, source, output, Options(2))
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
    await run(served, source, output, Options(1))
    assert {row["id"]: row.get("error") for row in rows(output)} == {
        "line 1": None, "line 2": "line 2 is not encoded in UTF-8", 1: None,
    }  # fmt: skip
    with pytest.raises(BatchError, match="is the input"):
        await run(served, source, source, Options(1))


async def test_a_failing_server_becomes_error_rows(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Status(500))
    output = tmp_path / "out.jsonl"
    assert (await run(served, questions(tmp_path / "in.jsonl", 3), output, Options(3))).errors == 3
    assert all("answered 500" in row["error"] for row in rows(output))


async def test_a_torn_line_is_asked_again(served: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.always(Text("Hello there to you."))
    output = tmp_path / "out.jsonl"
    output.write_text('{"id": 0, "answer": "kept"}\n{"id": 1, "ans')
    assert (await run(served, questions(tmp_path / "in.jsonl", 2), output, Options(1))).written == 1
    assert [row["answer"] for row in rows(output)] == ["kept", "Hello there to you."]


async def test_files_that_cannot_be_used_are_named(served: Settings, tmp_path: Path) -> None:
    source = questions(tmp_path / "in.jsonl", 1)
    with pytest.raises(BatchError, match="Cannot read"):
        await run(served, tmp_path / "none.jsonl", tmp_path / "out.jsonl", Options(1))
    with pytest.raises(BatchError, match="Cannot write"):
        await run(served, source, tmp_path / "no" / "folder" / "out.jsonl", Options(1))
    other = tmp_path / "other.txt"
    other.write_text("shopping list\n")
    with pytest.raises(BatchError, match="line 1, is no batch result"):
        await run(served, source, other, Options(1))
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


async def test_tables_are_read_and_other_columns_come_back(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Text("Hello there to you."))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text('id,question,team\n7,"What, then?",red\n8,,blue\n')
    (folder / "b.tsv").write_text("question\tseconds\nWhy?\tnone\n")
    pd.DataFrame({"question": ["Where?", None], "team": ["green", "white"]}).to_parquet(folder / "c.parquet")
    (folder / "notes.txt").write_text("no rows")
    output = tmp_path / "out.parquet"
    summary = await run(served, folder, output, Options())
    table = pd.read_parquet(output).set_index("id")
    assert (summary.written, summary.errors) == (5, 2)
    assert table.loc["7", ["question", "team"]].tolist() == ["What, then?", "red"]
    assert sorted(table["team"].dropna()) == ["blue", "green", "red", "white"]
    assert table["input_seconds"].dropna().tolist() == ["none"]
    assert "a.csv, line 3 has no text under 'question'" in table.loc["8", "error"]
    assert "c.parquet, row 2 has no text" in str(table["error"].tolist())
    assert (await run(served, folder, output, Options())).written == 0


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.csv", "id,text\n1,a\n", "no column 'question'"),
        ("x.csv", "id,question\n1,a\n".encode("utf-16"), "not encoded in UTF-8"),
        ("x.csv", "id;question\n1;a?\n", "there have to be commas"),
        ("x.json", '[{"question": "a?"}]', r"is neither .jsonl, .* nor .parquet"),
        ("x.csv", "id,question\n", "holds no rows"),
        ("x.csv", "", "holds no rows"),
        ("x.jsonl", "\n", "holds no rows"),
        ("x.jsonl", '{"question": "a?"}'.encode("utf-16"), "is encoded in UTF-16"),
        ("x.parquet", "no table", "is no Parquet file"),
        ("x", None, "holds no file that ends in"),
    ],
)
async def test_a_source_that_is_no_table_is_named(
    served: Settings, tmp_path: Path, name: str, content: str | bytes | None, told: str
) -> None:
    source = tmp_path / name
    if content is None:
        source.mkdir()
    else:
        source.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BatchError, match=told):
        await run(served, source, tmp_path / "out.jsonl", Options())


async def test_a_huge_line_is_one_error_row(
    served: Settings, model_server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.batch.source.MAX_LINE", 100)
    model_server.always(Text("Hello there to you."))
    source = tmp_path / "in.jsonl"
    source.write_text(f'{{"question": "{"x" * 1000}"}}\n{{"question": "short?"}}\n')
    await run(served, source, output := tmp_path / "out.jsonl", Options())
    assert {row["id"]: row.get("error", "")[:17] for row in rows(output)} == {"line 1": "line 1 is longer ", 2: ""}


async def test_errors_are_asked_again_on_request(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    output, source = tmp_path / "out.jsonl", questions(tmp_path / "in.jsonl", 3)
    output.write_text('{"id": 0, "answer": "kept"}\n{"id": 1, "error": "broken"}\n')
    model_server.always(Text("Hello there to you."))
    assert "2 would be asked" in preview(served, source, output, Options(retry_errors=True))
    assert (await run(served, source, output, Options(retry_errors=True))).errors == 0
    assert [(row["id"], row["answer"]) for row in sorted(rows(output), key=lambda row: row["id"])] == [
        (0, "kept"), (1, "Hello there to you."), (2, "Hello there to you."),
    ]  # fmt: skip


async def test_a_slow_row_is_given_up(served: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.always(SlowText("Hello there to you, and a good day. " * 20, delay=0.2))
    output = tmp_path / "out.jsonl"
    summary = await run(served, questions(tmp_path / "in.jsonl", 1), output, Options(seconds=0.5))
    assert rows(output)[0]["error"] == "not answered within 0.5 s"
    assert summary.reasons == {"not answered within 0.5 s": 1}


def test_the_same_sample_is_drawn_again(tmp_path: Path) -> None:
    found = list(batch_rows(read(questions(tmp_path / "in.jsonl", 100))))
    drawn = [row.id for row in chosen(found, Options(sample=5))]
    assert len(drawn) == 5
    assert drawn == sorted(drawn) == [row.id for row in chosen(found, Options(sample=5))]
    assert drawn != [row.id for row in chosen(found, Options(sample=5, seed=1))]
    assert [row.id for row in chosen(found, Options(limit=2))] == [0, 1]


async def test_a_row_may_name_its_files_library_and_tools(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Tea\n\nThe tea is kept in the blue tin on the shelf.")
    lines = [
        {"id": 1, "question": "Where is the tea kept?", "files": [str(tmp_path / "a.md")]},
        {"id": 2, "question": "Where is the tea kept?", "files": [str(tmp_path / "none.md")]},
        {"id": 3, "question": "Where is the tea kept?", "library": "nowhere"},
        {"id": 4, "question": "What is 2 + 2?", "tools": ["calculator"]},
        {"id": 5, "question": "What is 2 + 2?", "tools": []},
        {"id": 6, "question": "What is 2 + 2?", "tools": ["abacus"]},
    ]
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    await run(settings, source, output, Options())
    found = {row["id"]: row for row in rows(output)}
    assert "blue tin" in found[1]["answer"]
    assert "There is no file" in found[2]["error"]
    assert "There is no library 'nowhere'" in found[3]["error"]
    assert [call["name"] for call in found[4]["tool_calls"]] == ["calculator"]
    assert found[5]["tool_calls"] == []
    assert "There is no tool 'abacus'" in found[6]["error"]


async def test_what_a_run_would_cost_is_told(served: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.always(Text("Hello there to you."))
    source, output = questions(tmp_path / "in.jsonl", 3), tmp_path / "out.jsonl"
    guessed = preview(served, source, output, Options(), (1, 2))
    assert "a guess from rules, tools and questions" in guessed
    assert "at 1 and 2 a million" in guessed
    await run(served, source, output, Options(limit=2))
    assert "as the 2 rows that are there" in preview(served, source, output, Options())
    assert "no cost" in preview(served.model_copy(update={"engine": "builtin"}), source, output, Options())


async def test_a_busy_server_is_asked_again(served: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    busy = Status(429, headers=(("retry-after", "0"),))
    model_server.say(busy, Status(503, headers=(("retry-after", "0"),)), Text("Hello there to you."))
    summary = await run(served, questions(tmp_path / "in.jsonl", 1), tmp_path / "out.jsonl", Options(1))
    assert (summary.written, summary.errors) == (1, 0)
    assert summary.completion_tokens > 0


async def test_a_server_that_is_busy_for_long_is_waited_for(
    served: Settings, model_server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.engines.replicas.PAUSE", 0.01)
    refusals = iter(range(40))

    def reply(_: Any) -> Reply:
        busy = next(refusals, None) is not None
        return Status(429, headers=(("retry-after", "0.05"),)) if busy else Text("Hello there to you.")

    model_server.script = reply
    summary = await run(served, questions(tmp_path / "in.jsonl", 8), tmp_path / "out.jsonl", Options(4))
    assert (summary.written, summary.errors) == (8, 0)


async def test_a_full_disk_stops_it_and_it_goes_on_when_there_is_room(
    served: Settings, model_server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_server.always(Text("Hello there to you."))
    source, output = questions(tmp_path / "in.jsonl", 4), tmp_path / "out.jsonl"
    write = Output.write

    def full(self: Output, row: dict[str, Any]) -> None:
        if len(self.done) < 2:
            write(self, row)
            return
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        # There is room for the beginning of the row alone.
        resource.setrlimit(resource.RLIMIT_FSIZE, (output.stat().st_size + 20, hard))
        try:
            write(self, row)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    monkeypatch.setattr(Output, "write", full)
    with pytest.raises(BatchError, match=r"File too large\. Make room and start the batch again"):
        await run(served, source, output, Options(1))
    assert len(rows(output)) == 2
    monkeypatch.setattr(Output, "write", write)
    assert (await run(served, source, output, Options(1))).written == 2
    assert sorted(row["id"] for row in rows(output)) == [0, 1, 2, 3]


async def test_a_lost_library_makes_error_rows_that_can_be_asked_again(
    settings: Settings, documents: Path, tmp_path: Path
) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": 1, "question": "How long is the notice period?", "library": "work"}\n')
    assert (await run(settings, source, output, Options())).errors == 1
    create(settings, "work")
    with closing(open_library(settings, "work")) as library:
        library.add([documents])
    assert (await run(settings, source, output, Options(retry_errors=True))).errors == 0
    assert "three months" in rows(output)[0]["answer"]


async def test_a_library_that_is_lost_meanwhile_makes_error_rows_and_the_others_are_answered(
    settings: Settings, documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("work", "default"):
        if name == "work":
            create(settings, name)
        with closing(open_library(settings, name)) as library:
            library.add([documents])
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    question = "How long is the notice period?"
    lines = [json.dumps({"question": question, "library": name}) for name in ("work", "work", None)]
    source.write_text("\n".join(lines))
    write = Output.write

    def lose(self: Output, row: dict[str, Any]) -> None:
        write(self, row)
        shutil.rmtree(settings.home / "libraries" / "work", ignore_errors=True)

    monkeypatch.setattr(Output, "write", lose)
    summary = await run(settings, source, output, Options(1))
    assert (summary.written, summary.errors) == (3, 1)
    first, lost, other = rows(output)
    assert "error" not in first.keys() | other.keys()
    assert "There is no library 'work'" in lost["error"]


def test_rows_come_from_standard_input(settings: Settings, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    (tmp_path / "c.yaml").write_text(f"home: {settings.home}\nengine: builtin\n")
    command = [
        "batch",
        "-",
        "-o",
        str(output),
        "--config",
        str(tmp_path / "c.yaml"),
        "--summary",
        str(tmp_path / "s.json"),
    ]
    done = CliRunner().invoke(cli, command, input='{"id": 1, "question": "What is 2 + 2?"}\n')
    assert done.exit_code == 0, done.output
    assert "4" in rows(output)[0]["answer"]
    assert json.loads((tmp_path / "s.json").read_text())["written"] == 1
