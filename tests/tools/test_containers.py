"""The code interpreter in containers: all of it real but the engine, for which ``fake_docker.py`` stands."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.context import Context
from assistant.errors import PluginError
from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError, Unavailable
from assistant.runner import run_tool
from assistant.toolbox import load_tools
from tests.tools.interpreters import FOLDER, Notebook, limits, needs_sandbox, part

pytestmark = needs_sandbox
FAKE = Path(__file__).with_name("fake_docker.py")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The fake engine on the PATH; returns the folder of what it was asked for."""
    folder = tmp_path / "engine"
    folder.mkdir()
    program = folder / "docker"
    program.write_text(f"#!{sys.executable}\n{FAKE.read_text()}")
    program.chmod(0o755)
    (folder / "image").write_text("some-image")
    monkeypatch.setenv("FAKE_DOCKER", str(folder))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.fixture
def notebook(state: Path, tmp_path: Path) -> Iterator[Notebook]:
    with opened(state, tmp_path, seconds=30) as notebook:
        yield notebook


@pytest.fixture
def hasty(state: Path, tmp_path: Path) -> Iterator[Notebook]:
    with opened(state, tmp_path, seconds=3) as notebook:
        yield notebook


@contextmanager
def opened(state: Path, folder: Path, **changes: Any) -> Iterator[Notebook]:
    engine = part("engine").Engine("docker", "some-image", "runsc")
    interpreter = part("interpreter").Interpreter(limits(spares=0, **changes), engine)
    try:
        yield Notebook(interpreter, folder / "conversation")
    finally:
        interpreter.close()
    left = [int(file.read_text()) for file in state.glob("*.pid")]
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]


def calls(state: Path, command: str) -> list[list[str]]:
    lines = (state / "calls.jsonl").read_text().splitlines()
    return [call for call in map(json.loads, lines) if call[0] == command]


async def test_it_computes_streams_and_exchanges_files(notebook: Notebook) -> None:
    notebook.folder.mkdir()
    (notebook.folder / "in.txt").write_text("x" * 20_000_000)
    code = "text = open('in.txt').read()\nopen('out.txt', 'w').write(text[:5_000_000])\nprint('written')\nlen(text)"
    assert await notebook.run(code) == {"output": "written", "value": "20000000", "files": ["out.txt"]}
    assert len(notebook.file("out.txt")) == 5_000_000
    assert "written" in "".join(notebook.streamed)
    assert await notebook.run("len(text) + 1") == {"value": "20000001"}
    plot = await notebook.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    assert plot["files"] == ["picture.png"]


async def test_the_engine_is_told_every_wall(notebook: Notebook, state: Path) -> None:
    await notebook.run("1")
    (line,) = calls(state, "run")
    told = " ".join(line)
    for wall in (
        "--network none", "--read-only", "--user 64999:64999", "--cap-drop ALL", "--security-opt no-new-privileges",
        "--pids-limit 128", f"--memory {4096 << 20}", f"--memory-swap {4096 << 20}", "--pull never", "--runtime runsc",
        f"--tmpfs=/files:rw,exec,nosuid,nodev,mode=1777,size={512 << 20}", "--ulimit=nofile=256:256",
    ):  # fmt: skip
        assert wall in told
    assert not [word for word in line if word.startswith(("-v", "--volume", "--mount", "--privileged", "-p"))]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import time\ntime.sleep(60)", "stopped after 3 s"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "was killed, as happens to"),
        ("import os\nos._exit(3)", "its process ended with status 3"),
        ("for _ in range(1000):\n    display('x' * 1_000_000)", "too much output"),
        ("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", "was told to stop"),
    ],
)
async def test_what_goes_wrong_is_told_and_the_next_call_works(hasty: Notebook, code: str, told: str) -> None:
    with pytest.raises(ToolError, match=told):
        await hasty.run(code)
    assert await hasty.run("6 * 7") == {"value": "42"}


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import os; os.write(1, b'\\xff' * 100)", "malformed message"),
        ("import os; os.write(1, b'\\x00\\x00\\x00\\x00\\x04what')", "what"),
        ("print('permission denied while trying to connect', file=__import__('sys').stderr)", "permission denied"),
        ("", "did not start"),
    ],
)
async def test_an_engine_that_talks_nonsense(notebook: Notebook, state: Path, program: str, told: str) -> None:
    (state / "docker").write_text(f"#!{sys.executable}\n{program}\n")
    with pytest.raises(ToolError, match=told):
        await notebook.run("1")


async def test_processes_left_behind_are_ended(notebook: Notebook) -> None:
    await notebook.run("import subprocess\nleft = subprocess.Popen(['sleep', '1000'], start_new_session=True)")
    assert await notebook.run("left.wait(1)") == {"value": "-9"}


async def test_through_the_settings(state: Path, tmp_path: Path) -> None:
    chosen: dict[str, Any] = {"docker": {"image": "some-image"}, "spare": False}
    (tool,) = load_file(FOLDER / "__init__.py", {"code_interpreter": chosen})
    context = Context(None, lambda hit: 1, tmp_path / "conversation", 5)  # type: ignore[arg-type]
    done = await run_tool(tool, "1", {"code": "6 * 7"}, context)
    assert (done.ok, done.result) == (True, {"value": "42"})
    part_of = sys.modules[f"{tool.function.__module__}.interpreter"]
    part_of.shared(tool.settings.limits(), tool.settings.engine()).close()


def test_it_needs_no_bubblewrap(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "docker").write_text(f"#!{sys.executable}\n")  # succeeds
    monkeypatch.setenv("PATH", str(state))
    (tool,) = load_file(FOLDER / "__init__.py", {"code_interpreter": {"docker": {}}})
    assert tool.name == "code_interpreter"


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"image": "another"}, "cannot run the image another .*No such image.*docs/code-interpreter.md"),
        ({"program": "no-such-engine"}, "no-such-engine is missing"),
    ],
)
def test_an_engine_that_cannot_serve_leaves_the_tool_absent(state: Path, chosen: Any, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason):
        load_file(FOLDER / "__init__.py", {"code_interpreter": {"docker": chosen}})


def test_without_bubblewrap_an_engine_is_not_taken_unasked(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(builtin_folder() / "code_interpreter", state / "tools" / "code_interpreter")
    monkeypatch.setenv("PATH", str(state))
    assert "bubblewrap is missing" in load_tools([state / "tools"]).absent["code_interpreter"]


@pytest.mark.parametrize("image", ["--privileged", "-v/:/host"])
def test_an_image_cannot_be_an_option(image: str) -> None:
    with pytest.raises(PluginError, match=r"docker\.image"):
        load_file(FOLDER / "__init__.py", {"code_interpreter": {"docker": {"image": image}}})
