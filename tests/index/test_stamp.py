"""Files that need not be read again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from index import incoming
from index.library import Library
from index.stamp import QUIET_SECONDS, stamp

LATER = time.time() + 3600


def test_a_stamp_changes_with_every_change(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    assert stamp(path) is None  # it may be written again before the clock ticks
    first = stamp(path, LATER)
    assert first is not None
    assert first == stamp(path, LATER)
    before = path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert stamp(path, LATER) not in (None, first)
    assert stamp(tmp_path / "none.txt", LATER) is None


@pytest.fixture
def digested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read to find their digest; all are taken to be old."""
    found: list[str] = []
    digest = incoming.digest

    def counted(path: Path) -> tuple[str, int]:
        found.append(path.name)
        return digest(path)

    monkeypatch.setattr("index.incoming.digest", counted)
    monkeypatch.setattr("index.incoming.stamp", lambda path: stamp(path, time.time() + QUIET_SECONDS + 1))
    return found


def test_unchanged_files_are_not_read_again(library: Library, folder: Path, digested: list[str]) -> None:
    library.add([folder])
    assert sorted(digested) == ["engine.txt", "oak.md", "tea.md"]
    digested.clear()
    outcomes = library.add([folder])
    assert [(outcome.status, outcome.document is not None) for outcome in outcomes] == [("unchanged", True)] * 3
    assert digested == []
    text = (folder / "oak.md").read_text()
    (folder / "oak.md").write_text(text.replace("Oaks", "Elms"))  # of the same length
    assert [outcome.status for outcome in library.add([folder])] == ["unchanged", "changed", "unchanged"]
    assert digested == ["oak.md"]
    digested.clear()
    (folder / "tea.md").touch()
    for _ in range(2):  # it is read once, then its new stamp is known
        assert {outcome.status for outcome in library.add([folder])} == {"unchanged"}
    assert digested == ["tea.md"]


def test_a_file_that_was_written_a_moment_ago_is_read_again(library: Library, folder: Path) -> None:
    (folder / "a.txt").write_text("Whales sing.")
    library.add([folder / "a.txt"])
    (folder / "a.txt").write_text("Herons sing.")
    assert [outcome.status for outcome in library.add([folder / "a.txt"])] == ["changed"]
