"""Kills ``assistant index add`` at random moments; what was committed must stand and adding again completes it."""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from index.embed import SentenceTransformerEmbedder
from index.library import Library
from index.store import FILE

COMMAND = Path(sys.executable).with_name("assistant")
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


def kill_while_storing(home: Path, folder: Path, choice: random.Random, spread: float) -> bool:
    """Kills an ingest some random seconds after its store was there; returns whether it was still at work."""
    process = start(home, folder)
    while process.poll() is None and not (home / "library" / FILE).exists():
        time.sleep(0.01)
    time.sleep(choice.uniform(0, spread))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def check(home: Path, folder: Path) -> tuple[int, list[str]]:
    """Returns how many documents the library holds and what is wrong with it."""
    library = Library.open(home / "library", SentenceTransformerEmbedder())
    try:
        problems = library.verify()
        documents = library.documents()
        if len({document.path for document in documents}) < len(documents):
            problems.append("a document is there twice")
        problems += [f"{document.path} has no passages" for document in documents if not document.passages]
        return len(documents), problems
    finally:
        library.close()


def run(folder: Path, documents: int, kills: int, spread: float, seed: int) -> bool:
    """Kills, checks after each kill, completes, and compares with an ingest that nobody disturbed."""
    choice = random.Random(seed)
    source = folder / "documents"
    write_documents(source, documents)
    sound, home = True, folder / "home"
    for number in range(1, kills + 1):
        killed = kill_while_storing(home, source, choice, spread)
        held, problems = check(home, source)
        sound &= not problems
        print(f"kill {number:2}: {'at work' if killed else 'had ended'}, {held} documents, {problems or 'sound'}")
        if held == documents:  # nothing is left to disturb
            home = folder / f"home-{number}"
    start(home, source).wait()
    start(folder / "undisturbed", source).wait()
    held, problems = check(home, source)
    same = _passages(home) == _passages(folder / "undisturbed")
    print(f"completed: {held} of {documents} documents, {problems or 'sound'}, same passages as undisturbed: {same}")
    return sound and not problems and held == documents and same


def _passages(home: Path) -> list[tuple[str, int, str]]:
    library = Library.open(home / "library", SentenceTransformerEmbedder())
    try:
        found = [(document.path, library.passages(document.id)) for document in library.documents()]
        return sorted((path, passage.start, passage.text) for path, passages in found for passage in passages)
    finally:
        library.close()


def main() -> int:
    """Returns 1 where something was lost, doubled or damaged."""
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=__doc__)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--spread", type=float, default=30.0, help="seconds within which the kill comes")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        sound = run(Path(folder), options.documents, options.kills, options.spread, options.seed)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
