"""The tool that calculates, without a language model's guesses and without ``eval``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from assistant.plugin import Context, ToolError, tool

from .calculate import calculate
from .limits import CalculationError
from .units import load_units


@tool(
    examples=[
        "What is 12.5 % of 2,480, minus 17?",
        "sqrt(2) to 30 digits",
        "Convert 72 °F to °C",
        "20% off 45",
        "det([[1, 2], [3, 4]])",
        "(2 + 3i) * (1 - i)",
        "Standard deviation of 2, 4, 4, 5 and 9",
        "How many days are there between 2026-03-01 and 2026-12-24?",
        "5.2±0.1 m / 2.0±0.1 s",
    ],
    timeout=5,
    trusted=True,
    prepare=load_units,
)
def calculator(expression: str, ctx: Context, digits: Annotated[int, Field(ge=1, le=1000)] = 12) -> dict[str, Any]:
    """Calculate exactly: arithmetic, percentages, units, dates, statistics, matrices, complex numbers, ± errors.

    Use it for every calculation and unit conversion, however easy, and state its result as it is returned: "text" is
    the whole calculation in one line, "value" the number (rounded where "text" has ≈), "exact" the integer, decimal or
    fraction, or null for an irrational number.

    Write 2^10, 7 mod 3, 10!, sqrt(2), root(27, 3), log(100) (base 10), ln(e), log(8, 2), sin(30 deg) (plain numbers
    are radians), gcd(12, 18), binomial(5, 2), round(2.345, 2), sigfig(1234, 2), 0xff, 0b101, pi, e, 2^10 > 1000.
    12.5 % of 2,480 is a share; 80 + 15 % adds 15 % of 80; 20 % off 45; 15 as a percentage of 60; 17 % 5, with an
    operand right behind the sign, is the remainder. Units: 5 miles in km, 3 ft + 20 cm, 60 km/h * 45 min, 2 hours 30
    minutes in seconds, 72 °F to °C. Errors: 5.2±0.1 m / 2.0±0.1 s. Complex: (2 + 3i)^2, abs, arg, conj, polar.
    Statistics of a list [2, 4, 9]: sum, mean, median, mode, stdev (of a sample), pstdev, variance, percentile(list,
    90), correlation(list, list), regression, normcdf. Matrices [[1, 2], [3, 4]]: + * ^, det, inv, transpose, rank,
    eigenvalues, solve(A, b), dot, cross. Dates: 2026-12-24 - 2026-03-01, 2026-01-31 + 1 month, today + 90 days,
    weekday(2026-12-24), workdays(date, date), 14:30 + 95 min. Constants by name: speed of light, Planck constant.
    A comma within a function's brackets separates values. Money cannot be converted and there are no variables.

    Args:
        expression: What to calculate, as in "12.5 % of 2,480, minus 17" or "100 kg * 9.81 m/s^2 in N".
        digits: Significant digits of a result that has to be rounded.
    """
    try:
        result = asdict(calculate(expression, digits, ctx.now().astimezone()))
    except CalculationError as error:
        raise ToolError(str(error)) from error
    if not result["sources"]:
        del result["sources"]
    return result
