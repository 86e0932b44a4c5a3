"""The code interpreter does what a notebook does."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psutil
import pytest

from assistant.loader import builtin_folder
from assistant.plugin import ToolError
from assistant.runner import run_tool
from assistant.toolbox import load_tools
from bench.code import humaneval, rows
from tests.tools.interpreters import Notebook, needs_sandbox, opened

pytestmark = [needs_sandbox, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with opened({"seconds": 20.0}, tmp_path_factory.mktemp("shared")) as notebook:
        yield notebook


@pytest.fixture
def notebook(shared: Notebook) -> Notebook:
    """The kernel is shared with the tests before, as calls of one conversation are."""
    shared.streamed.clear()
    return shared


async def test_through_the_loader_and_the_runner(tmp_path: Path) -> None:
    tool = load_tools([builtin_folder()]).tools["code_interpreter"]
    context = Notebook(None, tmp_path).context()
    call = await run_tool(tool, "1", {"code": "6 * 7"}, context)
    assert (call.ok, call.result) == (True, {"value": "42"})
    assert list(tool.parameters["properties"]) == ["code", "restart"]


async def test_variables_stay_and_the_last_expression_is_shown(notebook: Notebook) -> None:
    assert await notebook.run("x = 20") == {}
    assert await notebook.run("print('twice')\nx * 2") == {"output": "twice", "value": "40"}


@pytest.mark.parametrize("before", ["", "import numpy\n"])
async def test_a_seed_brings_the_same_random_numbers_again(notebook: Notebook, before: str) -> None:
    async def drawn(seed: int, restart: bool = True) -> str:
        context = notebook.context()
        context.random = Random(seed)
        code = before + "import random, numpy as np\nprint(random.random(), np.random.rand())"
        return str((await notebook.interpreter.run(code, context, restart))["output"])

    first = await drawn(5)
    assert await drawn(5, restart=False) != first  # it goes on where it was
    assert await drawn(6) != first
    assert await drawn(5) == first


async def test_what_is_printed_is_streamed_as_it_comes(notebook: Notebook) -> None:
    code = "import sys, time\nfor n in range(3): print(n, flush=True); time.sleep(0.3)\nprint('end', file=sys.stderr)"
    result = await notebook.run(code)
    assert result == {"output": "0\n1\n2\nend"}
    assert len(notebook.streamed) >= 3
    assert notebook.streamed[0] == "0"


async def test_a_progress_bar_is_shown_as_it_ended(notebook: Notebook) -> None:
    code = "import sys, time\nfor n in range(3): sys.stderr.write(f'\\r{n} of \\x1b[31m2\\x1b[0m'); time.sleep(0.3)"
    assert await notebook.run(code) == {"output": "2 of 2"}


async def test_an_error_names_the_line_and_keeps_what_was_printed(notebook: Notebook) -> None:
    with pytest.raises(ToolError) as caught:
        await notebook.run("print('so far')\n1 / 0")
    error = str(caught.value)
    assert "line 2" in error
    assert "ZeroDivisionError: division by zero" in error
    assert error.endswith("Printed before:\nso far")
    with pytest.raises(ToolError, match="SyntaxError"):
        await notebook.run("def f(:")


async def test_everything_that_the_description_names_is_there(notebook: Notebook) -> None:
    tool = load_tools([builtin_folder()]).tools["code_interpreter"]
    named = ["numpy", "pandas", "scipy", "matplotlib", "sympy", "sklearn", "openpyxl", "plotly"]
    assert [name for name in named if name not in tool.description] == []
    code = f"import importlib\nprint(*(importlib.import_module(name).__name__ for name in {named}))"
    assert (await notebook.run(code))["output"].split() == named


async def test_a_figure_is_a_picture(notebook: Notebook) -> None:
    result = await notebook.run("import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('three')")
    assert notebook.file("picture.png").startswith(b"\x89PNG\r\n")
    assert result["files"] == ["picture.png"]


async def test_a_plotly_figure_is_a_plot(notebook: Notebook) -> None:
    await notebook.run("import plotly.graph_objects as go\ngo.Figure(go.Bar(x=['a'], y=[3]))")
    (artifact,) = notebook.artifacts
    assert artifact.media_type == "application/vnd.plotly.v1+json"
    assert json.loads(notebook.file("plot.plotly.json"))["data"][0]["y"] == [3]


async def test_a_table_is_shown_and_returned(notebook: Notebook) -> None:
    result = await notebook.run("import pandas as pd\npd.DataFrame({'n': [1, 2], 'name': ['é', 'b']})")
    assert result["value"].splitlines()[1].split() == ["0", "1", "é"]
    assert notebook.file("table.csv").decode().splitlines() == [",n,name", "0,1,é", "1,2,b"]


async def test_files_come_in_and_go_out(notebook: Notebook) -> None:
    (notebook.folder / "sales.csv").write_text("month,sold\nMay,3\nJune,4\n")
    (notebook.folder / "empty").write_bytes(b"")
    code = """
import os, pandas as pd
os.makedirs("out", exist_ok=True)
pd.read_csv("sales.csv").to_excel("out/sales.xlsx")
open("big.bin", "wb").write(os.urandom(20_000_000))
os.path.getsize("empty")
"""
    result = await notebook.run(code)
    assert result["value"] == "0"
    assert sorted(result["files"]) == ["big.bin", "out_sales.xlsx"]
    assert len(notebook.file("big.bin")) == 20_000_000
    assert notebook.file("out_sales.xlsx")[:2] == b"PK"
    assert "files" not in await notebook.run("open('sales.csv').read()")
    (notebook.folder / "sales.csv").write_text("changed")
    assert await notebook.run("open('sales.csv').read()") == {"value": "'changed'"}


async def test_code_imports_what_it_wrote(notebook: Notebook) -> None:
    await notebook.run("open('mine.py', 'w').write('answer = 42')")
    assert await notebook.run("import mine; mine.answer") == {"value": "42"}


async def test_files_survive_a_restart_and_variables_do_not(notebook: Notebook) -> None:
    await notebook.run("kept = 1; open('note.txt', 'w').write('here')")
    assert await notebook.run("'kept' in globals(), open('note.txt').read()", restart=True) == {
        "value": "(False, 'here')"
    }


async def test_too_many_files_are_told(notebook: Notebook) -> None:
    result = await notebook.run("for n in range(30): open(f'f{n:02}', 'w').write('x')")
    assert len(result["files"]) == 20
    assert len(result["notes"]) == 10
    assert "stays in the interpreter" in result["notes"][0]


async def test_long_output_is_shortened_in_the_middle(notebook: Notebook) -> None:
    result = await notebook.run("print('a' * 50_000 + 'z')")
    assert "characters left out" in result["output"]
    assert result["output"].startswith("aaa")
    assert result["output"].endswith("az")


async def test_odd_code(notebook: Notebook) -> None:
    assert await notebook.run("") == {}
    assert await notebook.run("print(chr(0xd800))") == {"output": "?"}
    for code, problem in {
        "'\ud800'": "surrogate pair",
        "1\0": "null bytes",
        "input()": "StdinNotImplementedError",
        "raise ValueError('x' * 9_000_000)": "characters left out",
    }.items():
        with pytest.raises(ToolError, match=problem) as caught:
            await notebook.run(code)
        assert len(str(caught.value)) < 25_000


async def test_exit_keeps_the_variables(notebook: Notebook) -> None:
    await notebook.run("kept = 7\nexit()")
    await asyncio.sleep(0.5)
    assert await notebook.run("kept") == {"value": "7"}


async def test_workers_of_joblib_do_not_disturb_the_next_call(notebook: Notebook) -> None:
    code = "from joblib import Parallel, delayed\nParallel(n_jobs=2)(delayed(abs)(-n) for n in range(3))"
    assert await notebook.run(code) == {"value": "[0, 1, 2]"}
    assert await notebook.run(code) == {"value": "[0, 1, 2]"}


async def test_calls_of_one_conversation_wait_for_each_other(notebook: Notebook) -> None:
    await notebook.run("order = []")
    calls = [notebook.run(f"import time; time.sleep(0.1); order.append({n}); order") for n in range(3)]
    results = await asyncio.gather(*calls)
    assert [result["value"] for result in results] == ["[0]", "[0, 1]", "[0, 1, 2]"]


async def test_a_cancelled_call_is_interrupted_and_the_variables_are_kept(notebook: Notebook) -> None:
    await notebook.run("kept = 5")
    call = asyncio.ensure_future(notebook.run("import time; time.sleep(60)"))
    await asyncio.sleep(0.5)
    call.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await notebook.run("kept") == {"value": "5"}
    assert time.monotonic() - began < 5


async def test_another_event_loop_finds_the_same_kernel(notebook: Notebook) -> None:
    await notebook.run("kept = 6")
    assert await asyncio.to_thread(lambda: asyncio.run(notebook.run("kept"))) == {"value": "6"}


async def test_the_spare_is_taken_and_made_again(tmp_path: Path) -> None:
    with opened({}, tmp_path / "a") as notebook:
        notebook.interpreter.warm()
        await until(lambda: len(notebook.interpreter.processes()) == 1)
        (spare,) = notebook.interpreter.processes()
        await notebook.run("1")
        assert spare in notebook.interpreter.processes()
        await until(lambda: len(notebook.interpreter.processes()) == 2)


async def test_idle_kernels_are_ended(tmp_path: Path) -> None:
    with opened({"idle_seconds": 0.5, "spares": 0}, tmp_path / "a") as notebook:
        await notebook.run("x = 1")
        await until(lambda: notebook.interpreter.processes() == [])
        with pytest.raises(ToolError, match="NameError"):
            await notebook.run("x")


async def test_the_kernel_of_a_deleted_conversation_is_ended(tmp_path: Path) -> None:
    with opened({"idle_seconds": 6, "spares": 0}, tmp_path / "a") as notebook:
        await notebook.run("open('note.txt', 'w').write('x')")
        began = time.monotonic()
        shutil.rmtree(notebook.folder)
        await until(lambda: notebook.interpreter.processes() == [])
        assert time.monotonic() - began < 5  # sooner than for being idle


async def test_there_are_not_more_kernels_than_allowed(tmp_path: Path) -> None:
    with opened({"kernels": 2, "spares": 0}, tmp_path / "a") as first:
        others = [Notebook(first.interpreter, tmp_path / name) for name in "bc"]
        await first.run("x = 1")
        for other in others:
            await other.run("x = 1")
        assert len(first.interpreter.processes()) == 2
        with pytest.raises(ToolError, match="NameError"):
            await first.run("x")
        busy = [asyncio.ensure_future(one.run("import time; time.sleep(1)")) for one in (first, others[1])]
        await asyncio.sleep(0.5)
        with pytest.raises(ToolError, match="All 2 interpreters are busy"):
            await others[0].run("1")
        await asyncio.gather(*busy)


def test_problems_of_humaneval_are_solved(capsys: pytest.CaptureFixture[str]) -> None:
    """Four problems of HumanEval with their reference solutions: OpenAI, Chen et al. 2021, MIT."""
    assert asyncio.run(humaneval(rows(Path(__file__).with_name("humaneval.jsonl")))), capsys.readouterr().out
    (wrong,) = rows(Path(__file__).with_name("humaneval.jsonl"))[:1]
    assert not asyncio.run(humaneval([wrong | {"canonical_solution": "    return None\n"}]))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


PROGRAM = """
import asyncio, sys, time
from pathlib import Path
from bench.code import humaneval, rows
from tests.tools.interpreters import Notebook, part

async def main():
    notebook = Notebook(part("interpreter").Interpreter(), Path(sys.argv[1]))
    code = "import subprocess; p = subprocess.Popen(['sleep', '987654']); print(p.pid)"
    call = asyncio.ensure_future(notebook.run(code + "; import time; time.sleep(60)"))
    while not notebook.streamed:
        await asyncio.sleep(0.05)
    print(*notebook.interpreter.processes(), flush=True)
    if sys.argv[2] == "wait":
        await call

asyncio.run(main())
"""


@pytest.mark.parametrize("end", ["return", "killed"])
def test_nothing_is_left_running(tmp_path: Path, end: str) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), "wait" if end == "killed" else "return"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        kernels = [psutil.Process(int(pid)) for pid in program.stdout.readline().split()]
        assert kernels
        started = psutil.Process(program.pid).children(recursive=True)
        assert any(process.name() == "sleep" for process in started)
        if end == "killed":
            program.send_signal(signal.SIGKILL)
        program.wait(20)
        _, alive = psutil.wait_procs([*kernels, *started], timeout=5)
        assert alive == []


def test_without_bubblewrap_the_tool_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(builtin_folder() / "code_interpreter", tmp_path / "code_interpreter")
    monkeypatch.setenv("PATH", str(tmp_path))
    toolbox = load_tools([tmp_path])
    assert (dict(toolbox.tools), dict(toolbox.broken)) == ({}, {})
    assert toolbox.absent["code_interpreter"].startswith("bubblewrap is missing; install it")


def test_a_bubblewrap_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(builtin_folder() / "code_interpreter", tmp_path / "tools" / "code_interpreter")
    for name, text in (("bwrap", "echo 'bwrap: No permissions to create new namespace' >&2; exit 1"), ("setpriv", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "No permissions to create new namespace" in load_tools([tmp_path / "tools"]).absent["code_interpreter"]
