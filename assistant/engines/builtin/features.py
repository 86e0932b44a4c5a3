"""What speaks for and against a value of a request being the argument of a parameter, in numbers for the trees."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.engines.builtin.parameters import Parameter, stem, stems, words_of
from assistant.engines.builtin.values import FUNCTION_WORDS, Found, Token, tokens

FORMS = ("number", "date", "quoted", "name", "phrase", "code", "rest", "list")
BEFORE: tuple[frozenset[str], ...] = tuple(
    frozenset(words.split())
    for words in (
        "in inside within",
        "at near around",
        "for",
        "of",
        "from starting between",
        "to into towards until and",
        "by",
        "with using via through",
        "called named titled is as =",
        "on",
        "about",
        "a an",
        "the",
        "my your",
        "'s ’s s",
        ", ; :",
        "over above under below than",
    )
)
CLASSES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(rf"\b(?:{words})", re.I)
    for words in (
        r"cit(?:y|ies)|location|place|address|region|area|destination|airport|venue|town",
        r"countr|state\b|nation",
        r"person|player|author|artist|actor|composer|athlete|people|who\b|user",
        r"date|day\b|when\b",
        r"time|hour|year|month|duration|period|season",
        r"unit|currency|measure",
        r"id\b|number of the|code|identifier|key\b",
        r"type|category|genre|kind|style|method|mode|cuisine",
        r"title|name of the",
        r"query|keyword|text|content|message|sentence|question|prompt|description|subject|topic",
        r"compan|team|organi|brand|store|restaurant|compet|league|law|case|court",
        r"language|format",
        r"expression|function|equation|formula|command|code\b|url|path|file",
        r"price|amount|cost|salary|money|budget|income|principal|value",
        r"rate|ratio|percent|probability|fraction",
        r"count|number|how many|quantity|limit|max|min|top\b|total",
    )
)
FIRST = re.compile(
    r"(?:^|_)(?:from|start|begin|source|origin|depart\w*|old|initial|base|lower|min)(?:_|$|\w*_)|1$|first", re.I
)
SECOND = re.compile(r"(?:^|_)(?:to|end|dest\w*|target|new|final|finish|arriv\w*|upper|max)(?:_|$|\w*_)|2$|second", re.I)
UNITS: dict[str, str] = {
    "m": "meter", "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "kg": "kilogram", "g": "gram",
    "s": "second", "sec": "second", "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute", "mi": "mile",
    "ft": "foot",
    "c": "celsius", "f": "fahrenheit", "k": "kelvin", "%": "percent", "m/s": "velocity", "n": "newton", "j": "joule",
    "w": "watt", "v": "volt", "a": "ampere", "l": "liter", "lb": "pound", "lbs": "pound", "kj": "kilojoule",
    "pa": "pascal", "hz": "hertz", "ohm": "resistance", "kw": "kilowatt", "mph": "speed", "km/h": "speed",
}  # fmt: skip
MONEY = re.compile(
    r"price|amount|cost|salary|money|budget|income|principal|value|invest|dollar|payment|deposit|revenue", re.I
)
RATE = re.compile(r"rate|percent|interest|yield|probab|share|fraction|ratio|return", re.I)
WINDOW = 3


@dataclass(frozen=True)
class Question:
    """A request beside one tool, with what has to be compared.

    Attributes:
        request: What the person typed.
        tool: Name and description of the tool.
        parameters: Its parameters.
        found: What may be a value.
        vectors: Embeddings of the texts in ``texts``.
    """

    request: str
    tool: str
    parameters: Sequence[Parameter]
    found: Sequence[Found]
    vectors: Mapping[str, NDArray[np.float32]]

    @cached_property
    def tokens(self) -> list[Token]:
        """The request's words and signs."""
        return tokens(self.request)

    @cached_property
    def tool_words(self) -> frozenset[str]:
        """Stems of the tool's words."""
        return stems(words_of(self.tool))

    @cached_property
    def likeness(self) -> NDArray[np.float32]:
        """Cosine of each parameter and each found value, shape (parameters, found)."""
        if not self.parameters or not self.found:
            return np.zeros((len(self.parameters), len(self.found)), np.float32)
        left = np.stack([self.vectors[parameter.text] for parameter in self.parameters])
        return left @ np.stack([self.vectors[text_of(found)] for found in self.found]).T

    @cached_property
    def tool_likeness(self) -> NDArray[np.float32]:
        """Cosine of the tool and each found value."""
        return np.stack([self.vectors[text_of(found)] for found in self.found]) @ self.vectors[self.tool]

    @cached_property
    def surroundings(self) -> list[_Surroundings]:
        """What stands around each found value."""
        return [_surroundings(self.tokens, found) for found in self.found]


@dataclass(frozen=True, slots=True)
class _Surroundings:
    before: tuple[str, ...]
    after: tuple[str, ...]
    first: int
    last: int


def text_of(found: Found) -> str:
    """The value as a text to embed; numbers with what they count."""
    if found.form == "number":
        return f"{found.value} {found.unit}"
    return ", ".join(map(str, found.value)) if found.form == "list" else str(found.value)


def texts(tool: str, parameters: Sequence[Parameter], found: Sequence[Found]) -> tuple[list[str], list[str]]:
    """Returns the texts to embed: the tool's own, which stay the same, and the request's."""
    return [tool, *(parameter.text for parameter in parameters)], list(dict.fromkeys(map(text_of, found)))


def _surroundings(words: Sequence[Token], found: Found) -> _Surroundings:
    first = next((at for at, word in enumerate(words) if word.end > found.start), len(words))
    last = next((at for at, word in enumerate(words) if word.start >= found.end), len(words))
    before = tuple(word.lower for word in words[max(0, first - WINDOW) : first])
    return _Surroundings(before, tuple(word.lower for word in words[last : last + WINDOW]), first, last)


def pair(question: Question, at: int, number: int) -> list[float]:
    """Describes one parameter beside one found value.

    Args:
        question: The request and the tool.
        at: Which parameter.
        number: Which found value.
    """
    parameter, found = question.parameters[at], question.found[number]
    around = question.surroundings[number]
    return [
        *_of_form(parameter, found),
        *_of_meaning(question, at, number),
        *_of_words(question, parameter, found, around),
        *_of_place(question, found, around),
        *_of_order(question, at, number),
        *_of_unit(parameter, found),
        *(float(bool(pattern.search(parameter.text))) for pattern in CLASSES),
    ]


def _of_form(parameter: Parameter, found: Found) -> list[float]:
    text = text_of(found)
    return [
        *(float(found.form == form) for form in FORMS),
        float(parameter.kind == "array"),
        float(parameter.kind == "integer"),
        float(parameter.kind == "number"),
        float(parameter.item in ("integer", "number")),
        float(parameter.required),
        float(parameter.default is not None),
        float(len(text.split())),
        float(len(text)),
        sum(map(str.isupper, text)) / max(1, len(text.split())),
        float(any(map(str.isdigit, text))),
        float("," in text),
        float(bool(re.search(r"\b(?:of|and|the|in|for)\b", text))),
        float(len(found.value)) if isinstance(found.value, list) else 0.0,
        float("@" in text),
        float("://" in text or "/" in text),
        float(bool(re.search(r"\d:\d|\d\s?[ap]m", text, re.I))),
        float(bool(re.search(r"[-+*/^=]", text))),
        float(text.lower() == str(parameter.default).lower()),
        float(bool(text) and text.lower() in parameter.description.lower()),
    ]


def _of_meaning(question: Question, at: int, number: int) -> list[float]:
    column = question.likeness[:, number]
    others = np.delete(column, at)
    row = question.likeness[at]
    return [
        float(column[at]),
        float(column[at] - others.max()) if len(others) else 0.3,
        float(question.tool_likeness[number]),
        float(column[at] - question.tool_likeness[number]),
        float(column[at] - row.max()),
        float((row > column[at]).sum()),
    ]


def _of_words(question: Question, parameter: Parameter, found: Found, around: _Surroundings) -> list[float]:
    inside = stems(words_of(text_of(found)))
    before, after = (_stemmed(words) for words in (around.before, around.after))
    others = frozenset().union(*(other.name_words for other in question.parameters if other is not parameter))
    own = parameter.name_words
    return [
        _share(inside, own),
        _share(inside, parameter.words),
        _share(inside, question.tool_words),
        _share(inside, others),
        float(len(own & before)),
        float(len(own & after)),
        float(len(parameter.words & before)),
        float(len(parameter.words & after)),
        float(len(others & before)),
        float(len(others & after)),
        float(bool(around.before) and stem(around.before[-1]) in own),
        float(bool(around.after) and stem(around.after[0]) in own),
        float(bool(around.after) and stem(around.after[0]) in parameter.words),
    ]


def _stemmed(words: Sequence[str]) -> frozenset[str]:
    return frozenset(stem(word) for word in words if word not in FUNCTION_WORDS)


def _share(inside: frozenset[str], words: frozenset[str]) -> float:
    return len(inside & words) / len(inside) if inside else 0.0


def _of_place(question: Question, found: Found, around: _Surroundings) -> list[float]:
    last = around.before[-1] if around.before else ""
    following = around.after[0] if around.after else ""
    left = question.tokens[around.first - 1].text if around.first > 1 else ""
    right = question.tokens[around.last].text if around.last < len(question.tokens) else ""
    return [
        float(left[:1].isupper()),
        float(right[:1].isupper()),
        float(right[:1].isdigit()),
        float(question.request[found.start : found.start + 1].isupper()),
        *(float(last in words) for words in BEFORE),
        float(not last),
        float(bool(last) and last not in FUNCTION_WORDS and last[0].isalnum()),
        float(not following or not following[0].isalnum()),
        float(following in FUNCTION_WORDS),
        float(bool(following) and following[0].isalnum() and following not in FUNCTION_WORDS),
        float(around.first == 0),
        around.first / max(1, len(question.tokens)),
        float(sum(found.overlaps(other) for other in question.found)),
    ]


def _of_order(question: Question, at: int, number: int) -> list[float]:
    """Whether the value comes as early among its like as the parameter does among its own."""
    parameter, found = question.parameters[at], question.found[number]
    alike = [one for one in question.found if one.form == found.form]
    kin = [one for one in question.parameters if one.kind == parameter.kind]
    starts = sorted({one.start for one in alike})
    rank, place = starts.index(found.start), next(i for i, one in enumerate(kin) if one is parameter)
    last = question.surroundings[number].before[-1:] or ("",)
    leads, follows = bool(FIRST.search(parameter.name)), bool(SECOND.search(parameter.name))
    return [
        float(rank - place),
        float(rank),
        float(place),
        float(len(starts)),
        float(len(kin)),
        float(len(question.parameters)),
        float(leads) - float(follows),
        float(leads and last[0] in ("from", "between", "of"))
        + float(follows and last[0] in ("to", "and", "into", "until")),
        float(follows and last[0] in ("from", "between")) + float(leads and last[0] in ("to", "into", "until")),
    ]


def _of_unit(parameter: Parameter, found: Found) -> list[float]:
    unit = found.unit.lower()
    spelled = UNITS.get(unit, unit)
    return [
        float(bool(unit)),
        float(bool(spelled) and stem(spelled) in parameter.words),
        float(unit in "$€£¥" and bool(unit) and bool(MONEY.search(parameter.text))),
        float(unit == "%" and bool(RATE.search(parameter.text))),
        float(unit == "%"),
        float(bool(unit) and unit in "$€£¥"),
        float(abs(found.value)) if found.form == "number" and abs(found.value) < 1e6 else 0.0,  # noqa: PLR2004
        float(found.form == "number" and 1900 <= abs(found.value) <= 2100),  # noqa: PLR2004
    ]


def choice(question: Question, at: int, value: Any, likeness: Mapping[str, float]) -> list[float]:
    """Describes one of a parameter's choices, or a yes or no, beside the request.

    Args:
        question: The request and the tool.
        at: Which parameter.
        value: The choice.
        likeness: How near the choice, and the parameter with it, come to the request and to the phrases in it.
    """
    parameter = question.parameters[at]
    words = stems(words_of(str(value))) or {str(value).lower()}
    asked = _asked(question)
    spelled = re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", question.request, re.I)
    choices = parameter.choices or (True, False)
    claimed = [one for one in choices if stems(words_of(str(one))) & asked]
    return [
        float(bool(spelled)),
        float(bool(spelled) and len(str(value)) > 1),
        _share(frozenset(words), asked),
        float(len(claimed)),
        float(value in claimed),
        float(str(value).lower() == str(parameter.default).lower()),
        float(parameter.default is not None),
        float(parameter.required),
        float(parameter.kind == "array"),
        float(parameter.kind == "boolean"),
        float(len(choices)),
        float(choices.index(value)) if value in choices else -1.0,
        _share(parameter.name_words, asked),
        _share(parameter.words, asked),
        float(len(parameter.name_words & asked)),
        float(value is True),
        float(bool(re.search(r"\b(?:no|not|without|don't|exclud\w*|skip|never)\b", question.request, re.I))),
        *(likeness[key] for key in ("value", "phrase", "both", "lead", "tool")),
    ]


def _asked(question: Question) -> frozenset[str]:
    return stems([word.lower for word in question.tokens])
