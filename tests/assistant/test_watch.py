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
from index.errors import LibraryError
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


def test_a_folder_that_is_gone_loses_nothing_and_is_followed_once_it_is_back(followed: Path, library: Library) -> None:
    followed.rename(followed.with_name("unmounted"))
    time.sleep(3)
    assert titles(library) == {"first.txt"}
    (followed.with_name("unmounted") / "second.txt").write_text("The second text speaks of whales.")
    followed.with_name("unmounted").rename(followed)
    assert soon(lambda: titles(library) == {"first.txt", "second.txt"})
    (followed / "third.txt").write_text("The third text speaks of herons.")
    assert soon(lambda: titles(library) == {"first.txt", "second.txt", "third.txt"})


def test_a_file_that_is_being_written_is_read_when_it_is_whole(
    followed: Path, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (Path(__file__).parents[1] / "fixtures" / "two-columns.pdf").read_bytes()
    with (followed / "slow.pdf").open("wb") as file:
        for first in range(0, len(whole), len(whole) // 5):
            file.write(whole[first : first + len(whole) // 5])
            file.flush()
            time.sleep(1)
    assert soon(lambda: "slow.pdf" in titles(library))
    assert "Error" not in capsys.readouterr().err


def test_a_file_or_folder_that_gets_another_name_keeps_its_tags(
    followed: Path, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    library.tag("first.txt", ["old"])
    (followed / "first.txt").rename(followed / "renamed.txt")
    assert soon(lambda: titles(library) == {"renamed.txt"})
    (followed / "below").mkdir()
    (followed / "renamed.txt").rename(followed / "below" / "again.txt")
    assert soon(lambda: titles(library) == {"again.txt"})
    (followed / "below").rename(followed / "elsewhere")
    assert soon(lambda: [Path(each.path).parent.name for each in library.documents()] == ["elsewhere"])
    assert library.documents()[0].tags == ("old",)
    assert f"renamed: {followed / 'first.txt'} to {followed / 'renamed.txt'}" in capsys.readouterr().out


def test_it_goes_on_when_the_library_can_be_written_again(
    followed: Path, library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("assistant.watch.RETRY_SECONDS", 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(Library, "add", full)
        (followed / "second.txt").write_text("The second text speaks of whales.")
        time.sleep(5)
    assert soon(lambda: titles(library) == {"first.txt", "second.txt"})
    assert capsys.readouterr().err.count("Error: The disk is full.") == 1


def full(*arguments: object, **more: object) -> None:
    raise LibraryError("The disk is full.")


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
