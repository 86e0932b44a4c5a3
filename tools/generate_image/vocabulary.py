"""What a starter model knows, so that it can refuse kindly what it cannot draw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.plugin import ToolError

from .model import Card

TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+|[^\w\s]")
# Words that say nothing about what is to be seen.
EMPTY = frozenset(
    "a an the of in on at to with and or is are it its this that there some one two three 1 2 3 please draw paint "
    "show me make create generate give picture image drawing painting illustration scene i want would like you "
    "can could for us nice simple pretty beautiful my your by near next beside from as plain flat".split()
)
# How a picture is painted, which is left out with a note.
STYLES = frozenset(
    "style styled art artwork artistic realistic photorealistic photo photograph photographic cartoon comic "
    "watercolour watercolor oil pastel pencil sketch sketched minimal minimalistic minimalist abstract digital "
    "detailed very highly high quality resolution hd 4k 8k vivid colourful mood atmosphere".split()
)
MANY = frozenset("four five six seven eight nine ten eleven twelve dozen dozens hundred hundreds many".split())
MOST_NAMED, MOST_COUNTED = 4, 3
# Words before what a picture shows that say how it is painted.
PAINTED = re.compile(
    r"^(?:an? )?((?:\w+ ){0,2}"
    r"(?:artwork|photo(?:graph)?|cartoon|comic|watercolou?r|oil painting|(?:pastel|pencil) drawing|sketch)) of (?=\S)",
    re.I,
)
A_COUPLE = re.compile(r"\bcouple of\b", re.I)
OTHER_COLOURS = frozenset(
    "brown beige gold golden silver bronze turquoise teal cyan magenta crimson scarlet navy maroon olive lime indigo "
    "ivory cream rainbow".split()
)
ONE_SHAPE = r"(?:circle|disc|dot|square|box|triangle|star|heart|diamond|rhombus|cross|ring|plus)(?:e?s)?\b"
# What it was never shown, though it knows each word: shapes in the colours of backgrounds, and the other way round.
PALE_SHAPE = re.compile(rf"\b(?:white|gr[ae]y) {ONE_SHAPE}", re.I)
STRONG_GROUND = re.compile(r"\b(?:red|orange|yellow|green|purple|violet|pink|black|(?<!light )blue) background\b", re.I)
# A shape, with how many of it; one that is spoken of again is "the" circle.
SHAPE = re.compile(
    rf"\b(?:(the|two|three|[23]) (?:\w+ ){{0,2}}?)?{ONE_SHAPE}",
    re.I,
)
TIMES = {"the": 0, "two": 2, "2": 2, "three": 3, "3": 3}


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt as a starter model can take it.

    Attributes:
        prompt: Without what it does not know.
        note: Tells what was left out; empty where nothing was.
    """

    prompt: str
    note: str = ""


def read_prompt(prompt: str, card: Card) -> Reading:
    """Reads a prompt with a starter model's words.

    An unknown word before a known one, such as ``peaceful`` before ``lighthouse``, and a word about style are left
    out. Any other unknown word names something that the model cannot draw.

    Raises:
        ToolError: The prompt asks for something else than the model can draw.
    """
    painted = PAINTED.match(prompt)
    prompt = A_COUPLE.sub("pair of", prompt[painted.end() :] if painted else prompt)
    tokens: list[str] = TOKEN.findall(prompt)
    unknown = [number for number, token in enumerate(tokens) if _is_unknown(token, card)]
    shapes = sum(TIMES.get((found[1] or "").lower(), 1) for found in SHAPE.finditer(prompt))
    if any(_is_many(token) for token in tokens) or shapes > MOST_COUNTED:
        raise _cannot("counts to three only", card)
    if PALE_SHAPE.search(prompt):
        raise _cannot("draws no white and no grey shapes", card)
    if STRONG_GROUND.search(prompt):
        raise _cannot("knows white, grey and light blue backgrounds only", card)
    beyond = [number for number in unknown if not _can_go(tokens, number, card)]
    if beyond:
        raise _cannot(f"does not know {_named(tokens, beyond)}", card)
    if not any(_among(token.lower(), card.things) for token in tokens):
        raise _cannot(f"finds nothing in '{prompt[:80]}' that it can draw", card)
    left = [tokens[number] for number in unknown] + ([painted[1]] if painted else [])
    if not left:
        return Reading(prompt)
    kept = " ".join(token for number, token in enumerate(tokens) if number not in unknown)
    tidy = re.sub(r"\s+([,.;:!?])", r"\1", kept).strip(" ,;:") if unknown else prompt
    return Reading(tidy, f"The starter model does not know {_named(left, range(len(left)))} and left it out.")


def introduced(card: Card) -> str:
    """Returns what a person is told with a starter model's first picture."""
    return f"This was drawn by the small starter model that ships. {card.draws} {ELSE}"


ELSE = "For anything else configure a larger model in tools.settings.generate_image.model, see docs/making-pictures.md."


def _cannot(why: str, card: Card) -> ToolError:
    return ToolError(f"The starter model that ships {why}. {card.draws} {ELSE}")


def _named(tokens: Sequence[str], numbers: Sequence[int]) -> str:
    words = list(dict.fromkeys(tokens[number] for number in numbers))
    more = " and more" if len(words) > MOST_NAMED else ""
    return ", ".join(f"'{word}'" for word in words[:MOST_NAMED]) + more


def _is_many(token: str) -> bool:
    return token.lower() in MANY or (token.isdecimal() and int(token) > MOST_COUNTED)


def _is_unknown(token: str, card: Card) -> bool:
    word = token.lower()
    return token[0].isalnum() and word not in EMPTY and not _among(word, card.words)


def _can_go(tokens: list[str], number: int, card: Card) -> bool:
    """Whether an unknown word is about style, or stands before a known one that it goes with."""
    if tokens[number].lower() in STYLES:
        return True
    if tokens[number].lower() in OTHER_COLOURS:  # left out, another one would be drawn
        return False
    after = tokens[number + 1] if number + 1 < len(tokens) else ""
    if not after or not after[0].isalnum() or after.lower() in EMPTY:
        return False
    return _can_go(tokens, number + 1, card) if _is_unknown(after, card) else True


def _among(word: str, words: frozenset[str]) -> bool:
    return bool({word, word.removesuffix("s"), word.removesuffix("es"), f"{word}s"} & words)
