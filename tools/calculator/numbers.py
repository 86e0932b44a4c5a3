"""Arithmetic on real numbers that stays exact while it can.

A number is a ``Fraction`` while it is rational and one of mpmath's ``mpf`` from the first irrational step on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from .integers import whole_number
from .kinds import Real
from .limits import MAX_BITS, MAX_EXPONENT, MAX_PLACES, CalculationError, too_big

CLOSE = 1e-6
ONE, HALF = Fraction(1), Fraction(1, 2)
WITH_I = "; with an i in the expression, as in + 0i, it is computed among the complex numbers"
MAX_SIMPLE_POWER = 100
MAX_ANGLE_BITS = math.log2(10) * 1000
# The rational sines by the angle in units of 30°.
SINES = {Fraction(n): Fraction(twice, 2) for n, twice in {0: 0, 1: 1, 3: 2, 5: 1, 6: 0, 7: -1, 9: -2, 11: -1}.items()}
# What is said of a value at 0, which is exact.
AT_ZERO = {**dict.fromkeys("sin tan asin atan sinh tanh asinh atanh".split(), 0), "cos": 1, "cosh": 1, "exp": 1}


class Numbers:
    """Computes with irrational numbers to a precision.

    Args:
        places: Significant digits.

    Attributes:
        exact: Whether no irrational number has been met.
        lost: An estimate of how many bits of the precision have been lost, to cancellation above all.
        notes: What a reader of the result should know.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self.exact = True
        self.lost = 0
        self.notes: list[str] = []
        self._context: Any = None

    @property
    def mp(self) -> Any:
        """A context of our own, because the precision of mpmath's own is shared between threads."""
        if self._context is None:
            from mpmath import MPContext

            self._context = MPContext()
            self._context.dps = self.places
        return self._context

    def real(self, number: Real) -> Real:
        """Returns the number as an ``mpf``; from here on nothing is exact."""
        self.exact = False
        return self.approximate(number)

    def approximate(self, number: Real) -> Real:
        """Returns the number as an ``mpf`` for an estimate, which leaves exact results exact."""
        return self.mp.mpf(number.numerator) / number.denominator if isinstance(number, Fraction) else number

    def constant(self, name: str) -> Real:
        """Returns π, e or τ."""
        self.exact = False
        return 2 * +self.mp.pi if name == "τ" else +(self.mp.pi if name == "π" else self.mp.e)

    def bounded(self, number: Real) -> Real:
        """Returns the number, a fraction with too many digits as an ``mpf``.

        Raises:
            CalculationError: Its magnitude alone takes more than ``MAX_DIGITS``.
        """
        if isinstance(number, Fraction):
            above, below = number.numerator.bit_length(), number.denominator.bit_length()
            if max(above, below) <= MAX_BITS:
                return number
            size = abs(above - below)
        else:
            size = abs(self.mp.mag(number)) if number else 0
        if size > MAX_BITS:
            raise too_big()
        return self.real(number)

    def is_reliable(self, digits: int) -> bool:
        """Whether a result can be trusted to some significant digits."""
        return bool(self.mp.prec - self.lost >= digits * math.log2(10) + 10)

    def lose(self, bits: int) -> None:
        """Counts bits that a step has lost."""
        self.lost += max(0, bits)

    def _magnitude(self, x: Real) -> int:
        """The exponent of two of a number; for a 0 that may be the rest of a cancellation, the least it can be."""
        return int(self.mp.mag(x)) if x else -self.mp.prec

    def _apply(self, function: Callable[[Any, Any], Real], a: Real, b: Real) -> Real:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return function(a, b)
        return function(self.real(a), self.real(b))

    def add(self, a: Real, b: Real) -> Real:
        """Returns a + b."""
        result = self._apply(lambda x, y: x + y, a, b)
        if not isinstance(result, Fraction):
            self.lose(max(self._magnitude(self.real(x)) for x in (a, b)) - self._magnitude(result))
        return result

    def multiply(self, a: Real, b: Real) -> Real:
        """Returns a · b."""
        return self._apply(lambda x, y: x * y, a, b)

    def divide(self, a: Real, b: Real) -> Real:
        """Returns a / b."""
        if b == 0:
            raise CalculationError("division by zero is undefined")
        return self._apply(lambda x, y: x / y, a, b)

    def power(self, a: Real, b: Real) -> Real:
        """Returns a to the power of b, exactly where that is rational."""
        if a == 0:
            if b <= 0:
                raise CalculationError(f"{'0 to the power of 0' if b == 0 else 'division by zero'} is undefined")
            return a
        whole = isinstance(b, Fraction) and b.denominator == 1
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            base = a if whole else self._rational_root(a, b.denominator)
            power = None if base is None else _whole_power(base, b.numerator)
            if power is not None:
                return power
        if a > 0 and isinstance(b, Fraction) and max(abs(b.numerator), b.denominator) <= MAX_SIMPLE_POWER:
            return self.mp.root(self.real(a), b.denominator) ** b.numerator
        if a < 0 and not whole:
            raise CalculationError(
                "a negative number to a fractional power is not a real number; cbrt(x) and root(x, n) take odd roots"
                f"{WITH_I}"
            )
        result = self.exp(self.real(b) * self._ln(abs(self.real(a))))
        return -result if a < 0 and b.numerator % 2 else result

    def root(self, x: Real, n: int) -> Real:
        """Returns the n-th real root."""
        if n == 0:
            raise CalculationError("the root with the index 0 is undefined")
        if x < 0 and n % 2 == 0:
            which = "square root" if n == 2 else f"root with the index {n}"  # noqa: PLR2004
            raise CalculationError(f"the {which} of a negative number is not a real number{WITH_I}")
        root = self.power(abs(x), Fraction(1, n))
        return -root if x < 0 else root

    def _rational_root(self, x: Fraction, n: int) -> Fraction | None:
        if x < 0:
            return None
        above, below = self._whole_root(x.numerator, n), self._whole_root(x.denominator, n)
        return None if above is None or below is None else Fraction(above, below)

    def _whole_root(self, x: int, n: int) -> int | None:
        if x == 1:
            return 1
        if n >= x.bit_length():
            return None
        with self.mp.workprec(x.bit_length() // n + 64):
            root = math.isqrt(x) if n == 2 else int(self.mp.nint(self.mp.root(self.mp.mpf(x), n)))  # noqa: PLR2004
        return root if root**n == x else None

    def exp(self, x: Real) -> Real:
        """Returns e to the power of x."""
        if abs(x) > MAX_EXPONENT:
            raise too_big()
        self.lose(self._magnitude(self.real(x)))
        return self.mp.exp(self.real(x))

    def log(self, x: Real, base: Real | None = None) -> Real:
        """Returns the logarithm, the natural one without a base; exact where it is a whole number."""
        if x <= 0:
            raise CalculationError(f"the logarithm of zero or a negative number is not a real number{WITH_I}")
        if base is not None and (base <= 0 or base == 1):
            raise CalculationError("the base of a logarithm must be positive and not 1")
        if isinstance(x, Fraction) and x == 1:
            return Fraction(0)
        if isinstance(x, Fraction) and isinstance(base, Fraction):
            whole = _whole_log(x, base)
            if whole is not None:
                return whole
        result = self._ln(self.real(x))
        return result if base is None else self.divide(result, self._ln(self.real(base)))

    def _ln(self, x: Real) -> Real:
        result = self.mp.log(x)
        self.lose(-self._magnitude(result))
        return result

    def function(self, name: str, x: Real) -> Real:
        """Returns a function such as ``asin`` or ``cosh`` of a plain number, angles being radians."""
        exact = isinstance(x, Fraction)
        if exact and x == 0 and name in AT_ZERO:
            return Fraction(AT_ZERO[name])
        if name in ("asin", "acos", "atanh") and (abs(x) > 1 or (name == "atanh" and abs(x) == 1)):
            raise CalculationError(f"{name} is defined from -1 to 1 only{' and not there' * (name == 'atanh')}{WITH_I}")
        if name == "acosh" and x < 1:
            raise CalculationError(f"acosh is defined from 1 on only{WITH_I}")
        if name in ("sinh", "cosh", "exp"):
            self.exp(x)
        if name in ("acos", "acosh") and exact and x == 1:
            return Fraction(0)
        return self._transcendental(name, self.real(x))

    def _transcendental(self, name: str, x: Real) -> Real:
        size = self._magnitude(x)
        if name in ("sin", "cos", "tan") and size > MAX_ANGLE_BITS:
            raise CalculationError(f"{name} of a number beyond 10^1000 is not computed; give the angle within a turn")
        result = getattr(self.mp, name)(x)
        if name in ("asin", "acos", "acosh", "atanh"):
            self.lose(-self._magnitude(1 - abs(x)))
        elif size > 0:
            self.lose(size + abs(self._magnitude(result)))
        return result

    def of_half_turns(self, name: str, turns: Fraction) -> Real:
        """Returns the sine, cosine or tangent of a rational multiple of π, exactly where it is rational."""
        turns %= 2
        if name == "cos":
            return self.of_half_turns("sin", turns + HALF)
        if name == "tan":
            if turns % 1 == HALF:
                raise CalculationError("the tangent of a right angle is undefined")
            if turns * 4 % 2 == 1:
                return ONE if turns % 1 < HALF else -ONE
            return self.divide(self.of_half_turns("sin", turns), self.of_half_turns("cos", turns))
        # Niven's theorem: of rational degrees, only multiples of 30° can have a rational sine, which is 0, ±1/2 or ±1.
        exact = SINES.get(turns * 6)
        return self.mp.sinpi(self.real(turns)) if exact is None else exact

    def floor(self, x: Real) -> Fraction:
        """Rounds down; what the precision cannot tell from a whole number counts as that number."""
        if isinstance(x, Fraction):
            return Fraction(math.floor(x))
        near = self.mp.nint(x)
        self.lose(self._magnitude(x))
        return Fraction(int(near if self.is_close(x, near) else self.mp.floor(x)))

    def is_close(self, a: Real, b: Real) -> bool:
        """Whether two numbers are equal as far as the precision goes; exact ones have to be equal."""
        difference = self.add(a, -b)
        if isinstance(difference, Fraction):
            return difference == 0
        return bool(abs(difference) <= max(1, abs(self.real(a))) * self.mp.mpf(10) ** (8 - self.places))

    def round(self, x: Real, places: Real = Fraction(0)) -> Fraction:
        """Rounds halves away from zero, as on paper."""
        n = whole_number(places, "round")
        if abs(n) > MAX_PLACES:
            raise CalculationError(f"round takes at most {MAX_PLACES:,} places")
        scale = Fraction(10) ** n
        rounded = self.floor(self.add(self.multiply(abs(x), scale), HALF)) / scale
        return -rounded if x < 0 else rounded

    def significant(self, x: Real, digits: Real) -> Real:
        """Rounds to significant digits, halves away from zero.

        Raises:
            CalculationError: The digits are not from 1 to ``MAX_PLACES``.
        """
        n = whole_number(digits, "sigfig")
        if not 1 <= n <= MAX_PLACES:
            raise CalculationError(f"sigfig takes from 1 to {MAX_PLACES:,} digits")
        if x == 0:
            return x
        scale = Fraction(10) ** (n - 1 - self.exponent(x))
        rounded = self.floor(self.add(self.multiply(abs(x), scale), HALF)) / scale
        return -rounded if x < 0 else rounded

    def exponent(self, x: Real) -> int:
        """Returns the power of ten of the first digit of a number that is not 0."""
        guess = int(self.mp.floor(self.mp.log10(abs(self.approximate(x)))))
        while abs(x) >= self._power_of_ten(guess + 1, x):
            guess += 1
        while abs(x) < self._power_of_ten(guess, x):
            guess -= 1
        return guess

    def _power_of_ten(self, n: int, like: Real) -> Real:
        return Fraction(10) ** n if isinstance(like, Fraction) else self.mp.mpf(10) ** n


def _whole_power(base: Fraction, exponent: int) -> Fraction | None:
    """The power, None where it has too many digits to be exact and may be small all the same, as 1.0001^10000."""
    if abs(base) == 1:
        return base if exponent % 2 else ONE
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) - 1
    if bits * abs(exponent) <= MAX_BITS:
        return base**exponent
    if 1 in (base.numerator, base.denominator):
        raise too_big()
    return None


def _whole_log(x: Fraction, base: Fraction) -> Fraction | None:
    above, below = (math.log(number.numerator) - math.log(number.denominator) for number in (x, base))
    if abs(below) < CLOSE:
        return None
    guess = above / below
    near = round(guess)
    close = abs(guess - near) < CLOSE * max(1, abs(near)) and abs(near) <= MAX_BITS
    return Fraction(near) if close and _whole_power(base, near) == x else None
