"""Cuts a text into numbers, names and signs, however they are written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .limits import MAX_EXPONENT, MAX_LENGTH, SolveError

Kind = Literal["number", "name", "op", "end"]

# Several ways of writing one sign. Words are found whatever their case.
WORDS = {
    "∀": ("for all", "for every", "for each", "for any", "forall"),
    "∃": (
        *(f"there {verb} {one}" for verb in ("is", "exists", "are", "exist") for one in ("an", "a", "some", "no")),
        *("there is", "there are", "there exists", "there exist", "exists", "exist"),
    ),
    "with": ("such that", "so that", "with", "where", "satisfying", "for which"),
    "⇔": ("if and only if", "is equivalent to", "iff"),
    "⇒": ("implies that", "implies"),
    "∧": ("and",),
    "∨": ("or",),
    "¬": ("not",),
    "⊻": ("xor",),
    "if": ("if",),
    "then": ("then",),
    "=": ("is equal to", "equals"),
    "≠": ("is not equal to", "is different from", "differs from"),
    "≤": ("is at most", "is less than or equal to"),
    "≥": ("is at least", "is greater than or equal to"),
    "<": ("is less than", "is smaller than"),
    ">": ("is greater than", "is larger than"),
    "divides": ("divides",),
    "is divisible by": ("is divisible by", "is a multiple of"),
    "is even": ("is even",),
    "is odd": ("is odd",),
    "is positive": ("is positive",),
    "is negative": ("is negative",),
    "mod": ("mod", "modulo"),
    "in": ("is in", "in"),
    "+": ("plus",),
    "-": ("minus",),
    "*": ("multiplied by", "times"),
    "/": ("divided by",),
    "²": ("squared",),
    "³": ("cubed",),
}
SIGNS = {
    **{"**": "^", "==": "=", "!=": "≠", "<>": "≠", "<=": "≤", ">=": "≥", "=<": "≤", "⩽": "≤", "⩾": "≥"},
    **{"×": "*", "·": "*", "⋅": "*", "∙": "*", "∗": "*", "÷": "/", "∕": "/", "−": "-", "–": "-", "—": "-"},
    **{"<=>": "⇔", "<->": "⇔", "↔": "⇔", "⟺": "⇔", "=>": "⇒", "->": "⇒", "→": "⇒", "⟹": "⇒"},
    **{"&&": "∧", "&": "∧", "∣": "divides", "′": "'", "’": "'", "∈": "in", "%": "mod", "\n": ";", ".": ":"},
}
NUMBER_SETS = {"ℤ": "Z", "ℕ": "N", "ℝ": "R", "ℂ": "C", "ℚ": "Q"}
NAMES = {"π": "pi", "∞": "oo", "∑": "sum", "∏": "product", "√": "sqrt", **NUMBER_SETS}

_SPELLINGS = {spelling: sign for sign, spellings in WORDS.items() for spelling in spellings}
_WORD = "|".join(spelling.replace(" ", r"\s+") for spelling in sorted(_SPELLINGS, key=len, reverse=True))
TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d+)?|(?<!\.)\.\d+)(?:e[+-]?\d+(?![\d.]))?)"
    r"|(?P<power>[⁺⁻]?[⁰¹²³⁴-⁹]+)"
    rf"|(?P<word>(?:{_WORD})(?![\w']))"
    r"|(?P<name>non-(?:negative|positive|zero)\b|[^\W\d⁰¹²³⁴-⁹][^\W⁰¹²³⁴-⁹]*|[π∞∑∏√ℤℕℝℂℚ])"
    r"|(?P<sign><=>|<->|\.\.|\*\*|//|==|!=|<>|<=|>=|=<|=>|->|&&|[-+.*/^!=<>()\[\]{},;:|&%'′’∣"
    r"≤≥⩽⩾≠×·⋅∙∗÷∕−–—↔⟺⇔→⟹⇒∧∨¬⊻∀∃∈\n])",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text.

    Attributes:
        kind: What it is.
        text: For a sign its one spelling; ``sup`` is an exponent set high.
        at: Its first character, from 0.
        number: Of a number or an exponent.
    """

    kind: Kind
    text: str
    at: int
    number: Fraction = Fraction(0)

    @property
    def place(self) -> str:
        """Where it stands, for a message."""
        return "the end" if self.kind == "end" else f"`{self.text.strip()}` at character {self.at + 1}"


def tokenize(text: str) -> list[Token]:
    """Returns the tokens of a text, the last of which has the kind ``end``.

    Raises:
        SolveError: A character or number cannot be read, or the text is too long.
    """
    if len(text) > MAX_LENGTH:
        raise SolveError(f"the problem has {len(text):,} characters, more than {MAX_LENGTH:,}")
    tokens, at = [], 0
    while at < len(text):
        if text[at].isspace() and text[at] != "\n":
            at += 1
            continue
        match = TOKEN.match(text, at)
        if match is None:
            sign = f"`{text[at]}`" if text[at].isprintable() else f"U+{ord(text[at]):04X}"
            raise SolveError(f"{sign} at character {at + 1} cannot be read")
        tokens.append(_token(match))
        at = match.end()
    return [*tokens, Token("end", "", len(text))]


def _token(match: re.Match[str]) -> Token:
    text, at = match[0], match.start()
    if match.lastgroup == "number":
        return Token("number", text, at, _number(text))
    if match.lastgroup == "power":
        return Token("op", "sup", at, _superscript(text))
    if match.lastgroup == "word":
        return _word(" ".join(text.lower().split()), at)
    if match.lastgroup == "name":
        return Token("name", NAMES.get(text, text), at)
    return Token("op", SIGNS.get(text, text), at)


def _word(text: str, at: int) -> Token:
    if text.endswith(" no"):
        return Token("op", "∄", at)
    sign = _SPELLINGS[text]
    return Token("op", "sup", at, _superscript(sign)) if sign in "²³" else Token("op", sign, at)


def _number(text: str) -> Fraction:
    exponent = re.search(r"e([+-]?\d+)$", text, re.I)
    if exponent and abs(int(exponent[1])) > MAX_EXPONENT:
        raise SolveError(f"`{text}` is beyond the numbers that are computed with")
    return Fraction(text)


def _superscript(text: str) -> Fraction:
    return Fraction(unicodedata.normalize("NFKC", text).replace("−", "-"))
