"""What a question to the library wants: one answer, several, one from each document, a list or a summary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from assistant.engines.builtin.followup import standalone
from assistant.engines.builtin.values import NUMBER_WORDS

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
    r"(?P<one>.+?)\s+(?:and|with|to|versus|vs\.?)\s+(?P<other>.+?)"
    r"(?:\s+(?:regarding|concerning|with (?:respect|regard) to|in terms of|as to)\s+(?P<respect>.+?))?\W*$",
    re.I | re.S,
)
# "the advantages of the one and of the other"
BOTH_OF = re.compile(
    r"(?P<head>.*?\s(?P<how>of|for|from|in|at|to)\s)(?P<one>[^,;]+?),?\s+and\s+(?P=how)\s+(?P<other>[^,;]+?)\W*$", re.I
)
# What only says that each document is to be heard.
FRAME = re.compile(
    rf"(?:according to|in|from)\s+(?:{EACH.pattern}),?\s+"
    rf"|,?\s+(?:according to|in|from)\s+(?:{EACH.pattern})(?=\W*$)"
    rf"|what (?:do|does|did)\s+(?:{EACH.pattern})\s+(?:say|tell(?: us| me)?|state|write)\s+(?:about|on|of)\s+",
    re.I,
)
LENGTH = re.compile(
    r",?\s+(?:in|with|using)\s+(?:about |at most |no more than )?(?P<count>\w+)\s+(?:short )?"
    r"(?:sentences?|lines?|(?:bullet )?points?|bullets?)(?=\W*$)|,?\s+(?:briefly|in (?:brief|short))(?=\W*$)",
    re.I,
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
        count: How many sentences a summary shall have; None where that is not said.
    """

    kind: Kind
    questions: tuple[str, ...]
    count: int | None = None

    @property
    def limit(self) -> int | None:
        """Passages to look at for each; None for the usual number."""
        return None if self.kind == "answer" else MANY


def wanted(question: str) -> Wanted:
    """Takes a question to the library apart."""
    if found := SUMMARY.match(question) or ABOUT.match(question):
        length = LENGTH.search(found["subject"])
        subject = found["subject"][: length.start() if length else None].strip(" ?.!")
        return Wanted("summary", (subject,), _count(length["count"]) if length and length["count"] else None)
    if EACH.search(question):
        return Wanted("each", (FRAME.sub("", question, count=1) or question,))
    if found := BETWEEN.match(question):
        respect = f"{found['respect']} of " if found["respect"] else ""
        return Wanted("answer", (respect + found["one"], respect + found["other"]))
    if found := BOTH_OF.match(question):
        return Wanted(
            "list" if LIST.match(question) else "answer", tuple(found["head"] + found[one] for one in ("one", "other"))
        )
    parts = [part.strip() for part in NEXT_QUESTION.split(question) if len(part.split()) > 1]
    if 1 < len(parts) <= MAX_PARTS:
        return Wanted(
            "answer", tuple(standalone(part, [(parts[0], "")] if at else []) for at, part in enumerate(parts))
        )
    return Wanted("list" if LIST.match(question) else "answer", (question,))


def _count(word: str) -> int | None:
    """How many a word says; None where it is no number above 0."""
    return int(word) if word.isdecimal() and int(word) else int(NUMBER_WORDS.get(word.lower(), 0)) or None
