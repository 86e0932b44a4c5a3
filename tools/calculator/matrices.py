"""Matrices: with rational entries by whole numbers and without fractions, else by elimination with pivots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import TYPE_CHECKING

from .kinds import Interval, Matrix, Number, Real
from .limits import MAX_MATRIX_POWER, MAX_SIDE, CalculationError, Definite
from .numbers import HALF, ONE

if TYPE_CHECKING:
    from .algebra import Algebra

ZERO = Fraction(0)
# Steps with whole numbers, weighed by their bits, and steps with irrational numbers; either takes some 30 ms.
MAX_WORK, MAX_INEXACT_WORK = 5e9, 20_000
MULTIPLYING = 1.6  # power of the bits that a product takes

Rows = list[list[Number]]
Whole = list[list[int]]


@dataclass(frozen=True, slots=True)
class _Reduced:
    """A system of equations after elimination; ``right`` solves it for each of its columns, None if it is singular."""

    determinant: Number
    rank: int
    right: Rows | None


def column(entries: Sequence[Number]) -> Matrix:
    """Returns a list of numbers."""
    return Matrix(tuple((entry,) for entry in entries))


def stack(items: Sequence[Number]) -> Matrix:
    """Returns what ``[…]`` makes of its items: a matrix of rows, or a list of numbers.

    Raises:
        CalculationError: The rows differ in length, or there are too many.
    """
    lists = [item for item in items if isinstance(item, Matrix)]
    if not lists:
        return column(items)
    if len(lists) != len(items) or any(item.width > 1 for item in lists):
        raise CalculationError("a matrix is a list of rows that are lists of numbers, as in [[1, 2], [3, 4]]")
    if len({item.height for item in lists}) > 1:
        raise CalculationError("the rows of a matrix must be equally long")
    if max(len(lists), lists[0].height) > MAX_SIDE:
        raise CalculationError(f"a matrix may have at most {MAX_SIDE} rows and columns")
    return Matrix(tuple(tuple(item.entries) for item in lists))


def identity(size: int) -> Matrix:
    """Returns the matrix with ones on its diagonal.

    Raises:
        CalculationError: It would be too large.
    """
    if not 1 <= size <= MAX_SIDE:
        raise CalculationError(f"a matrix may have 1 to {MAX_SIDE} rows and columns")
    return Matrix(tuple(tuple(Fraction(i == j) for j in range(size)) for i in range(size)))


def transpose(a: Matrix) -> Matrix:
    """Returns the matrix with its rows as columns."""
    return Matrix(tuple(zip(*a.rows, strict=True)))


def add(numbers: Algebra, a: Number, b: Number) -> Matrix:
    """Returns a + b."""
    if not (isinstance(a, Matrix) and isinstance(b, Matrix)) or (a.height, a.width) != (b.height, b.width):
        shapes = [x.shape if isinstance(x, Matrix) else "a single number" for x in (a, b)]
        raise CalculationError(f"only lists or matrices of one shape can be added, not {shapes[0]} and {shapes[1]}")
    pairs = (zip(*rows, strict=True) for rows in zip(a.rows, b.rows, strict=True))
    return Matrix(tuple(tuple(numbers.add(x, y) for x, y in row) for row in pairs))


def multiply(numbers: Algebra, a: Number, b: Number) -> Number:
    """Returns a · b, of matrices or a matrix and a number; a list stands for a column."""
    if not isinstance(a, Matrix):
        return scaled(numbers, b, a)
    if not isinstance(b, Matrix):
        return scaled(numbers, a, b)
    if a.width != b.height:
        hint = "; dot(a, b) and cross(a, b) multiply two lists" if a.width == b.width == 1 else ""
        raise CalculationError(f"a {a.shape} and a {b.shape} matrix cannot be multiplied{hint}")
    wholes = whole_entries(a), whole_entries(b)
    _check_work(a.height * a.width * b.width, a, b)
    if wholes[0] and wholes[1]:
        (x, below), (y, under) = wholes[0], wholes[1]
        columns = list(zip(*y, strict=True))
        return _matrix([[Fraction(sum(map(mul, row, c)), below * under) for c in columns] for row in x])
    columns_of_b = transpose(b).rows
    return _matrix([[_total_of_products(numbers, row, c) for c in columns_of_b] for row in a.rows])


def scaled(numbers: Algebra, a: Matrix, factor: Number) -> Matrix:
    """Returns a matrix with each entry multiplied."""
    return _matrix([[numbers.multiply(entry, factor) for entry in row] for row in a.rows])


def divide(numbers: Algebra, a: Number, b: Number) -> Matrix:
    """Returns a matrix divided by a number."""
    if isinstance(b, Matrix):
        raise CalculationError("nothing can be divided by a list or matrix; use inv(A), or solve(A, b)")
    return _matrix([[numbers.divide(entry, b) for entry in row] for row in a.rows])


def power(numbers: Algebra, a: Number, n: Number) -> Matrix:
    """Returns a square matrix to the power of a whole number."""
    if not isinstance(a, Matrix) or not isinstance(n, Fraction) or n.denominator != 1:
        raise CalculationError("a matrix can be raised to whole powers only, and nothing to the power of one")
    check_square(a, "a power")
    check_certain(a)
    if abs(n) > MAX_MATRIX_POWER:
        raise CalculationError(f"a matrix can be raised to powers up to {MAX_MATRIX_POWER:.0e} only")
    base = a if n >= 0 else inverse(numbers, a)
    _check_work(2 * a.height**3 * int(n).bit_length(), base)
    result = identity(a.height)
    for bit in f"{abs(int(n)):b}":
        result = multiply(numbers, result, result)
        result = multiply(numbers, result, base) if bit == "1" else result
        result = _matrix([[numbers.bounded(entry) for entry in row] for row in result.rows])
    return result


def trace(numbers: Algebra, a: Matrix) -> Number:
    """Returns the sum of the diagonal."""
    check_square(a, "the trace")
    return _total(numbers, [a.rows[i][i] for i in range(a.height)])


def determinant(numbers: Algebra, a: Matrix) -> Number:
    """Returns the determinant."""
    check_square(a, "the determinant")
    return _reduce(numbers, a, None).determinant


def rank(numbers: Algebra, a: Matrix) -> Fraction:
    """Returns how many rows are independent."""
    return Fraction(_reduce(numbers, a, None, tolerant=True).rank)


def inverse(numbers: Algebra, a: Matrix) -> Matrix:
    """Returns the inverse.

    Raises:
        CalculationError: There is none.
    """
    check_square(a, "the inverse")
    right = _reduce(numbers, a, identity(a.height)).right
    if right is None:
        raise CalculationError("the matrix has no inverse, because its determinant is 0")
    return _matrix(right)


def solve(numbers: Algebra, a: Matrix, b: Matrix) -> Matrix:
    """Returns the x with a · x = b.

    Raises:
        CalculationError: There is none, or more than one.
    """
    check_square(a, "a single solution")
    if b.height != a.height:
        raise CalculationError(f"{a.height} equations need {a.height} right-hand sides, not {b.height}")
    right = _reduce(numbers, a, b).right
    if right is None:
        wide = Matrix(tuple(x + y for x, y in zip(a.rows, b.rows, strict=True)))
        many = rank(numbers, wide) == rank(numbers, a)
        raise CalculationError(f"the equations have {'infinitely many solutions' if many else 'no solution'}")
    return _matrix(right)


def dot(numbers: Algebra, a: Matrix, b: Matrix) -> Number:
    """Returns the sum of the products of two lists."""
    if len(a.entries) != len(b.entries) or 1 not in (a.height, a.width) or 1 not in (b.height, b.width):
        raise CalculationError("dot takes two lists of equal length")
    return _total_of_products(numbers, a.entries, b.entries)


def cross(numbers: Algebra, a: Matrix, b: Matrix) -> Matrix:
    """Returns the vector product of two lists of three."""
    if len(a.entries) != 3 or len(b.entries) != 3:  # noqa: PLR2004
        raise CalculationError("cross takes two lists of three numbers")
    x, y = a.entries, b.entries
    pairs = [((i + 1) % 3, (i + 2) % 3) for i in range(3)]
    return column(
        [numbers.add(numbers.multiply(x[i], y[j]), -numbers.multiply(x[j], y[i])) for i, j in pairs],
    )


def norm(numbers: Algebra, a: Matrix) -> Real:
    """Returns the length of a list, of a matrix the root of the sum of all squares."""
    check_certain(a)
    moduli = [numbers.modulus(entry) for entry in a.entries]
    return numbers.power(_total_of_products(numbers, moduli, moduli), HALF)


def check_certain(a: Matrix) -> None:
    """Refuses entries with an error where each would be used more than once.

    Raises:
        CalculationError: There is one.
    """
    if any(isinstance(entry, Interval) for entry in a.entries):
        raise CalculationError("this takes numbers without ±")


def _reduce(numbers: Algebra, a: Matrix, b: Matrix | None, tolerant: bool = False) -> _Reduced:
    """Eliminates; a rank is an estimate where numbers are irrational, so that it has to be ``tolerant``."""
    rows = [[*row, *(b.rows[i] if b else ())] for i, row in enumerate(a.rows)]
    whole = whole_entries(_matrix(rows))
    _check_work(a.height * a.width * len(rows[0]), _matrix(rows), grows=min(a.height, a.width))
    if whole is None:
        check_certain(_matrix(rows))
        return _reduce_by_pivots(numbers, rows, a.width, tolerant)
    return _reduce_whole(whole[0], a.width, whole[1])


def _reduce_whole(rows: Whole, width: int, below: int) -> _Reduced:
    """Eliminates without fractions: E. H. Bareiss, "Sylvester's identity and multistep elimination", 1968."""
    rank, last, sign, height = 0, 1, 1, len(rows)
    for k in range(width):
        pivot = next((i for i in range(rank, height) if rows[i][k]), None)
        if pivot is None:
            continue
        if pivot != rank:
            rows[rank], rows[pivot], sign = rows[pivot], rows[rank], -sign
        first = rows[rank]
        for i in range(height):
            if i != rank:
                factor = rows[i][k]
                rows[i] = [(first[k] * x - factor * y) // last for x, y in zip(rows[i], first, strict=True)]
        rank, last = rank + 1, first[k]
    regular = rank == height == width
    determinant = Fraction(sign * last, below**height) if regular else ZERO
    # The columns on the right were multiplied by `below` as well, which cancels.
    right: Rows | None = [[Fraction(x, last) for x in row[width:]] for row in rows] if regular else None
    return _Reduced(determinant, rank, right)


def _reduce_by_pivots(numbers: Algebra, rows: Rows, width: int, tolerant: bool) -> _Reduced:
    rank, determinant, height = 0, ONE, len(rows)
    scale = max((numbers.modulus(entry) for row in rows for entry in row), key=numbers.approximate)
    for k in range(width):
        pivot = _pivot(numbers, rows, rank, k)
        size = numbers.modulus(rows[pivot][k]) if pivot is not None else ZERO
        if size == 0 or (tolerant and numbers.is_close(numbers.divide(size, scale), ZERO)):
            determinant = ZERO
            continue
        if pivot is not None and pivot != rank:
            rows[rank], rows[pivot], determinant = rows[pivot], rows[rank], -determinant
        determinant = numbers.multiply(determinant, rows[rank][k])
        _clear(numbers, rows, rank, k)
        rank += 1
    if not rank == height == width:
        return _Reduced(ZERO, rank, None)
    return _Reduced(determinant, rank, [[numbers.divide(x, row[i]) for x in row[width:]] for i, row in enumerate(rows)])


def _pivot(numbers: Algebra, rows: Rows, first: int, k: int) -> int | None:
    sizes = {i: numbers.approximate(numbers.modulus(rows[i][k])) for i in range(first, len(rows))}
    return max(sizes, key=lambda i: sizes[i], default=None)


def _clear(numbers: Algebra, rows: Rows, first: int, k: int) -> None:
    """Takes the row ``first`` off the others so that their column ``k`` becomes 0."""
    for i, row in enumerate(rows):
        if i != first and row[k] != 0:
            factor = -numbers.divide(row[k], rows[first][k])
            rows[i] = [numbers.add(x, numbers.multiply(factor, y)) for x, y in zip(row, rows[first], strict=True)]


def whole_entries(a: Matrix) -> tuple[Whole, int] | None:
    """Returns the entries over a common denominator, None where they are not all rational."""
    if not all(isinstance(entry, Fraction) for entry in a.entries):
        return None
    below = math.lcm(*(entry.denominator for entry in a.entries))
    return [[int(entry * below) for entry in row] for row in a.rows], below


def _check_work(steps: int, *matrices: Matrix, grows: int = 1) -> None:
    wholes = [whole_entries(a) for a in matrices]
    if all(wholes):
        bits = max(max(abs(x).bit_length(), 64) for rows, _ in filter(None, wholes) for row in rows for x in row)
        small = steps * (bits * grows) ** MULTIPLYING <= MAX_WORK
    else:
        small = steps <= MAX_INEXACT_WORK
    if not small:
        raise Definite("a matrix with so many or so long numbers would take too long")


def check_square(a: Matrix, what: str) -> None:
    """Refuses a matrix that is not square, for ``what`` only square ones have.

    Raises:
        CalculationError: It is not square.
    """
    if a.height != a.width:
        raise CalculationError(f"only a square matrix has {what}, not a {a.shape} one")


def _total(numbers: Algebra, items: Sequence[Number]) -> Number:
    result: Number = ZERO
    for item in items:
        result = numbers.add(result, item)
    return result


def _total_of_products(numbers: Algebra, a: Sequence[Number], b: Sequence[Number]) -> Number:
    return _total(numbers, [numbers.multiply(x, y) for x, y in zip(a, b, strict=True)])


def _matrix(rows: Sequence[Sequence[Number]]) -> Matrix:
    return Matrix(tuple(tuple(row) for row in rows))
