"""Words of a text as they are looked for, and the words around what was found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from assistant.shelf import FOUND_BEGIN, FOUND_END, WORD

# As PostgreSQL can take them: bytes of a word, and words of a text.
LONGEST, MOST = 200, 20_000
AROUND = 12


def plain(word: str) -> str:
    """Returns a word in small letters without their marks."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))[:LONGEST]


def plain_words(text: str) -> list[str]:
    """Returns the different words of a text."""
    found = dict.fromkeys(plain(word) for word in WORD.findall(text))
    return [word for word in found if word][:MOST]


def excerpt(text: str, terms: Sequence[str]) -> str:
    """Returns the words of a text around the first that is looked for, each that is marked; empty where none is.

    Args:
        text: Where they are.
        terms: As ``plain`` gives them; the last may be the beginning of a word.
    """
    places = list(re.finditer(WORD, text))
    found = [at for at, place in enumerate(places) if _fits(plain(place[0]), terms)]
    if not found:
        return ""
    first = max(0, found[0] - AROUND // 3)
    last = min(len(places), first + AROUND) - 1
    pieces, at = [], places[first].start()
    for number in (number for number in found if number <= last):
        begin, end = places[number].span()
        pieces += [text[at:begin], FOUND_BEGIN, text[begin:end], FOUND_END]
        at = end
    pieces.append(text[at : places[last].end()])
    before, after = "…" if first else "", "…" if last < len(places) - 1 else ""
    return f"{before}{''.join(pieces)}{after}"


def _fits(word: str, terms: Sequence[str]) -> bool:
    return word in terms or word.startswith(terms[-1])
