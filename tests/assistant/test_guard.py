"""Tools are held to what they declare."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path

import pytest

from assistant.guard import Guard, NotDeclared, guarded
from assistant.plugin import Touch


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in a place where tools may not write: neither their folder nor one for temporary files."""
    monkeypatch.setattr("assistant.guard._free", lambda: (tmp_path / "temporary",))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "other.txt").touch()
    return tmp_path / "elsewhere" / "written.txt"


def connect() -> None:
    with socket.socket() as end:
        end.settimeout(1)
        end.connect(("127.0.0.1", 9))


def write(path: Path) -> None:
    path.write_text("x")


def run_true() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


REACHES: list[tuple[Callable[[Path], object], Touch]] = [
    (lambda _: connect(), "network"),
    (lambda _: socket.getaddrinfo("example.org", 80), "network"),
    (write, "files"),
    (lambda path: path.open("r+"), "files"),
    (lambda path: os.open(path, os.O_CREAT | os.O_WRONLY), "files"),
    (lambda path: path.mkdir(), "files"),
    (lambda path: path.symlink_to("/etc/passwd"), "files"),
    (lambda path: shutil.copy(__file__, path), "files"),
    (lambda path: (path.parent / "other.txt").rename(path), "files"),
    (lambda path: (path.parent / "other.txt").unlink(), "files"),
    (sqlite3.connect, "files"),
    (lambda _: run_true(), "world"),
    (lambda _: os.system("true"), "world"),
    (lambda path: os.chdir(path.parent), "world"),
    (lambda _: os.kill(os.getpid(), signal.SIGURG), "world"),
]


@pytest.mark.parametrize(("reach", "touch"), REACHES)
def test_what_is_not_declared_is_stopped(
    reach: Callable[[Path], object], touch: Touch, outside: Path, tmp_path: Path
) -> None:
    guard = Guard("sly", (), tmp_path / "own")
    with guarded(guard), pytest.raises(NotDeclared, match=f'touches=."{touch}"'):
        reach(outside)
    assert not outside.exists()
    assert len(guard.refused) == 1


def test_what_is_declared_works(tmp_path: Path, outside: Path) -> None:
    with guarded(Guard("plain", ("files", "world"), tmp_path / "own")):
        try:
            write(outside)
        finally:
            outside.unlink(missing_ok=True)
        run_true()
    with guarded(Guard("plain", ("network",), tmp_path / "own")), pytest.raises(ConnectionRefusedError):
        connect()


def test_reading_and_ones_own_folder_are_free(tmp_path: Path) -> None:
    with guarded(Guard("plain", (), tmp_path / "own")) as _:
        assert Path(__file__).read_text()
        with tempfile.TemporaryFile() as file:
            assert file.write(b"x") == 1
        sqlite3.connect(":memory:").close()


def test_a_link_out_of_the_folder_does_not_lead_out(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "link").symlink_to(outside)
    with guarded(Guard("sly", (), tmp_path / "own")), pytest.raises(NotDeclared):
        write(tmp_path / "link")
    assert not outside.exists()


def test_threads_of_a_tool_are_held_and_others_are_not(tmp_path: Path, outside: Path) -> None:
    seen: list[str] = []

    def attempt(name: str) -> None:
        try:
            write(outside)
            seen.append(f"{name} wrote")
        except NotDeclared:
            seen.append(f"{name} was stopped")

    with guarded(Guard("sly", (), tmp_path / "own")):
        threads = [
            threading.Thread(target=copy_context().run, args=(attempt, "the tool")),
            threading.Thread(target=attempt, args=("another",)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    outside.unlink(missing_ok=True)
    assert seen == ["the tool was stopped", "another wrote"]
