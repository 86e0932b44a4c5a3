"""What a starter model knows, so that it can refuse kindly what it cannot draw."""

from __future__ import annotations

import re

from assistant.plugin import ToolError

from .model import Card

WORD = re.compile(r"[a-z]+(?:-[a-z]+)?|\d+", re.I)
# Words that say nothing about what is to be seen.
EMPTY = frozenset(
    "a an the of in on at to with and or is are it its this that there some one two three 1 2 3 please draw paint show "
    "me make create generate give picture image drawing painting illustration scene i want would like you can could "
    "for us nice simple pretty beautiful my your by near next beside from as plain flat".split()
)
MOST_NAMED = 4


def unknown_words(prompt: str, card: Card) -> list[str]:
    """Returns the words of a prompt that a starter model does not know, in their order."""
    words = dict.fromkeys(word.lower() for word in WORD.findall(prompt))
    return [word for word in words if word not in EMPTY and not _known(word, card.words)]


def _known(word: str, words: frozenset[str]) -> bool:
    return bool({word, word.removesuffix("s"), word.removesuffix("es"), f"{word}s"} & words)


def check_known(prompt: str, card: Card) -> str:
    """Returns a note about words that are not known; empty where all are.

    Raises:
        ToolError: Nothing that the prompt tells is known.
    """
    unknown = unknown_words(prompt, card)
    if not unknown:
        return ""
    named = ", ".join(f"'{word}'" for word in unknown[:MOST_NAMED])
    told = [word.lower() for word in WORD.findall(prompt) if word.lower() not in EMPTY]
    subjects = [word for word in told if word not in unknown and _known(word, card.words)]
    if not subjects:
        raise ToolError(
            f"The starter model that ships does not know {named}. {card.draws} For anything else configure a larger "
            "model in tools.settings.generate_image.model, see docs/making-pictures.md."
        )
    return f"The starter model does not know {named} and left it out. {card.draws}"
