"""Functions of whole numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from .kinds import Real
from .limits import MAX_BITS, MAX_DIGITS, MAX_EXPONENT, CalculationError, too_big


def whole_number(x: Real, name: str) -> int:
    """Returns an integer.

    Raises:
        CalculationError: The number is none.
    """
    if not isinstance(x, Fraction) or x.denominator != 1:
        raise CalculationError(f"{name} takes whole numbers only")
    return int(x)


def factorial(x: Real) -> Fraction:
    """Returns x!"""
    n = whole_number(x, "factorial")
    if n < 0:
        raise CalculationError("the factorial of a negative number is undefined")
    if n > MAX_DIGITS or math.lgamma(n + 1) > MAX_EXPONENT:
        raise too_big()
    return Fraction(_factorial(n))


@lru_cache(maxsize=16)
def _factorial(n: int) -> int:
    return math.factorial(n)


def gcd(numbers: Sequence[Real]) -> Fraction:
    """Returns the greatest common divisor."""
    return Fraction(math.gcd(*(whole_number(number, "gcd") for number in numbers)))


def lcm(numbers: Sequence[Real]) -> Fraction:
    """Returns the least common multiple."""
    result = 1
    for number in numbers:
        result = math.lcm(result, whole_number(number, "lcm"))
        if result.bit_length() > MAX_BITS:
            raise too_big()
    return Fraction(result)


def choices(name: str, total: Real, chosen: Real) -> Fraction:
    """Returns in how many ways some of a total can be chosen.

    Args:
        name: ``binomial`` where their order does not matter, ``permutations`` where it does.
        total: Of how many.
        chosen: How many.
    """
    n, k = whole_number(total, name), whole_number(chosen, name)
    if n < 0 or k < 0:
        raise CalculationError(f"{name} takes whole numbers from 0 on")
    if k > n:
        return Fraction(0)
    few = min(k, n - k) if name == "binomial" else k
    # (n/k)^k and (n/e)^k are lower bounds of the two.
    bits = n.bit_length() - (few.bit_length() + 1 if name == "binomial" else 3)
    if few > MAX_BITS or few * bits > MAX_BITS:
        raise too_big()
    return Fraction(math.comb(n, few) if name == "binomial" else math.perm(n, few))
