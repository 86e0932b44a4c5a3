"""Arithmetic on fractions, on intervals that surely hold a value, and on the numbers of a computer's register."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .limits import MAX_BITS, MAX_FACTORIAL
from .names import Domain

PRECISION = 200  # bits of an interval's borders
Value = Any  # Fraction, bool, str, Word or an interval of mpmath, which has no types


class NoValue(Exception):
    """Something is not defined, or cannot be evaluated here."""


@dataclass(frozen=True, slots=True)
class Word:
    """A number in a computer's register.

    Attributes:
        value: It, with its sign.
        domain: Tells bits and sign.
    """

    value: int
    domain: Domain

    def made(self, value: int) -> Word:
        """Returns what is left of a number in this register."""
        bits = self.domain.bits
        value %= 1 << bits
        return Word(value - (1 << bits) if self.domain.signed and value >> (bits - 1) else value, self.domain)


def compare(op: str, left: Value, right: Value) -> bool | None:
    """Returns whether a comparison holds; None where two intervals touch."""
    left, right = _alike(left, right)
    if isinstance(left, Word):
        left, right = left.value, right.value
    if isinstance(left, Fraction | int | str):
        tests = {"=": left == right, "!=": left != right}
        if op in tests:
            return tests[op]
        return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op])
    apart = left.b < right.a or right.b < left.a
    if op in ("=", "!="):
        return (op == "!=") if apart else None
    below, above = left.b < right.a, right.b < left.a
    return (below if op in ("<", "<=") else above) if apart else None


def _alike(left: Value, right: Value) -> tuple[Value, Value]:
    if isinstance(left, Word) != isinstance(right, Word):
        word = left if isinstance(left, Word) else right
        left, right = (side if isinstance(side, Word) else word.made(whole(side)) for side in (left, right))
    if _is_interval(left) or _is_interval(right):
        return _widened(left), _widened(right)
    if isinstance(left, str) != isinstance(right, str) or isinstance(left, bool) != isinstance(right, bool):
        raise NoValue
    return left, right


def _is_interval(value: Value) -> bool:
    return not isinstance(value, Fraction | int | str | Word)


def interval(low: Fraction, high: Fraction) -> Value:
    """Returns an interval that holds everything from ``low`` to ``high``."""
    from mpmath import iv

    iv.prec = PRECISION
    return iv.mpf([_widened(low).a, _widened(high).b])


def _widened(value: Value) -> Value:
    from mpmath import iv

    iv.prec = PRECISION
    if isinstance(value, bool | str | Word):
        raise NoValue
    return iv.mpf(value.numerator) / iv.mpf(value.denominator) if isinstance(value, Fraction | int) else value


def whole(value: Value) -> int:
    """Returns an integer as one.

    Raises:
        NoValue: It is none.
    """
    if isinstance(value, Word):
        return value.value
    if not isinstance(value, Fraction) or value.denominator != 1:
        raise NoValue
    return int(value)


def applied(op: str, values: list[Value]) -> Value:
    """Returns the value of an operation of ``ARITHMETIC``.

    Raises:
        NoValue: It is not defined, or not exactly enough.
    """
    if any(isinstance(value, bool | str) for value in values):
        raise NoValue
    if word := next((value for value in values if isinstance(value, Word)), None):
        return _in_register(
            op, word, [value if isinstance(value, Word) else word.made(whole(value)) for value in values]
        )
    return ARITHMETIC[op](*values)


def _in_register(op: str, word: Word, values: list[Word]) -> Word:
    a, b = values[0].value, values[-1].value
    if op in ("//", "mod"):
        if b == 0:
            raise NoValue
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)  # towards 0, as processors divide
        return word.made(quotient if op == "//" else a - quotient * b)
    if op in ("shl", "shr"):
        shift = b % (1 << word.domain.bits)
        return word.made(
            (a << shift if op == "shl" else a >> shift) if shift < word.domain.bits else -(op == "shr" and a < 0)
        )
    if op == "^":
        if b < 0:
            raise NoValue
        return word.made(pow(a, b, 1 << word.domain.bits))
    results: dict[str, Callable[[], int]] = {
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "neg": lambda: -a, "abs": lambda: abs(a),
        "bitand": lambda: a & b, "bitor": lambda: a | b, "bitxor": lambda: a ^ b, "bitnot": lambda: ~a,
        "min": lambda: min(v.value for v in values), "max": lambda: max(v.value for v in values),
    }  # fmt: skip
    if op not in results:
        raise NoValue
    return word.made(results[op]())


def _both(exact: Callable[[Fraction, Fraction], Value]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if _is_interval(left) or _is_interval(right):
            left, right = _widened(left), _widened(right)
        return exact(left, right)

    return apply


def _divide(left: Value, right: Value) -> Value:
    if compare("=", right, Fraction(0)) is not False:
        raise NoValue
    return _both(lambda a, b: a / b)(left, right)


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        if exponent < 0:
            return _divide(Fraction(1), _power(base, -exponent))
        if isinstance(base, Fraction):
            bits = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
            if bits * exponent > MAX_BITS:
                raise NoValue
            return base ** int(exponent)
        return _widened(base) ** int(exponent)
    if compare("<", base, Fraction(0)) is not False:
        raise NoValue
    if isinstance(base, Fraction) and base == 0:
        raise NoValue
    from mpmath import iv

    return iv.exp(_widened(exponent) * iv.log(_widened(base)))


def _root(value: Value, degree: Value = Fraction(2)) -> Value:
    count = whole(degree)
    if count < 1:
        raise NoValue
    if compare("<", value, Fraction(0)):
        if count % 2 == 0:
            raise NoValue
        return -_root(-value, degree)
    if isinstance(value, Fraction):
        parts = [round(part ** (1 / count)) for part in (value.numerator, value.denominator) if part < 10**15]
        if len(parts) == 2 and all(p**count == q for p, q in zip(parts, value.as_integer_ratio(), strict=True)):  # noqa: PLR2004
            return Fraction(*parts)
    return _power(value, Fraction(1, count))


def _sqrt(value: Value) -> Value:
    from mpmath import iv

    if isinstance(value, Fraction):
        return _root(value)
    if compare("<", value, Fraction(0)) is not False:
        raise NoValue
    return iv.sqrt(value)


def _of_intervals(name: str) -> Callable[[Value], Value]:
    def apply(value: Value) -> Value:
        from mpmath import iv

        return getattr(iv, name)(_widened(value))

    return apply


def _logarithm(value: Value, base: Value | None = None) -> Value:
    from mpmath import iv

    if compare(">", value, Fraction(0)) is not True:
        raise NoValue
    found = iv.log(_widened(value))
    return found if base is None else _divide(found, _logarithm(base))


def _tangent(top: str, bottom: str) -> Callable[[Value], Value]:
    return lambda value: _divide(_of_intervals(top)(value), _of_intervals(bottom)(value))


def _hyperbolic(sign: int) -> Callable[[Value], Value]:
    def apply(value: Value) -> Value:
        from mpmath import iv

        return (iv.exp(_widened(value)) + sign * iv.exp(-_widened(value))) / 2

    return apply


def _whole_only(function: Callable[..., int]) -> Callable[..., Value]:
    def apply(*values: Value) -> Value:
        numbers = [whole(value) for value in values]
        if any(abs(number) > MAX_FACTORIAL for number in numbers) and function in (math.factorial, math.comb):
            raise NoValue
        return Fraction(function(*numbers))

    return apply


def _extreme(op: str) -> Callable[..., Value]:
    def apply(*values: Value) -> Value:
        best = values[0]
        for value in values[1:]:
            better = compare(op, value, best)
            if better is None:
                raise NoValue
            best = value if better else best
        return best

    return apply


def _floor(value: Value) -> Value:
    if isinstance(value, Fraction):
        return Fraction(math.floor(value))
    low, high = math.floor(value.a.mid if hasattr(value.a, "mid") else value.a), math.floor(value.b)
    if low != high:
        raise NoValue
    return Fraction(low)


def _absolute(value: Value) -> Value:
    return abs(value)


ARITHMETIC: dict[str, Callable[..., Value]] = {
    **{"+": _both(lambda a, b: a + b), "-": _both(lambda a, b: a - b), "*": _both(lambda a, b: a * b), "/": _divide},
    **{"neg": lambda a: -a, "^": _power, "abs": _absolute, "sqrt": _sqrt, "root": _root},
    **{"cbrt": lambda a: _root(a, Fraction(3)), "min": _extreme("<"), "max": _extreme(">"), "floor": _floor},
    **{"//": lambda a, b: _floor(_divide(a, b)), "mod": lambda a, b: a - b * _floor(_divide(a, b))},
    **{"ceil": lambda a: -_floor(-a), "sign": lambda a: Fraction((a > 0) - (a < 0))},
    **{"factorial": _whole_only(math.factorial), "binomial": _whole_only(math.comb)},
    **{"gcd": _whole_only(math.gcd), "lcm": _whole_only(math.lcm)},
    **{name: _of_intervals(name) for name in ("sin", "cos", "exp")},
    **{"ln": _logarithm, "log": _logarithm, "log2": lambda a: _logarithm(a, Fraction(2))},
    **{"log10": lambda a: _logarithm(a, Fraction(10)), "tan": _tangent("sin", "cos"), "cot": _tangent("cos", "sin")},
    **{"sec": lambda a: _divide(Fraction(1), _of_intervals("cos")(a))},
    **{"csc": lambda a: _divide(Fraction(1), _of_intervals("sin")(a))},
    **{"cosh": _hyperbolic(1), "sinh": _hyperbolic(-1)},
    **{"tanh": lambda a: _divide(_hyperbolic(-1)(a), _hyperbolic(1)(a))},
    **dict.fromkeys(("bitand", "bitor", "bitxor", "bitnot", "shl", "shr"), lambda *_: _no_value()),
}


def _no_value() -> Value:
    raise NoValue
