"""A batch stops in order: at Ctrl-C, and when the model's server is away."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from assistant.batch import Options, Summary, run
from assistant.batch.away import Away
from assistant.batch.output import Output
from assistant.batch.progress import Lines
from assistant.cli import cli
from assistant.errors import BatchError
from assistant.settings import ServerEngine, Settings
from tests.assistant.batch.rows_of import by_id, written
from tests.replies import SlowText, Text
from tests.scripted_server import ScriptedServer, refused_url

UNREACHABLE = {"id": 0, "error": "nobody is there.", "error_kind": "EngineUnreachable"}


def questions(path: Path, count: int) -> Path:
    return written(path, *({"id": n, "question": f"Question {n}?"} for n in range(count)))


@pytest.mark.parametrize("how", [[], ["--processes", "2"]], ids=["here", "processes"])
def test_ctrl_c_stops_it_and_it_goes_on(
    model_server: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    how: list[str],
) -> None:
    model_server.always(SlowText("Hello there to you.", delay=0.05))
    source, output, report = questions(tmp_path / "in.jsonl", 30), tmp_path / "out.jsonl", tmp_path / "s.json"
    (tmp_path / "c.yaml").write_text(f"home: {tmp_path / 'home'}\nengine: {{url: {model_server.url}, model: m}}\n")
    command = ["batch", str(source), "-o", str(output), "--config", str(tmp_path / "c.yaml"), "--summary", str(report)]
    write = Output.write

    def press(self: Output, row: dict[str, Any]) -> None:
        write(self, row)
        if len(self.done) == 3:
            signal.raise_signal(signal.SIGINT)

    def started() -> Result:
        return CliRunner().invoke(cli, [*command, *how])

    with monkeypatch.context() as patch:
        patch.setattr(Output, "write", press)
        stopped = started()
    assert stopped.exit_code == 130, stopped.output
    assert "Stopped; start the same command again to go on." in stopped.output
    done = len(by_id(output))
    assert 3 <= done < 30
    told = json.loads(report.read_text())
    assert (told["written"], told["left"]) == (done, 30 - done)
    again = started()
    assert again.exit_code == 0, again.output
    assert f"{30 - done} written" in again.output
    assert len(by_id(output)) == 30
    shown = capfd.readouterr()
    assert "Traceback" not in shown.err + shown.out
    assert "Exception ignored" not in shown.err


async def test_a_server_that_is_not_there_stops_it_before_it_makes_errors(served: Settings, tmp_path: Path) -> None:
    settings = served.model_copy(update={"engine": ServerEngine(url=refused_url(), model="m")})
    source, output, told = questions(tmp_path / "in.jsonl", 50), tmp_path / "out.jsonl", list[Summary]()
    with pytest.raises(BatchError, match=r"cannot be reached .*nothing is written.*start it again"):
        await run(settings, source, output, Options(2), told.append)
    assert output.read_text() == ""
    assert (told[0].written, told[0].left) == (0, 50)


def test_a_server_that_goes_for_good_is_told_from_one_that_rows_bring_down() -> None:
    away = Away(6)
    assert away.take(UNREACHABLE) == []
    assert away.take({"id": 1, "error": "no text", "error_kind": "BatchError"}) != []
    assert len(away.take({"id": 2, "answer": "yes"})) == 2
    for _ in range(5):
        assert away.take(UNREACHABLE) == []
    assert len(away.end()) == 5
    with pytest.raises(BatchError, match=r"nobody is there\. The batch stops.* the 6 rows"):
        away.take(UNREACHABLE)


async def test_what_was_asked_for_is_counted_whoever_did_it(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(Text("Hello there to you."))
    source, output = questions(tmp_path / "in.jsonl", 3), tmp_path / "out.jsonl"
    written(
        output, {"id": 0, "error": "x"}, {"id": 1, "answer": "", "abstained": True}, {"id": 7, "error": "not asked for"}
    )
    summary = await run(served, source, output, Options())
    assert (summary.written, summary.skipped, summary.errors, summary.abstained) == (1, 2, 1, 1)


def test_a_summary_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    source, output = questions(tmp_path / "in.jsonl", 1), tmp_path / "out.jsonl"
    done = CliRunner().invoke(cli, ["batch", str(source), "-o", str(output), "--summary", str(tmp_path / "no" / "s")])
    assert "there is no folder" in done.output
    assert not output.exists()


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("assistant.batch.progress.time.monotonic", lambda: now)
    lines = Lines(1000)
    for written_rows in range(1, 41):
        now += 0.5
        lines.show(written_rows)
    assert capsys.readouterr().err.splitlines() == [
        "20 of 1,000 rows, 2.0 rows/s, 0:08:10 left",
        "40 of 1,000 rows, 2.0 rows/s, 0:08:00 left",
    ]
