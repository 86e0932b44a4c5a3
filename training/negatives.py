"""Questions without an answer, made of questions with one, in the ways in which people make them.

Rajpurkar et al., Know What You Don't Know, 2018, https://arxiv.org/abs/1806.03822, found what people change so that
a passage looks as if it answered: a name or number for another, a word for its opposite, a denial, another subject.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

PAIRS = """
first last, before after, largest smallest, oldest youngest, north south, east west, northern southern,
eastern western, more less, most least, high low, higher lower, highest lowest, early late, earlier later,
begin end, began ended, start stop, started stopped, win lose, won lost, increase decrease, increased
decreased, above below, inside outside, always never, male female, men women, man woman, father mother, son
daughter, brother sister, king queen, husband wife, old new, long short, longest shortest, large small, big
little, good bad, best worst, major minor, public private, internal external, positive negative, hot cold,
strong weak, rich poor, up down, over under, accept reject, allow forbid, allowed banned, include exclude,
included excluded, arrive leave, arrived left, buy sell, bought sold, born died, open close, opened closed,
join leave, joined left, support oppose, supported opposed, similar different, possible impossible, legal
illegal, with without, majority minority, maximum minimum, native foreign, rural urban, left right, cause
prevent, caused prevented, create destroy, created destroyed, attack defend, attacked defended, friend enemy
"""
OPPOSITES = {
    word: other
    for pair in PAIRS.replace("\n", " ").split(",")
    for word, other in (pair.split(), reversed(pair.split()))
}
DENIED = {
    "did": "did not", "was": "was not", "were": "were not", "is": "is not", "are": "are not", "does": "does not",
    "do": "do not", "can": "cannot", "has": "has not", "had": "had not", "could": "could not", "will": "will not",
}  # fmt: skip
WORD = re.compile(r"[\w'’-]+")
SHORTEST = 3
COMMON = frozenset(
    """
    who what when where which why how whom whose much many long often far did do does was were is are be been
    being has have had can could will would should may might the a an of in on at by for from to with about as
    and or not it its he she they them his her their this that these those there kind type name someone
    something somebody one s
    """.split()
)


def unanswerable(question: str, others: Sequence[str], source: random.Random) -> str | None:
    """Changes a question so that its passage does not answer it any more.

    Args:
        question: One that the passage answers.
        others: Texts that are near: words to put in place of the question's come from them.
        source: Chooses.

    Returns:
        The changed question; None where nothing could be changed.
    """
    ways = [_swap, _swap, _swap, _opposite, _opposite, _deny]
    source.shuffle(ways)
    for way in ways:
        if (changed := way(question, others, source)) and changed.lower() != question.lower():
            return changed
    return None


@dataclass(frozen=True, slots=True)
class Swap:
    """A word of a question and one of the same shape in its place.

    Attributes:
        question: The changed question.
        old: The word that stood there.
        new: The one that stands there now.
    """

    question: str
    old: str
    new: str


def swap(question: str, others: Sequence[str], source: random.Random) -> Swap | None:
    """Puts a word of the same shape from another text in place of one of the question's."""
    spots = [match for match in WORD.finditer(question) if _tells(match.group()) and match.start() > 0]
    if not spots or not others:
        return None
    spot = source.choice(spots)
    asked = {word.lower() for word in WORD.findall(question)}
    fitting = [
        match.group()
        for match in WORD.finditer(source.choice(others))
        if match.start() > 0
        and _tells(match.group())
        and _shape(match.group()) == _shape(spot.group())
        and match.group().lower() not in asked
    ]
    if not fitting:
        return None
    new = source.choice(fitting)
    return Swap(question[: spot.start()] + new + question[spot.end() :], spot.group(), new)


def _swap(question: str, others: Sequence[str], source: random.Random) -> str | None:
    found = swap(question, others, source)
    return found.question if found else None


def _opposite(question: str, others: Sequence[str], source: random.Random) -> str | None:
    spots = [match for match in WORD.finditer(question) if match.group().lower() in OPPOSITES]
    if not spots:
        return None
    spot = source.choice(spots)
    return question[: spot.start()] + OPPOSITES[spot.group().lower()] + question[spot.end() :]


def _deny(question: str, others: Sequence[str], source: random.Random) -> str | None:
    for match in WORD.finditer(question):
        if denied := DENIED.get(match.group().lower()):
            return question[: match.start()] + denied + question[match.end() :]
    return None


def _tells(word: str) -> bool:
    return word.lower() not in COMMON and (len(word) >= SHORTEST or word.isdigit())


def _shape(word: str) -> str:
    """What a word looks like it is: a number, a name, or a word with an ending."""
    if any(character.isdigit() for character in word):
        return "number"
    if word[0].isupper():
        return "name"
    return next((ending for ending in ("ing", "ed", "ly", "tion", "s") if word.endswith(ending)), "word")
