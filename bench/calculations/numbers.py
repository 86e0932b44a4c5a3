"""Rational, irrational and complex numbers, against ``fractions``, ``decimal`` and mpmath."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import mpmath

from bench.calculations.judge import PLACES, Case, Result, is_exactly, near, real, split

FUNCTIONS = ("sqrt", "exp", "ln", "sin", "cos", "atan", "cbrt", "log10", "tanh", "asinh", "cosh")
COMPLEX_FUNCTIONS = ("sqrt", "exp", "ln", "sin", "cos", "tan", "conj", "abs", "sinh", "atan")
REFERENCES: dict[str, Callable[[Any], Any]] = {
    "ln": mpmath.log,
    "cbrt": lambda x: mpmath.cbrt(x) if x >= 0 else -mpmath.cbrt(-x),
    "abs": abs,
}


def _number(source: random.Random) -> str:
    return source.choice((str(source.randint(0, 999)), f"{source.uniform(0, 99):.2f}"))


def rational(source: random.Random) -> Case:
    """Makes an expression of whole numbers, decimals and percentages; against ``fractions``."""
    text, wanted, _ = _tree(source, depth=source.randint(1, 4))
    return Case(text, is_exactly(wanted))


def _tree(source: random.Random, depth: int) -> tuple[str, Fraction, int]:
    """An expression with its value and how tightly its loosest operator binds: 1 sums, 2 products, 4 numbers."""
    if depth == 0:
        text = source.choice((_number(source), f"{source.randint(1, 9)}%"))
        return text, Fraction(text.rstrip("%")) / (100 if text.endswith("%") else 1), 4
    left, a, tight_left = _tree(source, depth - 1)
    right, b, tight_right = _tree(source, source.randint(0, depth - 1))
    op = source.choice("+-*/^")
    # A share behind a sum would be a share of what stands before it, which is checked by the tests.
    if op == "^" or (op == "/" and b == 0) or (op in "+-" and "%" in left + right):
        power = source.randint(0, 3) if a else source.randint(1, 3)
        return f"({left})^{power}", a**power, 4
    binding = 1 if op in "+-" else 2
    left = left if tight_left >= binding else f"({left})"
    right = right if tight_right > binding else f"({right})"
    value = {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else a}[op]
    return f"{left} {op} {right}", value, binding


def rounding(source: random.Random) -> Case:
    """Makes a rounding to significant digits or decimal places; against ``decimal``."""
    text = f"{source.uniform(-1, 1) * 10 ** source.randint(-6, 9):.8f}"
    x, n = Decimal(text), source.randint(1, 7)
    significant = source.random() < 0.5
    last = x.adjusted() - n + 1 if significant and x else -n
    wanted = Fraction(x.quantize(Decimal(1).scaleb(last), ROUND_HALF_UP))
    return Case(f"{'sigfig' if significant else 'round'}({text}, {n})", is_exactly(wanted))


def irrational(source: random.Random) -> Case:
    """Makes an expression with functions whose value is of a usual size."""
    while True:
        with mpmath.workdps(PLACES):
            text, wanted = _functions(source, source.randint(1, 4), FUNCTIONS, complex_=False)
            if isinstance(wanted, mpmath.mpf) and 1e-9 < abs(wanted) < 1e9:
                return Case(text, lambda result, wanted=wanted: near(result["value"], wanted))


def complex_number(source: random.Random) -> Case:
    """Makes an expression of complex numbers."""
    while True:
        with mpmath.workdps(PLACES):
            text, wanted = _functions(source, source.randint(1, 3), COMPLEX_FUNCTIONS, complex_=True)
            if mpmath.isfinite(wanted) and 1e-9 < abs(wanted) < 1e9:
                return Case(text, _is_complex(mpmath.mpc(wanted)))


def _functions(source: random.Random, depth: int, names: tuple[str, ...], complex_: bool) -> tuple[str, Any]:
    if depth == 0:
        return _leaf(source, complex_)
    inner, x = _functions(source, depth - 1, names, complex_)
    chance = source.random()
    if chance < 0.4:
        name = source.choice(names)
        if (not complex_ and name in ("sqrt", "ln", "log10") and x <= 0) or abs(x) > 50 or x == 0:
            name = "atan"
        return f"{name}({inner})", REFERENCES.get(name, getattr(mpmath, name, None))(x)
    if complex_ and chance < 0.55:
        power = source.randint(2, 9)
        return f"({inner})^{power}", x**power
    other, y = _functions(source, depth - 1, names, complex_)
    op = source.choice("+-*/" if y else "+-*")
    value = {"+": x + y, "-": x - y, "*": x * y, "/": x / y if y else x}[op]
    return f"({inner}) {op} ({other})", value


def _leaf(source: random.Random, complex_: bool) -> tuple[str, Any]:
    text = f"{source.uniform(0.1, 20):.3f}"
    if not complex_:
        return text, mpmath.mpf(text)
    sign, imaginary = source.choice("+-"), f"{source.uniform(0.1, 9):.2f}"
    return f"({text} {sign} {imaginary}i)", mpmath.mpc(text, f"{sign}{imaginary}")


def _is_complex(wanted: Any) -> Callable[[Result], bool]:
    def agrees(result: Result) -> bool:
        with mpmath.workdps(PLACES):
            pairs = zip(split(result["value"]), (wanted.real, wanted.imag), strict=True)
            # What is left of an imaginary part that has gone is rounding.
            least = abs(wanted) * mpmath.mpf("1e-25")
            return all(near(text, part) or max(abs(real(text)), abs(part)) <= least for text, part in pairs)

    return agrees
