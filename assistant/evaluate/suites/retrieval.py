"""How well passages are found, on SQuAD 2.0's questions."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.evaluate.judged import Query, is_judged, read
from assistant.evaluate.reading import library_of
from assistant.evaluate.suite import Cases, Figure, Row, Suite, mean

CUT = 10
LIMIT = 0.91  # of the full set; 80 questions are too few to hold it
DEPTH = 50  # passages, so that ten documents are among them


def _measure(cases: Cases) -> Sequence[Figure]:
    ranks: list[tuple[Row, list[float], Query]] = []
    paragraphs, queries, limit = _set(cases)
    reranker = cases.settings.library.reranker
    with (
        tempfile.TemporaryDirectory() as home,
        library_of(paragraphs, Path(home), cases.embedder, reranker) as library,
    ):
        for query in cases.some(queries):
            found = list(dict.fromkeys(hit.document.path for hit in library.search(query.text, DEPTH)))[:CUT]
            grades = [query.relevant.get(path, 0.0) for path in found]
            ranks.append((Row(query.id, query.text, found[0] if found else "", 0.0), grades, query))
    return [
        mean("nDCG@10", [_scored(row, _ndcg(grades, query)) for row, grades, query in ranks], limit),
        mean("recall@10", [_scored(row, sum(map(bool, got)) / len(query.relevant)) for row, got, query in ranks]),
        mean("mean reciprocal rank@10", [_scored(row, _reciprocal(grades)) for row, grades, _ in ranks]),
        mean("first of all", [_scored(row, bool(grades and grades[0])) for row, grades, _ in ranks]),
    ]


def _set(cases: Cases) -> tuple[list[dict[str, Any]], list[Query], float | None]:
    """Returns the documents, the queries, and what nDCG must reach on them."""
    if cases.folder and is_judged(cases.folder):
        return *read(cases.folder), None
    questions = cases.every("squad2/questions.jsonl")
    queries = [Query(row["id"], row["text"], {row["gold_paragraph"]: 1.0}) for row in questions]
    return cases.every("squad2/corpus.jsonl"), queries, LIMIT if cases.folder else None


def _ndcg(grades: Sequence[float], query: Query) -> float:
    best = sorted(query.relevant.values(), reverse=True)[:CUT]
    return _gain(grades) / _gain(best)


def _gain(grades: Sequence[float]) -> float:
    return sum(grade / math.log2(rank + 2) for rank, grade in enumerate(grades))


def _reciprocal(grades: Sequence[float]) -> float:
    return next((1 / rank for rank, grade in enumerate(grades, 1) if grade), 0.0)


def _scored(row: Row, score: float) -> Row:
    return Row(row.id, row.asked, row.said, float(score))


SUITES = (
    Suite(
        "retrieval",
        "is the paragraph found that a question was asked about?",
        "nDCG (Järvelin and Kekäläinen, 2002), recall and reciprocal rank at ten documents, one of which is right; the "
        "questions that it does not answer count too, as it is still the one to look at; judgements of a set in the "
        "layout of BEIR count by their grade",
        "search has no weights of its own that were trained on it; two numbers of its fusion were chosen on this set",
        "SQuAD 2.0 (Rajpurkar, Jia and Liang, 2018), CC BY-SA 4.0, or the set of --data",
        _measure,
    ),
)
