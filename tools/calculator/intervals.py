"""Numbers with a standard error: what is known of them is passed on to first order.

Each number of an expression is taken as independent of the others, so at every step the errors of the two sides add up
as squares; see the Guide to the Expression of Uncertainty in Measurement (JCGM 100:2008), 5.1.2. An expression uses
each of its numbers once, which makes the rule of one step enough.
"""

from __future__ import annotations

from fractions import Fraction

from .kinds import Complex, Interval, Number, Real
from .limits import CalculationError
from .numbers import HALF, ONE, Numbers
from .slopes import slope

ZERO = Fraction(0)
MIXED = "± belongs to real numbers; a complex one cannot be put together with it"


def parts(x: Number) -> tuple[Real, Real]:
    """Returns the number and its error."""
    return (x.number, x.error) if isinstance(x, Interval) else (x, ZERO)


def measured(number: Real, error: Real) -> Interval:
    """Returns number ± error.

    Raises:
        CalculationError: The error is negative.
    """
    if error < 0:
        raise CalculationError("what stands behind ± must not be negative")
    return Interval(number, error)


def add(numbers: Numbers, a: Number, b: Number) -> Interval:
    """Returns a + b."""
    (x, dx), (y, dy) = parts(a), parts(b)
    return Interval(numbers.add(x, y), _together(numbers, dx, dy))


def multiply(numbers: Numbers, a: Number, b: Number) -> Interval:
    """Returns a · b."""
    (x, dx), (y, dy) = parts(a), parts(b)
    return Interval(numbers.multiply(x, y), _together(numbers, _times(numbers, y, dx), _times(numbers, x, dy)))


def divide(numbers: Numbers, a: Number, b: Number) -> Interval:
    """Returns a / b."""
    (x, dx), (y, dy) = parts(a), parts(b)
    result = numbers.divide(x, y)
    errors = (numbers.divide(dx, y), numbers.divide(_times(numbers, result, dy), y))
    return Interval(result, _together(numbers, *errors))


def power(numbers: Numbers, a: Number, b: Number) -> Interval:
    """Returns a to the power of b."""
    (x, dx), (y, dy) = parts(a), parts(b)
    if x == 0 and dx and (y < 1 or dy):
        raise _no_slope(f"the power of {y if isinstance(y, Fraction) else 'that size'}")
    result = _real(numbers.power(x, y))
    steep = ONE if y == 1 else _times(numbers, y, numbers.power(x, numbers.add(y, -ONE))) if dx else ZERO
    _warn_of_flatness(numbers, dx, steep)
    by_power = numbers.multiply(numbers.multiply(result, numbers.log(x)), dy) if dy else ZERO
    return Interval(result, _together(numbers, _times(numbers, steep, dx), by_power))


def root(numbers: Numbers, x: Interval, n: int) -> Interval:
    """Returns the n-th real root."""
    result = _real(numbers.root(x.number, n))
    if x.number == 0:
        raise _no_slope("the root")
    share = numbers.divide(x.error, numbers.multiply(x.number, Fraction(n)))
    return Interval(result, abs(numbers.multiply(result, share)))


def modulus(x: Interval) -> Interval:
    """Returns the number without its sign."""
    return Interval(abs(x.number), x.error)


def logarithm(numbers: Numbers, x: Number, base: Number | None) -> Interval:
    """Returns the logarithm, the natural one without a base."""
    above = function(numbers, "ln", x)
    return above if base is None else divide(numbers, above, function(numbers, "ln", base))


def function(numbers: Numbers, name: str, x: Number) -> Interval:
    """Returns a function such as ``sin`` of a number with an error."""
    number, error = parts(x)
    result = _real(numbers.log(number) if name == "ln" else numbers.function(name, number))
    if not error:
        return Interval(result, ZERO)
    try:
        steep = abs(slope(numbers.mp, name, numbers.real(number), numbers.real(result)))
    except ZeroDivisionError as undefined:
        raise _no_slope(name) from undefined
    _warn_of_flatness(numbers, error, steep)
    return Interval(result, numbers.multiply(steep, error))


def _warn_of_flatness(numbers: Numbers, error: Real, steep: Real) -> None:
    if error and not steep:
        numbers.notes.append("the slope is 0 there, so that to first order nothing is left of the error")


def _together(numbers: Numbers, a: Real, b: Real) -> Real:
    """The root of the sum of the squares."""
    if not a or not b:
        return abs(a or b)
    return numbers.power(numbers.add(numbers.multiply(a, a), numbers.multiply(b, b)), HALF)


def _times(numbers: Numbers, a: Real, b: Real) -> Real:
    return numbers.multiply(a, b) if a and b else ZERO


def _real(x: Number) -> Real:
    if isinstance(x, Complex):
        raise CalculationError(MIXED)
    return x


def _no_slope(what: str) -> CalculationError:
    return CalculationError(f"{what} changes too abruptly there for an error to be passed on")
