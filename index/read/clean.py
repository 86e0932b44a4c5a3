"""What every reader does to text before it becomes final.

A citation's character span counts in the cleaned text, so a change here moves the spans of every
document that is added again.
"""

from __future__ import annotations

import re
import unicodedata

TITLE_LENGTH = 200
HEADING_LENGTH = 200
CELL = " | "
"""What stands between two cells of a table's row, in every kind of document that has tables."""

# Typographic spaces would otherwise split or glue words differently for the lexical index and for the embedder.
_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
)
_BREAKS = dict.fromkeys(map(ord, "\u0085\u2028\u2029\v\f"), "\n")
# Soft hyphens, zero-width spaces and byte order marks are invisible, yet they would break the match of a word.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff\ufffe\uffff"), None)
_CONTROLS = dict.fromkeys([*range(0x00, 0x09), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0)], None)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}

_CHARACTERS = {**_SPACES, **_BREAKS, **_INVISIBLE, **_CONTROLS, **_LIGATURES}
_RAISED = str.maketrans("0123456789+-\u2212n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_RAISABLE = re.compile(r"\s*[0-9+\u2212n-]+\s*")
_TRAILING_SPACE = re.compile(r"[ \t]+$", re.MULTILINE)
HEADING_LIKE = re.compile(r"^(?=#{1,6}(?:[ \t]|$))", re.MULTILINE)


def clean(text: str) -> str:
    """Normalise characters and line ends; the order and the wording stay as they are."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _LONE_SURROGATE.sub("", text.translate(_CHARACTERS))
    text = unicodedata.normalize("NFC", text)
    return _TRAILING_SPACE.sub("", text).strip("\n")


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(clean(text).split())


def title_or(candidate: str, fallback: str) -> str:
    """The candidate as a single line of at most ``TITLE_LENGTH`` characters, or the fallback where it is blank."""
    title = one_line(candidate)
    if len(title) <= TITLE_LENGTH:
        return title or fallback
    return title[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def heading(level: int, text: str) -> str:
    """A heading as a line of Markdown; one as long as a paragraph is a paragraph in the wrong style."""
    line = one_line(text)
    return f"{'#' * min(level, 6)} {line}" if 0 < len(line) <= HEADING_LENGTH else not_headings(line)


def not_headings(text: str) -> str:
    """Indent by one space each line that would pass for a heading but is none: a comment in a program, say."""
    return HEADING_LIKE.sub(" ", text)


def superscript(text: str) -> str:
    """Raised figures as raised figures, so that ten to the sixth does not become one hundred and six."""
    return text.strip().translate(_RAISED) if _RAISABLE.fullmatch(text) else text
