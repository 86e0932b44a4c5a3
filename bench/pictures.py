"""Trains a small OpenCLIP model on drawn shapes and finds unseen ones with it: by words, and by another picture."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.report import describe
from bench.shapes import KINDS, Kind, drawn, encoded, train, words
from index.embed import SentenceTransformerEmbedder
from index.library import Library
from index.visual import OpenClipEmbedder

LEAST = 0.9
COUNT = 50
# A quarter of what is sought is of kinds that the model was never shown: of each it knows the colour, the shape and
# the paper, but not together.
UNKNOWN = random.Random(1).sample(KINDS, 12)
KNOWN = [kind for kind in KINDS if kind not in UNKNOWN]


@dataclass(frozen=True)
class Figures:
    """What came out.

    Attributes:
        by_words: Share of the pictures that their words find first.
        unknown: The same of those whose kind the model was never shown.
        by_picture: Share of the pictures that are among the first three that another one of the kind finds.
        problems: What ``Library.verify`` says.
    """

    by_words: float
    unknown: float
    by_picture: float
    problems: list[str]


def write_pictures(folder: Path, seed: int) -> dict[str, Kind]:
    """Writes pictures that no training has seen, under names that say nothing."""
    choice = random.Random(seed)
    kinds = [*choice.sample(KNOWN, COUNT - len(UNKNOWN)), *UNKNOWN]
    choice.shuffle(kinds)
    folder.mkdir(parents=True)
    named = {folder / f"IMG_{number:04}.png": kind for number, kind in enumerate(kinds)}
    for path, kind in named.items():
        path.write_bytes(encoded(drawn(kind, choice)))
    return {str(path): kind for path, kind in named.items()}


def measure(checkpoint: Path, folder: Path, embedder: SentenceTransformerEmbedder, seed: int = 99) -> Figures:
    """Adds pictures to a library of their own and searches it.

    Args:
        checkpoint: A model that ``train`` has written; it is loaded as any other.
        folder: Where there is room.
        embedder: Of texts.
        seed: Which pictures.
    """
    named = write_pictures(folder / "pictures", seed)
    with closing(Library.open(folder / "library", embedder, picture_embedder=OpenClipEmbedder(checkpoint))) as library:
        library.add([folder / "pictures"])
        first = {path: library.search(words(kind), 1, pictures=True)[0] for path, kind in named.items()}
        right = {path: hit.document.path == path for path, hit in first.items()}
        choice, like, alike = random.Random(seed + 1), folder / "like.png", 0
        for path, kind in named.items():
            like.write_bytes(encoded(drawn(kind, choice)))
            alike += path in {hit.document.path for hit in library.search_pictures(k=3, like=like)}
        unknown = [right[path] for path, kind in named.items() if kind in UNKNOWN]
        by_words, by_picture = sum(right.values()) / len(right), alike / len(right)
        return Figures(by_words, sum(unknown) / len(unknown), by_picture, library.verify())


def main() -> int:
    """Returns 1 where too few are found."""
    parser = argparse.ArgumentParser(prog="python -m bench.pictures", description=__doc__)
    parser.add_argument("--seed", type=int, default=99)
    options = parser.parse_args()
    print(describe("torch", "open-clip-torch"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock, cpu = time.perf_counter(), time.process_time()
        train(folder / "model", KNOWN)
        print(f"trained in {time.perf_counter() - clock:.0f} s, {time.process_time() - cpu:.0f} s of CPU")
        found = measure(folder / "model", folder, SentenceTransformerEmbedder(), options.seed)
    held = found.by_words >= LEAST and not found.problems
    print(f"{'held' if held else 'MISSED'}: text to picture, hit@1 among {COUNT}: {found.by_words:.2f}, least {LEAST}")
    print(f"  of those, {len(UNKNOWN)} of kinds that were never shown: {found.unknown:.2f}")
    print(f"picture to picture, hit@3: {found.by_picture:.2f}")
    print("\n".join(found.problems) or "the library is sound")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
