"""A batch whose state is in PostgreSQL: any machine goes on with it, and no kill or lost database loses a row."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from assistant.batch import Options, preview, run, sharing
from assistant.batch.output import Output
from assistant.batch.state import BatchState
from assistant.errors import BatchError, StorageError
from assistant.settings import ArtifactSettings, DatabaseSettings, ServerEngine, Settings
from tests.assistant.batch.rows_of import by_id, written
from tests.postgres import Postgres
from tests.replies import Calls, SlowText, Text
from tests.s3_server import CREDENTIALS, s3_server
from tests.scripted_server import ScriptedServer

NAMED = Options(4, name="colours")


@pytest.fixture
def shared(served: Settings, postgres_url: str) -> Settings:
    return served.model_copy(update={"database": DatabaseSettings(url=postgres_url)})


def machine(folder: Path, *names: str) -> list[Path]:
    """Paths in a folder of another machine's."""
    folder.mkdir(exist_ok=True)
    return [folder / name for name in names]


def questions(path: Path, count: int) -> Path:
    return written(path, *({"id": n, "question": f"Question {n}?"} for n in range(count)))


async def test_another_machine_goes_on_and_asks_nothing_twice(
    shared: Settings, model_server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model_server.always(Text("Hello there to you."))
    source, first = questions(tmp_path / "in.jsonl", 10), tmp_path / "out.jsonl"
    await run(shared, source, first, Options(4, name="colours", limit=6))
    [there] = machine(tmp_path / "other", "answers.jsonl")
    assert "10 rows, 6 of them already answered" in preview(shared, source, there, NAMED)
    asked = len(model_server.requests)
    summary = await run(shared, source, there, NAMED)
    assert (summary.written, summary.skipped, len(model_server.requests) - asked) == (4, 6, 4)
    assert "6 rows were answered elsewhere" in capsys.readouterr().err
    assert sorted(by_id(there)) == list(range(10))
    assert by_id(there)[0] == by_id(first)[0]
    await run(shared, source, first, NAMED)
    assert by_id(first) == by_id(there)
    assert len(model_server.requests) - asked == 4
    await run(shared, source, tmp_path / "out2.jsonl", Options(4, name="colours", anew=True))
    assert len(model_server.requests) - asked == 14


async def test_a_batch_without_a_name_is_known_by_its_output_and_its_rows(
    shared: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Text("Hello there to you."))
    source, output = questions(tmp_path / "in.jsonl", 3), tmp_path / "out.jsonl"
    await run(shared, source, output, Options(4))
    output.unlink()
    assert (await run(shared, source, output, Options(4))).skipped == 3
    assert (await run(shared, source, tmp_path / "other.jsonl", Options(4))).skipped == 0
    output.unlink()
    assert (await run(shared, questions(tmp_path / "in.jsonl", 4), output, Options(4))).skipped == 0


async def test_rows_from_before_go_there_and_errors_that_were_mended_come_back(
    served: Settings, shared: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    written(source, {"id": 1, "question": "a?"}, {"id": "1", "question": "b?", "engine": "later"})
    model_server.always(Text("Hello there to you."))
    await run(served, source, output, Options())  # without a database
    await run(shared, source, output, NAMED)
    [there] = machine(tmp_path / "other", "out.jsonl")
    later = shared.model_copy(update={"engines": {"later": shared.engine}})
    summary = await run(later, source, there, Options(name="colours", retry_errors=True))
    assert (summary.written, summary.errors) == (1, 0)
    summary = await run(shared, source, output, NAMED)
    assert (summary.written, summary.errors) == (0, 0)
    assert by_id(output) == by_id(there)


async def test_another_batch_of_the_name_and_one_that_runs_are_refused(
    shared: Settings, model_server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.batch.state.TO_CLAIM", 0)
    model_server.always(Text("Hello there to you."))
    await run(shared, written(tmp_path / "in.jsonl", {"id": 1, "question": "a?"}), tmp_path / "out.jsonl", NAMED)
    other, output = written(tmp_path / "other.jsonl", {"id": 1, "question": "b?"}), tmp_path / "new.jsonl"
    with pytest.raises(BatchError, match="another question of id 1"):
        await run(shared, other, output, NAMED)
    assert output.read_text() == ""
    assert shared.database
    with closing(BatchState(shared.database.url, "colours")), pytest.raises(BatchError, match="is being run on "):
        await run(shared, other, output, NAMED)
    with pytest.raises(BatchError, match=r"set database\.url"):
        await run(shared.model_copy(update={"database": None}), other, output, NAMED)


async def test_killed_at_any_moment_another_machine_has_all_but_the_last_second(
    shared: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(SlowText("Hello there to you.", delay=0.01))
    source, output = questions(tmp_path / "in.jsonl", 60), tmp_path / "out.jsonl"
    assert isinstance(shared.engine, ServerEngine)
    assert shared.database
    config = tmp_path / "shared.yaml"
    config.write_text(
        f"home: {tmp_path / 'killed'}\nengine: {{url: {shared.engine.url}, model: scripted, timeout: 60}}\n"
        f"database: {{url: {shared.database.url}}}\n"
    )
    command = [sys.executable, "-m", "assistant", "batch", str(source), "-o", str(output), "--name", "colours"]
    command += ["--concurrency", "1", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as it:  # noqa: ASYNC220
        while _count(shared) < 3:
            assert it.poll() is None
            time.sleep(0.02)  # noqa: ASYNC251
        it.send_signal(signal.SIGKILL)
    held, here = _count(shared), len(output.read_text().splitlines())
    assert held < 60
    [there] = machine(tmp_path / "other", "out.jsonl")
    summary = await run(shared, source, there, NAMED)
    assert (summary.skipped, summary.written) == (held, 60 - held)
    assert sorted(by_id(there)) == list(range(60))
    assert here >= held
    assert sorted(by_id(output)) == sorted(by_id(output).keys() & by_id(there).keys())


async def test_a_database_that_goes_and_comes_back_loses_nothing_and_holds_no_row_up(
    served: Settings,
    model_server: ScriptedServer,
    tmp_path: Path,
    postgres_server: Postgres,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = served.model_copy(update={"database": DatabaseSettings(url=postgres_server.new())})
    model_server.always(Text("Hello there to you."))
    source, output = questions(tmp_path / "in.jsonl", 30), tmp_path / "out.jsonl"
    write, put, failed = Output.write, BatchState.write, list[str]()

    def stop_in_the_middle(self: Output, row: dict[str, object]) -> None:
        write(self, row)
        if len(self.done) == 10:
            postgres_server.stop()
        if len(self.done) == 30:
            while not failed:
                time.sleep(0.01)
            postgres_server.start()

    def noted(self: BatchState, rows: list[tuple[str, bool, bytes]]) -> None:
        try:
            put(self, rows)
        except psycopg.Error as error:
            failed.append(str(error))
            raise

    monkeypatch.setattr(Output, "write", stop_in_the_middle)
    monkeypatch.setattr(BatchState, "write", noted)
    try:
        summary = await run(settings, source, output, NAMED)
    finally:
        if not postgres_server.running:
            postgres_server.start()
    assert (summary.written, summary.errors) == (30, 0)
    assert "cannot be reached" in capsys.readouterr().err
    assert _count(settings) == 30


async def test_a_database_that_stays_away_ends_the_batch_in_order_and_it_goes_on_later(
    served: Settings,
    model_server: ScriptedServer,
    tmp_path: Path,
    postgres_server: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sharing, "PATIENCE", 0)
    monkeypatch.setattr(sharing, "FIRST_PAUSE", 0.05)
    settings = served.model_copy(update={"database": DatabaseSettings(url=postgres_server.new())})
    model_server.always(Text("Hello there to you."))
    source, output = questions(tmp_path / "in.jsonl", 20), tmp_path / "out.jsonl"
    write = Output.write

    def stop_in_the_middle(self: Output, row: dict[str, object]) -> None:
        if len(self.done) == 10 and postgres_server.running:
            postgres_server.stop()
        write(self, row)

    monkeypatch.setattr(Output, "write", stop_in_the_middle)
    try:
        with pytest.raises(StorageError, match="has every result; the same command goes on"):
            await run(settings, source, output, NAMED)
    finally:
        postgres_server.start()
    here = len(output.read_text().splitlines())
    assert here >= 10
    monkeypatch.setattr(Output, "write", write)
    summary = await run(settings, source, output, NAMED)
    assert (summary.skipped, summary.written, _count(settings)) == (here, 20 - here, 20)
    assert [json.loads(line)["id"] for line in output.read_text().splitlines()].count(0) == 1


def _count(settings: Settings) -> int:
    assert settings.database
    with psycopg.connect(settings.database.url) as connection:
        try:
            row = connection.execute("SELECT count(*) FROM batch_rows").fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    assert row
    return int(row[0])


async def test_files_that_tools_made_are_there_with_a_bucket(
    shared: Settings, model_server: ScriptedServer, tool_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tool_folder / "note.py").write_text(
        "from assistant.plugin import Context, tool\n\n"
        '@tool\ndef note(text: str, ctx: Context) -> str:\n    """Note.\n\n    Args:\n        text: What."""\n'
        '    ctx.save("note.txt", text)\n    return "noted"\n'
    )
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    source, output = written(tmp_path / "in.jsonl", {"id": "a", "question": "Note it"}), tmp_path / "out.jsonl"
    with s3_server("batches") as endpoint:
        settings = shared.model_copy(update={"artifacts": ArtifactSettings(bucket="batches", endpoint=endpoint)})
        model_server.say(Calls([("note", {"text": "buy bees"})]), Text("It is noted."))
        await run(settings, source, output, NAMED)
        [there] = machine(tmp_path / "other", "answers.jsonl")
        assert (await run(settings, source, there, NAMED)).skipped == 1
    [made] = by_id(there)["a"]["artifacts"]
    assert made["path"].startswith("answers.jsonl.files/a")
    assert (there.parent / made["path"]).read_text() == "buy bees"
