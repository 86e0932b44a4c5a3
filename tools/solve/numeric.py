"""Evaluates trees in decimals with mpmath, so that what SymPy says is checked by something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from .exact import listed
from .syntax import Apply, Name, Node, Number

DIGITS = 40
Decimal = Any  # mpmath.mpf or mpc; mpmath has no types


class Undefined(Exception):
    """An expression has no value there, or mpmath has none for it."""


def evaluate(node: Node, values: Mapping[str, Decimal]) -> Decimal:
    """Returns the value of an expression, complex where it is.

    Args:
        node: The expression; of a comparison with = the difference of its sides.
        values: Of its variables.

    Raises:
        Undefined: There is none.
    """
    import mpmath

    try:
        with mpmath.workdps(DIGITS):
            found = _value(node, values)
    except (ArithmeticError, ValueError, TypeError, NotImplementedError) as error:
        raise Undefined(str(error)) from error
    if not mpmath.isfinite(found):
        raise Undefined("it is infinite")
    return found


def _value(node: Node, values: Mapping[str, Decimal]) -> Decimal:
    import mpmath

    match node:
        case Number(value):
            return mpmath.mpf(value.numerator) / value.denominator
        case Name(name):
            constants = {"pi": mpmath.pi, "e": mpmath.e, "i": mpmath.mpc(0, 1)}
            if name not in values and name not in constants:
                raise Undefined(f"{name} has no value")
            return values[name] if name in values else +constants[name]
        case Apply("=", (left, right)):
            return _value(left, values) - _value(right, values)
        case Apply("if", (condition, then, otherwise)):
            return _value(then if _holds(condition, values) else otherwise, values)
        case Apply(op, args) if op in _table():
            return _table()[op](*(_value(arg, values) for arg in listed(args)))
    raise Undefined("there is no number for it")


def _holds(node: Node, values: Mapping[str, Decimal]) -> bool:
    match node:
        case Apply("and", args):
            return all(_holds(arg, values) for arg in args)
        case Apply("or", args):
            return any(_holds(arg, values) for arg in args)
        case Apply("not", (inner,)):
            return not _holds(inner, values)
        case Apply("=" | "!=" | "<" | "<=" | ">" | ">=" as op, (left, right)):
            a, b = _value(left, values), _value(right, values)
            return bool({"=": lambda: a == b, "!=": lambda: a != b, "<": lambda: a < b, "<=": lambda: a <= b,
                         ">": lambda: a > b, ">=": lambda: a >= b}[op]())  # fmt: skip
    raise Undefined("there is no truth value for it")


def holds(node: Node, values: Mapping[str, Decimal]) -> bool:
    """Returns whether a comparison holds for real values.

    Raises:
        Undefined: A side has no real value there.
    """
    import mpmath

    try:
        with mpmath.workdps(DIGITS):
            return _holds(node, values)
    except (ArithmeticError, ValueError, TypeError, NotImplementedError) as error:
        raise Undefined(str(error)) from error


@cache
def _table() -> dict[str, Callable[..., Decimal]]:
    import mpmath

    def divide(a: Decimal, b: Decimal) -> Decimal:
        if b == 0:
            raise Undefined("division by 0")
        return a / b

    def integer(function: Callable[..., Decimal]) -> Callable[..., Decimal]:
        return lambda *numbers: mpmath.mpf(function(*(int(number) for number in numbers)))

    import math

    same = "sin cos tan cot sec csc asin acos atan acot sinh cosh tanh asinh acosh atanh exp sqrt cbrt sign floor ceil"
    also = "factorial gamma erf zeta re im conj binomial root atan2"
    return {
        **{name: getattr(mpmath, name) for name in (*same.split(), *also.split())},
        **{"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "neg": lambda a: -a},
        **{"/": divide, "^": mpmath.power, "ln": mpmath.log, "log": mpmath.log, "conjugate": mpmath.conj},
        **{"log2": lambda a: mpmath.log(a, 2), "log10": mpmath.log10, "abs": abs, "min": min, "max": max},
        **{"mod": lambda a, b: a - b * mpmath.floor(divide(a, b)), "//": lambda a, b: mpmath.floor(divide(a, b))},
        **{"gcd": integer(math.gcd), "lcm": integer(math.lcm), "heaviside": lambda a: mpmath.mpf(a > 0)},
    }


def number_of(expression: Any, values: Mapping[str, Decimal] | None = None) -> Decimal:
    """Returns the value of SymPy's expression.

    Raises:
        Undefined: There is none.
    """
    import mpmath
    import sympy

    substituted = {symbol: (values or {}).get(symbol.name) for symbol in getattr(expression, "free_symbols", ())}
    if None in substituted.values():
        raise Undefined("a variable has no value")
    subs = {
        symbol: sympy.sympify(value) if isinstance(value, int) else _as_sympy(value)
        for symbol, value in substituted.items()
    }
    try:
        found = sympy.N(expression, DIGITS, subs=subs)
        with mpmath.workdps(DIGITS):
            real, imaginary = found.as_real_imag()
            value = mpmath.mpc(_as_decimal(real), _as_decimal(imaginary))
    except (ArithmeticError, ValueError, TypeError, AttributeError, NotImplementedError, RecursionError) as error:
        raise Undefined(str(error)) from error
    return value.real if value.imag == 0 else value


def _as_sympy(value: Decimal) -> Any:
    import mpmath
    import sympy

    if isinstance(value, mpmath.mpc):
        return sympy.Float(value.real, DIGITS) + sympy.I * sympy.Float(value.imag, DIGITS)
    return sympy.Float(value, DIGITS)


def _as_decimal(part: Any) -> Decimal:
    import mpmath

    if not part.is_Number or not part.is_finite:
        raise Undefined("it is no number")
    return mpmath.mpf(part._to_mpmath(140))
