"""The processes behind the solver: kept warm, ended when they hang or swell, gone with the assistant."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from assistant.loader import builtin_folder, load_file
from assistant.plugin import Context, ToolError

(TOOL,) = load_file(builtin_folder() / "solve" / "__init__.py")
WORKER: Any = sys.modules[f"{TOOL.function.__module__}.worker"]
SolveError: Any = WORKER.SolveError
HANGS = "expand (x + y + z + w)^200"


@pytest.fixture
def pool() -> Iterator[Any]:
    found = WORKER.Pool()
    yield found
    found.close()


def ask(pool: Any, text: str, seconds: float = 5, **more: Any) -> dict[str, Any]:
    request = {"text": text, "constraints": [], "variables": {}, "seconds": seconds}
    found: dict[str, Any] = pool.run(request, seconds, **more)
    return found


def test_a_warm_worker_answers_at_once(pool: Any):
    ask(pool, "x + 1 = 2")
    (worker,) = pool._idle
    before = time.monotonic()
    assert ask(pool, "x^2 = 4")["text"].startswith("x² = 4: x = −2 or x = 2")
    assert time.monotonic() - before < 0.5
    assert [kept.pid for kept in pool._idle] == [worker.pid]


def test_what_hangs_is_ended_within_the_limit_and_the_next_call_works(pool: Any):
    pool.warm()
    before = time.monotonic()
    with pytest.raises(SolveError, match="unknown within the limit: the solver came to no end within 1 s"):
        ask(pool, HANGS, 1)
    assert time.monotonic() - before < 4
    assert pool._idle == []
    assert ask(pool, "x + 1 = 2")["text"].startswith("x + 1 = 2: x = 1")


def test_a_proof_that_hangs_is_unknown_and_not_refused(pool: Any):
    worker = WORKER.Worker()
    pool._idle.append(worker)
    # Stopped in the middle of the proof, as if Z3 did not look at its clock.
    threading.Timer(1.5, os.kill, (worker.pid, signal.SIGSTOP)).start()
    found = ask(pool, "prove for all integers a, b, c > 0: a^3 + b^3 != c^3", 2)
    assert found["answer"] == "unknown within the limit"
    assert not psutil.pid_exists(worker.pid)


def test_what_swells_is_ended_and_the_next_call_works():
    pool = WORKER.Pool(memory=450 << 20)
    try:
        with pytest.raises(SolveError, match=r"more than its 0\.44 GiB of memory"):
            ask(pool, "expand (x + y + z + w + u + v)^60", 30)
        assert ask(pool, "x + 1 = 2")["result"] == [{"x": "1"}]
    finally:
        pool.close()


def test_a_worker_that_is_killed_between_calls_is_replaced(pool: Any):
    pool.warm()
    os.kill(pool._idle[0].pid, signal.SIGKILL)
    assert ask(pool, "x + 1 = 2")["result"] == [{"x": "1"}]


def test_a_worker_that_is_killed_while_it_works_is_a_clear_refusal(pool: Any):
    pool.warm()
    threading.Timer(1, os.kill, (pool._idle[0].pid, signal.SIGKILL)).start()
    with pytest.raises(SolveError, match="unknown within the limit"):
        ask(pool, HANGS, 20)


def test_a_call_that_nobody_waits_for_is_ended(pool: Any):
    before = time.monotonic()
    with pytest.raises(SolveError):
        ask(pool, HANGS, 20, cancelled=lambda: time.monotonic() - before > 1)
    assert time.monotonic() - before < 3


def test_a_refused_problem_does_not_cost_the_worker(pool: Any):
    ask(pool, "x = 1")
    pid = pool._idle[0].pid
    with pytest.raises(SolveError, match="division by 0"):
        ask(pool, "1/0")
    assert pool._idle[0].pid == pid


def test_the_worker_is_given_no_secrets(pool: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    pool.warm()
    assert "OPENAI_API_KEY" not in psutil.Process(pool._idle[0].pid).environ()


def test_workers_end_with_the_assistant_even_where_it_is_killed():
    code = (
        "import sys, time; from assistant.loader import builtin_folder, load_file;"
        "tool, = load_file(builtin_folder() / 'solve' / '__init__.py');"
        "pool = sys.modules[tool.function.__module__ + '.worker'].POOL; pool.warm();"
        "print(pool._idle[0].pid, flush=True); time.sleep(60)"
    )
    main = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert main.stdout
    pid = int(main.stdout.readline())
    assert psutil.pid_exists(pid)
    main.kill()
    main.wait()
    main.stdout.close()
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    assert not psutil.pid_exists(pid)


def test_the_tool_hands_on_the_refusal():
    with pytest.raises(ToolError, match="division by 0"):
        TOOL.function("1/0", Context(None, lambda hit: 1, Path()))  # type: ignore[arg-type]
