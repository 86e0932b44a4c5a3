"""Checks SymPy's results by numbers that are found another way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .decide import Clock
from .numeric import DIGITS, Decimal, Undefined, evaluate, number_of
from .syntax import Node

POINTS = 6
MIN_POINTS = 3
TRIALS = 40


def points(names: list[str], whole: bool = False, above: float = 0.0) -> Iterator[dict[str, Decimal]]:
    """Yields values for variables: small and positive ones first, where most is defined, then others.

    Args:
        names: The variables.
        whole: Whether they are integers.
        above: The least of them, at first.
    """
    import mpmath

    source = random.Random(2)  # noqa: S311
    for trial in range(TRIALS):
        low, high = (above + 0.05, above + 3.0) if trial < TRIALS // 2 else (-5.0, 5.0)
        drawn = [source.uniform(low, high) for _ in names]
        yield {
            name: mpmath.mpf(round(value) if whole else round(value, 3))
            for name, value in zip(names, drawn, strict=True)
        }


def close(a: Decimal, b: Decimal, digits: int = 20) -> bool:
    """Returns whether two numbers agree to so many digits."""
    import mpmath

    with mpmath.workdps(DIGITS):
        return bool(abs(a - b) <= mpmath.mpf(10) ** -digits * max(1, abs(a), abs(b)))


def agree(
    first: Callable[[Mapping[str, Decimal]], Decimal],
    second: Callable[[Mapping[str, Decimal]], Decimal],
    names: list[str],
    clock: Clock,
    digits: int = 20,
) -> bool | None:
    """Returns whether two functions have the same values.

    Args:
        first: Takes the values of the variables.
        second: Takes the same.
        names: The variables.
        clock: Tells how long it may take.
        digits: To which they must agree.

    Returns:
        None where they are defined together at too few points.
    """
    compared = 0
    for values in points(names):
        if compared == POINTS or clock.left < clock.seconds * 0.2:
            break
        try:
            a, b = first(values), second(values)
        except Undefined:
            continue
        if not close(a, b, digits):
            return False
        compared += 1
        if not names:
            return True
    return True if compared >= MIN_POINTS else None


def same(node: Node, expression: Any, names: list[str], clock: Clock) -> bool | None:
    """Returns whether SymPy's expression has the values of a tree."""
    return agree(lambda values: evaluate(node, values), lambda values: number_of(expression, values), names, clock)


def slope(function: Callable[[Decimal], Decimal], at: Decimal, order: int = 1) -> Decimal:
    """Returns a derivative by differences.

    Raises:
        Undefined: The function is not defined nearby.
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        return mpmath.diff(function, at, order)


def is_root(node: Node, values: Mapping[str, Decimal], unknowns: list[str]) -> bool | None:
    """Returns whether an equation holds for values that are known to many digits; None where it is not defined.

    What is left of it must be far less than what a small step away from the values leaves.
    """
    import mpmath

    try:
        rest = abs(evaluate(node, values))
        if rest <= mpmath.mpf(10) ** -30:
            return True
        with mpmath.workdps(DIGITS):
            step = mpmath.mpf(10) ** -12
            moved = {name: value * (1 + step) + step if name in unknowns else value for name, value in values.items()}
        return bool(rest <= abs(evaluate(node, moved)) * mpmath.mpf(10) ** -6)
    except Undefined:
        return None
