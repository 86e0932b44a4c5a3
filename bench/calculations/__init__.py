"""Expressions for the calculator, each with a second way to its value."""

from __future__ import annotations

import random
from collections.abc import Callable

from bench.calculations.arrays import matrix, statistic
from bench.calculations.errors import measured
from bench.calculations.hostile import HOSTILE
from bench.calculations.judge import Case, Result
from bench.calculations.numbers import complex_number, irrational, rational, rounding
from bench.calculations.quantities import moment, quantity

__all__ = ["HOSTILE", "KINDS", "Case", "Result", "generated"]

KINDS: dict[str, Callable[[random.Random], Case]] = {
    "rational, against fractions": rational,
    "rounding, against decimal": rounding,
    "irrational, against mpmath": irrational,
    "complex, against mpmath": complex_number,
    "matrices, against mpmath and numpy": matrix,
    "statistics, against numpy and statistics": statistic,
    "units, against pint": quantity,
    "dates and times, against datetime and numpy": moment,
    "errors, against mpmath's derivatives": measured,
}


def generated(count: int, seed: int) -> dict[str, list[Case]]:
    """Makes so many expressions in all, as many of each kind."""
    each, more = divmod(count, len(KINDS))
    source = random.Random(seed)
    return {name: [make(source) for _ in range(each + (i < more))] for i, (name, make) in enumerate(KINDS.items())}
