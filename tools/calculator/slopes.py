"""The derivatives of the functions, by which errors are passed on and lost digits counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SLOPES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "exp": lambda mp, x, y: y,
    "ln": lambda mp, x, y: 1 / x,
    "sin": lambda mp, x, y: mp.cos(x),
    "cos": lambda mp, x, y: -mp.sin(x),
    "tan": lambda mp, x, y: 1 + y * y,
    "asin": lambda mp, x, y: 1 / mp.sqrt(1 - x * x),
    "acos": lambda mp, x, y: -1 / mp.sqrt(1 - x * x),
    "atan": lambda mp, x, y: 1 / (1 + x * x),
    "sinh": lambda mp, x, y: mp.cosh(x),
    "cosh": lambda mp, x, y: mp.sinh(x),
    "tanh": lambda mp, x, y: 1 - y * y,
    "asinh": lambda mp, x, y: 1 / mp.sqrt(1 + x * x),
    "acosh": lambda mp, x, y: 1 / (mp.sqrt(x - 1) * mp.sqrt(x + 1)),
    "atanh": lambda mp, x, y: 1 / (1 - x * x),
}


def slope(mp: Any, name: str, x: Any, y: Any) -> Any:
    """Returns the derivative of a function.

    Args:
        mp: mpmath's context.
        name: As in ``SLOPES``.
        x: Where, a number of that context.
        y: The function's value there.

    Raises:
        ZeroDivisionError: There is none.
    """
    return SLOPES[name](mp, x, y)
