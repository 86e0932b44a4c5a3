"""Expressions of x, evaluated over an array without ``eval``."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .chart import Series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

POINTS = 2001
MAX_LENGTH = 500
MAX_DEPTH = 60
STEEP = 20  # a jump of so many times the usual height, with a change of sign, is a pole
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.Mod: operator.mod,
}  # fmt: skip
# As numpy calls them; each takes one array.
FUNCTIONS = {
    "abs": "abs", "sqrt": "sqrt", "cbrt": "cbrt", "exp": "exp", "ln": "log", "log": "log", "log10": "log10",
    "log2": "log2", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "floor": "floor", "ceil": "ceil", "round": "round", "sign": "sign",
}  # fmt: skip
PAIRS = {"min": "minimum", "max": "maximum", "atan2": "arctan2"}
CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}


class BadExpression(ValueError):
    """An expression cannot be drawn; the text says why."""


def sampled(expressions: Sequence[str], start: float, end: float, *, logarithmic: bool = False) -> list[Series]:
    """Evaluates expressions at equal distances.

    Args:
        expressions: Of x.
        start: The first x.
        end: The last x.
        logarithmic: Whether the distances are equal on a logarithmic axis.

    Returns:
        A series each; where a pole lies between two points a NaN stands, so that no line leads across.

    Raises:
        BadExpression: One cannot be read, or the range is none.
    """
    import numpy as np

    if not (math.isfinite(start) and math.isfinite(end) and start < end):
        raise BadExpression(f"x_from has to be less than x_to, and both finite; they are {start:g} and {end:g}")
    if logarithmic and start <= 0:
        raise BadExpression("a logarithmic axis begins above 0; set x_from")
    places = np.geomspace(start, end, POINTS) if logarithmic else np.linspace(start, end, POINTS)
    return [_sampled(text, places) for text in expressions]


def _sampled(text: str, places: Values) -> Series:
    import numpy as np

    tree = _parsed(text)
    with np.errstate(all="ignore"):
        try:
            found = np.asarray(_value(tree, places, text), np.float64) * np.ones_like(places)
        except OverflowError as error:
            raise BadExpression(f"{text}: a number in it is too large") from error
    found[~np.isfinite(found)] = np.nan
    left_out = int(np.isnan(found).sum())
    return Series(text, places.tolist(), _parted(found).tolist(), left_out)


def _parted(values: Values) -> Values:
    """Interrupts a line at its poles."""
    import numpy as np

    usual = np.nanmedian(np.abs(values)) if np.isfinite(values).any() else 0.0
    steps = np.abs(np.diff(values))
    flips = (values[:-1] * values[1:] < 0) & (steps > STEEP * usual)
    parted = values.copy()
    parted[1:][flips] = np.nan
    return parted


def _parsed(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise BadExpression(f"an expression may have {MAX_LENGTH} characters, this one has {len(text)}")
    try:
        return ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply"
        raise BadExpression(f"{text} cannot be read ({reason}); write products with *, as in 2*x") from error


def _value(node: ast.expr, places: Values, text: str, depth: int = 0) -> Any:
    import numpy as np

    if depth > MAX_DEPTH:
        raise BadExpression(f"{text[:60]}… is nested too deeply")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return np.float64(value)
        case ast.Name(id="x"):
            return places
        case ast.Name(id=name) if name in CONSTANTS:
            return np.float64(CONSTANTS[name])
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            inner = _value(operand, places, text, depth + 1)
            return -inner if isinstance(sign, ast.USub) else inner
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            sides = (_value(side, places, text, depth + 1) for side in (left, right))
            return OPERATORS[type(op)](*sides)
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]):
            known = {1: FUNCTIONS, 2: PAIRS}.get(len(given), {})
            if name not in known:
                raise BadExpression(f"{text}: {name} is not known, or takes another number of values")
            return getattr(np, known[name])(*(_value(one, places, text, depth + 1) for one in given))
        case ast.Name(id=name):
            raise BadExpression(f"{text}: {name} is not known; the variable is x")
    raise BadExpression(f"{text}: only numbers, x, + - * / ^ % and functions can be drawn")
