"""How well passages are found, on SQuAD 2.0's questions."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assistant.evaluate.reading import library_of
from assistant.evaluate.suite import Cases, Figure, Row, Suite, mean

CUT = 10
LIMIT = 0.91  # of the full set; 80 questions are too few to hold it
DEPTH = 50  # passages, so that ten documents are among them


def _measure(cases: Cases) -> Sequence[Figure]:
    ranks: list[tuple[Row, int | None]] = []
    paragraphs = cases.every("squad2/corpus.jsonl")
    reranker = cases.settings.library.reranker
    with (
        tempfile.TemporaryDirectory() as home,
        library_of(paragraphs, Path(home), cases.embedder, reranker) as library,
    ):
        for row in cases.rows("squad2/questions.jsonl"):
            found = list(dict.fromkeys(hit.document.path for hit in library.search(row["text"], DEPTH)))[:CUT]
            rank = found.index(row["gold_paragraph"]) if row["gold_paragraph"] in found else None
            ranks.append((Row(row["id"], row["text"], found[0] if found else "", 0.0), rank))
    gains = [_scored(row, 0 if rank is None else 1 / math.log2(rank + 2)) for row, rank in ranks]
    return [
        mean("nDCG@10", gains, LIMIT if cases.folder else None),
        mean("recall@10", [_scored(row, rank is not None) for row, rank in ranks]),
        mean("mean reciprocal rank@10", [_scored(row, 0 if rank is None else 1 / (rank + 1)) for row, rank in ranks]),
        mean("first of all", [_scored(row, rank == 0) for row, rank in ranks]),
    ]


def _scored(row: Row, score: float) -> Row:
    return Row(row.id, row.asked, row.said, float(score))


SUITES = (
    Suite(
        "retrieval",
        "is the paragraph found that a question was asked about?",
        "nDCG (Järvelin and Kekäläinen, 2002), recall and reciprocal rank at ten documents, one of which is right; the "
        "questions that it does not answer count too, as it is still the one to look at",
        "search has no weights of its own that were trained on it; two numbers of its fusion were chosen on this set",
        "SQuAD 2.0 (Rajpurkar, Jia and Liang, 2018), CC BY-SA 4.0",
        _measure,
    ),
)
