"""An expression with a judge of its result, and comparisons of what is shown with what is wanted."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath

Result = dict[str, Any]
PLACES = 40  # of the reference
ROUNDING = mpmath.mpf("0.5000001e-11")  # half a unit of the twelfth digit, relative to the smallest number with 12


@dataclass(frozen=True, slots=True)
class Case:
    """An expression with a judge of what comes out.

    Attributes:
        text: The expression.
        agrees: Whether a result of the calculator is right.
    """

    text: str
    agrees: Callable[[Result], bool]


def is_exactly(wanted: Fraction) -> Callable[[Result], bool]:
    return lambda result: result["exact"] is not None and Fraction(result["exact"]) == wanted


def is_text(wanted: object) -> Callable[[Result], bool]:
    return lambda result: bool(result["value"] == str(wanted))


def near(shown: str, wanted: Any) -> bool:
    """Whether a number with 12 digits is the nearest one to what is wanted."""
    with mpmath.workdps(PLACES):
        value, wanted = real(shown), mpmath.mpf(wanted)
        return bool(abs(value - wanted) <= abs(wanted) * ROUNDING)


def real(text: str) -> Any:
    above, _, below = text.partition("/")
    return mpmath.mpf(above) / (mpmath.mpf(below) if below else 1)


def is_float(wanted: float, tolerance: float = 1e-9, least: float = 1e-12) -> Callable[[Result], bool]:
    return lambda result: math.isclose(float(real(result["value"])), wanted, rel_tol=tolerance, abs_tol=least)


def split(shown: str) -> tuple[str, str]:
    """The two parts of a text such as ``2 - 3.5e-7i``."""
    if not shown.endswith("i"):
        return shown, "0"
    re_part, sign, im_part = re.fullmatch(r"(?:(.+?) )?([+-] ?)?([^ ]*)i", shown).groups()  # type: ignore[union-attr]
    size = im_part.strip("()") or "1"
    return re_part or "0", ("-" if (sign or "").startswith("-") else "") + size
