"""Puts what was found into words: quotations with their numbers, computed values, or a plain no."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant.engines.builtin.asking import Wanted
from assistant.engines.builtin.read import Candidate, Reader
from assistant.engines.builtin.shown import as_markdown
from assistant.engines.builtin.suitability import ASKS
from assistant.evidence import MARKER
from index.sentences import sentences

# A further sentence is added where it is nearly as likely to hold the answer as the first; of a list, half as likely.
NEARLY, LISTED = 0.9, 0.5
MAX_SENTENCES, MAX_LISTED = 3, 8
MAX_CLOSEST = 3
UNSETTLED = 0.5
NO_ANSWER = "I found no answer to this in your documents."
SUMMARY_SENTENCES = 5
MIN_SUBJECT_COSINE = 0.2
# A span of more of its sentence than this is the sentence.
MARKED_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say.

    Attributes:
        text: Markdown with citations.
        confidence: 0 to 1.
        abstained: Whether it declines.
        about_itself: Whether it speaks of the assistant and not of the world, so that there is nothing to check.
    """

    text: str
    confidence: float
    abstained: bool = False
    about_itself: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One search.

    Attributes:
        question: What was looked for.
        passages: As ``search_documents`` returned them.
    """

    question: str
    passages: Sequence[Mapping[str, Any]]


def from_library(wanted: Wanted, found: Sequence[Found], reader: Reader, min_confidence: float) -> Reply:
    """Answers from what the searches found.

    Args:
        wanted: What was asked for.
        found: A search for each of its questions.
        reader: Finds the answers.
        min_confidence: Below it the reply declines.
    """
    if not any(one.passages for one in found):
        return Reply("The library holds nothing about this; add documents and ask again.", 0.0, True, True)
    if wanted.kind == "summary":
        return _summary(Found(wanted.questions[0], found[0].passages), reader, wanted.count or SUMMARY_SENTENCES)
    if wanted.kind == "each":
        return _from_each(found[0], reader, min_confidence)
    listed = wanted.kind == "list"
    replies = [_answer(one, reader, min_confidence, listed=listed) for one in found]
    return replies[0] if len(replies) == 1 else _together(found, replies)


def _answer(found: Found, reader: Reader, min_confidence: float, *, listed: bool) -> Reply:
    """Answers one question; one that no document settles only with a sentence that is more likely than not right."""
    candidates = reader.read(found.question, found.passages)
    if reader.unweighed:
        return Reply(_decline(candidates).replace(NO_ANSWER, reader.unweighed, 1), 0.0, abstained=True)
    unsettled = reader.is_unknowable(found.question)
    reply = from_passages(candidates, max(min_confidence, UNSETTLED) if unsettled else min_confidence, listed=listed)
    if not (unsettled and reply.abstained):
        return reply
    why = "It may be one that no document settles: about an opinion, or about what nobody knows."
    return replace(reply, text=reply.text.replace(NO_ANSWER, f"{NO_ANSWER} {why}", 1))


def from_passages(candidates: Sequence[Candidate], min_confidence: float, *, listed: bool = False) -> Reply:
    """Answers one question with the best sentences, or declines and shows the closest ones.

    Args:
        candidates: Sentences, best first.
        min_confidence: Below it the reply declines.
        listed: Whether several answers are wanted.
    """
    if not candidates or candidates[0].confidence < min_confidence:
        return Reply(_decline(candidates), candidates[0].confidence if candidates else 0.0, abstained=True)
    share, most = (LISTED, MAX_LISTED) if listed else (NEARLY, MAX_SENTENCES)
    least = candidates[0].score + math.log(share)
    good = [one for one in candidates if one.score >= least][:most]
    return Reply(_quoted(good), candidates[0].confidence)


def from_tool(name: str, result: Any) -> Reply:
    """Says what a tool returned."""
    if name == "list_documents":
        return Reply(_documents(result), 1.0, about_itself=True)
    if name == "find_documents":
        return Reply(_about(result), 1.0, abstained=not result)
    if name == "compare_documents":
        return Reply(_side_by_side(result), 1.0, abstained=not result)
    if isinstance(result, dict) and isinstance(result.get("text"), str):
        robot = name.startswith("robot_")  # tells what it did, not what it computed
        return Reply(
            _literal(result["text"]) + ("" if robot else f" (computed by the tool `{name}`)"), 1.0, about_itself=robot
        )
    if result in (None, "", {}, []):
        return Reply(f"The tool `{name}` ran and returned nothing.", 1.0, about_itself=True)
    return Reply(f"The tool `{name}` returned{as_markdown(result)}", 1.0)


def _literal(text: str) -> str:
    """A tool's text; one with a list of numbers in it, which would be taken for citations, as code."""
    return f"`{text}`" if MARKER.search(text) and not {"`", "\n"} & set(text) else text


def _together(found: Sequence[Found], replies: Sequence[Reply]) -> Reply:
    """Several answers under their questions; as sure as the least sure of those that were given."""
    given = [reply for reply in replies if not reply.abstained]
    if not given:
        return max(replies, key=lambda reply: reply.confidence)
    parts = [f"{_heading(one.question)}\n\n{reply.text}" for one, reply in zip(found, replies, strict=True)]
    return Reply("\n\n".join(parts), min(reply.confidence for reply in given))


def _heading(question: str) -> str:
    """A question as one, so that nothing in it is taken for a statement; a thing with a colon."""
    return _line(question).rstrip("?.! ") + ("?" if ASKS.match(question) else ":")


def _from_each(found: Found, reader: Reader, min_confidence: float) -> Reply:
    """The best sentence of each document, where it may be an answer."""
    documents: dict[str, list[Mapping[str, Any]]] = {}
    for item in found.passages:
        documents.setdefault(item["title"], []).append(item)
    best = {title: reader.read(found.question, items)[:1] for title, items in documents.items()}
    good = {title: one[0] for title, one in best.items() if one and one[0].confidence >= min_confidence}
    if not good:
        return Reply(_decline([one for some in best.values() for one in some]), 0.0, abstained=True)
    parts = [f"{title}:\n\n{_quoted([one])}" for title, one in good.items()]
    return Reply("\n\n".join(parts), max(one.confidence for one in good.values()))


def _summary(found: Found, reader: Reader, count: int) -> Reply:
    central = reader.summarize(found.question, found.passages, count)
    best = max((one.cosine for one in central), default=0.0)
    lines = "\n".join(f"- “{_line(one.sentence)}” [{one.n}]" for one in central)
    if best < MIN_SUBJECT_COSINE:
        closest = f"\n\nThe closest passages:\n\n{lines}" if lines else ""
        return Reply(f"I found nothing about this in your documents.{closest}", max(best, 0.0), abstained=True)
    return Reply(f"In your documents' own words:\n\n{lines}", min(1.0, best))


def _quoted(candidates: Sequence[Candidate]) -> str:
    return "\n\n".join(f"“{_marked(one)}” [{one.n}]" for one in candidates)


def _marked(one: Candidate) -> str:
    """The sentence with the answer in bold; one with signs of its own stays as it is."""
    if not one.answer or "*" in one.sentence or len(one.answer) > MARKED_SHARE * len(one.sentence):
        return _line(one.sentence)
    start, end = one.span or (0, 0)
    return _line(f"{one.sentence[:start]}**{one.answer}**{one.sentence[end:]}", keep="*")


def _decline(candidates: Sequence[Candidate]) -> str:
    seen: dict[int, Candidate] = {}
    for candidate in candidates:
        seen.setdefault(candidate.n, candidate)
    closest = [f"- “{_line(c.sentence)}” [{c.n}]" for c in list(seen.values())[:MAX_CLOSEST]]
    return NO_ANSWER + ("\n\nThe closest passages:\n\n" + "\n".join(closest) if closest else "")


def _documents(documents: Sequence[Mapping[str, Any]]) -> str:
    if not documents:
        return "Your library is empty. Add documents in the page or with `assistant index add FOLDER`."
    lines = [f"- **{item['title']}** ({item['kind']}, {_pages(item['pages'])})" for item in documents]
    return f"Your library holds {len(documents)} documents:\n\n" + "\n".join(lines)


def _about(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "I found no document about this."
    return "These documents are about it:\n\n" + "\n\n".join(
        f"**{row['title']}**:\n\n- {_opening(row)}" for row in rows
    )


def _side_by_side(rows: Sequence[Mapping[str, Any]]) -> str:
    """The best passages' first sentences, below the name of the thing that each is about."""
    if not rows:
        return "I found nothing about any of these in your documents."
    things: dict[str, list[str]] = {}
    for row in rows:
        things.setdefault(row["of"], []).append(f"- {_opening(row)}")
    return "\n\n".join(f"**{thing}**:\n\n" + "\n".join(lines) for thing, lines in things.items())


def _opening(row: Mapping[str, Any]) -> str:
    start, end = sentences(row["text"])[0]
    return f"“{_line(row['text'][start:end])}” [{row['n']}]"


def _pages(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"


def _line(sentence: str, keep: str = "") -> str:
    """The sentence on one line, without the sign of a list that it stood in."""
    return " ".join(sentence.split()).lstrip("".join(sign for sign in "-*•#| " if sign not in keep))
