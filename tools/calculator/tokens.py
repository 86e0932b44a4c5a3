"""Cuts an expression into numbers, names and operators, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .constants import PHRASE, find_constant
from .dates import MOMENT, holds_dates, read_moment
from .kinds import Complex, Number
from .limits import MAX_DIGITS, CalculationError, too_big
from .names import DIMENSION_WORDS, PHRASES, function_name

Kind = Literal["number", "name", "constant", "op", "end"]

PERCENT = ("percentage", "percent", "per cent", "%")
WORDS = {
    **{"plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "x": "*", "divided by": "/", "over": "/"},
    **{"per": "/", "of": "of", "off": "off", "more than": "more", "less than": "less", "mod": "mod", "modulo": "mod"},
    **{"to the power of": "^", "raised to the power of": "^", "raised to": "^", "squared": "²", "cubed": "³"},
    **{"percent": "%", "per cent": "%", "square root of": "√", "square root": "√", "cube root of": "∛"},
    **{"plus or minus": "±", "choose": "choose", "after": "after", "before": "before"},
    **{"equals": "=", "is equal to": "=", "to": "to", "in": "to", "into": "to", "as": "to", "and": "and"},
    **dict.fromkeys(("a", "an", "the"), ""),
    **{f"as {article}{word} of": "ratio" for article in ("a ", "") for word in PERCENT},
    **{f"{lead}{word}": "in%" for lead in ("as a ", "as ", "in ", "to ", "into ") for word in PERCENT},
}
SIGNS = {
    **{"**": "^", "==": "=", "<>": "!=", "≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "·": "*", "⋅": "*", "∙": "*"},
    **{"+/-": "±", "∗": "*", "÷": "/", "∕": "/", "⁄": "/", "−": "-", "–": "-", "—": "-"},
    **{"'": "foot", "′": "foot", "’": "foot", '"': "inch", "″": "inch", "°": "degree", "℃": "degC", "℉": "degF"},
}
FRACTION_WORDS = {"half": Fraction(1, 2), "third": Fraction(1, 3), "quarter": Fraction(1, 4)}

GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?!\d)(?:\.\d+)?")
WITH_COMMA = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d+(?:,\d+)+(?:\.\d+)?")
BASED = re.compile(r"0x[0-9a-f]+|0b[01]+|0o[0-7]+", re.I)
VULGAR = "¼-¾⅐-⅞"
DECIMAL = r"(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?"
TOKEN = re.compile(
    rf"(?P<constant>{PHRASE})(?!\w)"
    r"|(?P<phrase>"
    + "|".join(phrase.replace(" ", r"\s+") for phrase in sorted(PHRASES, key=len, reverse=True))
    + r")(?!\w)"
    r"|(?P<power>[⁰¹²³⁴-⁹⁻]+|(?<=[^\W\d_xX])[23](?![\w.(]))"  # m2 is m²
    rf"|(?P<imaginary>{DECIMAL}(?-i:[ij]))(?!\w)"
    rf"|(?P<number>{BASED.pattern}|{DECIMAL}[{VULGAR}]?|[{VULGAR}])"
    r"|(?P<share>half|(?:one|an?)[ -](?:half|third|quarter))\b"
    r"|(?P<temperature>(?:°\s*|deg(?:rees?)?\s*)(?:c|f|celsius|centigrade|fahrenheit)\b)"
    r"|(?P<word>" + "|".join(word.replace(" ", r"\s+") for word in sorted(WORDS, key=len, reverse=True)) + r")"
    r"(?![^\W\d])"
    r"|(?:math\.)?(?P<name>log(?:2|10)(?=\W|$)|[^\W\d_]+(?:_[^\W\d_]+)*)"
    r"|(?P<sign>\*\*|\+/-|//|<=|>=|==|!=|<>|[-+*/^%!()\[\]±∠,<>=√∛°℃℉'’′\"″≤≥≠×·⋅∙∗÷∕⁄−–—])",
    re.I,
)
UNIT_FOLLOWS = re.compile(
    r"\s*(?!(?:in|to|as|into|and|plus|minus|times|per|x|divided|multiplied)\b)[^\W\d_°(%]|\s*[°(%]", re.I
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression.

    Attributes:
        kind: What it is.
        text: For an operator its one spelling, such as ``*`` for × and "times"; ``sup`` is an exponent set high.
        at: Its first character, from 0.
        end: The character behind it.
        number: Of a number or an exponent; a date or time counts as a number.
    """

    kind: Kind
    text: str
    at: int
    end: int
    number: Number = Fraction(0)

    @property
    def place(self) -> str:
        """Where it stands, for a message."""
        return "the end" if self.kind == "end" else f"`{self.text}` at character {self.at + 1}"


def tokenize(text: str) -> list[Token]:
    """Returns the tokens of an expression, the last of which has the kind ``end``.

    A comma in ``2,480`` separates thousands and in ``3,5`` decimals, never both in one text; within the brackets of a
    function or list it separates values. A percent sign with an operand right behind it is the remainder.

    Raises:
        CalculationError: A character or number cannot be read, or brackets do not match.
    """
    tokens = _Tokenizer(text).run()
    operand = [token.kind in ("number", "name", "constant") or token.text in ("(", "[", "√", "∛") for token in tokens]
    for i, token in enumerate(tokens[:-1]):
        if token.text == "%" and operand[i + 1]:
            tokens[i] = Token("op", "mod", token.at, token.end)
    return tokens


@dataclass(slots=True)
class _Bracket:
    sign: str
    at: int
    separates: bool  # whether a comma stands between values
    grouped: bool = False  # 1,200 was seen
    spaced: bool = False  # a comma with a blank behind it was seen


class _Tokenizer:
    """Knows the open brackets, because a comma means another thing inside a function's."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.open: list[_Bracket] = []
        self.commas: set[str] = set()
        self.dated = holds_dates(text)

    def run(self) -> list[Token]:
        at = 0
        while at < len(self.text):
            at = at + 1 if self.text[at].isspace() else self._read(at)
        if self.open:
            raise CalculationError(f"the `{self.open[-1].sign}` at character {self.open[-1].at + 1} is never closed")
        if len(self.commas) > 1:
            raise CalculationError("a comma stands for decimals and for thousands here; write 3.5 and 2480 instead")
        return [*self.tokens, Token("end", "", len(self.text), len(self.text))]

    def _read(self, at: int) -> int:
        if (moment := MOMENT.match(self.text, at)) and (found := read_moment(moment, self.dated)):
            return self._add(Token("number", str(found), at, moment.end(), found))
        separates = bool(self.open and self.open[-1].separates)
        if not separates and (match := WITH_COMMA.match(self.text, at)):
            return self._add(Token("number", match[0], at, match.end(), self._comma_number(match[0])))
        if separates and GROUPED.match(self.text, at):
            self.open[-1].grouped = True
        match = TOKEN.match(self.text, at)
        if match is None:
            raise CalculationError(f"`{self.text[at]}` at character {at + 1} cannot be read")
        if match.lastgroup == "word" and not WORDS[_word(match)] and match[0] != "A":  # 2 A are amperes
            return match.end()
        if self._is_inch(match):
            return self._add(Token("name", "inch", *match.span()))
        token = _classify(match)
        if token.text in ("mod", "choose") and not self._after_operand():
            token = Token("name", token.text, token.at, token.end)
        return self._add(token)

    def _after_operand(self) -> bool:
        last = self.tokens[-1] if self.tokens else None
        return last is not None and (last.kind != "op" or last.text in (")", "%", "!", "sup"))

    def _is_inch(self, match: re.Match[str]) -> bool:
        """Whether "in" is a unit, as in 5 ft 11 in, 12 in * 3, lb/in^2 and cm to in, but not 5 miles in km."""
        if match[0].lower() != "in" or not self.tokens:
            return False
        before = self.tokens[-1]
        counted = before.kind == "number" and not UNIT_FOLLOWS.match(self.text, match.end())
        return counted or before.text.lower() in ("to", "/", *DIMENSION_WORDS)

    def _comma_number(self, text: str) -> Fraction:
        if GROUPED.fullmatch(text):
            self.commas.add("thousands")
            return Fraction(text.replace(",", ""))
        if text.count(",") == 1 and "." not in text[text.index(",") :]:
            self.commas.add("decimals")
            return Fraction(text.replace(".", "").replace(",", "."))
        raise CalculationError(f"`{text}` is no number; write 1234.5 or 1,234.5, and a blank after a list's comma")

    def _add(self, token: Token) -> int:
        if token.text in ("(", "["):
            before = self.tokens[-1] if self.tokens else None
            separates = token.text == "[" or bool(before and before.kind == "name" and function_name(before.text))
            self.open.append(_Bracket(token.text, token.at, separates))
        elif token.text in (")", "]"):
            self._close(token)
        elif token.text == "," and self.open:
            self.open[-1].spaced |= self.text[token.end : token.end + 1].isspace()
        self.tokens.append(token)
        return token.end

    def _close(self, token: Token) -> None:
        if not self.open or self.open[-1].sign + token.text not in ("()", "[]"):
            raise CalculationError(f"the {token.place} closes nothing")
        bracket = self.open.pop()
        if bracket.grouped and bracket.spaced:
            raise CalculationError("a comma separates values within a function's brackets; write 1200 for 1,200 there")


def _word(match: re.Match[str]) -> str:
    return " ".join(match["word"].lower().split())


def _classify(match: re.Match[str]) -> Token:
    at, end = match.span()
    kind = match.lastgroup or ""
    text = match[kind]
    if kind in NUMBERS:
        return Token("number", f"{text[:-1]}i" if kind == "imaginary" else text, at, end, NUMBERS[kind](text))
    if kind in NAMED:
        return Token("constant" if kind == "constant" else "name", NAMED[kind](text), at, end)
    if kind == "word" and text == "A":
        kind = "name"
    elif kind == "word":
        text = WORDS[_word(match)]
    if kind == "power" or text in ("²", "³"):
        return Token("op", "sup", at, end, Fraction(_superscript(text)))
    text = SIGNS.get(text, text) if kind == "sign" else text
    return Token("name" if text[0].isalpha() and kind != "word" else "op", text, at, end)


def _number(text: str) -> Fraction:
    if BASED.fullmatch(text):
        return Fraction(int(text, 0))
    if unicodedata.category(text[-1]) == "No":
        whole = _number(text[:-1]) if text[:-1] else Fraction(0)
        return whole + Fraction(unicodedata.numeric(text[-1])).limit_denominator(10)
    exponent = re.search(r"e([+-]?\d+)$", text, re.I)
    if exponent and abs(int(exponent[1])) > MAX_DIGITS:
        raise too_big()
    return Fraction(text.replace("_", "").rstrip("."))


def _superscript(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace("−", "-")
    if not re.fullmatch(r"-?\d{1,9}", plain):
        raise CalculationError(f"`{text}` is no exponent")
    return int(plain)


NUMBERS: dict[str, Callable[[str], Number]] = {
    "number": _number,
    "share": lambda text: FRACTION_WORDS[re.split(r"[ -]", text.lower())[-1]],
    "imaginary": lambda text: Complex(Fraction(0), _number(text[:-1])),
}
NAMED: dict[str, Callable[[str], str]] = {
    "constant": lambda text: find_constant(text).name,
    "phrase": function_name,
    "temperature": lambda text: "degF" if text.lower().endswith(("f", "fahrenheit")) else "degC",
}
