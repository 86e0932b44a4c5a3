"""Eigenvalues by mpmath; of a rational matrix the rational ones exactly, and those with rational parts."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from .complexes import compose, parts
from .kinds import Matrix, Number
from .limits import MAX_SIDE_OF_EIGENVALUES, CalculationError, Definite
from .matrices import Whole, check_certain, check_square, column, whole_entries

if TYPE_CHECKING:
    from .algebra import Algebra

GUARD = 15  # digits
MAX_WORK = 5e5  # digits times the cube of the size; takes some 0.2 s


def eigenvalues(numbers: Algebra, a: Matrix) -> Matrix:
    """Returns all eigenvalues, each as often as it counts, by their real and then their imaginary part.

    Raises:
        CalculationError: The matrix is not square or too large.
    """
    check_square(a, "eigenvalues")
    check_certain(a)
    if a.height > MAX_SIDE_OF_EIGENVALUES:
        raise CalculationError(f"eigenvalues are computed up to {MAX_SIDE_OF_EIGENVALUES} rows and columns")
    whole = whole_entries(a)
    found = _by_mpmath(numbers, a, numbers.places) if whole is None else _of_whole(numbers, *whole)
    return column(_ordered(numbers, found))


def _of_whole(numbers: Algebra, rows: Whole, below: int) -> list[Number]:
    """The eigenvalues of a matrix of whole numbers over a common denominator.

    Divided by all factors x - z, the characteristic polynomial has a value at a whole z, perhaps complex, that is such
    a number too and not 0. The product of the distances of z from the other eigenvalues is therefore at least 1, and
    none is nearer to z than (2r)^(1-n), r being the greatest that an eigenvalue can be. An eigenvalue that occurs n
    times is computed to an n-th of the digits.
    """
    size, reach = len(rows), max(sum(map(abs, row)) for row in rows) or 1
    apart = (size - 1) * math.log10(2 * reach)
    places = max(numbers.places + GUARD, math.ceil(size * (apart + GUARD)))
    matrix = Matrix(tuple(tuple(Fraction(x) for x in row) for row in rows))
    exact = numbers.exact
    found = [_whole_or_not(numbers, x, apart) for x in _by_mpmath(numbers, matrix, places)]
    numbers.exact = exact and all(isinstance(part, Fraction) for x in found for part in parts(x))
    return [numbers.divide(x, Fraction(below)) for x in found]


def _whole_or_not(numbers: Algebra, x: Number, apart: float) -> Number:
    """The whole number, perhaps complex, that an eigenvalue can only be; else the eigenvalue."""
    mp = numbers.mp
    there = [numbers.approximate(part) for part in parts(x)]
    near = [mp.nint(part) for part in there]
    distance = max(abs(part - whole) for part, whole in zip(there, near, strict=True))
    return compose(*(Fraction(int(part)) for part in near)) if distance < mp.mpf(10) ** (-apart - 1) else x


def _by_mpmath(numbers: Algebra, a: Matrix, places: int) -> list[Number]:
    if a.height == 1:
        return list(a.entries)
    if places * a.height**3 > MAX_WORK:
        raise Definite("the eigenvalues of a matrix with so many or so long numbers would take too long")
    mp = numbers.mp
    with mp.workdps(places):
        entries = [[_joined(numbers, entry) for entry in row] for row in a.rows]
        try:
            values = mp.eig(mp.matrix(entries), left=False, right=False)
        except RuntimeError as error:  # it gives up after many steps
            raise CalculationError("the eigenvalues cannot be found to so many digits") from error
    least = max(abs(x) for x in values) / mp.mpf(10) ** numbers.places
    # An imaginary part that small is what rounding left.
    return [compose(mp.re(x), mp.im(x) if abs(mp.im(x)) > least else Fraction(0)) for x in values]


def _joined(numbers: Algebra, x: Number) -> Number:
    re, im = parts(x)
    return numbers.mp.mpc(numbers.real(re), numbers.real(im)) if im != 0 else numbers.real(re)


def _ordered(numbers: Algebra, values: list[Number]) -> list[Number]:
    scale = max((numbers.approximate(numbers.modulus(x)) for x in values), default=0) or 1
    # Two real parts that differ by rounding only are the same.
    steps = numbers.mp.mpf(10) ** max(numbers.places - 10, 5) / scale

    def key(x: Number) -> tuple[int, Number]:
        re, im = (numbers.approximate(part) for part in parts(x))
        return int(numbers.mp.nint(re * steps)), im

    return sorted(values, key=key)
