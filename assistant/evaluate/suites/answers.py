"""Answers of the whole assistant, with the engine that is set, to SQuAD 2.0."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.app import build
from assistant.evaluate import asking
from assistant.evaluate.asking import Asked, Question
from assistant.evaluate.suite import Cases, Curve, Figure, Suite
from index.types import Page, ReadDocument


def _questions(cases: Cases) -> list[Question]:
    return [
        Question(
            row["id"],
            row["text"],
            () if row["unanswerable"] else tuple(row["answers"]),
            "" if row["unanswerable"] else row["gold_paragraph"],
        )
        for row in cases.rows("squad2/questions.jsonl")
    ]


_turns: list[tuple[Cases, list[Asked]]] = []


def _asked(cases: Cases) -> list[Asked]:
    """The same turns serve several suites of a run."""
    if not (_turns and _turns[0][0] is cases):
        _turns[:] = [(cases, asyncio.run(_ask(cases)))]
    return _turns[0][1]


async def _ask(cases: Cases) -> list[Asked]:
    with tempfile.TemporaryDirectory() as home:
        async with build(cases.settings.model_copy(update={"home": Path(home)})) as assistant:
            paragraphs = [
                (row["id"], ReadDocument(row["title"], "text", (Page(None, row["text"]),)))
                for row in cases.every("squad2/corpus.jsonl")
            ]
            await asyncio.to_thread(assistant.libraries.get().add_documents, paragraphs)
            await asyncio.to_thread(assistant.libraries.get().warm)
            cases.engines.add(assistant.engine.name)
            return await asking.ask(assistant, _questions(cases))


def _suite(name: str, about: str, metric: str, measure: Callable[[Sequence[Asked]], Sequence[Figure | Curve]]) -> Suite:
    return Suite(
        name,
        about,
        metric,
        "the questions are asked as a person would; the built-in engine's reader and its confidence were trained on "
        "parts of this set, which the suite `reading` leaves out and this one does not",
        "SQuAD 2.0 (Rajpurkar, Jia and Liang, 2018), CC BY-SA 4.0",
        lambda cases: measure(_asked(cases)),
    )


SUITES = (
    _suite(
        "answers",
        "does the whole assistant, with the engine that is set, answer from the documents?",
        "SQuAD's exact match and F1 of what is marked as the answer, else of the whole answer (Rajpurkar et al., 2016)",
        asking.answers,
    ),
    _suite(
        "citations",
        "are the sources of those answers the right ones, and their quotes true?",
        "precision and recall of the cited documents over the questions that were answered (Gao et al., 2023); a quote "
        "is found word for word if the stored page holds it at its place",
        asking.citations,
    ),
    _suite(
        "abstention",
        "does the assistant know which of those questions the documents do not answer?",
        "AUROC of the confidence, expected calibration error over ten bins (Naeini et al., 2015), and the share of "
        "wrong answers against the share answered (El-Yaniv and Wiener, 2010)",
        asking.abstention,
    ),
    _suite("speed", "how long does such an answer take?", "wall time of a turn, four of them at once", asking.speed),
)
