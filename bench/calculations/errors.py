"""Numbers with an error, against the derivatives that mpmath computes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import mpmath

from bench.calculations.judge import PLACES, Case, near
from bench.calculations.numbers import REFERENCES

Function = Callable[[list[Any]], Any]


def measured(source: random.Random) -> Case:
    """Makes an expression of numbers with errors, each of them used once."""
    while True:
        numbers: list[tuple[Any, Any]] = []
        text, function = _measured_tree(source, source.randint(1, 3), numbers)
        with mpmath.workdps(PLACES):
            point = [x for x, _ in numbers]
            value = function(point)
            slopes = [_slope(function, point, i) for i in range(len(point))]
            error = mpmath.sqrt(sum((s * e) ** 2 for s, (_, e) in zip(slopes, numbers, strict=True)))
        if isinstance(value, mpmath.mpf) and 1e-9 < abs(value) < 1e9 and 1e-12 < error < 1e9:
            return Case(text, lambda result, value=value, error=error: _is_measured(result["value"], value, error))


def _measured_tree(source: random.Random, depth: int, numbers: list[tuple[Any, Any]]) -> tuple[str, Function]:
    if depth == 0:
        number, error = f"{source.uniform(0.5, 20):.2f}", f"{source.uniform(0.01, 0.3):.2f}"
        numbers.append((mpmath.mpf(number), mpmath.mpf(error)))
        index = len(numbers) - 1
        return f"({number} ± {error})", lambda point: point[index]
    text, inner = _measured_tree(source, depth - 1, numbers)
    if source.random() < 0.3:
        name = source.choice(("sqrt", "ln", "sin", "atan", "exp"))
        reference = _small_exp if name == "exp" else REFERENCES.get(name, getattr(mpmath, name, None))
        return f"{name}({text})", lambda point: reference(inner(point))
    if source.random() < 0.2:
        power = source.choice((2, 3, -1))
        return f"({text})^{power}", lambda point: inner(point) ** power
    other_text, other = _measured_tree(source, depth - 1, numbers)
    op = source.choice("+-*/")
    combine = {"+": mpmath.fadd, "-": mpmath.fsub, "*": mpmath.fmul, "/": mpmath.fdiv}[op]
    return f"({text}) {op} ({other_text})", lambda point: combine(inner(point), other(point))


def _small_exp(x: Any) -> Any:
    return mpmath.exp(x) if isinstance(x, mpmath.mpf) and x < 50 else mpmath.nan


def _slope(function: Function, point: list[Any], i: int) -> Any:
    return mpmath.diff(lambda x: function([*point[:i], x, *point[i + 1 :]]), point[i])


def _is_measured(shown: str, value: Any, error: Any) -> bool:
    """Whether an error has two digits and its number as many places, 12 digits at most, each rounded to nearest."""
    if match := re.fullmatch(r"(\S+) ± (\d\.\de-?\d+)", shown):
        return near(match[1], value) and bool(abs(mpmath.mpf(match[2]) - error) <= error * mpmath.mpf("0.05"))
    match = re.fullmatch(r"\(?(-?[\d.]+) ± ([\d.]+)(?:\)e(-?\d+))?", shown)
    if match is None:
        return False
    scale = Decimal(10) ** int(match[3] or 0)
    unit = mpmath.mpf(10) ** ((Decimal(match[2]) * scale).adjusted() - 1)
    off = [abs(mpmath.mpf(str(Decimal(match[i]) * scale)) - x) / unit for i, x in ((1, value), (2, error))]
    return bool(max(off) < 0.5000001)
