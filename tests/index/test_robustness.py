"""What the world around a library does to it: full disks, locks, other processes, files that will not hold still."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from index.embed import SentenceTransformerEmbedder
from index.errors import LibraryLocked
from index.library import Library
from index.read.pool import Readers
from index.store import FILE, Store
from index.types import ReadDocument

ROOT = Path(__file__).parents[2]
FULL = """
import json, subprocess, sys
from contextlib import closing
from pathlib import Path
from index.embed import SentenceTransformerEmbedder
from index.errors import LibraryError
from index.library import Library
from index.types import Page, ReadDocument

disk = Path(sys.argv[1])

def size(megabytes, *more):
    options = ",".join([f"size={megabytes}m", *more])
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=True)

size(2)
texts = [
    (f"/{n}", ReadDocument(f"Text {n}", "text", (Page(None, f"Whale number {n} sings. " * 5),))) for n in range(900)
]
told = {}
with closing(Library.open(disk / "library", SentenceTransformerEmbedder())) as library:
    outcomes = []
    try:
        library.add_documents(texts, on_outcome=outcomes.append)
    except LibraryError as error:
        told["error"] = str(error)
    told["settled"] = len(outcomes)
    told["held"] = len(library.documents())
    told["found"] = len(library.search("whales", 3))
    told["problems"] = library.verify()
size(64, "remount")
with closing(Library.open(disk / "library", SentenceTransformerEmbedder())) as library:
    told["again"] = [outcome.status for outcome in library.add_documents(texts)]
    told["problems"] += library.verify()
print(json.dumps(told))
"""


def in_a_namespace(code: str, *arguments: Path) -> str:
    """Runs Python where it may mount file systems that nobody else sees, and returns what it printed."""
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare")
    command = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody make a namespace")
    run = subprocess.run(
        [*command, sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_disk_that_fills_up_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    told = json.loads(in_a_namespace(FULL, tmp_path / "disk"))
    assert told["error"].endswith("is full; make room and try again.")
    assert told["problems"] == []
    assert 0 < told["settled"] == told["held"] < 900
    assert told["found"] == 3
    assert told["again"] == ["unchanged"] * told["held"] + ["added"] * (900 - told["held"])


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_store_that_another_program_has_locked_is_one_line_and_stays_readable(
    library: Library, folder: Path, embedder: SentenceTransformerEmbedder
) -> None:
    library.add([folder / "oak.md"])
    path = library._store.folder / FILE
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "locked\n"
        with closing(Store(path.parent, wait=0.3)) as store:
            impatient = Library(store, embedder)
            with pytest.raises(LibraryLocked, match="locked by another writer for 0 s; wait until it has finished"):
                impatient.add([folder])
            with pytest.raises(LibraryLocked):
                impatient.remove("oak.md")
            assert [hit.document.title for hit in impatient.search("oaks")] == ["The oak"]
        holder.communicate("")
    assert [outcome.status for outcome in library.add([folder])] == ["added", "unchanged", "added"]
    assert library.verify() == []


def test_two_commands_that_add_overlapping_folders_at_once_lose_nothing(tmp_path: Path) -> None:
    home, source = tmp_path / "home", tmp_path / "source"
    for part in "left", "both", "right":
        (source / part).mkdir(parents=True)
        for number in range(12):
            text = f"# {part} {number}\n\n" + f"In the {part} part whale number {number} sings. " * 40
            (source / part / f"{number:02}.md").write_text(text)
    command = [sys.executable, "-m", "assistant", "--home", str(home), "index", "add"]
    folders = [[source / "left", source / "both"], [source / "both", source / "right"]]
    running = [subprocess.Popen([*command, *map(str, each)], cwd=ROOT, stdout=subprocess.PIPE) for each in folders]
    shown = [process.communicate(timeout=240)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    both = [line for text in shown for line in text.splitlines() if "/both/" in line]
    assert sorted(line.split(":")[0] for line in both) == ["added"] * 12 + ["unchanged"] * 12
    with closing(Library.open(home / "library", SentenceTransformerEmbedder())) as library:
        held = [document.path for document in library.documents()]
        assert sorted(held) == sorted(str(path) for path in source.rglob("*.md"))
        assert library.verify() == []


def before_reading(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]) -> None:
    """Lets something happen to each file between the moment it is looked at and the moment it is read."""
    read = Readers.read

    def changed(readers: Readers, path: Path, *more: Callable[[], bool]) -> ReadDocument:
        change(path)
        return read(readers, path, *more)

    monkeypatch.setattr(Readers, "read", changed)


def test_a_file_that_vanishes_while_it_is_read_is_refused(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_reading(monkeypatch, lambda path: path.name == "oak.md" and path.unlink())
    outcomes = {Path(outcome.path).name: outcome for outcome in library.add([folder])}
    assert "there is no such file" in outcomes["oak.md"].reason
    assert [outcomes[name].status for name in ("engine.txt", "tea.md")] == ["added", "added"]


def test_a_file_that_is_written_while_it_is_read_is_seen_as_changed_the_next_time(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        before_reading(patch, lambda path: path.write_text("# The oak\n\nOnly half of it is"))
        library.add([folder / "oak.md"])
    (folder / "oak.md").write_text("# The oak\n\nOnly half of it is here no more: whales.")
    assert [outcome.status for outcome in library.add([folder / "oak.md"])] == ["changed"]
    assert "whales" in library.search("oak")[0].passage.text
    monkeypatch.setattr("index.incoming.stamp", lambda path: "as old as the hills")
    with monkeypatch.context() as patch:  # even where its times had not moved
        before_reading(patch, lambda path: path.write_text("# Tea\n\nTorn"))
        library.add([folder / "tea.md"])
    monkeypatch.setattr("index.incoming.stamp", lambda path: None)
    assert [outcome.status for outcome in library.add([folder / "tea.md"])] == ["changed"]


def test_folders_that_lead_back_to_themselves_end(library: Library, folder: Path) -> None:
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "note.txt").write_text("Whales sing.")
    (folder / "deep" / "deeper" / "up").symlink_to(folder)
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "there").symlink_to(folder / "back")
    (folder / "back").symlink_to(folder / "there")
    (folder / "twice.txt").symlink_to(folder / "deep" / "note.txt")
    outcomes = {Path(outcome.path).name: outcome for outcome in library.add([folder, folder / "deep"])}
    refused = {name for name, outcome in outcomes.items() if outcome.status == "refused"}
    assert refused <= {"itself", "there", "back"}
    assert all(outcomes[name].reason for name in refused)
    assert len(library.documents()) == 4
    assert library.verify() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become somebody else")
def test_a_file_that_may_not_be_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("Nobody may read this.")
    secret.chmod(0)
    code = "import os, sys; from index.read import read; from pathlib import Path; os.seteuid(65534)\n"
    code += "try: read(Path(sys.argv[1]))\nexcept Exception as error: print(type(error).__name__, error)"
    for place in [tmp_path, *tmp_path.parents[:2]]:
        place.chmod(0o755)
    run = subprocess.run(
        [sys.executable, "-c", code, str(secret)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout.startswith("UnreadableFile"), run.stderr
    assert "may not be read" in run.stdout
