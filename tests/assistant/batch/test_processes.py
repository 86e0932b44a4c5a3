"""Several processes share a batch; one that is killed costs nothing but time."""

import multiprocessing
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from assistant.batch import Options, processes, run
from assistant.batch.output import Output
from assistant.settings import Settings
from tests.assistant.batch.rows_of import by_id, written
from tests.replies import SlowText
from tests.scripted_server import ScriptedServer

ROWS = 20


def asked(server: ScriptedServer) -> list[str]:
    return [request.messages[-1]["content"] for request in server.requests]


async def test_a_killed_process_costs_nothing_but_time(
    served: Settings,
    model_server: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    model_server.always(SlowText("Hello there to you.", delay=0.05))
    rows = ({"id": n, "question": f"Question {n}?"} for n in range(ROWS))
    output, killed, write = tmp_path / "out.jsonl", list[int](), Output.write

    def kill(self: Output, row: Any) -> None:
        write(self, row)
        if len(self.done) == 6:
            worker = next(each for each in psutil.Process().children() if "spawn_main" in " ".join(each.cmdline()))
            worker.send_signal(signal.SIGKILL)
            killed.append(worker.pid)

    monkeypatch.setattr(Output, "write", kill)
    summary = await run(served, written(tmp_path / "in.jsonl", *rows), output, Options(4, processes=2))
    assert (summary.written, summary.errors, len(killed)) == (ROWS, 0, 1)
    assert len(output.read_text().splitlines()) == len(by_id(output)) == ROWS
    # What the killed one had in hand was asked again, and nothing else.
    assert {f"Question {n}?" for n in range(ROWS)} == set(asked(model_server))
    assert len(asked(model_server)) <= ROWS + 2
    assert "Traceback" not in capfd.readouterr().err


def test_a_process_that_cannot_begin_says_why(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    here, there = multiprocessing.Pipe()
    library = settings.library.model_copy(update={"name": "nowhere"})
    processes._work(there, settings.model_copy(update={"library": library}), Options(), tmp_path)
    assert "There is no library 'nowhere'" in here.recv()
