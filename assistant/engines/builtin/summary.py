"""Extractive summaries: sentences that are central to a subject and say different things.

Maximal marginal relevance after Carbonell and Goldstein, The Use of MMR, 1998,
https://doi.org/10.1145/290941.291025.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.wording import content_words
from index.embed import Embedder
from index.sentences import sentences

RELEVANCE = 0.65  # against novelty
MIN_WORDS, MAX_CHARACTERS = 4, 400


@dataclass(frozen=True, slots=True)
class Central:
    """A sentence of a summary.

    Attributes:
        n: Number of its passage.
        sentence: The exact words.
        cosine: Of it and the subject.
    """

    n: int
    sentence: str
    cosine: float


def summarize(subject: str, passages: Sequence[Mapping[str, Any]], embedder: Embedder, count: int) -> list[Central]:
    """Chooses sentences for a summary, in the order in which they stand.

    Args:
        subject: What it is to be about.
        passages: As ``search_documents`` returns them; where the subject is a document's title, that one's only count.
        embedder: Compares sentences.
        count: How many at most.
    """
    rows = [
        (item["n"], item["text"][start:end])
        for item in sorted(_titled(subject, passages), key=lambda item: item["n"])
        for start, end in sentences(item["text"])
        if end - start <= MAX_CHARACTERS and not item["text"][start:end].lstrip().startswith(("#", "|"))
    ]
    rows = [row for row in dict.fromkeys(rows) if len(content_words(row[1])) >= MIN_WORDS]
    if not rows:
        return []
    vectors = embedder.embed([subject, *(text for _, text in rows)])
    asked, found = vectors[0], vectors[1:]
    cosines = found @ asked
    centre = found.mean(axis=0)
    relevance = (cosines + found @ centre / max(float((centre @ centre) ** 0.5), 1e-9)) / 2
    likeness = found @ found.T
    chosen: list[int] = []
    while len(chosen) < min(count, len(rows)):
        repeated = likeness[:, chosen].max(axis=1) if chosen else 0 * relevance
        gain = RELEVANCE * relevance - (1 - RELEVANCE) * repeated
        gain[chosen] = -9
        chosen.append(int(gain.argmax()))
    return [Central(*rows[at], float(cosines[at])) for at in sorted(chosen)]


def _titled(subject: str, passages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The passages of the documents that go by the subject's name, else all."""
    words = content_words(subject) - content_words("document file text article report")
    own = [item for item in passages if words and words <= content_words(item["title"])]
    return own or passages
