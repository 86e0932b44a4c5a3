"""Reads a prompt through the disguises in which a word may come: case, spacing, look-alikes, digits for letters."""

from __future__ import annotations

import re
import unicodedata

Pattern = re.Pattern[str]

# Letters that look like Latin ones, as far as Unicode's own normal form does not make them so.
ALIKE = str.maketrans(
    "авекмнорстухѕіјԁԛԝһӏьгп" + "αβεηικνορτυχγω" + "ıȷɑɡɩʀɢʜʟɴʏʙᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱø",
    "abekmhopctyxsijdqwhlbrn" + "abenikvoptuxyw" + "ijagirghlnybacdejkmoptuvwzso",
)
DIGITS = dict(zip("013456789@$!|€£+", "oieasgtbgasiielt", strict=True))
DIGIT = re.compile(r"\d|[@$!|€£+](?=\w)")
FLAGS = {0x1F1E6 + number: chr(ord("a") + number) for number in range(26)}  # letters of which flags are made
APART, INSIDE = re.compile(r"[^\w]+|_+"), re.compile(r"(?<=\w)[^\w\s]+(?=\w)|(?<=\w)_+(?=\w)")
SHORTEST, LONGEST = 3, 14  # words that are looked for in a row of single letters
SINGLE = re.compile(r"(?<![^ ])(?:\w ){2,}\w(?![^ ])")
ANY = "ꙮ"  # stands for "?" while a phrase is made plain: a letter that nobody writes
STRETCHED = re.compile(r"(\w)\1{2,}")
DISGUISED = re.compile(r"(?<!\S)(?=\S*[a-z])\S*[013456789@$!|€£+]\S*")


def plain(text: str) -> tuple[str, ...]:
    """Returns the readings of a text: words in plain small letters with a space around each.

    One takes signs inside words for gaps and one for nothing; in each, digits that stand for letters are read as such,
    or not; letters that stand alone are joined, and those that are repeated are there once, or twice.

    Args:
        text: Anything.
    """
    letters = _letters(text)
    readings = []
    for reading in (letters, DISGUISED.sub(_undisguised, letters)):
        for inside in (" ", ""):
            words = f" {APART.sub(' ', INSIDE.sub(inside, reading)).strip()} "
            joined = SINGLE.sub(_joined, words)
            readings += [words, joined, STRETCHED.sub(r"\1", joined), STRETCHED.sub(r"\1\1", joined)]
    return tuple(dict.fromkeys(readings))


def pattern(phrase: str) -> Pattern:
    """Returns what finds a phrase in a reading.

    Args:
        phrase: Words, in which ``*`` stands for the rest of a word or, by itself, for up to two words, and ``?`` for
            one letter or digit; ``*`` alone fits everything.
    """
    parts = []
    if phrase.strip() == "*":
        return re.compile("")
    for word in re.sub(r"^(?:\* )+|(?: \*)+$", "", phrase.strip()).split():
        if word == "*":
            parts.append(r"(?:\w+ ){0,2}")
            continue
        stem, rest = (word[:-1], r"\w* ") if word.endswith("*") else (word, " ")
        pieces = (re.escape(each).replace(ANY, r"\w") for each in _words(stem.replace("?", ANY)))
        parts.append(" ".join(pieces) + rest)
    return re.compile(f"(?<= ){''.join(parts)[:-1]}(?= )" if parts else r"(?!)")


def _undisguised(found: re.Match[str]) -> str:
    return DIGIT.sub(lambda each: DIGITS.get(each[0], each[0]), found[0])


def _joined(found: re.Match[str]) -> str:
    """Returns every word that single letters in a row may spell, since others such as "a" may stand before them."""
    row = found[0].replace(" ", "")
    sizes = range(SHORTEST, min(LONGEST, len(row)) + 1)
    return " ".join(row[start : start + size] for size in sizes for start in range(len(row) - size + 1))


def _words(text: str) -> list[str]:
    return APART.sub(" ", _letters(text)).split()


def _letters(text: str) -> str:
    """Returns a text in small letters without marks on them, and without what cannot be seen."""
    wide = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).translate(FLAGS).casefold())
    seen = "".join(
        each for each in wide if unicodedata.category(each) not in ("Mn", "Me", "Cf", "Cc") or each.isspace()
    )
    return seen.translate(ALIKE)
