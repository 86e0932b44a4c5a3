"""Statistics of a list of real numbers, and the normal distribution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from .kinds import Matrix, Number, Real
from .limits import CalculationError
from .matrices import column
from .numbers import HALF, ONE

if TYPE_CHECKING:
    from .algebra import Algebra

ZERO = Fraction(0)
MAX_TAIL_BITS = 500  # of the last share of the normal distribution
MAX_DEVIATIONS = 1_000  # from the mean; the tail beyond is less than 10^-217000


def ordered(numbers: Algebra, data: Sequence[Real]) -> list[Real]:
    """Returns the numbers in ascending order."""
    exact = all(isinstance(x, Fraction) for x in data)
    return sorted(data, key=None if exact else numbers.real)


def total(numbers: Algebra, data: Sequence[Number]) -> Number:
    """Returns the sum."""
    result: Number = ZERO
    for x in data:
        result = numbers.add(result, x)
    return result


def mean(numbers: Algebra, data: Sequence[Number]) -> Number:
    """Returns the arithmetic mean."""
    return numbers.divide(total(numbers, data), Fraction(len(data)))


def median(numbers: Algebra, data: Sequence[Real]) -> Real:
    """Returns the middle number, or the mean of the two in the middle."""
    return quantile(numbers, data, HALF)


def mode(numbers: Algebra, data: Sequence[Real]) -> Number:
    """Returns the most frequent number, or a list where several are."""
    counts = Counter(data)
    most = max(counts.values())
    found = ordered(numbers, [x for x, count in counts.items() if count == most])
    return found[0] if len(found) == 1 else column(found)


def quantile(numbers: Algebra, data: Sequence[Real], share: Real) -> Real:
    """Returns the number below which a share of the data lies, interpolated between neighbours.

    The method is number 7 of R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", 1996.

    Raises:
        CalculationError: The share is not from 0 to 1.
    """
    if not isinstance(share, Fraction) or not 0 <= share <= 1:
        raise CalculationError("a quantile takes a share from 0 to 1, a percentile a number from 0 to 100")
    items, at = ordered(numbers, data), share * (len(data) - 1)
    low = int(at)
    if low == at:
        return items[low]
    step = numbers.multiply(at - low, numbers.add(items[low + 1], -items[low]))
    return numbers.add(items[low], step)


def variance(numbers: Algebra, data: Sequence[Real], below: int) -> Real:
    """Returns the sum of the squared deviations over n - ``below``.

    Raises:
        CalculationError: There are too few numbers.
    """
    if len(data) <= below:
        raise CalculationError("the spread of a sample takes at least 2 values; pstdev and pvariance take 1")
    return numbers.divide(_products(numbers, data, data), Fraction(len(data) - below))


def deviation(numbers: Algebra, data: Sequence[Real], below: int) -> Real:
    """Returns the square root of the variance."""
    return numbers.power(variance(numbers, data, below), HALF)


def covariance(numbers: Algebra, x: Sequence[Real], y: Sequence[Real]) -> Real:
    """Returns the covariance of a sample of pairs."""
    _check_pairs(x, y)
    return numbers.divide(_products(numbers, x, y), Fraction(len(x) - 1))


def correlation(numbers: Algebra, x: Sequence[Real], y: Sequence[Real]) -> Real:
    """Returns Pearson's coefficient."""
    _check_pairs(x, y)
    spread = numbers.multiply(_products(numbers, x, x), _products(numbers, y, y))
    if spread == 0:
        raise CalculationError("the correlation is undefined where all numbers are equal")
    return numbers.divide(_products(numbers, x, y), numbers.power(spread, HALF))


def regression(numbers: Algebra, x: Sequence[Real], y: Sequence[Real]) -> Matrix:
    """Returns slope and intercept of the line with the least squares of y's distances from it."""
    _check_pairs(x, y)
    spread = _products(numbers, x, x)
    if spread == 0:
        raise CalculationError("a line needs at least two different x")
    slope = numbers.divide(_products(numbers, x, y), spread)
    return column([slope, numbers.add(mean(numbers, y), -numbers.multiply(slope, mean(numbers, x)))])


def standard_score(numbers: Algebra, x: Real, center: Real, spread: Real) -> Real:
    """Returns how many standard deviations x lies above the mean."""
    _check_spread(spread)
    return numbers.divide(numbers.add(x, -center), spread)


def _check_spread(spread: Real) -> None:
    if spread <= 0:
        raise CalculationError("a standard deviation must be more than 0")


def normal(numbers: Algebra, x: Real, center: Real = ZERO, spread: Real = ONE) -> Real:
    """Returns the probability that a normally distributed number is at most x."""
    z = numbers.divide(standard_score(numbers, x, center, spread), numbers.power(Fraction(2), HALF))
    if abs(z) > MAX_DEVIATIONS:
        raise CalculationError(f"the normal distribution is computed up to {MAX_DEVIATIONS:,} deviations from the mean")
    if z:
        numbers.lose(2 * max(0, int(numbers.mp.mag(z))))
    return numbers.mp.erfc(-z) / 2


def normal_quantile(numbers: Algebra, share: Real, center: Real = ZERO, spread: Real = ONE) -> Real:
    """Returns the x below which a share of a normal distribution lies."""
    if not 0 < share < 1:
        raise CalculationError("a share of the normal distribution must be more than 0 and less than 1")
    _check_spread(spread)
    tail = min(share, numbers.add(ONE, -share), key=numbers.real)
    z = _tail_quantile(numbers, tail)
    return numbers.add(center, numbers.multiply(z if share > tail else -z, spread))


def _tail_quantile(numbers: Algebra, tail: Real) -> Real:
    """How many deviations above the mean the last so small share begins, at most a half of the distribution."""
    if tail == HALF:
        return ZERO
    small = -int(numbers.mp.mag(numbers.approximate(tail)))
    if small > MAX_TAIL_BITS:
        raise CalculationError(f"a share of the normal distribution must be at least 1e-{int(MAX_TAIL_BITS * 0.3)}")
    numbers.real(tail)
    with numbers.mp.workprec(numbers.mp.prec + 2 * small + 20):
        argument = 1 - 2 * numbers.approximate(tail)
        numbers.lose(-int(numbers.mp.mag(argument)))
        return numbers.mp.sqrt(2) * numbers.mp.erfinv(argument)


def _products(numbers: Algebra, x: Sequence[Real], y: Sequence[Real]) -> Real:
    """The sum of the products of the deviations from the means."""
    of_x = _deviations(numbers, x)
    of_y = of_x if x is y else _deviations(numbers, y)
    return total(numbers, [numbers.multiply(a, b) for a, b in zip(of_x, of_y, strict=True)])


def _deviations(numbers: Algebra, data: Sequence[Real]) -> list[Real]:
    center = mean(numbers, data)
    return [numbers.add(item, -center) for item in data]


def _check_pairs(x: Sequence[Real], y: Sequence[Real]) -> None:
    if len(x) != len(y) or len(x) < 2:  # noqa: PLR2004
        raise CalculationError(f"two lists of equal length are needed, of 2 values at least, not {len(x)} and {len(y)}")
