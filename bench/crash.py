"""Kills ``assistant index add`` at random moments; what was committed must stand and adding again completes it."""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from index.embed import Embedder, SentenceTransformerEmbedder
from index.library import Library
from index.store import FILE

COMMAND = Path(sys.executable).with_name("assistant")
AFTER_A_COMMIT = 0.6
WORDS = "river stone lamp winter bridge copper orchard signal harbour violin ledger meadow engine captain".split()


def write_documents(folder: Path, count: int, seed: int = 0) -> None:
    """Writes documents of one to a dozen paragraphs, no two alike."""
    choice = random.Random(seed)
    folder.mkdir(parents=True)
    for number in range(count):
        paragraphs = [
            " ".join(f"The {' '.join(choice.choices(WORDS, k=6))} came {choice.randrange(10**6)}th." for _ in range(4))
            for _ in range(choice.randint(1, 12))
        ]
        (folder / f"{number:03}.md").write_text(f"# Document {number}\n\n" + "\n\n".join(paragraphs))


def start(home: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Starts adding the folder to the library of a home."""
    command = [COMMAND, "index", "add", "--home", home, folder]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill(home: Path, folder: Path, choice: random.Random, spread: float) -> bool:
    """Kills an ingest: some seconds after its start, or after a commit of its own, which is where it hurts most.

    Returns:
        Whether it was still at work.
    """
    before = committed(home)
    process = start(home, folder)
    if choice.random() < AFTER_A_COMMIT:
        while process.poll() is None and committed(home) == before:
            time.sleep(0.02)
    time.sleep(choice.uniform(0, spread))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def committed(home: Path) -> int:
    """Returns how many documents the store holds, seen from outside."""
    path = home / "library" / FILE
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, 30)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])
        except sqlite3.OperationalError:  # the tables are being made
            return 0


def check(home: Path) -> tuple[int, list[str]]:
    """Returns how many documents the library holds and what is wrong with it."""
    with closing(Library.open(home / "library", SentenceTransformerEmbedder())) as library:
        problems, documents = library.verify(), library.documents()
    if len({document.path for document in documents}) < len(documents):
        problems.append("a document is there twice")
    problems += [f"{document.path} has no passages" for document in documents if not document.passages]
    return len(documents), problems


def run(folder: Path, documents: int, kills: int, spread: float, seed: int, embedder: Embedder) -> bool:
    """Kills, checks after each kill, completes, and compares with an ingest that nobody disturbed."""
    choice = random.Random(seed)
    source, home, sound = folder / "documents", folder / "home", True
    write_documents(source, documents)
    killed = homes = 0
    while killed < kills:
        killed += kill(home, source, choice, spread)  # one that came too late does not count
        held, problems = check(home)
        sound &= not problems
        print(f"{killed} of {kills} killed: {held} documents, {problems or 'sound'}", flush=True)
        if held == documents:  # nothing is left to disturb
            homes += 1
            home = folder / f"home-{homes}"
    _add(home, source, embedder)
    _add(folder / "undisturbed", source, embedder)
    held, problems = check(home)
    same = _passages(home) == _passages(folder / "undisturbed")
    print(f"completed: {held} of {documents} documents, {problems or 'sound'}, same passages as undisturbed: {same}")
    return sound and not problems and held == documents and same


def _add(home: Path, source: Path, embedder: Embedder) -> None:
    with closing(Library.open(home / "library", embedder)) as library:
        library.add([source])


def _passages(home: Path) -> list[tuple[str, int, str]]:
    with closing(Library.open(home / "library", SentenceTransformerEmbedder())) as library:
        found = [(document.path, library.passages(document.id)) for document in library.documents()]
    return sorted((path, passage.start, passage.text) for path, passages in found for passage in passages)


def main() -> int:
    """Returns 1 where something was lost, doubled or damaged."""
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=__doc__)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--spread", type=float, default=10.0, help="seconds within which the kill comes")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        arguments = options.documents, options.kills, options.spread, options.seed
        sound = run(Path(folder), *arguments, SentenceTransformerEmbedder())
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
