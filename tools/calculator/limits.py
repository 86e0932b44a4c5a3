"""What a calculation may cost, and how it is refused."""

from __future__ import annotations

import math

MAX_LENGTH = 1_000  # characters of an expression
MAX_DEPTH = 100  # brackets, powers and signs within each other
MAX_DIGITS = 10_000  # of a result, and of every number on the way to it
MAX_BITS = int(MAX_DIGITS * math.log2(10)) + 1
MAX_EXPONENT = MAX_BITS * math.log(2)  # of e
MAX_PLACES = 1_000  # that a caller may ask for
MAX_UNIT_POWER = 50
MAX_SIDE = 20  # rows or columns of a matrix
MAX_SIDE_OF_EIGENVALUES = 10
MAX_MATRIX_POWER = 10**18
SECONDS = 1.0  # of computing


class CalculationError(Exception):
    """An expression cannot be read, has no defined result or would cost too much; the text is one clear line."""


class Definite(CalculationError):
    """A refusal that more precision would not change."""


def too_long() -> Definite:
    """Returns the refusal of a calculation that finds no end."""
    return Definite(f"this would take longer than {SECONDS:g} s")


def too_big() -> Definite:
    """Returns the refusal of a number with too many digits."""
    return Definite(f"the result, or a number on the way to it, would have more than {MAX_DIGITS:,} digits")
