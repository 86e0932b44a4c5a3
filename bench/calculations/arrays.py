"""Matrices against mpmath and numpy, statistics against numpy and the standard library's."""

from __future__ import annotations

import random
import re
import statistics
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import mpmath
import numpy as np

from bench.calculations.judge import PLACES, ROUNDING, Case, Result, is_float, is_text, real, split


def matrix(source: random.Random) -> Case:
    """Makes an expression of matrices."""
    size = source.randint(2, 5)
    a, b = (_entries(source, size, size) for _ in range(2))
    if source.random() < 0.15:
        a[-1] = [x * 2 for x in a[0]]  # singular
    with mpmath.workdps(PLACES):
        m, n = (mpmath.matrix([[mpmath.mpf(str(x)) for x in row] for row in rows]) for rows in (a, b))
        return source.choice((_determinant, _product, _sum, _inverse, _solution, _rank, _power, _eigenvalues))(
            source, a, b, m, n
        )


def _entries(source: random.Random, height: int, width: int) -> list[list[Decimal]]:
    places = source.choice((0, 0, 1, 2))
    return [[Decimal(source.randint(-99, 99)).scaleb(-places) for _ in range(width)] for _ in range(height)]


def _written(rows: list[list[Decimal]]) -> str:
    return "[" + ", ".join(f"[{', '.join(f'{x:f}' for x in row)}]" for row in rows) + "]"


def _determinant(source: random.Random, a: Any, b: Any, m: Any, n: Any) -> Case:
    wanted = mpmath.det(m)
    return Case(
        f"det({_written(a)})", lambda result: abs(real(result["value"]) - wanted) <= abs(wanted) * 1e-11 + 1e-20
    )


def _product(source: random.Random, a: Any, b: Any, m: Any, n: Any) -> Case:
    return Case(f"{_written(a)} * {_written(b)}", _is_matrix(m * n))


def _sum(source: random.Random, a: Any, b: Any, m: Any, n: Any) -> Case:
    return Case(f"transpose({_written(a)}) - 2 {_written(b)}", _is_matrix(m.T - 2 * n))


def _inverse(source: random.Random, a: Any, b: Any, m: Any, n: Any) -> Case:
    if not _is_regular(m):
        return _rank(source, a, b, m, n)
    return Case(f"inv({_written(a)})", _is_matrix(m**-1))


def _solution(source: random.Random, a: Any, b: Any, m: Any, n: Any) -> Case:
    if not _is_regular(m):
        return _rank(source, a, b, m, n)
    right = [row[0] for row in b]
    text = f"solve({_written(a)}, [{', '.join(f'{x:f}' for x in right)}])"
    return Case(text, _is_matrix(mpmath.lu_solve(m, n[:, 0])))


def _rank(source: random.Random, a: Any, b: Any, m: Any, n: Any) -> Case:
    wanted = np.linalg.matrix_rank(np.array(a, dtype=float))
    return Case(f"rank({_written(a)})", is_text(wanted))


def _power(source: random.Random, a: Any, b: Any, m: Any, n: Any) -> Case:
    k = source.randint(0, 9)
    return Case(f"{_written(a)}^{k}", _is_matrix(m**k))


def _eigenvalues(source: random.Random, a: Any, b: Any, m: Any, n: Any) -> Case:
    wanted = mpmath.eig(m, left=False, right=False)

    def agrees(result: Result) -> bool:
        left = list(wanted)
        for shown in result["value"].strip("[]").split(", "):
            value = mpmath.mpc(*map(real, split(shown)))
            nearest = min(left, key=lambda x: abs(x - value))
            left.remove(nearest)
            if abs(nearest - value) > 1e-10 * (1 + mpmath.mnorm(m)):
                return False
        return not left

    return Case(f"eigenvalues({_written(a)})", agrees)


def _is_regular(m: Any) -> bool:
    return bool(abs(mpmath.det(m)) > mpmath.mpf("1e-20"))


def _is_matrix(wanted: Any) -> Callable[[Result], bool]:
    def agrees(result: Result) -> bool:
        shown = [real(text) for text in re.sub(r"[\[\],]", " ", result["value"]).split()]
        with mpmath.workdps(PLACES):
            least = mpmath.mnorm(wanted) * mpmath.mpf("1e-25")  # rounding of the reference
            pairs = zip(shown, list(wanted), strict=True)
            return all(abs(x - y) <= abs(y) * ROUNDING + least for x, y in pairs)

    return agrees


def statistic(source: random.Random) -> Case:
    """Makes a statistic of a list, or of two."""
    data, other = ([Decimal(source.randint(-999, 9999)).scaleb(-source.randint(0, 2)) for _ in range(9)] for _ in "xy")
    data, other = (values[: source.randint(3, 9)] for values in (data, other))
    size = min(len(data), len(other))
    x, y = (np.array(values, dtype=float) for values in (data, other))
    percent = source.randint(0, 100)
    text, pair = _listed(data), f"{_listed(data[:size])}, {_listed(other[:size])}"
    x_of_pair, y_of_pair = x[:size], y[:size]
    deviations, share = Decimal(source.randint(-600, 600)).scaleb(-2), Decimal(source.randint(1, 9999)).scaleb(-4)
    normal = statistics.NormalDist(100, 15)
    made: list[tuple[str, float]] = [
        (f"mean({text})", float(np.mean(x))),
        (f"average of {text.strip('[]')}", float(np.mean(x))),
        (f"median({text})", float(np.median(x))),
        (f"stdev({text})", float(np.std(x, ddof=1))),
        (f"population standard deviation of {text.strip('[]')}", float(np.std(x))),
        (f"variance({text})", float(np.var(x, ddof=1))),
        (f"pvariance({text})", float(np.var(x))),
        (f"sum({text}) - max({text}) + min({text})", float(x.sum() - x.max() + x.min())),
        (f"percentile({text}, {percent})", float(np.percentile(x, percent))),
        (f"correlation({pair})", float(np.corrcoef(x_of_pair, y_of_pair)[0, 1])),
        (f"covariance({pair})", float(np.cov(x_of_pair, y_of_pair)[0, 1])),
        (f"zscore({data[0]:f}, {text})", float((x[0] - np.mean(x)) / np.std(x, ddof=1))),
        (f"normcdf({deviations:f})", statistics.NormalDist().cdf(float(deviations))),
        (f"norminv({share:f}, 100, 15)", normal.inv_cdf(float(share))),
    ]
    text, wanted = source.choice(made)
    return Case(text, is_float(wanted, 1e-8, 1e-10))


def _listed(values: list[Decimal]) -> str:
    return f"[{', '.join(f'{x:f}' for x in values)}]"
