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


def test_every_reason_stands_in_the_log_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(folder / "two.py", TOOL.format(name="one", answer="2"), seconds=1)
    write(folder / "bad.py", "def (", seconds=1)
    plugins = Plugins([folder, folder / "nowhere"])
    write(folder / "three.py", TOOL.format(name="three", answer="3"), seconds=2)
    plugins.refresh()
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert sorted(told) == sorted(plugins.toolbox.broken.values())
    assert len(told) == 3


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that offers a module, a function, and what cannot be used."""
    folder = tmp_path / "site"
    write(folder / "offering.py", TOOL.format(name="offered", answer="5"), seconds=1)
    write(folder / "lacking.py", "from assistant.plugin import Unavailable\nraise Unavailable('no printer')", seconds=1)
    points = "[assistant.tools]\nmodule = offering\nfunction = offering:offered\nbad = offering:tool\n"
    text = f"{points}gone = no_such_module\nlacking = lacking\n"
    write(folder / "offering-1.dist-info" / "entry_points.txt", text, seconds=1)
    write(
        folder / "offering-1.dist-info" / "METADATA", "Metadata-Version: 2.1\nName: offering\nVersion: 1\n", seconds=1
    )
    monkeypatch.syspath_prepend(folder)
    return folder


def test_a_package_offers_tools_through_an_entry_point(package: Path, folder: Path) -> None:
    toolbox = Plugins([folder]).toolbox
    assert toolbox.tools["offered"].function() == "5"
    assert toolbox.tools["offered"].source == "entry point module = offering"
    assert "already defined in entry point module = offering" in toolbox.broken["entry point function"]
    assert "no module and no function marked with @tool" in toolbox.broken["entry point bad"]
    assert "ModuleNotFoundError" in toolbox.broken["entry point gone"]
    assert toolbox.absent == {"lacking": "no printer"}


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
