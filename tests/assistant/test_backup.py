"""The home folder in one file and back."""

from __future__ import annotations

import json
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.app import build
from assistant.backup import back_up, files, restore
from assistant.cli import cli
from assistant.errors import BackupError
from assistant.settings import Settings


@pytest.fixture
def used(tmp_path: Path) -> Iterator[Path]:
    """A home folder with a database that is open, with what was written to it still in its log."""
    home = tmp_path / "used"
    (home / "files" / "abc").mkdir(parents=True)
    (home / "files" / "abc" / "plot.png").write_bytes(b"\x89PNG" * 1000)
    (home / "logs").mkdir()
    (home / "logs" / "assistant.log").write_text("said")
    (home / "library").mkdir()
    (home / "library" / "passages.faiss").write_bytes(b"cache")
    with closing(sqlite3.connect(home / "conversations.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE turns (id INTEGER PRIMARY KEY, result TEXT)")
        result = json.dumps({"artifacts": [{"path": str(home / "files" / "abc" / "plot.png")}]})
        connection.execute("INSERT INTO turns (result) VALUES (?)", (result,))
        connection.commit()
        yield home


def turns(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "conversations.sqlite")) as connection:
        return [row[0] for row in connection.execute("SELECT result FROM turns ORDER BY id")]


@pytest.mark.parametrize("name", ["backup.tar", "backup.tar.gz"])
def test_what_was_written_comes_back_and_finds_its_files(used: Path, tmp_path: Path, name: str) -> None:
    done = []
    assert back_up(used, tmp_path / name, done.append) == 2
    assert sum(done) > 4000
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert restore(tmp_path / name, tmp_path / "new") == 2
    assert (tmp_path / "new" / "files" / "abc" / "plot.png").read_bytes() == b"\x89PNG" * 1000
    assert str(tmp_path / "new" / "files" / "abc") in turns(tmp_path / "new")[0]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["conversations.sqlite", "files"]


def test_a_database_that_is_written_meanwhile_is_whole(used: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(used / "conversations.sqlite", timeout=30)) as connection:
            while not stop.is_set():
                with connection:
                    connection.executemany("INSERT INTO turns (result) VALUES (?)", [("a",), ("b",)])

    writing = threading.Thread(target=write)
    writing.start()
    try:
        back_up(used, tmp_path / "backup.tar")
    finally:
        stop.set()
        writing.join()
    restore(tmp_path / "backup.tar", tmp_path / "new")
    assert len(turns(tmp_path / "new")) % 2 == 1  # the first one, and whole pairs


def test_a_damaged_backup_leaves_nothing(used: Path, tmp_path: Path) -> None:
    whole = tmp_path / "backup.tar"
    back_up(used, whole)
    data = whole.read_bytes()
    for position in (len(data) // 3, len(data) // 2):
        changed = bytearray(data)
        changed[position] ^= 1
        (tmp_path / "changed.tar").write_bytes(changed)
        with pytest.raises(BackupError, match="damaged or no backup"):
            restore(tmp_path / "changed.tar", tmp_path / "new")
    (tmp_path / "short.tar").write_bytes(data[: len(data) // 2])
    (tmp_path / "none.tar").write_bytes(b"no archive at all")
    for name in ("short.tar", "none.tar"):
        with pytest.raises(BackupError, match=r"damaged or no backup|it is no whole archive"):
            restore(tmp_path / name, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new-*"))


def test_an_archive_cannot_write_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("x")
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        archive.add(tmp_path / "evil", "../escaped")
    with pytest.raises(BackupError):
        restore(tmp_path / "evil.tar", tmp_path / "deep" / "new")
    assert not (tmp_path / "deep" / "escaped").exists()


def test_nothing_is_overwritten(used: Path, tmp_path: Path) -> None:
    back_up(used, tmp_path / "backup.tar")
    with pytest.raises(BackupError, match="is not empty"):
        restore(tmp_path / "backup.tar", used)
    with pytest.raises(BackupError, match="lies in the folder"):
        back_up(used, used / "backup.tar")
    with pytest.raises(BackupError, match=r"should end in \.tar"):
        back_up(used, tmp_path / "backup.zip")
    with pytest.raises(BackupError, match="nothing in"):
        back_up(tmp_path / "nowhere", tmp_path / "other.tar")


def test_a_question_can_be_asked_of_what_was_restored(tmp_path: Path) -> None:
    document = tmp_path / "tower.md"
    document.write_text("# The tower\n\nThe tower of Arken was built in 1874 by Ines Falk.\n")
    old, new = ["--home", str(tmp_path / "old")], ["--home", str(tmp_path / "new")]
    assert CliRunner().invoke(cli, ["index", "add", str(document), *old]).exit_code == 0
    assert CliRunner().invoke(cli, ["backup", str(tmp_path / "all.tar.gz"), *old]).exit_code == 0
    assert files(tmp_path / "old")
    assert CliRunner().invoke(cli, ["restore", str(tmp_path / "all.tar.gz"), *new]).exit_code == 0
    asked = CliRunner().invoke(cli, ["ask", "When was the tower of Arken built?", *new])
    assert "1874" in asked.output


def test_a_file_that_is_there_is_replaced_only_by_force(used: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    file.write_text("mine")
    words = ["backup", str(file), "--home", str(used)]
    refused = CliRunner().invoke(cli, words)
    assert refused.exit_code != 0
    assert file.read_text() == "mine"
    assert CliRunner().invoke(cli, [*words, "--force"]).exit_code == 0
    assert file.read_bytes()[:2] == b"\x1f\x8b"


def test_a_home_that_cannot_be_made_is_one_line(used: Path, tmp_path: Path) -> None:
    back_up(used, tmp_path / "backup.tar")
    with pytest.raises(BackupError, match="/proc/nope cannot be made"):
        restore(tmp_path / "backup.tar", Path("/proc/nope"))


def test_a_command_makes_a_home_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    assert CliRunner().invoke(cli, ["keys", "add", "one", "--home", str(home)]).exit_code == 0
    assert home.stat().st_mode & 0o777 == 0o700


async def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with build(Settings(home=home, engine="builtin")):
        pass
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "conversations.sqlite").stat().st_mode & 0o777 == 0o600
