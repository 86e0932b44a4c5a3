"""Finds the sentence of the retrieved passages that answers a question, and says how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evidence import content_words
from index.embed import Embedder
from index.sentences import sentences

# Logistic regression over (cosine, coverage), fitted by bench/confidence.py on the development questions.
INTERCEPT, COSINE, COVERAGE = -4.00, 3.58, 1.77


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer.

    Attributes:
        n: Number of its passage.
        sentence: The exact words.
        score: What orders candidates.
        cosine: Of the sentence and the question, -1 to 1.
        coverage: Share of the question's content words in the sentence, its headings and title, 0 to 1.
    """

    n: int
    sentence: str
    score: float
    cosine: float
    coverage: float

    @property
    def confidence(self) -> float:
        """Estimated probability that it answers the question, 0 to 1."""
        return round(1 / (1 + math.exp(-(INTERCEPT + COSINE * self.cosine + COVERAGE * self.coverage))), 3)


class Reader:
    """Ranks the sentences of passages against a question.

    Args:
        embedder: Compares them.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def read(self, question: str, passages: Sequence[Mapping[str, Any]]) -> list[Candidate]:
        """Returns every sentence of the passages, best first.

        Args:
            question: What was asked.
            passages: As ``search_documents`` returns them.
        """
        rows = [(item, item["text"][start:end]) for item in passages for start, end in sentences(item["text"])]
        rows = [(item, text) for item, text in rows if content_words(text)]
        if not rows:
            return []
        vectors = self._embedder.embed([question, *(text for _, text in rows)])
        cosines = vectors[1:] @ vectors[0]
        asked = content_words(question)
        found = [
            _candidate(item, text, float(cosine), asked) for (item, text), cosine in zip(rows, cosines, strict=True)
        ]
        return sorted(found, key=lambda candidate: -candidate.score)


def _candidate(item: Mapping[str, Any], sentence: str, cosine: float, asked: set[str]) -> Candidate:
    said = content_words(f"{item['title']} {item['heading']} {sentence}")
    coverage = len(asked & said) / len(asked) if asked else 0.0
    return Candidate(item["n"], sentence, cosine + coverage / 2 + item["score"] / 2, cosine, coverage)
