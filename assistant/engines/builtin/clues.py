"""What speaks for and against a sentence's being the answer to a question: plain numbers, to be weighed together.

Rajpurkar et al., Know What You Don't Know, 2018, https://arxiv.org/abs/1806.03822, describe how a passage can look as
if it answered without doing so: another name or number, an opposite, a denial. Each has its clue here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.wording import content_words, numbers

NUMBER = re.compile(r"\d[\d,.]*\d|\d")
NUMBER_WORD = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|twice)\b",
    re.I,
)
NAME = re.compile(r"(?<=[\w,;’'\"“(-] )[\"“(]?([A-Z][\w’'.-]*\w)")
ANY_NAME = re.compile(r"\b[A-Z][\w’'.-]*\w")
DENIAL = re.compile(r"\b(not|no|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b", re.I)
ASKS_NUMBER = re.compile(
    r"\b(when|how (many|much|long|far|old|tall|high|large|big|fast|often)|(what|which) (year|date|day|month|century|"
    r"percent\w*|number|age|price|amount|share|time))\b",
    re.I,
)
ASKS_NAME = re.compile(
    r"\b(who|whom|whose|where|(what|which) (country|city|state|person|company|place|river|town))\b", re.I
)
OPPOSITES = {
    word: other
    for pair in (
        "first last, before after, largest smallest, oldest newest, north south, east west, northern southern, eastern "
        "western, more less, most least, high low, higher lower, highest lowest, early late, earlier later, begin end, "
        "began ended, start stop, started stopped, win lose, won lost, increase decrease, increased decreased, above "
        "below, inside outside, always never, male female, men women, old new, long short, longest shortest, large "
        "small, good bad, best worst, major minor, public private, internal external, positive negative, hot cold, "
        "strong weak, rich poor, up down, accept reject, accepted rejected, include exclude, included excluded, arrive "
        "leave, arrived left, buy sell, bought sold, born died, open close, opened closed, join leave, joined left, "
        "support oppose, supported opposed, similar different, possible impossible, legal illegal, with without, "
        "majority minority, maximum minimum, rural urban, attack defend, attacked defended, friend enemy, allowed "
        "forbidden, minimum maximum, gained lost, rise fall, rose fell"
    ).split(",")
    for word, other in (pair.split(), reversed(pair.split()))
}

LEXICAL = (
    "cosine", "coverage", "rare_coverage", "matched", "weakest", "weak", "names_missing", "numbers_missing", "opposite",
    "denial", "kind_fits", "retrieved", "behind",
)  # fmt: skip
# Tokens of the question that are worst matched.
WEAK = 3
READ = ("span", "span_behind", "answerable", "answerable_best", "inside")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart once.

    Attributes:
        text: The question.
        words: Its content words.
        names: Names in it, in lower case.
        numbers: Numbers in it that are written in digits, without thousands separators.
    """

    text: str
    words: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence where it stands.

    Attributes:
        sentence: Its words.
        around: Title and headings above it.
        beside: All that was found of its document; a name may stand in another passage than the answer.
        cosine: Of sentence and question, -1 to 1.
        matches: For each token of the question the largest cosine to any token of the sentence, in ascending order.
        retrieved: The passage's score.
        behind: How far this score is behind the best, 0 for the best.
    """

    sentence: str
    around: str
    beside: str
    cosine: float
    matches: Sequence[float]
    retrieved: float
    behind: float


def asked(question: str) -> Asked:
    """Takes a question apart."""
    names = frozenset(name.lower().rstrip(".") for name in NAME.findall(question))
    digits = frozenset(number.replace(",", "") for number in NUMBER.findall(question))
    return Asked(question, frozenset(content_words(question)), names, digits)


def rarity(question: Asked, sentences: Sequence[str]) -> Mapping[str, float]:
    """Returns how much each of the question's words tells the sentences apart."""
    held = [content_words(sentence) for sentence in sentences]
    return {word: math.log(1 + len(held) / (0.5 + sum(word in words for words in held))) for word in question.words}


def lexical(question: Asked, place: Place, weights: Mapping[str, float]) -> list[float]:
    """Returns the numbers that ``LEXICAL`` names.

    Args:
        question: What was asked.
        place: The sentence.
        weights: Of the question's words, as ``rarity`` gives them.
    """
    said = content_words(f"{place.around} {place.sentence}")
    whole = sum(weights.values()) or 1.0
    around = f"{place.around} {place.beside}".lower()
    return [
        place.cosine,
        _share(question.words & said, question.words),
        sum(weights[word] for word in question.words & said) / whole,
        _mean(place.matches),
        _mean(place.matches[:1]),
        _mean(place.matches[:WEAK]),
        _share({name for name in question.names if name not in around}, question.names),
        _share(question.numbers - numbers(around), question.numbers),
        float(_opposed(question.text, place.sentence)),
        float(bool(DENIAL.search(question.text)) and not DENIAL.search(place.sentence)),
        kind_fits(question.text, place.sentence),
        place.retrieved,
        place.behind,
    ]


def kind_fits(question: str, text: str) -> float:
    """Returns 1 where a text has what the question asks for, a number or a name; -1 where it lacks it; else 0."""
    if ASKS_NUMBER.search(question):
        new = set(NUMBER.findall(text)) - set(NUMBER.findall(question))
        return 1.0 if new or NUMBER_WORD.search(text) else -1.0
    if ASKS_NAME.search(question):
        return 1.0 if set(ANY_NAME.findall(text)[:50]) - set(ANY_NAME.findall(question)) else -1.0
    return 0.0


def _opposed(question: str, sentence: str) -> bool:
    """Whether the sentence has the opposite of a word of the question, and not the word."""
    asked_for, said = (set(re.findall(r"[a-z]+", text.lower())) for text in (question, sentence))
    return any(OPPOSITES[word] in said and word not in said for word in asked_for & OPPOSITES.keys())


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _share(part: set[str] | frozenset[str], whole: frozenset[str]) -> float:
    return len(part) / len(whole) if whole else 0.0
