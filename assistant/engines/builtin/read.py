"""Finds the sentence of the retrieved passages that answers a question, the words in it, and how sure that is."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.engines.builtin.calibration import Calibration, CalibrationMissing, calibration, probability
from assistant.engines.builtin.clues import Asked, Place, asked, lexical, rarity
from assistant.engines.builtin.span_reader import ReaderMissing, Reading, SpanReader
from assistant.engines.builtin.spans import best_span
from assistant.engines.builtin.summary import Central, summarize
from assistant.engines.builtin.unknowable import is_unknowable
from assistant.wording import content_words
from index.embed import Embedder, TokenEmbedder
from index.sentences import sentences
from index.tokens import telling

# Sentences that the network reads, each by itself behind its document's title, which it does better than passages;
# those behind them are only compared with the question.
READ_SENTENCES = 8
# What stands for the network's numbers where it did not read.
UNREAD = (-12.0, 12.0, -3.0, 0.0, 0.0)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer.

    Attributes:
        n: Number of its passage.
        sentence: The exact words.
        score: What orders candidates: one that is larger by 1 is e times as likely to hold the answer.
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
        self._unweighed = ""

    @property
    def unweighed(self) -> str:
        """Why passages are found but no sentence is told to answer; empty as long as one can be."""
        return self._unweighed

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
        try:
            return self._weighed(question, rows)
        except CalibrationMissing as error:
            if not self._unweighed:
                log.warning("%s", error)
            self._unweighed = str(error)
            return [Candidate(row.item["n"], row.text, row.item["score"], 0.0) for row in rows]

    def _weighed(self, question: str, rows: Sequence[_Row]) -> list[Candidate]:
        clues = self._compared(asked(question), rows)
        compared = calibration(read=False, unseen=self._unseen)
        likely = sorted(range(len(rows)), key=lambda at: -compared.rank.logit(clues[at]))[:READ_SENTENCES]
        readings = self._readings(question, [rows[at] for at in likely])
        if readings is None:
            return _ranked(rows, clues, [None] * len(rows), compared)
        found, spans = _read(len(rows), dict(zip(likely, readings, strict=True)))
        together = [(*one, *other) for one, other in zip(clues, found, strict=True)]
        return _ranked(rows, together, spans, calibration(read=True, unseen=self._unseen))

    def is_unknowable(self, question: str) -> bool:
        """Whether a question seems to be one that no document settles; see `unknowable`."""
        return is_unknowable(question, self._embedder)

    def summarize(self, subject: str, passages: Sequence[Mapping[str, Any]], count: int) -> list[Central]:
        """Returns sentences that sum up what passages say about a subject; see `summary`."""
        return summarize(subject, passages, self._embedder, count)

    def _compared(self, question: Asked, rows: Sequence[_Row]) -> list[tuple[float, ...]]:
        cosines, matches = self._likeness(question.text, [row.text for row in rows])
        weights = rarity(question, [row.text for row in rows])
        best = max(row.item["score"] for row in rows)
        beside = _by_document(rows)
        places = [
            Place(row.text, row.around, beside[row.item["title"]], cosine, matched, score, best - score)
            for row, cosine, matched in zip(rows, cosines, matches, strict=True)
            for score in (row.item["score"],)
        ]
        return [tuple(lexical(question, place, weights)) for place in places]

    def _likeness(self, question: str, texts: Sequence[str]) -> tuple[list[float], list[list[float]]]:
        """Each text's cosine to the question, and how well each token of the question is matched, the worst first."""
        if not isinstance(self._embedder, TokenEmbedder):
            vectors = self._embedder.embed([question, *texts])
            cosines = [float(cosine) for cosine in vectors[1:] @ vectors[0]]
            return cosines, [[cosine] for cosine in cosines]
        vectors, (sought, *tokens) = self._embedder.embed_with_tokens([question, *texts], telling)
        matches = [sorted((sought @ found.T).max(axis=1).tolist()) if len(found) else [0.0] for found in tokens]
        return [float(cosine) for cosine in vectors[1:] @ vectors[0]], matches

    def _readings(self, question: str, rows: Sequence[_Row]) -> list[tuple[int, Reading]] | None:
        """What the network says of each sentence, with the length of what stands before it; None without network."""
        if self._network is None:
            return None
        heads = [f"{row.item['title']}. " for row in rows]
        try:
            found = self._network.read(question, [head + row.text for head, row in zip(heads, rows, strict=True)])
        except ReaderMissing as error:
            log.warning("%s", error)
            self._network = None
            return None
        return [(len(head), reading) for head, reading in zip(heads, found, strict=True)]


def _by_document(rows: Sequence[_Row]) -> dict[str, str]:
    """What was found of each document, by its title."""
    texts = {row.item["n"]: (row.item["title"], row.item["text"]) for row in rows}
    return {title: "\n".join(text for one, text in texts.values() if one == title) for title, _ in texts.values()}


def _read(
    count: int, readings: Mapping[int, tuple[int, Reading]]
) -> tuple[list[tuple[float, ...]], list[tuple[int, int] | None]]:
    """The network's clues for each of that many sentences, and the best span in it."""
    scored = {at: one for at, reading in readings.items() if (one := _span(*reading))}
    best = max((score for score, _ in scored.values()), default=0.0)
    most = max((reading.answerable for _, reading in readings.values()), default=0.0)
    clues: list[tuple[float, ...]] = [UNREAD] * count
    spans: list[tuple[int, int] | None] = [None] * count
    for at, (score, span) in scored.items():
        clues[at] = (score, best - score, readings[at][1].answerable, most, 1.0)
        spans[at] = span
    return clues, spans


def _span(head: int, reading: Reading) -> tuple[float, tuple[int, int]] | None:
    found = best_span(reading.start, reading.end, reading.offsets[:, 0] >= head)
    if found is None:
        return None
    return found.score, (int(reading.offsets[found.start, 0]) - head, int(reading.offsets[found.end, 1]) - head)


def _ranked(
    rows: Sequence[_Row],
    clues: Sequence[tuple[float, ...]],
    spans: Sequence[tuple[int, int] | None],
    weighed: Calibration,
) -> list[Candidate]:
    scores = [weighed.rank.logit(one) for one in clues]
    order = sorted(range(len(rows)), key=lambda at: -scores[at])
    next_best = scores[order[1]] if len(order) > 1 else scores[order[0]] - 1
    found = []
    for place, at in enumerate(order):
        ahead = scores[at] - next_best if place == 0 else scores[at] - scores[order[0]]
        sure = weighed.sure.logit((*clues[at], scores[at], ahead))
        row = rows[at]
        found.append(Candidate(row.item["n"], row.text, scores[at], round(probability(sure), 3), spans[at], clues[at]))
    return found
