"""Whether a tool is what a request is about, in numbers for the trees."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.engines.builtin.assignment import Filled
from assistant.engines.builtin.features import Question
from assistant.engines.builtin.parameters import stem, stems, words_of
from assistant.engines.builtin.values import FUNCTION_WORDS

ASKS = re.compile(
    r"\s*(?:please\s+)?(?:who|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could)\b", re.I
)
EXAMPLES = "\n\nExamples of requests:\n"


def examples_of(tool: Mapping[str, Any]) -> list[str]:
    """Returns the examples that stand in a tool's description."""
    _, _, listed = str(tool.get("description") or "").partition(EXAMPLES)
    return [line[2:] for line in listed.splitlines() if line.startswith("- ")]


def name_of(tool: Mapping[str, Any]) -> str:
    """A tool's name in words."""
    return " ".join(words_of(tool["name"]))


def summary_of(tool: Mapping[str, Any]) -> str:
    """The first paragraph of a tool's description."""
    return str(tool.get("description") or "").partition("\n\n")[0]


def texts_of(tool: Mapping[str, Any]) -> list[str]:
    """Returns the tool's texts that a request is compared with."""
    return [name_of(tool), summary_of(tool), *examples_of(tool)]


def suitability(
    question: Question,
    tool: Mapping[str, Any],
    filled: Filled,
    vectors: Mapping[str, NDArray[np.float32]],
    others: Sequence[Mapping[str, Any]],
) -> list[float]:
    """Describes one tool beside a request.

    Args:
        question: The request, read for the tool.
        tool: The tool's ``function`` object.
        filled: Its arguments, as far as the request holds them.
        vectors: Of the request and ``texts_of`` each tool.
        others: The other tools that are offered.
    """
    return [
        *_of_meaning(question, tool, vectors, others),
        *_of_words(question, tool),
        *_of_arguments(question, filled),
        float(bool(ASKS.match(question.request))),
        float(len(question.tokens)),
    ]


def _of_meaning(
    question: Question,
    tool: Mapping[str, Any],
    vectors: Mapping[str, NDArray[np.float32]],
    others: Sequence[Mapping[str, Any]],
) -> list[float]:
    request = vectors[question.request]
    name, summary, *examples = (float(vectors[text] @ request) for text in texts_of(tool))
    both = float(question.vectors[question.tool] @ request)
    parameters = [float(question.vectors[parameter.text] @ request) for parameter in question.parameters] or [0.0]
    rival = max((max(float(vectors[text] @ request) for text in texts_of(other)) for other in others), default=0.0)
    best = max([name, summary, both, *examples])
    return [
        name,
        summary,
        both,
        best,
        best - rival,
        max(examples, default=0.0),
        max(parameters),
        np.mean(parameters).item(),
    ]


def _of_words(question: Question, tool: Mapping[str, Any]) -> list[float]:
    asked = stems([token.lower for token in question.tokens if token.lower not in FUNCTION_WORDS])
    name, summary = stems(words_of(tool["name"])), stems(words_of(summary_of(tool)))
    known = name | summary | frozenset[str]().union(*(parameter.words for parameter in question.parameters))
    verb = next((token.lower for token in question.tokens if token.text[0].isalpha()), "")
    return [
        _share(name, asked),
        float(len(name & asked)),
        _share(summary, asked),
        _share(asked, known),
        _share(asked, name | summary),
        float(len(name - asked)),
        float(stem(verb) in name | summary),
        _share(frozenset[str]().union(*(parameter.name_words for parameter in question.parameters)), asked),
    ]


def _share(words: frozenset[str], among: frozenset[str]) -> float:
    return len(words & among) / len(words) if words else 0.0


def _of_arguments(question: Question, filled: Filled) -> list[float]:
    required = [parameter for parameter in question.parameters if parameter.required]
    odds = [filled.log_odds.get(parameter.name, -6.0) for parameter in required]
    numbers = [found for found in question.found if found.form == "number"]
    quoted = [found for found in question.found if found.form == "quoted"]
    takes = [parameter for parameter in question.parameters if "number" in (parameter.kind, parameter.item)]
    takes += [parameter for parameter in question.parameters if "integer" in (parameter.kind, parameter.item)]
    return [
        float(len(required)),
        float(len(filled.missing)),
        1 - len(filled.missing) / len(required) if required else 1.0,
        min(odds, default=0.0),
        float(np.mean(odds)) if odds else 0.0,
        max(odds, default=0.0),
        float(len(filled.arguments)),
        float(len(numbers)),
        float(len(takes)),
        float(len(numbers) - len(takes)),
        float(len(quoted)),
        float(len(question.found)),
    ]
