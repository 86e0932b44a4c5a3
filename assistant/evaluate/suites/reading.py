"""Answers found in passages, and how sure the built-in engine is of them, on SQuAD 2.0."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.engines.builtin.calibration import calibration
from assistant.engines.builtin.read import Candidate, Reader
from assistant.engines.builtin.span_reader import SpanReader
from assistant.evaluate.measures import span_f1
from assistant.evaluate.reading import holds, learned_from, library_of, passages_for
from assistant.evaluate.suite import Cases, Figure, Row, Suite, figure, mean
from index.library import Library


@dataclass(frozen=True, slots=True)
class _Shown:
    question: Mapping[str, Any]
    best: Candidate
    seconds: float

    @property
    def answers(self) -> Sequence[str]:
        answers: Sequence[str] = () if self.question["unanswerable"] else self.question["answers"]
        return answers

    @property
    def right(self) -> bool:
        return holds(self.best, self.answers)

    def row(self, score: float, truth: bool | None = None) -> Row:
        told = None if truth is None else float(truth)
        return Row(self.question["id"], self.question["text"], self.best.sentence, float(score), told)


def _measure(cases: Cases) -> list[Figure]:
    network = SpanReader()
    shown = _ask(cases, network)
    answerable = [one for one in shown if one.answers]
    order = [one.row(_order(one.best, network), bool(one.answers)) for one in shown]
    sure = [one.row(one.best.confidence, one.right) for one in shown]
    seconds = [one.row(one.seconds) for one in shown]
    return [
        mean("the shown sentence holds a gold answer, answerable", [one.row(one.right) for one in answerable], 0.72),
        mean("span F1, answerable", [one.row(span_f1(one.best.answer, one.answers)) for one in answerable], 0.45),
        figure("answerable against unanswerable, AUROC of the confidence", order, "AUROC", 0.70),
        figure("expected calibration error", sure, "calibration error", 0.08, at_most=True),
        figure("time to search and read, median", seconds, "median", 0.4, at_most=True, unit="s"),
    ]


def _order(best: Candidate, network: SpanReader) -> float:
    """On one scale for all articles: fitting moves the scale, not the order."""
    return calibration(read=network.problem is None).sure.logit((*best.clues, 0.0, 0.0)) if best.clues else -30.0


def _ask(cases: Cases, network: SpanReader) -> list[_Shown]:
    learned = learned_from()
    asked = [row for row in cases.rows("squad2/questions.jsonl") if row["title"] not in learned]
    readers = {title: Reader(cases.embedder, network, unseen=title) for title in {row["title"] for row in asked}}
    settings = cases.settings.library
    paragraphs = cases.every("squad2/corpus.jsonl")
    with (
        tempfile.TemporaryDirectory() as home,
        library_of(paragraphs, Path(home), cases.embedder, settings.reranker) as library,
    ):
        library.warm()
        return [_shown(row, readers[row["title"]], library, settings.passages) for row in asked]


def _shown(row: Mapping[str, Any], reader: Reader, library: Library, count: int) -> _Shown:
    began = time.perf_counter()
    candidates = reader.read(row["text"], passages_for(library, row["text"], count))
    best = candidates[0] if candidates else Candidate(0, "", 0.0, 0.0)
    return _Shown(row, best, time.perf_counter() - began)


SUITES = (
    Suite(
        "reading",
        "are answers found in the library, and is the confidence worth its name?",
        "SQuAD's span F1 (Rajpurkar et al., 2016); AUROC of the confidence; expected calibration error over ten bins "
        "(Naeini et al., 2015), right meaning that the shown sentence holds a gold answer; over a few dozen questions "
        "much of that error is chance, and bench/results.md has the whole set's",
        "articles that the reader's weights were trained on are left out, and an article that the confidence was "
        "fitted on is judged by weights fitted on the others",
        "SQuAD 2.0 (Rajpurkar, Jia and Liang, 2018), CC BY-SA 4.0",
        _measure,
    ),
)
