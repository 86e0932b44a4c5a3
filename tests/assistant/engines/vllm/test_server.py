"""A server is started, watched, started again and stopped; the stand-in takes the place of vLLM."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import psutil
import pytest

from assistant.engines.vllm import keeper, server
from assistant.engines.vllm.server import VllmServer
from assistant.engines.vllm.state import Phase, State
from assistant.vllm_settings import VllmEngine
from tests.assistant.engines.vllm.conftest import MakeModel
from tests.assistant.engines.vllm.stand_in import LINES, SLEEPER


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "find_gpus", list)
    monkeypatch.setattr(server, "SECONDS_BETWEEN_LOOKS", 0.02)
    monkeypatch.setattr(server, "SECONDS_BETWEEN_CHECKS", 0.05)
    monkeypatch.setattr(server, "FIRST_PAUSE", 0.01)


@asynccontextmanager
async def served(engine: VllmEngine, home: Path) -> AsyncIterator[VllmServer]:
    made = VllmServer(engine, home)
    made.start()
    try:
        yield made
    finally:
        await made.close()


async def until(made: VllmServer, wanted: Phase | Callable[[State], bool]) -> list[State]:
    """Returns all states up to the first that is wanted."""
    seen: list[State] = []
    async with aclosing(made.follow()) as states:
        async for state in states:
            seen.append(state)
            if state.phase == wanted or (callable(wanted) and wanted(state)):
                return seen
    raise AssertionError


def kill_program() -> None:
    (program,) = [each for each in psutil.Process().children(recursive=True) if "serve" in each.cmdline()[2:3]]
    program.kill()


async def test_it_tells_how_far_it_is_and_is_stopped_with_all_it_has_started(
    home: Path, make_model: MakeModel, engine: VllmEngine
) -> None:
    model = make_model(behave={"orphan": True})
    others = psutil.Process().children(recursive=True)  # such as the database of other tests
    async with served(engine.model_copy(update={"vllm": str(model)}), home) as made:
        seen = await until(made, "ready")
        told = [str(state.progress) for state in seen]
        assert "starting vLLM for tiny (Qwen3 by its kind) on the processor" in told
        assert told[-1] == "ready"
        assert seen[-1].engine
        assert seen[-1].engine.model == "tiny"
        children = [each for each in psutil.Process().children(recursive=True) if each not in others]
        assert [each for each in children if SLEEPER in each.cmdline()]
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    said = made.log.read_text()
    assert said.startswith("=== ")
    assert "Available routes are" in said


async def test_a_killed_one_is_started_again_at_once(home: Path, make_model: MakeModel, engine: VllmEngine) -> None:
    async with served(engine.model_copy(update={"vllm": str(make_model())}), home) as made:
        await until(made, "ready")
        kill_program()
        made.suspect()
        seen = await until(made, "ready")
    assert any("It is started again in 0 s (1 of 5)" in str(state.progress) for state in seen)
    assert made.log.read_text().count("=== ") == 2


async def test_one_that_keeps_dying_is_given_up_and_tried_again_when_asked(
    home: Path, make_model: MakeModel, engine: VllmEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(behave={"lines": ["ValueError: bad luck"], "code": 1})
    async with served(engine.model_copy(update={"vllm": str(model), "restarts": 2}), home) as made:
        seen = await until(made, "failed")
        assert str(seen[-1].progress) == (
            f"vLLM failed with ValueError: bad luck The whole story is in {made.log}. It has been started 3 times."
        )
        monkeypatch.setattr(server, "SECONDS_TO_REST", 0)
        (model / "behave.json").write_text("{}")
        assert (await until(made, "ready"))[0].phase == "loading"


async def test_what_would_fail_again_is_not_started_again(
    home: Path, make_model: MakeModel, engine: VllmEngine
) -> None:
    lines = ["Traceback", "ValueError: Free memory on device cuda:0 (3.1/23.6 GiB) on startup is less than desired"]
    model = make_model(behave={"lines": lines, "code": 1})
    async with served(engine.model_copy(update={"vllm": str(model)}), home) as made:
        (*_, last) = await until(made, "failed")
    assert "Too little GPU memory is free: 3.1 of 23.6 GiB. Lower engine.memory." in str(last.progress)
    assert made.log.read_text().count("=== ") == 1


async def test_one_that_says_nothing_is_given_up(home: Path, make_model: MakeModel, engine: VllmEngine) -> None:
    model = make_model(behave={"lines": LINES[:4], "silent": True})
    async with served(engine.model_copy(update={"vllm": str(model), "patience": 0.5}), home) as made:
        (*_, before, last) = await until(made, "failed")
    assert str(before.progress) == "loading the weights 50%"
    assert "vLLM has said nothing for 0.5 s while it loaded." in str(last.progress)


async def test_one_that_hangs_after_it_has_failed_is_ended(
    home: Path, make_model: MakeModel, engine: VllmEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SECONDS_TO_END", 0.1)
    lines = ["SafetensorError: header too small", "RuntimeError: Engine core initialization failed."]
    model = make_model(behave={"lines": lines, "silent": True})
    async with served(engine.model_copy(update={"vllm": str(model), "restarts": 0}), home) as made:
        (*_, last) = await until(made, "failed")
    assert "vLLM failed with SafetensorError: header too small" in str(last.progress)


async def test_a_second_assistant_of_the_home_uses_the_first_ones_and_takes_over(
    home: Path, make_model: MakeModel, engine: VllmEngine
) -> None:
    chosen = engine.model_copy(update={"vllm": str(make_model())})
    async with served(chosen, home) as first:
        await until(first, "ready")
        async with served(chosen, home) as second:
            (*_, shared) = await until(second, "ready")
            assert shared.engine == first.state.engine
            assert first.log.read_text().count("=== ") == 1
            kill_program()
            first.suspect()
            await until(first, "ready")
            assert first.log.read_text().count("=== ") == 2
            await first.close()
            second.suspect()
            await until(second, "ready")
            assert first.log.read_text().count("=== ") == 3


async def test_a_second_assistant_that_wants_another_model_is_told(
    home: Path, make_model: MakeModel, engine: VllmEngine
) -> None:
    async with served(engine.model_copy(update={"vllm": str(make_model())}), home) as first:
        await until(first, "ready")
        async with served(engine.model_copy(update={"vllm": str(make_model("other"))}), home) as second:
            (*_, last) = await until(second, "failed")
    assert f"(process {os.getpid()}) runs vLLM with tiny, not with" in str(last.progress)


def test_nothing_outlives_whoever_started_the_keeper() -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); sys.exit(7)"
    keep = [sys.executable, "-I", keeper.__file__, sys.executable, "-c"]
    with subprocess.Popen([*keep, code], stdin=subprocess.PIPE) as process:
        assert process.wait(60) == 7, "what the command has left behind is ended, and its code is ours"
    parent = f"import subprocess, time; subprocess.Popen({[*keep, SLEEPER]!r}, stdin=subprocess.PIPE); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", parent]) as process:
        while len(started := psutil.Process(process.pid).children(recursive=True)) < 2:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(started, timeout=60)
    assert alive == []


def test_a_log_that_has_grown_long_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.engines.vllm import process

    monkeypatch.setattr(process, "LOG_BYTES", 3)
    log = tmp_path / "vllm.log"
    for text in ("first", "second", "third"):
        log.write_text(text)
        process._rotate(log)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "vllm.1.log": "third",
        "vllm.2.log": "second",
        "vllm.3.log": "first",
    }


async def test_who_waits_for_a_server_is_told_by_the_event_loop_only(home: Path, engine: VllmEngine) -> None:
    async with served(engine.model_copy(update={"vllm": "/nowhere"}), home) as made:
        states = await asyncio.wait_for(until(made, "failed"), 60)
    assert str(states[-1].progress) == "There is no folder /nowhere: check engine.vllm."
