"""Reading in processes: whatever happens to one of them happens to one file only."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, Timer

import psutil
import pytest
from PIL import Image

from index.errors import UnreadableFile
from index.library import Library
from index.read import read
from index.read.budget import PATIENCE, counted
from index.read.pool import Limits, Readers, ReadingStopped
from tests.index.read.files import picture

FIXTURES = Path(__file__).parents[2] / "fixtures"
NOTE = FIXTURES / "gravity-hill.md"


@pytest.fixture
def readers() -> Iterator[Readers]:
    pool = Readers(workers=2)
    yield pool
    pool.close()
    assert workers() == []


def workers() -> list[psutil.Process]:
    """The reading processes of this one."""
    children = psutil.Process().children()
    return [child for child in children if "index.read.worker" in " ".join(child.cmdline())]


def refusal(readers: Readers, path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        readers.read(path)
    return str(caught.value)


@pytest.mark.parametrize("name", ["two-columns.pdf", "japanese.docx", "flag-day.html", "gravity-hill.md"])
def test_what_comes_back_is_what_was_read(readers: Readers, name: str) -> None:
    assert readers.read(FIXTURES / name) == read(FIXTURES / name)


def test_refusals_come_back_in_the_readers_words(readers: Readers, tmp_path: Path) -> None:
    assert "is encrypted and opens only with a password" in refusal(readers, FIXTURES / "open-password.pdf")
    assert "there is no such file" in refusal(readers, tmp_path / "gone.txt")
    assert "is a folder" in refusal(readers, tmp_path)
    strange = tmp_path / os.fsdecode(b"caf\xe9 \n.txt")
    strange.write_text("A name in Latin-1.")
    assert readers.read(strange).pages[0].text == "A name in Latin-1."


def test_pages_are_drawn(readers: Readers, tmp_path: Path) -> None:
    shown = Image.open(io.BytesIO(readers.draw(FIXTURES / "two-columns.pdf", 2, 800)))
    assert (shown.format, max(shown.size)) == ("PNG", 800)
    (tmp_path / "a.jpg").write_bytes(picture("JPEG", (160, 120)))
    assert Image.open(io.BytesIO(readers.draw(tmp_path / "a.jpg", 1))).size == (160, 120)
    for path, page, reason in (
        (FIXTURES / "two-columns.pdf", 4, "has no page 4"),
        (FIXTURES / "two-columns.pdf", 0, "has no page 0"),
        (tmp_path / "a.jpg", 2, "has no page 2"),
        (NOTE, 1, "is of a kind whose pages cannot be drawn"),
        (FIXTURES / "open-password.pdf", 1, "is encrypted"),
        (tmp_path / "gone.pdf", 1, "there is no such file"),
    ):
        with pytest.raises(UnreadableFile, match=reason):
            readers.draw(path, page)


def test_a_process_is_kept_for_the_next_file_and_several_work_at_once(readers: Readers) -> None:
    readers.read(NOTE)
    [first] = workers()
    readers.read(NOTE)
    assert workers() == [first]
    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(lambda _: readers.read(NOTE).title, range(12)))) == 1
    assert len(workers()) == 2


def test_a_reader_that_hangs_is_ended_and_replaced() -> None:
    readers = Readers(Limits(seconds=0.5), workers=1)
    readers.read(NOTE)
    [hanging] = workers()
    hanging.suspend()
    began = time.monotonic()
    assert refusal(readers, NOTE) == (
        "took longer than 0.5 s to read; split it into smaller files, or add it again when the machine is less busy"
    )
    assert time.monotonic() - began < 0.5 * PATIENCE + 1
    assert not hanging.is_running()
    assert readers.read(NOTE).title == "Gravity hill"
    readers.close()


def test_seconds_without_a_processor_do_not_count_until_they_are_too_many() -> None:
    assert counted(clock=10, processor=18) == 10  # two threads at work
    assert counted(clock=30, processor=12) == 12  # on a busy machine
    assert counted(clock=30, processor=0) == 30 / PATIENCE  # it hangs


def test_a_reader_that_works_for_too_long_is_ended(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("Words upon words. " * 2_500_000)
    with closing(Readers(Limits(seconds=0.2), workers=1)) as readers:
        assert "took longer than 0.2 s to read" in refusal(readers, tmp_path / "long.txt")


def test_a_reader_that_dies_is_told_and_replaced(readers: Readers) -> None:
    readers.read(NOTE)
    [dying] = workers()
    dying.suspend()
    Timer(0.2, dying.send_signal, (signal.SIGSEGV,)).start()
    Timer(0.3, dying.resume).start()
    assert "made its reader stop (SIGSEGV)" in refusal(readers, NOTE)
    assert readers.read(NOTE).title == "Gravity hill"
    assert dying not in workers()


def test_a_reader_that_died_between_two_files_is_replaced_in_silence(readers: Readers) -> None:
    readers.read(NOTE)
    [idle] = workers()
    idle.kill()
    time.sleep(0.1)
    assert readers.read(NOTE).title == "Gravity hill"


def test_a_file_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    readers = Readers(Limits(megabytes=100), workers=1)
    (tmp_path / "long.txt").write_text("Words upon words. " * 2_500_000)
    assert "needs more than 100 MB of memory" in refusal(readers, tmp_path / "long.txt")
    assert readers.read(NOTE).title == "Gravity hill"
    readers.close()


def test_reading_can_be_given_up(readers: Readers) -> None:
    readers.read(NOTE)
    workers()[0].suspend()
    stop = Event()
    Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(ReadingStopped):
        readers.read(NOTE, stop.is_set)
    assert time.monotonic() - began < 2


def test_a_reader_writes_nothing_and_has_no_secrets(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    readers.read(NOTE)
    [worker] = workers()
    assert "SOME_API_KEY" not in worker.environ()
    assert worker.environ()["ORT_DISABLE_TELEMETRY"] == "1"
    assert worker.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)


def test_what_a_parser_tries_beyond_reading_is_refused() -> None:
    code = """
import os, socket, subprocess, pathlib
from index.read.worker import _confine
_confine(1000)
for harm in (lambda: open("made", "w"), lambda: os.open("made", os.O_CREAT | os.O_WRONLY), lambda: os.mkdir("made"),
             lambda: pathlib.Path("kept").unlink(), lambda: os.rename("kept", "made"), lambda: os.system("touch made"),
             lambda: subprocess.run(["touch", "made"]), lambda: socket.create_connection(("127.0.0.1", 9)),
             lambda: os.fork()):
    try:
        harm()
    except PermissionError:
        continue
    raise SystemExit("harm was done")
"""
    root = str(Path(__file__).parents[3])
    run = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": root}, cwd="/", check=False, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


def test_no_reader_outlives_a_killed_parent() -> None:
    code = f"""
import psutil, time
from pathlib import Path
from index.read.pool import Readers
readers = Readers(workers=1)
readers.read(Path({str(NOTE)!r}))
[child] = psutil.Process().children()
print(child.pid, flush=True)
time.sleep(60)
"""
    root = str(Path(__file__).parents[3])
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    worker.wait(5)


def test_a_file_that_kills_its_reader_does_not_stop_the_others(library: Library, folder: Path) -> None:
    long = folder / "a-long.txt"
    long.write_text("Words upon words. " * 2_500_000)
    library._readers.close()
    library._readers = Readers(Limits(megabytes=100), workers=2)
    outcomes = library.add([folder])
    assert [(Path(one.path).name, one.status) for one in outcomes] == [
        ("a-long.txt", "refused"),
        ("engine.txt", "added"),
        ("oak.md", "added"),
        ("tea.md", "added"),
    ]
    assert "needs more than 100 MB" in outcomes[0].reason


def test_a_cancelled_ingest_leaves_no_busy_reader(library: Library, folder: Path) -> None:
    library.add([folder])
    (folder / "new.txt").write_text("One more.")
    for worker in workers():
        worker.suspend()
    stop = Event()
    Timer(0.3, stop.set).start()
    began = time.monotonic()
    outcomes = library.add([folder / "new.txt"], cancelled=stop.is_set)
    assert outcomes == []
    assert time.monotonic() - began < 3
