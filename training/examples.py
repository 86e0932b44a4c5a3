"""What the reader learns from: a question, a passage, and where in it the answer stands, or nowhere."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.sentences import sentences
from training import qamr
from training.negatives import swap, unanswerable

# Sentences around the one of the answer: of QAMR, drawn from these; of a paragraph, at most on either side.
QAMR_AROUND, AROUND = (0, 0, 0, 1, 1, 2), 3
# How often a question also comes with a passage that only seems to answer it, and of these how often the passage is
# simply another one.
NEGATIVE, ELSEWHERE = 0.6, 0.2
TITLED = 0.5
# Of the other pairs, up to which chance the word is changed in both, and up to which in the passage alone.
IN_BOTH, IN_PASSAGE = 0.55, 0.7


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a paragraph of an article.

    Attributes:
        example: With the whole paragraph.
        title: The article's.
        answers: All that people gave.
    """

    example: Example
    title: str
    answers: tuple[str, ...]


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
            near = [
                known[name].text for name in articles[known[question.sentence].article] if name != question.sentence
            ]
            around = source.sample(near, min(len(near), source.choice(QAMR_AROUND)))
            example = _placed(question, known[question.sentence].text, around, source)
            yield example
            if source.random() < NEGATIVE and (other := contrast(example, near, source)):
                yield other


def from_articles(asked: Sequence[Asked], source: random.Random) -> Iterator[Example]:
    """Makes examples of questions on paragraphs without an end: a few of a paragraph's sentences every time.

    Args:
        asked: Questions of the articles to learn from.
        source: Chooses.
    """
    paragraphs: dict[str, list[str]] = defaultdict(list)
    for one in asked:
        if one.example.passage not in paragraphs[one.title]:
            paragraphs[one.title].append(one.example.passage)
    order = list(asked)
    while True:
        source.shuffle(order)
        for one in order:
            near = [text for text in paragraphs[one.title] if not any(answer in text for answer in one.answers)]
            example = _titled(_window(one.example, source), one.title, source)
            yield example
            if one.example.start >= 0 and source.random() < NEGATIVE and (other := contrast(example, near, source)):
                yield other


def contrast(example: Example, near: Sequence[str], source: random.Random) -> Example | None:
    """Changes an answered question or its passage, so that only reading both tells whether the answer is still there.

    A word is changed in the question alone or in the passage alone (no answer), or in both (the same answer): a
    network that goes by odd words alone gains nothing.

    Args:
        example: With an answer.
        near: Texts of the same article.
        source: Chooses.
    """
    chance = source.random()
    if chance < ELSEWHERE and near:
        return _window(Example(example.question, source.choice(near)), source)
    found = swap(example.question, [*near, example.passage], source)
    moved = found and _renamed(example, found.old, found.new)
    if not found or moved is None or chance > IN_PASSAGE:
        changed = unanswerable(example.question, [*near, example.passage], source)
        return Example(changed, example.passage) if changed else None
    if chance < IN_BOTH:
        return replace(moved, question=found.question)
    return Example(example.question, moved.passage)


def _renamed(example: Example, old: str, new: str) -> Example | None:
    """The example with a word of the passage replaced; None where it has none outside the answer."""
    spots = list(re.finditer(rf"\b{re.escape(old)}\b", example.passage))
    if not spots or any(spot.start() < example.end and spot.end() > example.start for spot in spots):
        return None
    before = sum(spot.end() <= example.start for spot in spots)
    shift = before * (len(new) - len(old))
    passage = re.sub(rf"\b{re.escape(old)}\b", lambda _: new, example.passage)
    return Example(example.question, passage, example.start + shift, example.end + shift)


def _placed(question: qamr.Question, sentence: str, around: Sequence[str], source: random.Random) -> Example:
    """The sentence of the answer among others."""
    before = source.randint(0, len(around))
    head = "".join(f"{text} " for text in around[:before])
    tail = "".join(f" {text}" for text in around[before:])
    return Example(question.text, head + sentence + tail, len(head) + question.start, len(head) + question.end)


def _window(example: Example, source: random.Random) -> Example:
    """A run of the passage's sentences, the answer's own among them."""
    spans = sentences(example.passage)
    holding = [at for at, (first, last) in enumerate(spans) if first < example.end and last > example.start >= 0]
    first, last = (holding[0], holding[-1]) if holding else [source.randrange(len(spans))] * 2
    first = max(0, first - source.randint(0, AROUND))
    last = min(len(spans) - 1, last + source.randint(0, AROUND))
    begin, end = spans[first][0], spans[last][1]
    cut = replace(example, passage=example.passage[begin:end])
    return cut if example.start < 0 else replace(cut, start=example.start - begin, end=example.end - begin)


def _titled(example: Example, title: str, source: random.Random) -> Example:
    """With the title before it half the time, as the reader gets its passages."""
    if source.random() >= TITLED:
        return example
    head = f"{title}. "
    moved = replace(example, passage=head + example.passage)
    return moved if example.start < 0 else replace(moved, start=example.start + len(head), end=example.end + len(head))


def from_squad(folder: Path) -> dict[str, list[Asked]]:
    """Reads questions on paragraphs with and without an answer in them, by article.

    Args:
        folder: Holds ``corpus.jsonl`` (``id``, ``title``, ``text``) and ``questions.jsonl`` (``text``, ``title``,
            ``gold_paragraph``, ``answers``, ``unanswerable``).
    """
    texts = {row["id"]: row["text"] for row in _rows(folder / "corpus.jsonl")}
    found: dict[str, list[Asked]] = defaultdict(list)
    for row in _rows(folder / "questions.jsonl"):
        passage = texts[row["gold_paragraph"]]
        answer = next((answer for answer in row["answers"] if answer in passage), None)
        start = passage.index(answer) if answer and not row["unanswerable"] else -1
        end = start + len(answer) if answer and start >= 0 else -1
        if row["unanswerable"] or start >= 0:
            example = Example(row["text"], passage, start, end)
            found[row["title"]].append(Asked(example, row["title"], tuple(row["answers"])))
    return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
