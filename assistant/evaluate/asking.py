"""Questions put to the whole assistant, with whichever engine is set, and what is measured of its answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.evaluate.measures import risk_coverage, span_f1, words
from assistant.evaluate.suite import Curve, Figure, Row, figure, mean
from assistant.events import Answer, ApprovalNeeded, Failed
from assistant.session import Assistant
from index.library import Library

OWNER = "evaluation"
AT_ONCE = 4
MARKED = re.compile(r"\*\*(.+?)\*\*")
CITED = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        id: Names it in every run.
        text: What is asked.
        answers: Each of which is right; none where the documents do not answer it.
        document: Path of the document that does; empty where none does.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    document: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its end.

    Attributes:
        question: The question.
        end: What came; a turn that waits for approval counts as failed.
        verbatim: Of each citation, whether its quote stands in the stored document where it says.
    """

    question: Question
    end: Answer | Failed
    verbatim: tuple[bool, ...]

    @property
    def said(self) -> str:
        """The answer or the failure, without citation marks."""
        return self.end.message if isinstance(self.end, Failed) else CITED.sub("", self.end.text).strip()

    @property
    def answered(self) -> bool:
        """Whether it was answered and not declined."""
        return isinstance(self.end, Answer) and not self.end.abstained

    @property
    def sure(self) -> float:
        """How sure the answer is, 0 to 1; 0 of what was declined."""
        return self.end.confidence if isinstance(self.end, Answer) and self.answered else 0.0

    @property
    def holds(self) -> bool:
        """Whether the answer or one of its quotes holds a right answer."""
        if not isinstance(self.end, Answer) or not self.answered:
            return False
        texts = [self.said.replace("*", "").lower(), *(citation.quote.lower() for citation in self.end.citations)]
        return any(answer.lower() in text for answer in self.question.answers for text in texts)

    @property
    def short(self) -> str:
        """What is marked as the answer itself, else the whole answer; nothing of what was declined."""
        return ("; ".join(MARKED.findall(self.said)) or self.said) if self.answered else ""

    def row(self, score: float, truth: bool | None = None) -> Row:
        """As a case of a figure, of which ``truth`` is what the score should have told."""
        told = None if truth is None else float(truth)
        return Row(self.question.id, self.question.text, self.said, float(score), told)


async def ask(assistant: Assistant, questions: Sequence[Question], library: str | None = None) -> list[Asked]:
    """Puts the questions, a few at once, and keeps none of the conversations.

    Args:
        assistant: Who answers.
        questions: What is asked.
        library: The library's name; None takes the default.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(question: Question) -> Asked:
        async with slots:
            end = await assistant.ask(question.text, owner=OWNER, library=library)
            if isinstance(end, ApprovalNeeded):
                end = Failed("The answer waits for approval.", end.conversation)
            quoted = await asyncio.to_thread(_verbatim, assistant.libraries.get(library), end)
            if end.conversation:
                await assistant.conversations.delete(end.conversation, OWNER)
            return Asked(question, end, quoted)

    return list(await asyncio.gather(*map(one, questions)))


def _verbatim(library: Library, end: Answer | Failed) -> tuple[bool, ...]:
    cited = end.citations if isinstance(end, Answer) else ()
    return tuple(library.page_text(each.document_id, each.page)[each.start : each.end] == each.quote for each in cited)


def answers(asked: Sequence[Asked]) -> list[Figure]:
    """Returns how good the answers are: a right answer quoted, exact match and F1 of SQuAD, and failures."""
    answerable = [one for one in asked if one.question.answers]
    return [
        mean("a right answer is in the answer or its quotes", [one.row(one.holds) for one in answerable]),
        mean("exact match", [one.row(_exact(one)) for one in answerable]),
        mean("word F1", [one.row(span_f1(one.short, one.question.answers)) for one in answerable]),
        mean("turns that failed", [one.row(isinstance(one.end, Failed)) for one in asked], 0.0, at_most=True),
    ]


def citations(asked: Sequence[Asked]) -> list[Figure]:
    """Returns how good the sources are: precision and recall, quotes word for word, sentences without a source."""
    sought = [one for one in asked if one.question.document and one.answered]
    cited = [(one, {c.document for c in one.end.citations}) for one in sought if isinstance(one.end, Answer)]
    quotes = [one.row(all(one.verbatim)) for one in asked if one.verbatim]
    free = [one.row(not one.end.unsupported) for one in asked if isinstance(one.end, Answer) and one.answered]
    precise = [one.row((one.question.document in documents) / len(documents)) for one, documents in cited if documents]
    return [
        mean("cited documents that are the right one", precise),
        mean("answers that cite the right document", [o.row(o.question.document in d) for o, d in cited]),
        mean("answers whose quotes are found word for word", quotes, 1.0),
        mean("answers without an unsupported sentence", free),
    ]


def abstention(asked: Sequence[Asked]) -> list[Figure | Curve]:
    """Returns how well it is known what the documents hold: declining, AUROC, calibration, risk against coverage."""
    answerable = [one for one in asked if one.question.answers]
    others = [one for one in asked if not one.question.answers]
    given = [one for one in asked if one.answered]
    sure = [one.row(one.sure, bool(one.question.answers)) for one in asked]
    right = [one.row(one.sure, one.holds) for one in given]
    return [
        mean("answerable and answered", [one.row(one.answered) for one in answerable]),
        mean("not answerable and declined", [one.row(not one.answered) for one in others]),
        figure("AUROC of the confidence, answerable or not", sure, "AUROC"),
        figure("expected calibration error", right, "calibration error", at_most=True),
        *_curves(given),
    ]


def _curves(given: Sequence[Asked]) -> list[Curve]:
    if not given:
        return []
    share, risk, _ = risk_coverage([one.sure for one in given], [one.holds for one in given])
    points = tuple(zip(share.tolist(), risk.tolist(), strict=True))
    return [Curve("Risk against coverage", "share of the answers, the surest first", "share that is wrong", points)]


def speed(asked: Sequence[Asked]) -> list[Figure]:
    """Returns how long a turn takes, in seconds, with as many at once as ``ask`` asks."""
    seconds = [one.row(one.end.seconds) for one in asked if isinstance(one.end, Answer)]
    return [
        figure("time to an answer, median", seconds, "median", at_most=True, unit="s"),
        figure("time to an answer, 95th percentile", seconds, "95th percentile", at_most=True, unit="s"),
    ]


def _exact(one: Asked) -> bool:
    return any(words(one.short) == words(answer) for answer in one.question.answers)
