"""Fits what tells questions that no document settles, and writes the numbers that ship; takes seconds.

    python -m training.unknowable SELFAWARE/questions.jsonl

Each row has ``text`` and ``answerable``; SelfAware is under CC BY-SA 4.0. The share printed is cross-validated.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from assistant.engines.builtin.unknowable import FILE
from assistant.evaluate.measures import declined
from assistant.evaluate.suites.unknowable import scores
from index.embed import SentenceTransformerEmbedder

# The engine is more careful than the published measure: it takes this share of the answerable questions for such.
MISTAKEN = 0.025


def main() -> None:
    """Fits, scores and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    rows = [json.loads(line) for line in parser.parse_args().file.read_text(encoding="utf-8").splitlines()]
    answerable = [bool(row["answerable"]) for row in rows]
    judged, weights = scores([row["text"] for row in rows], answerable, SentenceTransformerEmbedder())
    print(f"declined at 90 % of the answerable kept: {declined(judged, answerable, 0.1):.3f}")
    print(f"declined as the engine does it: {declined(judged, answerable, MISTAKEN):.3f}")
    kept = sorted(score for score, can in zip(judged, answerable, strict=True) if can)
    least = kept[int((1 - MISTAKEN) * len(kept))]
    numbers = {"least": round(least, 4), "weights": [round(float(weight), 4) for weight in weights]}
    FILE.write_text(json.dumps(numbers) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
