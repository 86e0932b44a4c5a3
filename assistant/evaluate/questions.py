"""Questions made from a library's own documents, kept so that every run asks the same ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from assistant.evaluate.asking import Question
from assistant.evaluate.errors import EvalError
from index.library import Library
from index.sentences import sentences
from index.types import Document, Passage

WORDS = range(7, 41)
"""So many make a sentence that says enough and not too much."""
A_DOCUMENT = 5
"""Questions about one document at most."""
# What can be asked for: figures, dates and times, a single digit with what it counts, and names that do not begin the
# sentence.
SPAN = re.compile(r"\d[\d.,:/%–-]*\d%?|\d(?:%| [a-zà-ÿ]{3,})|(?<=[a-zà-ÿ,;] )[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)*")
GAP = "…"
# A sentence that begins so says little without the one before it.
POINTING = re.compile(r"(?:It|This|That|These|Those|They|He|She|Es|Er|Sie|Dies\w*|Das)\b")

Writer = Callable[[Passage, str], Awaitable[tuple[str, str] | None]]
"""Makes a question and its answer of a passage with its document's title; None where it cannot."""


async def questions(library: Library, kept: Path, count: int, write: Writer | None) -> list[Question]:
    """Returns questions about a library: those that are kept and still hold, and new ones for what is missing.

    All that hold stay in the file, however few are asked for.

    Args:
        library: The library.
        kept: The file in which they are kept.
        count: How many are returned at most.
        write: A language model that writes them; None makes them of headings and sentences.

    Raises:
        EvalError: The library has nothing to ask about.
    """
    documents = {document.path: document for document in library.documents()}
    old = [one for one in _read(kept) if one.document in documents and _holds(library, documents[one.document], one)]
    found = {one.id: one for one in old}
    async for one in _new(library, list(documents.values()), found, count - len(found), write):
        found[one.id] = one
    if not found:
        raise EvalError("The library holds nothing to ask about; add documents with `assistant index add`.")
    _keep(kept, list(found.values()))
    return list(found.values())[:count]


def cloze(passage: Passage, title: str) -> tuple[str, str] | None:
    """Makes a question of a passage's heading and one of its sentences, whose most telling words are left out.

    Such a question is easier to find than a person's, as it has the document's own words.

    Args:
        passage: The passage.
        title: Its document's.
    """
    flat = [" ".join(passage.text[start:end].split()) for start, end in sentences(passage.text)]
    fit = [one for one in flat if len(one.split()) in WORDS and "://" not in one]
    pairs = (_asked(passage.heading or title, one) for one in sorted(fit, key=lambda one: bool(POINTING.match(one))))
    return next(filter(None, pairs), None)


def _asked(heading: str, sentence: str) -> tuple[str, str] | None:
    """Leaves the most telling words out that the question does not have elsewhere."""
    spans = list(dict.fromkeys(found[0] for found in SPAN.finditer(sentence)))
    for answer in sorted(spans, key=lambda span: (any(letter.isdigit() for letter in span), len(span)), reverse=True):
        question = f"{heading}: {re.sub(r'[.!?]+$', '', sentence.replace(answer, GAP, 1))}?"
        if not gives_away(question, answer):
            return question, answer
    return None


def gives_away(question: str, answer: str) -> bool:
    """Whether a question has its answer in it."""
    return bool(re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", question, re.IGNORECASE))


async def _new(
    library: Library, documents: Sequence[Document], known: Mapping[str, Question], count: int, write: Writer | None
) -> AsyncIterator[Question]:
    """Makes questions that are not known, one about each document by turns, so that few cover many documents."""
    about = Counter(one.document for one in known.values())
    sources = {each.path: _of(library, each, write) for each in sorted(documents, key=lambda each: _order(each.path))}
    made: set[str] = set()
    for turn in range(A_DOCUMENT):
        for path, source in sources.items():
            if len(made) >= count:
                return
            if about[path] > turn:
                continue
            async for one in source:
                if one.id not in known and one.id not in made:
                    made.add(one.id)
                    yield one
                    break


async def _of(library: Library, document: Document, write: Writer | None) -> AsyncIterator[Question]:
    for passage in sorted(library.passages(document.id), key=lambda each: _order(each.text)):
        pair = await write(passage, document.title) if write else None
        pair = pair or cloze(passage, document.title)
        if pair:
            yield Question(_order(f"{document.path}\n{pair[0]}")[:16], pair[0], (pair[1],), document.path)


def _holds(library: Library, document: Document, question: Question) -> bool:
    return any(question.answers[0] in " ".join(passage.text.split()) for passage in library.passages(document.id))


def _order(text: str) -> str:
    """An order that is by chance and always the same."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read(kept: Path) -> Sequence[Question]:
    if not kept.exists():
        return ()
    try:
        rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
        return [Question(**(row | {"answers": tuple(row["answers"])})) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise EvalError(f"{kept} is damaged; delete it, and new questions are made.") from error


def _keep(kept: Path, chosen: Sequence[Question]) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in chosen), encoding="utf-8")
