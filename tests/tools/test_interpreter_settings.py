"""The interpreter's limits in the settings, and what a killed assistant leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from assistant.context import Context
from assistant.errors import PluginError
from assistant.loader import load_file
from assistant.runner import run_tool
from tests.tools.interpreters import FOLDER, needs_sandbox, part

pytestmark = needs_sandbox


def test_the_defaults_are_the_same_on_both_sides() -> None:
    assert asdict(part("settings").InterpreterSettings().limits()) == asdict(part("limits").Limits())


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"seconds": 1000}, {"memory": 5}, {"kernels": "many"}])
def test_settings_that_do_not_fit_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(PluginError, match=next(iter(wrong))):
        load_file(FOLDER / "__init__.py", {"code_interpreter": wrong})


async def test_a_limit_of_the_settings_holds(tmp_path: Path) -> None:
    (tool,) = load_file(FOLDER / "__init__.py", {"code_interpreter": {"seconds": 2, "memory_mb": 700, "spare": False}})
    context = Context(None, lambda hit: 1, tmp_path, 5)  # type: ignore[arg-type]
    slow = await run_tool(tool, "1", {"code": "import time\nx = 1\ntime.sleep(30)"}, context)
    assert not slow.ok
    assert "stopped after 2 s" in str(slow.result)
    large = await run_tool(tool, "2", {"code": "print(x)\ny = bytearray(900 << 20)"}, context)
    assert not large.ok
    assert "MemoryError" in str(large.result)


def test_folders_of_assistants_that_are_gone_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = part("scratch")
    monkeypatch.setattr(scratch, "ROOT", tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f"{scratch.PREFIX}{gone.pid}-abc"
    mine = tmp_path / f"{scratch.PREFIX}{os.getpid()}-abc"
    strange = tmp_path / f"{scratch.PREFIX}x"
    for folder in (left, mine, strange):
        (folder / "inside").mkdir(parents=True)
    link = tmp_path / f"{scratch.PREFIX}{gone.pid}-link"
    link.symlink_to(mine)

    made = scratch.make_folder()
    assert made.is_dir()
    assert made.stat().st_mode & 0o777 == 0o700
    assert not left.exists()
    assert (mine / "inside").exists()
    assert strange.exists()
    assert link.is_symlink()
