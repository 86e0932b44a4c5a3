"""Real roots of an equation that no method solves, by their change of sign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .decide import Clock
from .truth import OPEN

STEPS, MAX_ROOTS = 1000, 20


def real_roots(expression: Any, unknown: Any, clock: Clock) -> list[Any]:
    """Returns roots between −1000 and 1000 as SymPy's decimals, the smallest first.

    Args:
        expression: SymPy's, in one variable.
        unknown: The variable.
        clock: Tells how long it may take.
    """
    import sympy

    function = sympy.lambdify([unknown], expression, "mpmath", dummify=True)
    found: list[Any] = []
    before: tuple[float, Any] | None = None
    for at in _grid():
        if clock.left < clock.seconds * 0.3 or len(found) == MAX_ROOTS:
            break
        value = _real(function, at)
        if value is not None and before is not None and before[1] * value <= 0:
            found += _between(expression, unknown, before[0], at)
        before = None if value is None else (at, value)
    return found


def _grid() -> Iterator[float]:
    # Dense around 0, where most roots are; not regular, so that it does not fall on the roots of sin(πx).
    far = [10 ** (1 + 2 * step / 250) for step in range(251)]
    yield from (-at for at in reversed(far))
    yield from (20 * (step + 0.137) / STEPS - 10 for step in range(STEPS))
    yield from far


def _real(function: Any, at: float) -> Any | None:
    try:
        value = function(at)
    except OPEN:
        return None
    return value.real if getattr(value, "imag", 0) == 0 else None


def _between(expression: Any, unknown: Any, low: float, high: float) -> list[Any]:
    """The root between two places; none where the sign changed at a pole."""
    import sympy

    try:
        root = sympy.nsolve(expression, unknown, (low, high), solver="bisect", prec=30, verify=False)
        return [root] if abs(expression.subs(unknown, root).evalf(20)) < sympy.Float("1e-15") else []
    except OPEN:
        return []
