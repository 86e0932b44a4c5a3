"""Comparisons without division: a/b ≤ c becomes a·b ≤ c·b², which says the same wherever b is not 0."""

from __future__ import annotations

from fractions import Fraction

from .syntax import ONE, ZERO, Apply, Node, Number, walk


def cleared(op: str, left: Node, right: Node) -> tuple[Node, Node]:
    """Returns two sides that compare as ``left`` and ``right`` do where those are defined.

    Args:
        op: The comparison.
        left: One side.
        right: The other.
    """
    if not any(_divides(part) for side in (left, right) for part in walk(side)):
        return left, right
    (a, b), (c, d) = _quotient(left), _quotient(right)
    difference = Apply("-", (_times(a, d), _times(c, b)))
    return (difference if op in ("=", "!=") else _times(difference, _times(b, d))), ZERO


def _divides(node: Node) -> bool:
    return isinstance(node, Apply) and (node.op == "/" or (node.op == "^" and _is_negative(node.args[1])))


def _is_negative(node: Node) -> bool:
    return isinstance(node, Number) and node.value < 0


def _quotient(node: Node) -> tuple[Node, Node]:
    """Returns numerator and denominator."""
    match node:
        case Apply("neg", (inner,)):
            a, b = _quotient(inner)
            return Apply("neg", (a,)), b
        case Apply("+" | "-" | "*" | "/" as op, (left, right)):
            return _combined(op, _quotient(left), _quotient(right))
        case Apply("^", (base, Number(exponent))) if exponent.denominator == 1:
            a, b = _quotient(base)
            count = Number(Fraction(abs(exponent)))
            top, bottom = Apply("^", (a, count)), b if b == ONE else Apply("^", (b, count))
            return (bottom, top) if exponent < 0 else (top, bottom)
    return node, ONE


def _combined(op: str, left: tuple[Node, Node], right: tuple[Node, Node]) -> tuple[Node, Node]:
    (a, b), (c, d) = left, right
    if op == "*":
        return _times(a, c), _times(b, d)
    if op == "/":
        return _times(a, d), _times(b, c)
    return Apply(op, (_times(a, d), _times(c, b))), _times(b, d)


def _times(a: Node, b: Node) -> Node:
    if a == ONE:
        return b
    return a if b == ONE else Apply("*", (a, b))
