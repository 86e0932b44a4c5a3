"""Puts what was found into words: quotations with their numbers, computed values, or a plain no."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.engines.builtin.read import Candidate

# A second sentence is added where it is nearly as good as the first.
NEARLY = 0.93
MAX_SENTENCES = 3
MAX_CLOSEST = 3


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


def from_passages(
    request: str, candidates: Sequence[Candidate], passages: Sequence[Mapping[str, Any]], min_confidence: float
) -> Reply:
    """Answers with the best sentences, or declines and shows the closest ones.

    Args:
        request: What was asked.
        candidates: Sentences, best first.
        passages: As ``search_documents`` returned them.
        min_confidence: Below it the reply declines.
    """
    if not passages:
        return Reply("The library holds nothing about this; add documents and ask again.", 0.0, True, True)
    best = max((candidate.confidence for candidate in candidates), default=0.0)
    if not candidates or candidates[0].confidence < min_confidence:
        return Reply(_decline(candidates), best, abstained=True)
    good = [c for c in candidates if c.score >= NEARLY * candidates[0].score][:MAX_SENTENCES]
    return Reply("\n\n".join(f"“{_line(c.sentence)}” [{c.n}]" for c in good), good[0].confidence)


def from_tool(name: str, result: Any) -> Reply:
    """Says what a tool returned."""
    if name == "list_documents":
        return Reply(_documents(result), 1.0, about_itself=True)
    if isinstance(result, dict) and isinstance(result.get("text"), str):
        return Reply(f"{result['text']} (computed by the tool `{name}`)", 1.0)
    shown = result if isinstance(result, str) else f"`{json.dumps(result, ensure_ascii=False)}`"
    return Reply(f"The tool `{name}` returned {shown}", 1.0)


def _decline(candidates: Sequence[Candidate]) -> str:
    seen: dict[int, Candidate] = {}
    for candidate in candidates:
        seen.setdefault(candidate.n, candidate)
    closest = [f"- “{_line(c.sentence)}” [{c.n}]" for c in list(seen.values())[:MAX_CLOSEST]]
    said = "I found no answer to this in your documents."
    return said + ("\n\nThe closest passages:\n\n" + "\n".join(closest) if closest else "")


def _documents(documents: Sequence[Mapping[str, Any]]) -> str:
    if not documents:
        return "Your library is empty. Add documents in the page or with `assistant index add FOLDER`."
    lines = [f"- **{item['title']}** ({item['kind']}, {_pages(item['pages'])})" for item in documents]
    return f"Your library holds {len(documents)} documents:\n\n" + "\n".join(lines)


def _pages(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"


def _line(sentence: str) -> str:
    """The sentence on one line, without the sign of a list that it stood in."""
    return " ".join(sentence.split()).lstrip("-*•#| ")
