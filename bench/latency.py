"""How long an answer takes: from the question to the whole answer, with a library of ten thousand passages.

    python -m bench.latency FOLDER --home WORK [--questions 100]

FOLDER holds ``squad2`` and, to make the library bigger, ``distractors`` and ``cranfield``, each with ``*.jsonl`` whose
rows have ``id``, ``title`` and ``text``. The library is made once in WORK and kept. The built-in engine answers through
the same road as everywhere, evidence check and saving included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.app import build, make_embedder
from assistant.evaluate.reading import library_of
from assistant.events import Answer
from assistant.settings import Settings
from bench.report import describe, verdict

LIMIT_MS = 400
TEXTS = ("squad2/corpus.jsonl", "distractors/wikipedia.jsonl", "distractors/medline.jsonl", "cranfield/corpus.jsonl")


def main() -> None:
    """Prints the median and the slowest twentieth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=100)
    options = parser.parse_args()
    settings = Settings(home=options.home, engine="builtin")
    with library_of(texts(options.folder), options.home / "library", make_embedder(settings), None) as library:
        print(describe(), f"{library.status().passages} passages", sep="\n")
    questions = [row["text"] for row in _rows(options.folder / "squad2/questions.jsonl")]
    asked = random.Random(0).sample(questions, min(options.questions, len(questions)))
    times = asyncio.run(answered(settings, asked))
    print(f"median {statistics.median(times):.0f} ms, 95th percentile {statistics.quantiles(times, n=20)[-1]:.0f} ms")
    verdict("median time to an answer", statistics.median(times), LIMIT_MS, "ms")


async def answered(settings: Settings, questions: list[str]) -> list[float]:
    """Returns how many milliseconds each answer took, after one that loads everything."""
    times = []
    async with build(settings) as assistant:
        for number, question in enumerate([questions[0], *questions]):
            began = time.perf_counter()
            end = await assistant.ask(question)
            if number and isinstance(end, Answer):
                times.append(1000 * (time.perf_counter() - began))
    return times


def texts(folder: Path) -> Iterator[dict[str, Any]]:
    """Yields the paragraphs of every set that is there, each set's ids made its own."""
    for name in TEXTS:
        if (folder / name).exists():
            for row in _rows(folder / name):
                yield {"id": f"{name}:{row['id']}", "title": row.get("title") or row["text"][:60], "text": row["text"]}


def _rows(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


if __name__ == "__main__":
    main()
