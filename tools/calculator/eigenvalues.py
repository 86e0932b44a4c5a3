"""Eigenvalues: exact where they are rational or roots of a quadratic, by mpmath otherwise."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .complexes import compose, parts, square_root
from .kinds import Matrix, Number
from .limits import MAX_EIGENVALUES, CalculationError
from .matrices import Whole, check_certain, check_square, column, whole_entries

if TYPE_CHECKING:
    from .algebra import Algebra

Polynomial = list[Fraction]  # coefficients, the highest power's first
QUADRATIC = 3  # coefficients
MAX_STEPS = 200


def eigenvalues(numbers: Algebra, a: Matrix) -> Matrix:
    """Returns all eigenvalues, each as often as it counts, by their real and then their imaginary part.

    Raises:
        CalculationError: The matrix is not square or too large.
    """
    check_square(a, "eigenvalues")
    check_certain(a)
    if a.height > MAX_EIGENVALUES:
        raise CalculationError(f"eigenvalues are computed up to {MAX_EIGENVALUES} rows and columns")
    whole = whole_entries(a)
    if whole is None:
        return column(_ordered(numbers, _by_mpmath(numbers, a)))
    found: list[Number] = []
    for times, factor in enumerate(_squarefree(_characteristic(whole[0])), start=1):
        found += _roots(numbers, factor) * times
    return column(_ordered(numbers, [numbers.divide(root, Fraction(whole[1])) for root in found]))


def _characteristic(rows: Whole) -> Polynomial:
    """det(x·1 - A), by the method of Faddeev and Le Verrier."""
    size = len(rows)
    coefficients, product = [1], [[0] * size for _ in range(size)]
    for k in range(1, size + 1):
        for i in range(size):
            product[i][i] += coefficients[-1]
        columns = list(zip(*product, strict=True))
        product = [[sum(x * y for x, y in zip(row, c, strict=True)) for c in columns] for row in rows]
        coefficients.append(-sum(product[i][i] for i in range(size)) // k)
    return [Fraction(c) for c in coefficients]


def _squarefree(p: Polynomial) -> list[Polynomial]:
    """Factors the n-th of which holds the roots that occur n times: D. Y. Y. Yun, 1976."""
    slope = _derivative(p)
    shared = _gcd(p, slope)
    b, c = _divide(p, shared)[0], _divide(slope, shared)[0]
    factors = []
    while len(b) > 1:
        d = _subtract(c, _derivative(b))
        factor = _gcd(b, d)
        factors.append(factor)
        b, c = _divide(b, factor)[0], _divide(d, factor)[0]
    return factors


def _roots(numbers: Algebra, p: Polynomial) -> list[Number]:
    """The roots of a polynomial with whole coefficients, the first being 1, and no root twice."""
    found: list[Number] = []
    for candidate in _near_whole(p) if len(p) > QUADRATIC else []:
        quotient, rest = _divide(p, [Fraction(1), -candidate])
        if not rest:
            found, p = [*found, candidate], quotient
    if len(p) > QUADRATIC:
        return found + _numeric_roots(numbers, p)
    if len(p) == QUADRATIC:
        root = square_root(numbers, p[1] ** 2 - 4 * p[2])
        pair = (numbers.add(-p[1], sign) for sign in (root, -root))
        return [*found, *(numbers.divide(x, Fraction(2)) for x in pair)]
    return [*found, *(-c for c in p[1:])]


def _near_whole(p: Polynomial) -> list[Fraction]:
    """Whole numbers near the roots; the rational roots are whole and among them."""
    from mpmath import MPContext

    mp = MPContext()
    mp.prec = 64 + 2 * max(abs(int(c)).bit_length() for c in p)
    roots = mp.polyroots([int(c) for c in p], maxsteps=MAX_STEPS, extraprec=mp.prec, error=False)
    return list({Fraction(int(mp.nint(mp.re(root)))) for root in roots})


def _numeric_roots(numbers: Algebra, p: Polynomial) -> list[Number]:
    mp = numbers.mp
    numbers.exact = False
    extra = 64 + 2 * max(abs(int(c)).bit_length() for c in p)
    roots = mp.polyroots([mp.mpf(int(c)) for c in p], maxsteps=MAX_STEPS + mp.prec, extraprec=extra + mp.prec)
    return [_split(numbers, root) for root in roots]


def _by_mpmath(numbers: Algebra, a: Matrix) -> list[Number]:
    mp = numbers.mp
    entries = [[_joined(numbers, entry) for entry in row] for row in a.rows]
    values = mp.eig(mp.matrix(entries), left=False, right=False)
    return [_split(numbers, value) for value in values]


def _joined(numbers: Algebra, x: Number) -> Number:
    re, im = parts(x)
    return numbers.mp.mpc(numbers.real(re), numbers.real(im)) if im != 0 else numbers.real(re)


def _split(numbers: Algebra, root: Number) -> Number:
    mp = numbers.mp
    im = mp.im(root)
    return mp.re(root) if im == 0 else compose(mp.re(root), im)


def _ordered(numbers: Algebra, values: list[Number]) -> list[Number]:
    scale = max((numbers.approximate(numbers.modulus(x)) for x in values), default=0) or 1
    # Two real parts that differ by rounding only are the same.
    steps = numbers.mp.mpf(10) ** max(numbers.places - 10, 5) / scale

    def key(x: Number) -> tuple[int, Number]:
        re, im = (numbers.approximate(part) for part in parts(x))
        return int(numbers.mp.nint(re * steps)), im

    return sorted(values, key=key)


def _derivative(p: Polynomial) -> Polynomial:
    degree = len(p) - 1
    return [c * (degree - i) for i, c in enumerate(p[:-1])]


def _subtract(p: Polynomial, q: Polynomial) -> Polynomial:
    size = max(len(p), len(q))
    padded = [[Fraction(0)] * (size - len(x)) + x for x in (p, q)]
    return _trimmed([a - b for a, b in zip(*padded, strict=True)])


def _divide(p: Polynomial, q: Polynomial) -> tuple[Polynomial, Polynomial]:
    rest, quotient = list(p), []
    while len(rest) >= len(q):
        factor = rest[0] / q[0]
        quotient.append(factor)
        for i, c in enumerate(q):
            rest[i] -= factor * c
        rest.pop(0)
    return quotient, _trimmed(rest)


def _gcd(p: Polynomial, q: Polynomial) -> Polynomial:
    while q:
        p, q = q, _divide(p, q)[1]
    return [c / p[0] for c in p]


def _trimmed(p: Polynomial) -> Polynomial:
    first = next((i for i, c in enumerate(p) if c), len(p))
    return p[first:]
