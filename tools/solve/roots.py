"""Real roots of an equation that no method solves, by their change of sign."""

from __future__ import annotations

from typing import Any

from .decide import Clock
from .numeric import DIGITS, Decimal, Undefined, evaluate
from .syntax import Node

REACH = 1000
STEPS = 2000
MAX_ROOTS = 20


def real_roots(equation: Node, name: str, clock: Clock) -> list[Any]:
    """Returns roots between −1000 and 1000 as SymPy's decimals, the smallest first.

    Args:
        equation: In one variable.
        name: The variable.
        clock: Tells how long it may take.
    """
    import mpmath
    import sympy

    found: list[Decimal] = []
    before: tuple[Decimal, Decimal] | None = None
    for at in _grid():
        if clock.left < clock.seconds * 0.3 or len(found) == MAX_ROOTS:
            break
        value = _real_value(equation, name, at)
        if value is not None and before is not None and before[1] * value <= 0:
            root = _between(equation, name, before, (at, value))
            if root is not None and all(abs(root - other) > mpmath.mpf(10) ** -12 for other in found):
                found.append(root)
        before = None if value is None else (at, value)
    return [sympy.Float(root, 30) for root in found]


def _grid() -> list[Decimal]:
    import mpmath

    # Dense around 0, where most roots are; not regular, so that it does not fall on the roots of sin(πx).
    near = [mpmath.mpf(20) * (n + mpmath.mpf("0.137")) / STEPS - 10 for n in range(STEPS)]
    far = [mpmath.mpf(10) ** (1 + mpmath.mpf(2 * n) / 500) for n in range(501)]
    return [-at for at in reversed(far)] + near + far


def _real_value(equation: Node, name: str, at: Decimal) -> Decimal | None:
    import mpmath

    try:
        value = evaluate(equation, {name: at})
    except Undefined:
        return None
    return value.real if abs(value.imag) < mpmath.mpf(10) ** -30 else None


def _between(equation: Node, name: str, low: tuple[Decimal, Decimal], high: tuple[Decimal, Decimal]) -> Decimal | None:
    """Halves until the root is known to many digits; None where it was a pole."""
    import mpmath

    (a, at_a), (b, at_b) = low, high
    with mpmath.workdps(DIGITS):
        for _ in range(130):
            middle = (a + b) / 2
            value = _real_value(equation, name, middle)
            if value is None:
                return None
            if value * at_a > 0:
                a, at_a = middle, value
            else:
                b, at_b = middle, value
        small = abs(at_b) < min(abs(low[1]), abs(high[1]), mpmath.mpf("1e-10")) or at_b == 0
    return b if small else None
