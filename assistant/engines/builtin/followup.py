"""Makes a question that leans on the conversation stand by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Names, with "the lighthouse of" before them where it stands there; else what stands behind an article.
NAMED = re.compile(
    r"(?:\b[Tt]he (?:[a-z]+ ){1,2}(?:of|in|at) )?\b[A-Z][\w'’-]*(?: (?:(?:of|the|de|van|von) )?[A-Z][\w'’-]*)*"
)
# "What is the capital of France?" is about France.
ATTRIBUTE_OF = re.compile(
    r"\W*(?:[Ww]hat|[Ww]hich|[Ww]ho)(?:'s|\W+(?:is|are|was|were)) the [a-z ]+ of "
    r"(?P<of>[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*)\W*$"
)
PLACED = re.compile(r"(?P<how>in|on|at|for|of|during|from|by|under|after|before|within|with|without|since)\s+", re.I)
THING = re.compile(r"\b(?:the|a|an|my|our|this) ((?:[a-z][\w-]* ){0,2}[a-z][\w-]*)")
THING_ENDS = re.compile(
    r"\b(?:is|was|are|were|be|do|does|did|has|have|had|can|will|for|in|on|at|by|to|from|of|with|last|built|made|mean|say|"
    r"after|during|when|that|which|who)\b.*"
)
# "When does the contract end?" is about the contract, not the contract end.
ASKED_OF = re.compile(
    r"\b(?:do|does|did|can|could|will|would|may|must|should)\s+(?:the|a|an|my|our|this)\s+"
    r"(?P<thing>[a-z][\w-]*(?: [a-z][\w-]*)?)"
    r"\s+[a-z]+\W*$"
)
# "Where?" alone asks the question before with another word.
BARE = re.compile(
    r"\W*(?:and |but |so )?(?P<word>who|when|where|why|how(?: (?:long|often|much|many|far|old))?)\W*", re.I
)
LEADING = re.compile(
    r"\s*(?:who|whom|when|where|why|what|which (?:one )?|how (?:long|often|much|many|far|old)|how)\b", re.I
)
MARKED = re.compile(r"\*\*([^*\n]{2,80})\*\*")
STARTS = re.compile(
    r"(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could|and|or|in|on|at|the|a|an|tell|"
    r"please|may|must|shall|should|would|will|might|i|has|have|list|name|summari[sz]e|compare)\b",
    re.I,
)
LEAD = re.compile(r"\s*(?:and|but|so|ok(?:ay)?|then|also)\b[,\s]+", re.I)
INSTEAD = re.compile(r"\s*(?:and |but |or )?(?:what about|how about|and|or)\s+(?P<other>[^?]{2,60}?)\s*\?*\s*$", re.I)
ANOTHER = re.compile(
    r"\s*(?:and |but )?(?:what about |how about |when |where |which |who )?(?:is |was )?the (?P<which>[a-z-]+)"
    r"(?: ones?)?\s*\?*\s*$",
    re.I,
)
ORDERS = (
    "first", "second", "third", "fourth", "fifth", "last", "next", "previous", "earliest", "latest", "largest",
    "biggest", "smallest", "oldest", "newest", "youngest", "highest", "lowest", "longest", "shortest", "best", "worst",
    "cheapest", "fastest", "slowest", "other",
)  # fmt: skip
ORDER = re.compile(rf"\bthe ({'|'.join(ORDERS)})\b", re.I)
ITS = re.compile(r"\b(its|their|his|her)\b(?! own\b)", re.I)
IT = re.compile(r"\b(it|they|them|this|that|he|she|him)\b(?=\s|\W*$)", re.I)
PERSON = re.compile(r"\b(he|she|him|his|her)\b", re.I)
VERB = re.compile(r"\b(is|are|was|were|do|does|did|has|have|had|can|will|who|what|when|where|which|why|how)\b", re.I)
ARTICLE = re.compile(r"(?:a|an)\s", re.I)
AN_ITEM = re.compile(r"\b(?:a|an) (?:[a-z][\w-]* ){0,2}[a-z][\w-]*")
MAX_WORDS = 14  # a longer question carries its own subject


def standalone(question: str, earlier: Sequence[tuple[str, str]]) -> str:
    """Puts what the conversation is about in place of the words that only point at it.

    Args:
        question: What was asked now.
        earlier: The questions before it, the oldest first, each with its reply.

    Returns:
        The question; as it is where it stands by itself or nothing fits.
    """
    if not earlier or len(question.split()) > MAX_WORDS or question.lstrip().startswith("@"):
        return question
    before = standalone(earlier[-1][0], earlier[:-1])
    said = earlier[-1][1]
    if swapped := _swapped(question, before):
        return swapped
    bare = re.sub(r"^(?:what|how) about\s+", "", LEAD.sub("", question, count=1), flags=re.I)
    if names(bare):
        return question
    about = _person(said, before) if PERSON.search(bare) else subject(before)
    pointed = IT.sub(lambda _: about, ITS.sub(lambda _: f"{about}'s", bare), count=1)
    if not about or pointed == bare:
        return question
    return pointed if VERB.search(pointed) else f"What is {pointed.rstrip('?! .')}?"


def subject(question: str) -> str:
    """Returns what a question is about: the last name in it, else the last thing; empty where there is neither."""
    if found := names(question):
        whole = ATTRIBUTE_OF.match(question)
        return whole["of"] if whole else found[-1]
    if asked := ASKED_OF.search(question):
        return f"the {asked['thing']}"
    things = [THING_ENDS.sub("", match[1]).strip() for match in THING.finditer(question)]
    things = [thing for thing in things if thing]
    return f"the {things[-1]}" if things else ""


def names(question: str) -> list[str]:
    """Returns the names in a question, the word that it begins with only where it is none of those that begin one."""
    found = [match for match in NAMED.finditer(question) if not (match.start() == 0 and STARTS.match(match[0]))]
    return [match[0] for match in found if match[0] != "I"]


def _swapped(question: str, before: str) -> str | None:
    """The question before with another word, place or thing in it, where a message names nothing else."""
    if (alone := BARE.fullmatch(question)) and LEADING.match(before):
        return LEADING.sub(alone["word"].capitalize(), before, count=1)
    if (swap := ANOTHER.match(question)) and (other := _another(before, swap["which"])):
        return other
    if (swap := INSTEAD.match(question)) and not VERB.search(swap["other"]) and not ITS.search(swap["other"]):
        return _instead(before, swap["other"]) or question
    return None


def _person(said: str, before: str) -> str:
    """Whom a pronoun means: the name that was just answered, else the one that was asked about."""
    answered = [match[1] for match in MARKED.finditer(said) if match[1][0].isupper() and " " in match[1]]
    return answered[0] if answered else subject(before)


def _another(before: str, which: str) -> str | None:
    """The question before about another one of a row: "and the first one?" after the last."""
    if which.lower() not in ORDERS or not ORDER.search(before):
        return None
    return ORDER.sub(f"the {which}", before, count=1)


def _instead(before: str, other: str) -> str | None:
    """The question before with another subject, place or time."""
    if placed := PLACED.match(other):
        rest = before.rstrip(" ?.!")
        there = re.search(rf"\s+{re.escape(placed['how'])}\s(?!.*\s{re.escape(placed['how'])}\s).+$", rest, re.I)
        return f"{rest[: there.start()] if there else rest} {other}?"
    if ARTICLE.match(other) and (thing := AN_ITEM.search(before)):
        item = THING_ENDS.sub("", thing[0]).rstrip()
        other = re.sub(r"\bone$", item.split()[-1], other)  # "a blue one"
        return f"{before[: thing.start()]}{other}{before[thing.start() + len(item) :]}"
    about = subject(before)
    if not about or about not in before:
        return None
    at = before.rindex(about)
    return before[:at] + other + before[at + len(about) :]
