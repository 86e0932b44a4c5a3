"""Plugins that change while the program runs."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from assistant.loader import load_file
from assistant.toolbox import Plugins

TOOL = '''
from assistant.plugin import tool

@tool
def {name}() -> str:
    """Answer {answer}."""
    return "{answer}"
'''


def write(path: Path, text: str, *, seconds: int) -> None:
    """Writes a file with a time of change of its own, however fast the test is."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (seconds, seconds))


def answers(plugins: Plugins) -> dict[str, str]:
    return {name: tool.function() for name, tool in plugins.refresh().tools.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "one.py", TOOL.format(name="one", answer="1"), seconds=1)
    return tmp_path


def test_nothing_is_read_again_while_nothing_changes(folder: Path) -> None:
    plugins = Plugins([folder])
    before = plugins.toolbox
    assert plugins.refresh() is before


def test_changed_new_and_deleted_files_are_noticed(folder: Path) -> None:
    plugins = Plugins([folder])
    write(folder / "one.py", TOOL.format(name="one", answer="2"), seconds=2)
    write(folder / "two.py", TOOL.format(name="two", answer="3"), seconds=2)
    assert answers(plugins) == {"one": "2", "two": "3"}
    (folder / "one.py").unlink()
    assert answers(plugins) == {"two": "3"}


@pytest.mark.parametrize("broken", ["def (", "raise RuntimeError('no')", "import no_such_module", "x = 1"])
def test_the_last_good_version_keeps_working_until_the_file_is_mended(folder: Path, broken: str) -> None:
    plugins = Plugins([folder])
    write(folder / "one.py", broken, seconds=2)
    assert answers(plugins) == {"one": "1"}
    assert "The last good version keeps working" in plugins.toolbox.broken[str(folder / "one.py")]
    write(folder / "one.py", TOOL.format(name="one", answer="4"), seconds=3)
    assert answers(plugins) == {"one": "4"}
    assert not plugins.toolbox.broken


def test_nobody_waits_while_another_reads_a_plugin_that_blocks(folder: Path) -> None:
    plugins = Plugins([folder])
    write(folder / "two.py", "import time\ntime.sleep(3)", seconds=2)
    reading = threading.Thread(target=plugins.refresh)
    reading.start()
    time.sleep(0.2)
    began = time.monotonic()
    assert answers(plugins) == {"one": "1"}
    assert time.monotonic() - began < 1
    reading.join()


def test_a_plugin_that_blocks_at_import_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_file, "__kwdefaults__", {"seconds": 0.3})
    plugins = Plugins([folder])
    for blocking in ("while True: pass", "import asyncio\nasyncio.run(asyncio.sleep(5))"):
        write(folder / "two.py", blocking, seconds=len(blocking))
        assert answers(plugins) == {"one": "1"}
        assert "it took longer than 0.3 s" in plugins.toolbox.broken[str(folder / "two.py")]


def test_a_name_that_becomes_taken_leaves_the_first_one_working(folder: Path) -> None:
    plugins = Plugins([folder])
    write(folder / "two.py", TOOL.format(name="one", answer="other"), seconds=2)
    assert answers(plugins) == {"one": "1"}
    (reason,) = plugins.toolbox.broken.values()
    assert str(folder / "one.py") in reason
    assert str(folder / "two.py") in reason


def test_a_part_of_a_plugin_folder_is_watched_too(folder: Path) -> None:
    write(folder / "big" / "part.py", "ANSWER = 'old'", seconds=1)
    text = TOOL.format(name="big", answer="").replace('return ""', "return ANSWER")
    write(folder / "big" / "__init__.py", "from .part import ANSWER\n" + text, seconds=1)
    plugins = Plugins([folder])
    assert answers(plugins)["big"] == "old"
    write(folder / "big" / "part.py", "ANSWER = 'new'", seconds=2)
    assert answers(plugins)["big"] == "new"
