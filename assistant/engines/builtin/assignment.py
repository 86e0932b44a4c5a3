"""Deals what a request holds out to a tool's parameters: each value where it fits best, all together.

What fits is judged by trees that training/router.py fitted on public function calls; see the card beside their file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.engines.builtin.features import Question, choice, pair, text_of
from assistant.engines.builtin.parameters import Parameter, parameters_of
from assistant.engines.builtin.trees import Trees
from assistant.engines.builtin.typed import typed
from assistant.engines.builtin.values import TIMES, Found, find, joined
from assistant.engines.builtin.vectors import Vectors

# Log odds that a value needs to be taken: a required parameter is asked for below, an optional one left out.
MIN_REQUIRED, MIN_OPTIONAL = -3.0, -0.5
# The same for one of a closed set, which any request would have some likeness with.
MIN_CHOICE = 0.5
# Values of one parameter that are tried together with those of the others, and combinations that are followed.
TRIED, FOLLOWED = 6, 24
# Costs of giving the same words to two parameters.
SHARED = 3.0
MAX_CHOICES = 60
TIME = re.compile(rf"\b(?:{'|'.join(name for name in TIMES if len(name) > 1)})\b", re.I)


@dataclass(frozen=True, slots=True)
class Option:
    """A value that a parameter may get.

    Attributes:
        value: As the parameter takes it.
        found: Where it stands; None for choices.
        log_odds: How well it fits.
    """

    value: Any
    found: Found | None
    log_odds: float


@dataclass(frozen=True, slots=True)
class Filled:
    """A tool's arguments.

    Attributes:
        arguments: By parameter.
        log_odds: How sure each is.
        missing: Required parameters without a value.
    """

    arguments: dict[str, Any]
    log_odds: dict[str, float]
    missing: tuple[str, ...]


def question_of(request: str, tool: Mapping[str, Any], vectors: Vectors) -> Question:
    """Reads a request for one tool.

    Args:
        request: What the person typed.
        tool: The tool's ``function`` object.
        vectors: Embeds.
    """
    parameters, found = parameters_of(tool.get("parameters") or {}), find(request)
    if (
        sum(parameter.kind in ("integer", "number") and bool(TIME.search(parameter.text)) for parameter in parameters)
        == 1
    ):
        found = joined(request, found)
    described = f"{tool['name']}: {str(tool.get('description') or '').partition(chr(10) * 2)[0]}"
    choices = [text for parameter in parameters for text in _choice_texts(parameter)]
    wanted = [described, request, *(parameter.text for parameter in parameters), *choices, *map(text_of, found)]
    return Question(request, described, parameters, found, vectors.of(wanted))


def _choice_texts(parameter: Parameter) -> list[str]:
    return [text for value in choices_of(parameter) for text in _said(parameter, value)]


def _said(parameter: Parameter, value: Any) -> tuple[str, str]:
    """The choice by itself, and with what it is a choice of."""
    if isinstance(value, bool):
        return parameter.text, parameter.text
    return str(value), f"{parameter.name.replace('_', ' ')} {value}"


def choices_of(parameter: Parameter) -> tuple[Any, ...]:
    """Returns what a parameter may be chosen to be: its choices, or yes and no."""
    return (True, False) if parameter.kind == "boolean" else parameter.choices[:MAX_CHOICES]


def fill(question: Question, models: Mapping[str, Trees]) -> Filled:
    """Deals the values out.

    Args:
        question: The request and the tool.
        models: Trees named ``pair`` and ``choice``.
    """
    options = [options_of(question, at, models) for at in range(len(question.parameters))]
    chosen = _combined(question.parameters, options)
    taken = {p.name: option for p, option in zip(question.parameters, chosen, strict=True) if option is not None}
    missing = tuple(p.name for p in question.parameters if p.required and p.name not in taken)
    arguments = {name: option.value for name, option in taken.items()}
    return Filled(arguments, {name: option.log_odds for name, option in taken.items()}, missing)


def options_of(question: Question, at: int, models: Mapping[str, Trees]) -> list[Option]:
    """Returns the values that a parameter may get, the best first."""
    parameter = question.parameters[at]
    options = _chosen(question, at, models["choice"])
    if not parameter.closed and parameter.kind != "boolean":
        options += _found(question, at, models["pair"])
    return sorted(options, key=lambda option: -option.log_odds)[:TRIED]


def _found(question: Question, at: int, model: Trees) -> list[Option]:
    numbers, values = candidates(question, at)
    odds = model.log_odds(np.array([pair(question, at, number) for number in numbers]))
    return [
        Option(value, question.found[number], float(odd))
        for number, value, odd in zip(numbers, values, odds, strict=True)
    ]


def candidates(question: Question, at: int) -> tuple[list[int], list[Any]]:
    """Returns which found values the parameter could take at all, and how it would."""
    parameter = question.parameters[at]
    values = [typed(found, parameter) for found in question.found]
    numbers = [number for number, value in enumerate(values) if value is not None]
    return numbers, [values[number] for number in numbers]


def _chosen(question: Question, at: int, model: Trees) -> list[Option]:
    parameter = question.parameters[at]
    choices = choices_of(parameter)
    if not choices:
        return []
    odds = model.log_odds(choice_rows(question, at))
    if parameter.kind != "array":
        return [Option(value, None, float(odd)) for value, odd in zip(choices, odds, strict=True)]
    several = [(value, float(odd)) for value, odd in zip(choices, odds, strict=True) if odd > 0]
    return [Option([value for value, _ in several], None, min(odd for _, odd in several))] if several else []


def choice_rows(question: Question, at: int) -> NDArray[np.float64]:
    """Returns the features of each of a parameter's choices."""
    parameter, vectors = question.parameters[at], question.vectors
    choices = choices_of(parameter)
    request = vectors[question.request]
    alone, both = (np.stack([vectors[_said(parameter, value)[form]] for value in choices]) for form in (0, 1))
    phrases = np.stack([vectors[text_of(found)] for found in question.found] or [request])
    nearest = (alone @ phrases.T).max(axis=1)
    rows = []
    for number, value in enumerate(choices):
        others = np.delete(nearest, number)
        likeness = {
            "value": float(alone[number] @ request),
            "phrase": float(nearest[number]),
            "both": float(both[number] @ request),
            "lead": float(nearest[number] - others.max()) if len(others) else 0.0,
            "tool": float(alone[number] @ vectors[question.tool]),
        }
        rows.append(choice(question, at, value, likeness))
    return np.array(rows)


def _combined(parameters: Sequence[Parameter], options: Sequence[Sequence[Option]]) -> list[Option | None]:
    """The best combination, in which no words are given to two parameters without need; a beam search."""
    order = sorted(range(len(parameters)), key=lambda at: -max((o.log_odds for o in options[at]), default=-math.inf))
    beam: list[tuple[float, dict[int, Option]]] = [(0.0, {})]
    for at in order:
        needed = MIN_REQUIRED if parameters[at].required else MIN_OPTIONAL
        grown = list(beam)
        for score, taken in beam:
            for option in options[at]:
                # What only stands in the description as an example is never taken without being spelled out.
                limit = needed if option.found or parameters[at].closed else max(needed, 0.0)
                if option.found is None and parameters[at].required:
                    limit = max(limit, MIN_CHOICE)
                gain = option.log_odds - SHARED * sum(_overlap(option, other) for other in taken.values())
                if gain > limit:
                    grown.append((score + gain - limit, {**taken, at: option}))
        beam = sorted(grown, key=lambda item: -item[0])[:FOLLOWED]
    return [beam[0][1].get(at) for at in range(len(parameters))]


def _overlap(option: Option, other: Option) -> bool:
    return option.found is not None and other.found is not None and option.found.overlaps(other.found)
