"""``assistant index add`` as a job: what it shows, how it is stopped, and what it reports."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from assistant.app import open_library
from assistant.errors import SettingsError
from assistant.ingest import add
from assistant.settings import Settings
from tests.assistant.test_cli import assistant as run

WORDS = "river stone lamp winter bridge copper orchard signal harbour violin ledger meadow engine captain".split()


def write_book(path: Path, paragraphs: int) -> None:
    """A document of about as many passages as paragraphs."""
    choice = random.Random(paragraphs)
    path.write_text("\n\n".join(" ".join(choice.choices(WORDS, k=150)) + "." for _ in range(paragraphs)))


def report(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_file_is_reported(settings: Settings, documents: Path, tmp_path: Path) -> None:
    (documents / "broken.pdf").write_bytes(b"%PDF-1.4 no more")
    (documents / "empty.txt").write_bytes(b"")
    told = tmp_path / "report.jsonl"
    assert add(settings, [documents, tmp_path / "none.txt"], ["staff"], told) == "refused"
    rows = {Path(str(row["path"])).name: row for row in report(told)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "broken.pdf": "refused", "empty.txt": "refused", "none.txt": "refused",
        "handbook.md": "added", "lighthouse.md": "added",
    }  # fmt: skip
    assert rows["handbook.md"]["passages"]
    assert rows["broken.pdf"]["reason"]
    with closing(open_library(settings)) as library:
        assert library.tags() == {"staff": 2}
    assert add(settings, [documents / "handbook.md"], (), told) == "taken"
    assert [row["status"] for row in report(told)] == ["unchanged"]
    with pytest.raises(SettingsError, match="cannot be written"):
        add(settings, [documents], (), tmp_path / "none" / "report.jsonl")


def test_a_big_file_shows_how_far_it_is(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_book(tmp_path / "book.txt", 200)
    monkeypatch.setattr("click._termui_impl.isatty", lambda stream: True)
    assert add(settings, [tmp_path / "book.txt"]) == "taken"
    shown = capsys.readouterr().err
    assert "book.txt: 64 of 200 passages" in shown
    assert "1 of 1 files  book.txt" in shown


def test_ctrl_c_is_one_line_and_the_same_command_goes_on(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "many"
    source.mkdir()
    for number in range(60):
        write_book(source / f"{number:02}.txt", 10)
    told = tmp_path / "report.jsonl"
    command = [sys.executable, "-m", "assistant", "--home", str(home), "index", "add", str(source)]
    with subprocess.Popen(
        [*command, "--report", str(told)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        until = time.monotonic() + 60
        while not (told.exists() and report_lines(told)) and time.monotonic() < until:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        shown, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in errors
    [line] = [line for line in errors.splitlines() if "Stopped" in line]
    assert "what was stored stays; the same command goes on." in line
    stored = shown.count("added: ")
    assert 0 < stored < 60
    assert report_lines(told) == stored
    again = run(home, "index", "add", str(source))
    assert again.stdout.count("unchanged: ") == stored
    assert again.stdout.count("added: ") == 60 - stored
    assert "sound" in run(home, "index", "verify").stdout


def report_lines(path: Path) -> int:
    return path.read_text().count("\n")
