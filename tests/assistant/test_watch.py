"""The library follows a folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from assistant.app import open_library
from assistant.settings import Settings
from assistant.watch import watch
from index.library import Library


def soon(condition: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "followed"
    folder.mkdir()
    (folder / "first.txt").write_text("The first text was there before.")
    return folder


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    opened = open_library(Settings(home=home))
    yield opened
    opened.close()


@pytest.fixture
def followed(home: Path, place: Path, library: Library) -> Iterator[Path]:
    stop = Event()
    thread = Thread(target=watch, args=(Settings(home=home), [place], stop))
    thread.start()
    assert soon(lambda: len(library.documents()) == 1)
    time.sleep(0.5)  # until the system tells of changes
    yield place
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def titles(library: Library) -> set[str]:
    return {Path(document.path).name for document in library.documents()}


def test_new_changed_and_deleted_files_are_followed(followed: Path, library: Library) -> None:
    (followed / "below").mkdir()
    (followed / "below" / "second.txt").write_text("The second text speaks of whales.")
    (followed / ".hidden").write_text("Nobody shall read this.")
    (followed / "broken.pdf").write_bytes(b"%PDF-1.4 no more")
    assert soon(lambda: titles(library) == {"first.txt", "second.txt"})
    (followed / "first.txt").write_text("The first text speaks of herons now.")
    assert soon(lambda: any("herons" in hit.passage.text for hit in library.search("herons", 1)))
    (followed / "below" / "second.txt").rename(followed / "third.txt")
    assert soon(lambda: titles(library) == {"first.txt", "third.txt"})
    (followed / "third.txt").unlink()
    assert soon(lambda: titles(library) == {"first.txt"})
    assert library.verify() == []


def test_a_folder_that_is_gone_loses_nothing(followed: Path, library: Library) -> None:
    followed.rename(followed.with_name("unmounted"))
    time.sleep(3)
    assert titles(library) == {"first.txt"}


def test_ctrl_c_ends_it_in_order(home: Path, place: Path) -> None:
    command = [sys.executable, "-m", "assistant", "index", "watch", str(place), "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == f"added: {place / 'first.txt'}\n"
        assert "watching" in running.stderr.readline()
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=20)
    assert running.returncode == 0
    assert errors == ""
