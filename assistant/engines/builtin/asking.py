"""What a question to the library wants: one answer, several, one from each document, a list or a summary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from assistant.engines.builtin.followup import standalone

Kind = Literal["answer", "list", "each", "summary"]

# Passages to look at where one answer is not enough.
MANY = 20
MAX_PARTS = 5
POLITE = r"\s*(?:(?:please|can you|could you|would you|i want you to|i'd like you to)\s+)*"
SUMMARY = re.compile(
    POLITE
    + r"(?:summari[sz]e|sum up|outline|tl;?dr:?|(?:give|write|make)(?: me)? (?:a |an )?(?:\w+ )?(?:summary|overview|"
    r"outline) (?:of|about|on)|(?:a )?(?:\w+ )?(?:summary|overview) of)\s+(?P<subject>.+)",
    re.I | re.S,
)
ABOUT = re.compile(POLITE + r"what(?:'s| is| are)\s+(?P<subject>.+?)\s+(?:all )?about\W*$", re.I | re.S)
EACH = re.compile(
    r"\b(?:each|every|both|all(?: of)?)(?: of)?(?: my| the| these| our)?"
    r"(?: \w+)? ?(?:documents?|files?|reports?|sources?|papers?|texts?|contracts?|books?)\b",
    re.I,
)
LIST = re.compile(
    POLITE + r"(?:list|name|enumerate|which \w+s\b|what are (?:all|the (?:\w+ )?\w+s)\b|what (?:\w+ )?\w+s are)", re.I
)
BETWEEN = re.compile(
    POLITE + r"(?:compare|(?:what(?:'s| is| are) )?the differences? between)\s+"
    r"(?P<one>.+?)\s+(?:and|with|to|versus|vs\.?)\s+(?P<other>.+?)\W*$",
    re.I | re.S,
)
NEXT_QUESTION = re.compile(
    r"\?\s+(?=\w)|;\s+|,?\s+and\s+(?:also\s+)?(?=(?:who|whom|whose|what|when|where|which|why|how)\b)", re.I
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question wants.

    Attributes:
        kind: In which form.
        questions: What is to be looked for, each by itself.
    """

    kind: Kind
    questions: tuple[str, ...]

    @property
    def limit(self) -> int | None:
        """Passages to look at for each; None for the usual number."""
        return None if self.kind == "answer" else MANY


def wanted(question: str) -> Wanted:
    """Takes a question to the library apart."""
    if found := SUMMARY.match(question) or ABOUT.match(question):
        return Wanted("summary", (found["subject"].strip(" ?.!"),))
    if EACH.search(question):
        return Wanted("each", (question,))
    if found := BETWEEN.match(question):
        return Wanted("answer", (found["one"], found["other"]))
    parts = [part.strip() for part in NEXT_QUESTION.split(question) if len(part.split()) > 1]
    if 1 < len(parts) <= MAX_PARTS:
        return Wanted(
            "answer", tuple(standalone(part, [(parts[0], "")] if at else []) for at, part in enumerate(parts))
        )
    return Wanted("list" if LIST.match(question) else "answer", (question,))
