"""How a sentence is worded: its numbers, names, quotations and denials, by which it is compared with another."""

from __future__ import annotations

import re

MIN_QUOTED_WORDS = 3
QUOTED = re.compile(r'"([^"\n]+)"|“([^”\n]+)”|„([^“”\n]+)[“”]|«([^»\n]+)»')
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
NEGATION = re.compile(r"\b(not|no|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b", re.I)
NAME = re.compile(r"(?<=[\w,;] )[A-Z][^\W\d_]+")
NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        (
            "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
            "eighteen nineteen twenty"
        ).split(),
        2,  # "one" is a pronoun more often than a number
    )
}
# Signs that models like to put in the place of those that documents have; each of one character.
ALIKE = str.maketrans(
    dict.fromkeys("’‘‛ʼ", "'")
    | dict.fromkeys("“”„«»", '"')
    | dict.fromkeys("–—−‑", "-")
    | dict.fromkeys("\u00a0\u202f", " ")
)
ELISION = re.compile(r"\s*(?:…|\.\.\.|\[…\])\s*")
STOP_WORDS = frozenset(
    (
        "a about after all also an and any are as at be been but by can could did do does for from had has have he her "
        "his how if in into is it its may might more most must no not of on one or other our out over shall she should "
        "so some such than that the their them then there these they this to up us was we were what when where which "
        "while who whom whose why will with would you your"
    ).split()
)


def content_words(text: str) -> set[str]:
    """Returns the words that carry meaning, in lower case and cut to a crude stem."""
    words = re.findall(r"\w+", text.lower())
    return {_stem(word) for word in words if word not in STOP_WORDS and (len(word) > 2 or word.isdigit())}  # noqa: PLR2004


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 3:  # noqa: PLR2004 — shorter ones are words of their own
            return word.removesuffix(ending)
    return word


def found(words: str, passage: str) -> tuple[int, int] | None:
    """Finds words in a passage, taking white space, case, quotation marks and dashes of any kind for one another."""
    text = passage.translate(ALIKE)
    plain = words.replace("**", "")  # the built-in engine marks the answer in bold within what it quotes
    for wanted in (words.strip(), plain.strip(), words.strip(" .,;…"), plain.strip(" .,;…")):
        pattern = r"\s+".join(map(re.escape, wanted.translate(ALIKE).split()))
        if pattern and (match := re.search(pattern, text, re.I)):
            return match.span()
    return None


def numbers(text: str) -> set[str]:
    """The numbers of a text, in digits or words, without thousands separators: 2,480 and 2480 are one."""
    written = {value for word in re.findall(r"[a-z]+", text.lower()) if (value := NUMBER_WORDS.get(word))}
    return {each.replace(",", "").rstrip(".") for each in NUMBER.findall(text)} | written


def quotations(text: str) -> list[str]:
    """Returns what a text quotes word by word, in pieces where something is left out."""
    quoted = [next(filter(None, match)) for match in QUOTED.findall(text)]
    pieces = [piece for words in quoted if len(words.split()) >= MIN_QUOTED_WORDS for piece in ELISION.split(words)]
    return [piece for piece in pieces if piece.strip(" .,;")]


def names(text: str) -> list[str]:
    """Returns the names in a text: words with a capital that do not begin a sentence."""
    return NAME.findall(text)


def denies(text: str) -> bool:
    """Whether a text says that something is not so."""
    return bool(NEGATION.search(text))
