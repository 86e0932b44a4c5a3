"""What the reader learns from: a question, a passage, and where in it the answer stands, or nowhere."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import qamr
from training.negatives import unanswerable

# Of the questions made from QAMR, the share that have no answer in their passage, and of these the share whose passage
# is simply another one.
NEGATIVE, ELSEWHERE = 0.4, 0.25
MAX_SENTENCES = 6


@dataclass(frozen=True, slots=True)
class Example:
    """One question about one passage.

    Attributes:
        question: The question.
        passage: The passage.
        start: First character of the answer in the passage; -1 where the passage does not answer.
        end: One past the last; -1 likewise.
    """

    question: str
    passage: str
    start: int = -1
    end: int = -1


def from_qamr(folder: Path, source: random.Random) -> Iterator[Example]:
    """Makes examples of QAMR without an end: each question in new surroundings every time.

    Args:
        folder: Holds the files.
        source: Chooses.
    """
    known = qamr.sentences(folder)
    questions = list(qamr.questions(folder, known))
    articles: dict[str, list[str]] = defaultdict(list)
    for name, sentence in known.items():
        articles[sentence.article].append(name)
    while True:
        source.shuffle(questions)
        for question in questions:
            near = [name for name in articles[known[question.sentence].article] if name != question.sentence]
            yield _example(question, near, known, source)


def _example(
    question: qamr.Question, near: Sequence[str], known: dict[str, qamr.Sentence], source: random.Random
) -> Example:
    around = source.sample(near, min(len(near), source.randint(0, MAX_SENTENCES - 1)))
    if source.random() >= NEGATIVE:
        return _placed(question, question.text, around, known, source)
    if around and source.random() < ELSEWHERE:
        return Example(question.text, " ".join(known[name].text for name in around))
    others = [known[name].text for name in (*near, question.sentence)]
    changed = unanswerable(question.text, others, source)
    if changed is None:
        return _placed(question, question.text, around, known, source)
    placed = _placed(question, changed, around, known, source)
    return Example(changed, placed.passage)


def _placed(
    question: qamr.Question, text: str, around: Sequence[str], known: dict[str, qamr.Sentence], source: random.Random
) -> Example:
    """The sentence of the answer among others."""
    before = source.randint(0, len(around))
    head = "".join(f"{known[name].text} " for name in around[:before])
    tail = "".join(f" {known[name].text}" for name in around[before:])
    passage = head + known[question.sentence].text + tail
    return Example(text, passage, len(head) + question.start, len(head) + question.end)


def from_squad(folder: Path) -> dict[str, list[Example]]:
    """Reads questions on paragraphs with and without an answer in them, by article.

    Args:
        folder: Holds ``corpus.jsonl`` (``id``, ``title``, ``text``) and ``questions.jsonl`` (``text``, ``title``,
            ``gold_paragraph``, ``answers``, ``unanswerable``).
    """
    texts = {row["id"]: row["text"] for row in _rows(folder / "corpus.jsonl")}
    found: dict[str, list[Example]] = defaultdict(list)
    for row in _rows(folder / "questions.jsonl"):
        passage = texts[row["gold_paragraph"]]
        answer = next((answer for answer in row["answers"] if answer in passage), None)
        start = passage.index(answer) if answer and not row["unanswerable"] else -1
        end = start + len(answer) if answer and start >= 0 else -1
        if row["unanswerable"] or start >= 0:
            found[row["title"]].append(Example(row["text"], passage, start, end))
    return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
