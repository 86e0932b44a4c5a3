"""Arithmetic on complex numbers, whose parts stay exact while they can."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from .kinds import Complex, Number, Real
from .limits import MAX_BITS, MAX_EXPONENT, CalculationError, too_big
from .numbers import MAX_ANGLE_BITS, ONE, Numbers
from .slopes import slope

ZERO = Fraction(0)
UNITS = {(ONE, ZERO): 0, (ZERO, ONE): 1, (-ONE, ZERO): 2, (ZERO, -ONE): 3}  # powers of i


def parts(x: Number) -> tuple[Real, Real]:
    """Returns the real and the imaginary part."""
    return (x.re, x.im) if isinstance(x, Complex) else (x, ZERO)


def compose(re: Real, im: Real) -> Number:
    """Returns re + im·i, a real number where the imaginary part is exactly 0."""
    return re if isinstance(im, Fraction) and im == 0 else Complex(re, im)


def add(numbers: Numbers, a: Number, b: Number) -> Number:
    """Returns a + b."""
    (p, q), (r, s) = parts(a), parts(b)
    result = _untracked(numbers, lambda: (_plus(numbers, p, r), _plus(numbers, q, s)))
    if not all(isinstance(part, Fraction) for part in (p, q, r, s)):
        numbers.lose(_magnitude(numbers, p, q, r, s) - _magnitude(numbers, *result))
    return compose(*result)


def multiply(numbers: Numbers, a: Number, b: Number) -> Number:
    """Returns a · b."""
    (p, q), (r, s) = parts(a), parts(b)

    def product() -> tuple[Real, Real]:
        re = _plus(numbers, _times(numbers, p, r), -_times(numbers, q, s))
        return re, _plus(numbers, _times(numbers, p, s), _times(numbers, q, r))

    return compose(*_untracked(numbers, product))


def divide(numbers: Numbers, a: Number, b: Number) -> Number:
    """Returns a / b."""
    r, s = parts(b)
    size = _plus(numbers, _times(numbers, r, r), _times(numbers, s, s))
    above = multiply(numbers, a, compose(r, -s))
    return compose(*(numbers.divide(part, size) for part in parts(above)))


def power(numbers: Numbers, a: Number, b: Number) -> Number:
    """Returns a to the power of b, the principal value."""
    whole = isinstance(b, Fraction) and b.denominator == 1
    if a == 0:
        if whole or parts(b)[0] > 0:
            return numbers.power(a, parts(b)[0])
        raise CalculationError("a power of 0 that is neither positive nor real is undefined")
    if whole:
        exact = _whole_power(numbers, a, int(b))
        if exact is not None:
            return exact
    if isinstance(b, Fraction) and b * 2 == 1:
        return square_root(numbers, a)
    if whole:
        numbers.lose(int(b).bit_length())
    return exp(numbers, multiply(numbers, b, logarithm(numbers, a)))


def _whole_power(numbers: Numbers, a: Number, n: int) -> Number | None:
    """The power of a number with rational parts, None where it is not exact."""
    re, im = parts(a)
    if not (isinstance(re, Fraction) and isinstance(im, Fraction)):
        return None
    if (re, im) in UNITS:
        turns = UNITS[re, im] * n % 4
        return compose(*next(unit for unit, turn in UNITS.items() if turn == turns))
    below = math.lcm(re.denominator, im.denominator)
    size = max(math.log2((re * below) ** 2 + (im * below) ** 2) / 2, math.log2(below))  # at least 1/2
    if size * min(abs(n), 3 * MAX_BITS) > MAX_BITS:
        if below == 1:
            raise too_big()
        return None
    result: Number = ONE
    for bit in f"{abs(n):b}":
        result = multiply(numbers, result, result)
        result = multiply(numbers, result, a) if bit == "1" else result
    return result if n >= 0 else divide(numbers, ONE, result)


def square_root(numbers: Numbers, x: Number) -> Number:
    """Returns the square root whose real part is not negative."""
    re, im = parts(x)
    if im == 0:
        root = numbers.power(abs(re), Fraction(1, 2)) if re else ZERO
        return root if re >= 0 else compose(ZERO, root)
    size = modulus(numbers, x)
    # Of the two half sums the one without cancellation; the other part follows from re·im = im(x)/2.
    big = numbers.power(numbers.divide(numbers.add(size, abs(re)), Fraction(2)), Fraction(1, 2))
    small = numbers.divide(abs(im), numbers.multiply(Fraction(2), big))
    a, b = (big, small) if re >= 0 else (small, big)
    return compose(a, b if im > 0 else -b)


def modulus(numbers: Numbers, x: Number) -> Real:
    """Returns the distance from 0."""
    re, im = parts(x)
    if im == 0:
        return abs(re)
    square = _plus(numbers, _times(numbers, re, re), _times(numbers, im, im))
    return numbers.power(square, Fraction(1, 2))


def argument(numbers: Numbers, x: Number) -> Real:
    """Returns the angle in radians, more than -π and at most π.

    Raises:
        CalculationError: 0 has none.
    """
    re, im = parts(x)
    if re == 0 and im == 0:
        raise CalculationError("the argument of 0 is undefined")
    if isinstance(im, Fraction) and im == 0 and re > 0:
        return ZERO
    return numbers.mp.atan2(numbers.real(im), numbers.real(re))


def exp(numbers: Numbers, x: Number) -> Number:
    """Returns e to the power of x."""
    re, im = parts(x)
    if abs(re) > MAX_EXPONENT or _magnitude(numbers, im) > MAX_ANGLE_BITS:
        raise too_big()
    return compose(*_apply(numbers, "exp", x)) if im != 0 else numbers.exp(re)


def logarithm(numbers: Numbers, x: Number) -> Number:
    """Returns the natural logarithm whose imaginary part is more than -π and at most π."""
    re, im = parts(x)
    if isinstance(im, Fraction) and im == 0 and re > 0:
        return numbers.log(re)
    if re == 0 and im == 0:
        raise CalculationError("the logarithm of 0 is undefined")
    return compose(*_apply(numbers, "ln", x))


def function(numbers: Numbers, name: str, x: Number) -> Number:
    """Returns a function such as ``sin`` or ``atanh`` of a complex number."""
    re, im = parts(x)
    if name in ("sin", "cos", "tan") and (abs(im) > MAX_EXPONENT or _magnitude(numbers, re) > MAX_ANGLE_BITS):
        raise too_big()
    if name in ("sinh", "cosh", "tanh") and (abs(re) > MAX_EXPONENT or _magnitude(numbers, im) > MAX_ANGLE_BITS):
        raise too_big()
    return compose(*_apply(numbers, name, x))


def _apply(numbers: Numbers, name: str, x: Number) -> tuple[Real, Real]:
    """A function by mpmath, counting the digits that it loses by its slope: a small change of x is one of f(x)."""
    re, im = (numbers.real(part) for part in parts(x))
    mp = numbers.mp
    z = mp.mpc(re, im)
    try:
        result = mp.mpc(getattr(mp, {"ln": "log"}.get(name, name))(z))
        steep = abs(z * slope(mp, name, z, result))
    except (ValueError, ZeroDivisionError) as error:
        raise CalculationError(f"{name} is undefined there") from error
    if not (mp.isfinite(result) and mp.isfinite(steep)):
        raise CalculationError(f"{name} is undefined there")
    if steep:
        numbers.lose(int(mp.mag(steep)) - _magnitude(numbers, result.real, result.imag))
    return result.real, result.imag


def _magnitude(numbers: Numbers, *values: Real) -> int:
    return max((int(numbers.mp.mag(numbers.approximate(x))) for x in values if x), default=-int(numbers.mp.prec))


def _untracked(numbers: Numbers, compute: Callable[[], tuple[Real, Real]]) -> tuple[Real, Real]:
    """Computes parts without counting what is lost in each: only a loss beside the whole number is one."""
    lost = numbers.lost
    result: Any = compute()
    numbers.lost = lost
    return result  # type: ignore[no-any-return]


def _plus(numbers: Numbers, a: Real, b: Real) -> Real:
    """A sum in which an exact 0 keeps the other part exact."""
    if any(isinstance(x, Fraction) and x == 0 for x in (a, b)):
        return b if isinstance(a, Fraction) and a == 0 else a
    return numbers.add(a, b)


def _times(numbers: Numbers, a: Real, b: Real) -> Real:
    if any(isinstance(x, Fraction) and x == 0 for x in (a, b)):
        return ZERO
    return numbers.multiply(a, b)
