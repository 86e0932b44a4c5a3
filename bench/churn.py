"""Kills a process that adds, changes and removes documents with pictures; what it had said was done must be so."""

from __future__ import annotations

import argparse
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from index.embed import Embedder, SentenceTransformerEmbedder
from index.library import Library
from index.types import Document, Page, ReadDocument, ReadPicture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DOCUMENTS = 60
MOST_AT_ONCE = 12
REMOVED = 0
REMOVALS = 0.3
"""Share of the steps that remove documents."""


class MeanColour:
    """Fulfils `index.visual.PictureEmbedder` without a model, so that the pictures' vectors are in the test."""

    name = "mean colour"
    sharpness = 1.0
    dimensions = 3

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Takes every text for grey."""
        import numpy as np

        return np.full((len(texts), 3), 3**-0.5, np.float32)

    def embed_pictures(self, pictures: Sequence[bytes]) -> NDArray[np.float32]:
        """Returns the mean colours."""
        import numpy as np

        means = np.array([np.asarray(Image.open(io.BytesIO(one)).resize((1, 1)), float)[0, 0] + 1 for one in pictures])
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)


def content(number: int, version: int) -> ReadDocument:
    """Returns a version of a document: a few sentences and up to two pictures, no two alike."""
    choice = random.Random(f"{number}.{version}")
    text = f"Document {number}, version {version}."
    text += "".join(f" The crew counted {choice.randrange(10**6)} barrels." for _ in range(choice.randint(1, 30)))
    pictures = []
    for place in range(number % 3):
        line = f"[Picture: sheet {place} of document {number}, version {version}]"
        start, text = len(text) + 2, f"{text}\n\n{line}"
        shape = (0, start, len(text), _picture(choice), "image/png", 120, 100, line[10:-1])
        pictures.append(ReadPicture(*shape))
    return ReadDocument(f"Document {number}", "text", (Page(None, text),), tuple(pictures))


def churn(home: Path, log: Path, seed: int) -> None:
    """Changes a library until it is killed, and writes down what it begins and what it has done."""
    choice, versions = random.Random(seed), told(log)[0]
    with (
        closing(Library.open(home, SentenceTransformerEmbedder(), picture_embedder=MeanColour())) as library,
        log.open("ab", buffering=0) as lines,
    ):
        while True:
            held = [number for number, version in versions.items() if version != REMOVED]
            if held and choice.random() < REMOVALS:
                number = choice.choice(held)
                _note(lines.fileno(), "begin", {number: REMOVED})
                library.remove(path_of(number))
                changed = {number: REMOVED}
            else:
                some = choice.sample(range(DOCUMENTS), choice.randint(1, MOST_AT_ONCE))
                # Never the version of before, even after a removal.
                changed = {number: choice.randrange(1, 10**9) for number in some}
                _note(lines.fileno(), "begin", changed)
                library.add_documents((path_of(number), content(number, one)) for number, one in changed.items())
            _note(lines.fileno(), "done", changed)
            versions |= changed


def path_of(number: int) -> str:
    """Returns where a document seems to come from."""
    return f"/churn/{number:03}.txt"


def told(log: Path) -> tuple[dict[int, int], dict[int, set[int]]]:
    """Returns the version of each document that is certain, and those that a step begun since may have given it."""
    certain: dict[int, int] = {}
    possible: dict[int, set[int]] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        word, *pairs = line.split()
        for number, version in (map(int, pair.split(":")) for pair in pairs):
            if word == "begin":
                possible.setdefault(number, set()).add(version)
            else:
                certain[number] = version
                possible.pop(number, None)
    return certain, possible


def faults(home: Path, log: Path, embedder: Embedder) -> list[str]:
    """Returns what is wrong with the library after a kill; what it is found to hold is certain from then on."""
    certain, possible = told(log)
    found: dict[int, int] = {}
    with closing(Library.open(home, embedder, picture_embedder=MeanColour())) as library:
        problems = library.verify()
        for document in library.documents():
            number, version, wrong = _looked_at(library, document)
            found[number] = version
            problems += wrong
        library.embed_pictures()
        problems += [library.picture_note()] if library.picture_note() else []
        problems += library.verify()
    for number in certain.keys() | possible.keys():
        allowed = {certain.get(number, REMOVED)} | possible.get(number, set())
        if (version := found.get(number, REMOVED)) not in allowed:
            problems.append(f"document {number} has version {version}, not one of {sorted(allowed)}")
    with log.open("ab", buffering=0) as lines:
        _note(lines.fileno(), "done", {number: found.get(number, REMOVED) for number in range(DOCUMENTS)})
    return problems


def run(folder: Path, kills: int, spread: float, seed: int, embedder: Embedder) -> bool:
    """Kills and checks, again and again; returns whether nothing was ever wrong."""
    choice, sound = random.Random(seed), True
    home, log = folder / "library", folder / "log"
    for number in range(1, kills + 1):
        size = log.stat().st_size if log.exists() else 0
        command = [sys.executable, "-m", "bench.churn", "--work", str(folder), "--seed", str(choice.randrange(10**9))]
        process = subprocess.Popen(command, cwd=Path(__file__).parents[1])
        while process.poll() is None and (not log.exists() or log.stat().st_size == size):
            time.sleep(0.01)  # until it has begun a step
        time.sleep(choice.uniform(0, spread))
        process.send_signal(signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        problems = faults(home, log, embedder) if killed else ["the process ended by itself"]
        steps = log.read_text().count("\n")
        print(f"{number} of {kills} killed, {steps} lines so far: {problems or 'sound'}", flush=True)
        sound &= not problems
    return sound


def main() -> int:
    """Returns 1 where anything was lost, doubled, mixed or damaged."""
    parser = argparse.ArgumentParser(prog="python -m bench.churn", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--spread", type=float, default=3.0, help="seconds within which the kill comes")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        churn(options.work / "library", options.work / "log", options.seed)
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        sound = run(Path(folder), options.kills, options.spread, options.seed, SentenceTransformerEmbedder())
    print("held: nothing was lost" if sound else "MISSED: see above")
    return 0 if sound else 1


def _looked_at(library: Library, document: Document) -> tuple[int, int, list[str]]:
    """A document's number and version, and what does not belong to this version."""
    text = library.page_text(document.id, None)
    number, version = (int(text.split(mark)[1].split(end)[0]) for mark, end in (("Document ", ","), ("version ", ".")))
    whole = content(number, version)
    wrong = []
    if text != whole.pages[0].text or document.path != path_of(number):
        wrong.append(f"document {number} has parts of several versions")
    if [library.picture_data(one.id) for one in library.pictures(document.id, None)] != [
        one.data for one in whole.pictures
    ]:
        wrong.append(f"document {number} has pictures of another version")
    if not library.passages(document.id):
        wrong.append(f"document {number} has no passages")
    return number, version, wrong


def _note(file: int, word: str, versions: dict[int, int]) -> None:
    """One write for a line, so that a kill never leaves half of one."""
    os.write(file, f"{word} {' '.join(f'{number}:{version}' for number, version in versions.items())}\n".encode())


def _picture(choice: random.Random) -> bytes:
    image = Image.new("RGB", (120, 100), tuple(choice.randrange(256) for _ in range(3)))
    ImageDraw.Draw(image).ellipse((20, 20, 80, 80), fill=tuple(choice.randrange(256) for _ in range(3)))
    packed = io.BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main())
