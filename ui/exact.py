"""Text that somebody is about to approve, shown exactly: what cannot be seen or looks like something else is marked."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Set
from typing import Any

# A line's end, blanks, and everything else.
TOKEN = re.compile(r"\n| +|[^ \n]+")
PLAIN = re.compile(r"[!-~]+")
LETTER = re.compile(r"[A-Za-z]")

# Scripts whose letters are taken for Latin ones. Where they stand in one word with Latin letters they are marked.
SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
# Letters like Latin ones. A text that has no other letters of their script is no text in that script.
TWINS = frozenset("АВЕЅІЈКМНОРСТУХԌԚԜаеѕіјорсухһԁԛԝүӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧον")
# Latin letters beyond ASCII that are drawn almost like plain ones, and signs drawn like a slash, a dot or a colon.
DRAWN_ALIKE = frozenset("ıȷɑɡɩʟɪᴏᴄᴜᴠᴡᴢ∕⁄⧸․‚∶ː։܃")
# Characters without ink that Unicode does not count among the blanks or the controls.
INKLESS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
NO_INK = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp", "Zs"})

HIDDEN, ALIKE = "cannot be seen", "looks like another character"


def exact_html(text: str) -> str:
    """Returns HTML that shows a text as it is.

    Line ends, tabs and blanks at the end of a line get a sign. A character that cannot be seen is replaced by its code,
    one that looks like another gets its code beside it.
    """
    twins = _twins(text)
    return "".join(_piece(match, twins) for match in TOKEN.finditer(text))


def is_odd(text: str) -> bool:
    """Whether a text holds a character that ``exact_html`` marks, or letters that run from right to left."""
    return 'class="odd' in exact_html(text) or any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)


def editable(value: Any) -> str:
    """Returns a JSON-able value as JSON to edit, with an escape for each character that cannot be seen."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(_escaped(char) if char != "\n" and _is_hidden(char) else char for char in text)


def visible(text: str) -> str:
    """Returns a text in which the code of each character that cannot be seen, such as U+202E, stands for it."""
    return "".join(f"U+{ord(char):04X}" if char != "\n" and _is_hidden(char) else char for char in text)


def escaped(value: Any) -> str:
    """Returns a JSON-able value as JSON in plain ASCII, which leaves nothing to the eye."""
    return json.dumps(value, indent=2)


def _piece(match: re.Match[str], twins: Set[str]) -> str:
    piece = match[0]
    if piece == "\n":
        return '<i class="end"></i>\n'
    if piece[0] == " ":
        return f'<i class="blank">{piece}</i>' if match.string[match.end() : match.end() + 1] in ("", "\n") else piece
    if PLAIN.fullmatch(piece):
        return html.escape(piece)
    mixed = bool(LETTER.search(piece))
    return "".join(_char(char, twins, mixed=mixed) for char in piece)


def _char(char: str, twins: Set[str], *, mixed: bool) -> str:
    if char == "\t":
        return '<i class="tab"></i>\t'
    if char.isascii() and char.isprintable():
        return html.escape(char)
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "no name").lower()
    if _is_hidden(char):
        return f'<mark class="odd hidden" title="{name}: {HIDDEN}">{code}</mark>'
    if char in twins or _is_alike(char, mixed=mixed):
        return f'<mark class="odd" title="{name}: {ALIKE}">{html.escape(char)}<small>{code}</small></mark>'
    return char


def _is_hidden(char: str) -> bool:
    if char.isascii() and char.isprintable():
        return False
    selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return selector or char in INKLESS or unicodedata.category(char) in NO_INK


def _is_alike(char: str, *, mixed: bool) -> bool:
    if char in DRAWN_ALIKE:
        return mixed
    if unicodedata.category(char)[0] != "L":
        return False
    # Such as fullwidth and mathematical letters, the Kelvin sign, ligatures.
    if unicodedata.normalize("NFKC", char).isascii():
        return True
    return mixed and _script(char) in SCRIPTS


def _twins(text: str) -> frozenset[str]:
    """The letters of scripts of which a text holds none but those that look like Latin ones."""
    letters = {char for char in set(text) if not char.isascii() and unicodedata.category(char)[0] == "L"}
    honest = {_script(char) for char in letters - TWINS}
    return frozenset(char for char in letters & TWINS if _script(char) not in honest)


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1] if not char.isascii() else f"\\u{ord(char):04x}"
