"""Arithmetic on every kind of number: sends each operation to the module that knows the wider kind of its operands."""

from __future__ import annotations

from fractions import Fraction

from . import complexes, intervals, matrices
from .kinds import Complex, Interval, Matrix, Number, Real, with_parts
from .limits import CalculationError
from .numbers import Numbers

SPECIAL = (Complex, Interval, Matrix)


class Algebra(Numbers):
    """Computes with real and complex numbers, numbers with an error, and matrices.

    Args:
        places: Significant digits.
        leaves_reals: Whether a root, power or logarithm without a real value gets a complex one.
    """

    def __init__(self, places: int, leaves_reals: bool = False) -> None:
        super().__init__(places)
        self.leaves_reals = leaves_reals

    def add(self, a: Number, b: Number) -> Number:
        """Returns a + b."""
        if not isinstance(a, SPECIAL) and not isinstance(b, SPECIAL):
            return super().add(a, b)
        if isinstance(a, Matrix) or isinstance(b, Matrix):
            return matrices.add(self, a, b)
        return intervals.add(self, a, b) if _measured(a, b) else complexes.add(self, a, b)

    def multiply(self, a: Number, b: Number) -> Number:
        """Returns a · b."""
        if not isinstance(a, SPECIAL) and not isinstance(b, SPECIAL):
            return super().multiply(a, b)
        if isinstance(a, Matrix) or isinstance(b, Matrix):
            return matrices.multiply(self, a, b)
        return intervals.multiply(self, a, b) if _measured(a, b) else complexes.multiply(self, a, b)

    def divide(self, a: Number, b: Number) -> Number:
        """Returns a / b."""
        if not isinstance(a, SPECIAL) and not isinstance(b, SPECIAL):
            return super().divide(a, b)
        if isinstance(a, Matrix) or isinstance(b, Matrix):
            return matrices.divide(self, a, b)
        return intervals.divide(self, a, b) if _measured(a, b) else complexes.divide(self, a, b)

    def power(self, a: Number, b: Number) -> Number:
        """Returns a to the power of b, exactly where that is rational."""
        if isinstance(a, Matrix) or isinstance(b, Matrix):
            return matrices.power(self, a, b)
        if _measured(a, b):
            return intervals.power(self, a, b)
        if isinstance(a, Complex) or isinstance(b, Complex) or (self.leaves_reals and a < 0 and not _is_whole(b)):
            return complexes.power(self, a, b)
        return super().power(a, b)

    def root(self, x: Number, n: int) -> Number:
        """Returns the n-th root: the real one where there is one."""
        if isinstance(x, Interval):
            return intervals.root(self, x, n)
        if n and (isinstance(x, Complex) or (self.leaves_reals and x < 0 and n % 2 == 0)):
            return complexes.power(self, x, Fraction(1, n))
        return super().root(x, n)

    def log(self, x: Number, base: Number | None = None) -> Number:
        """Returns the logarithm, the natural one without a base; exact where it is a whole number."""
        if _measured(x, base):
            return intervals.logarithm(self, x, base)
        if not self._is_complex("ln", x) and not self._is_complex("ln", base):
            return super().log(x, base)
        above = complexes.logarithm(self, x)
        return above if base is None else self.divide(above, complexes.logarithm(self, base))

    def function(self, name: str, x: Number) -> Number:
        """Returns a function such as ``asin`` or ``cosh`` of a plain number, angles being radians."""
        if isinstance(x, Interval):
            return intervals.function(self, name, x)
        if not self._is_complex(name, x):
            return super().function(name, x)
        return complexes.exp(self, x) if name == "exp" else complexes.function(self, name, x)

    def modulus(self, x: Number) -> Number:
        """Returns the absolute value."""
        if isinstance(x, Interval):
            return intervals.modulus(x)
        return complexes.modulus(self, x)

    def shift(self, number: Number, by: Real) -> Number:
        """Returns a number, or each entry of a matrix, with something added."""
        if isinstance(number, Matrix):
            return Matrix(tuple(tuple(self.add(entry, by) for entry in row) for row in number.rows))
        return self.add(number, by)

    def is_close(self, a: Number, b: Number) -> bool:
        """Whether two numbers are equal as far as the precision goes; exact ones have to be equal."""
        if not isinstance(a, Complex) and not isinstance(b, Complex):
            return super().is_close(a, b)
        return all(super(Algebra, self).is_close(*pair) for pair in zip(*map(complexes.parts, (a, b)), strict=True))

    def bounded(self, number: Number) -> Number:
        """Returns the number, a fraction with too many digits as an ``mpf``; see ``Numbers.bounded``."""
        return with_parts(number, super().bounded) if isinstance(number, SPECIAL) else super().bounded(number)

    def _is_complex(self, name: str, x: Number | None) -> bool:
        """Whether a function's value has to be sought among the complex numbers."""
        if x is None or isinstance(x, Complex):
            return x is not None
        return self.leaves_reals and not _has_real_value(name, x)


def _has_real_value(name: str, x: Real) -> bool:
    if name == "ln":
        return bool(x >= 0)  # 0 has no logarithm of either kind
    if name in ("asin", "acos", "atanh"):
        return bool(abs(x) <= 1)
    return name != "acosh" or bool(x >= 1)


def _is_whole(x: Real) -> bool:
    return isinstance(x, Fraction) and x.denominator == 1


def _measured(a: Number, b: Number) -> bool:
    """Whether one of two numbers has an error.

    Raises:
        CalculationError: The other one is complex.
    """
    found = isinstance(a, Interval) or isinstance(b, Interval)
    if found and (isinstance(a, Complex) or isinstance(b, Complex)):
        raise CalculationError(intervals.MIXED)
    return found
