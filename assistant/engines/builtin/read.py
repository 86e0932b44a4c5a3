"""Finds the sentence of the retrieved passages that answers a question, the words in it, and how sure that is."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.engines.builtin.calibration import Calibration, calibration, probability
from assistant.engines.builtin.clues import Asked, Place, asked, lexical, rarity
from assistant.engines.builtin.span_reader import ReaderMissing, Reading, SpanReader
from assistant.engines.builtin.spans import best_span
from assistant.engines.builtin.summary import Central, summarize
from assistant.evidence import content_words
from index.embed import Embedder
from index.sentences import sentences

if TYPE_CHECKING:
    import numpy as np

# Passages that the network reads; those behind them are only compared with the question.
READ_PASSAGES = 3
# What stands for the network's numbers where it did not read.
UNREAD = (-12.0, 12.0, -3.0, 0.0, 0.0)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer.

    Attributes:
        n: Number of its passage.
        sentence: The exact words.
        score: What orders candidates, the log of the odds that it holds the answer.
        confidence: Estimated probability that it does, 0 to 1.
        span: First character of the answer in the sentence and the one past its last; None where nothing was read.
        clues: What speaks for and against it; see `clues`.
    """

    n: int
    sentence: str
    score: float
    confidence: float
    span: tuple[int, int] | None = None
    clues: tuple[float, ...] = ()

    @property
    def answer(self) -> str:
        """The words that answer; empty where nothing was read."""
        return self.sentence[slice(*self.span)] if self.span else ""


@dataclass(frozen=True, slots=True)
class _Row:
    item: Mapping[str, Any]
    start: int
    end: int

    @property
    def text(self) -> str:
        words: str = self.item["text"][self.start : self.end]
        return words

    @property
    def around(self) -> str:
        return f"{self.item['title']} {self.item['heading']}"


class Reader:
    """Ranks the sentences of passages against a question.

    Args:
        embedder: Compares them.
        network: Reads them; None leaves it at comparing.
        unseen: An article of the set that the confidence was fitted on, for measuring: the weights for it are the ones
            that were fitted on the others.
    """

    def __init__(self, embedder: Embedder, network: SpanReader | None = None, unseen: str = "") -> None:
        self._embedder = embedder
        self._network = network
        self._unseen = unseen

    @property
    def problem(self) -> str | None:
        """Why sentences are compared but not read; None where they are read."""
        return self._network.problem if self._network else None

    def read(self, question: str, passages: Sequence[Mapping[str, Any]]) -> list[Candidate]:
        """Returns every sentence of the passages, best first.

        Args:
            question: What was asked.
            passages: As ``search_documents`` returns them.
        """
        rows = [_Row(item, *span) for item in passages for span in sentences(item["text"])]
        rows = [row for row in rows if content_words(row.text)]
        if not rows:
            return []
        clues = self._compared(asked(question), rows)
        readings = self._readings(question, passages[:READ_PASSAGES])
        if readings is None:
            return _ranked(rows, clues, [None] * len(rows), calibration(read=False, unseen=self._unseen))
        found, spans = _read(rows, readings)
        together = [(*compared, *read) for compared, read in zip(clues, found, strict=True)]
        return _ranked(rows, together, spans, calibration(read=True, unseen=self._unseen))

    def summarize(self, subject: str, passages: Sequence[Mapping[str, Any]], count: int) -> list[Central]:
        """Returns sentences that sum up what passages say about a subject; see `summary`."""
        return summarize(subject, passages, self._embedder, count)

    def _compared(self, question: Asked, rows: Sequence[_Row]) -> list[tuple[float, ...]]:
        vectors = self._embedder.embed([question.text, *(row.text for row in rows)])
        cosines = (vectors[1:] @ vectors[0]).tolist()
        weights = rarity(question, [row.text for row in rows])
        best = max(row.item["score"] for row in rows)
        places = [
            Place(row.text, row.around, row.item["text"], cosine, row.item["score"], best - row.item["score"])
            for row, cosine in zip(rows, cosines, strict=True)
        ]
        return [tuple(lexical(question, place, weights)) for place in places]

    def _readings(self, question: str, passages: Sequence[Mapping[str, Any]]) -> dict[int, tuple[int, Reading]] | None:
        """What the network says, by the passage's number, with the length of the title before the text."""
        if self._network is None:
            return None
        heads = [f"{item['title']}. " for item in passages]
        try:
            found = self._network.read(
                question, [head + item["text"] for head, item in zip(heads, passages, strict=True)]
            )
        except ReaderMissing as error:
            log.warning("%s", error)
            self._network = None
            return None
        return {item["n"]: (len(head), reading) for item, head, reading in zip(passages, heads, found, strict=True)}


def _read(
    rows: Sequence[_Row], readings: Mapping[int, tuple[int, Reading]]
) -> tuple[list[tuple[float, ...]], list[tuple[int, int] | None]]:
    """The network's clues for each sentence, and the best span in it."""
    scored = [_span(row, *readings[row.item["n"]]) if row.item["n"] in readings else None for row in rows]
    best = max((score for score, _ in filter(None, scored)), default=0.0)
    most = max((reading.answerable for _, reading in readings.values()), default=0.0)
    clues: list[tuple[float, ...]] = []
    spans: list[tuple[int, int] | None] = []
    for row, one in zip(rows, scored, strict=True):
        if one is None:
            clues.append(UNREAD)
            spans.append(None)
            continue
        score, span = one
        answerable = readings[row.item["n"]][1].answerable
        clues.append((score, best - score, answerable, most, 1.0))
        spans.append(span)
    return clues, spans


def _span(row: _Row, head: int, reading: Reading) -> tuple[float, tuple[int, int]] | None:
    first, last = reading.offsets[:, 0] - head, reading.offsets[:, 1] - head
    allowed: np.ndarray[Any, Any] = (first >= row.start) & (last <= row.end)
    found = best_span(reading.start, reading.end, allowed)
    if found is None:
        return None
    return found.score, (int(first[found.start]) - row.start, int(last[found.end]) - row.start)


def _ranked(
    rows: Sequence[_Row],
    clues: Sequence[tuple[float, ...]],
    spans: Sequence[tuple[int, int] | None],
    weighed: Calibration,
) -> list[Candidate]:
    scores = [weighed.rank.logit(one) for one in clues]
    order = sorted(range(len(rows)), key=lambda at: -scores[at])
    next_best = scores[order[1]] if len(order) > 1 else min(scores) - 1
    found = []
    for place, at in enumerate(order):
        ahead = scores[at] - next_best if place == 0 else scores[at] - scores[order[0]]
        sure = weighed.sure.logit((*clues[at], scores[at], ahead))
        row = rows[at]
        found.append(Candidate(row.item["n"], row.text, scores[at], round(probability(sure), 3), spans[at], clues[at]))
    return found
