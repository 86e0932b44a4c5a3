"""The library of whoever runs it: questions made from its documents, answered with the engine that is set."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from assistant.app import build
from assistant.evaluate import asking
from assistant.evaluate.asking import Question
from assistant.evaluate.questions import Writer, gives_away, questions
from assistant.evaluate.saved import FOLDER
from assistant.evaluate.suite import DATA, Cases, Curve, Figure, Suite
from assistant.prompts import prompt
from index.types import Passage

COUNT = 40
OWN_FOR_FOREIGN = 4
"""So many questions about the library for each about something else, which is to be declined."""
OBJECT = re.compile(r"\{.*\}", re.DOTALL)


def writer(model: BaseChatModel) -> Writer:
    """Returns what has a language model write a question about a passage."""

    async def write(passage: Passage, title: str) -> tuple[str, str] | None:
        shown = f"{title}\n{passage.heading}\n\n{passage.text}"
        reply = await model.ainvoke([SystemMessage(prompt("question")), HumanMessage(shown)])
        found = OBJECT.search(reply.text)
        try:
            row = json.loads(found[0]) if found else {}
            question, answer = str(row["question"]).strip(), str(row["answer"]).strip()
        except (ValueError, KeyError, TypeError):
            return None
        sound = question and answer and answer in passage.text and not gives_away(question, answer)
        return (question, answer) if sound else None

    return write


def _measure(cases: Cases) -> Sequence[Figure | Curve]:
    return asyncio.run(_run(cases))


async def _run(cases: Cases) -> Sequence[Figure | Curve]:
    settings = cases.settings
    async with build(settings) as assistant:
        model = assistant.engine.model
        cases.engines.add(assistant.engine.name)
        name = settings.library.name or assistant.libraries.default
        library = assistant.libraries.get(name)
        kept = settings.home / FOLDER / f"questions-{name}.jsonl"
        asked = await questions(library, kept, cases.limit or COUNT, writer(model) if model else None)
        foreign = _foreign(max(1, len(asked) // OWN_FOR_FOREIGN))
        ended = await asking.ask(assistant, [*asked, *foreign], name)
    return [*asking.answers(ended), *asking.citations(ended), *asking.abstention(ended), *asking.speed(ended)]


def _foreign(count: int) -> list[Question]:
    rows = [json.loads(line) for line in (DATA / "squad2" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Question(row["id"], row["text"], (), "") for row in rows if row["unanswerable"]][:count]


SUITES = (
    Suite(
        "mine",
        "does the assistant answer questions about your own library?",
        "as of the suites answers, citations, abstention and speed; a question counts as not answerable where it is "
        "about something else",
        "nothing was tuned on your documents; questions that the built-in engine makes have the documents' own words, "
        "which makes them easier than a person's: compare runs with each other, not with other suites",
        "your library, and for four of its questions one of SQuAD 2.0 (CC BY-SA 4.0) about something else",
        _measure,
        own=True,
    ),
)
