"""Says in few words what statements say in many: ``distinct``, ``no_overlap``, ``divides`` and their like.

What is shown to people keeps the many; what is translated and evaluated has comparisons and connectives only.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

from .limits import SolveError
from .syntax import ONE, ZERO, Apply, Node, Number, all_of, listed

TWO = Number(Fraction(2))
COUNTS = {"exactly": "=", "at_least": ">=", "at_most": "<="}


def core(node: Node) -> Node:  # noqa: PLR0911 — one for each form
    """Returns a statement that says the same with comparisons, ``and``, ``or`` and ``if``.

    Raises:
        SolveError: Its arguments do not fit.
    """
    match node:
        case Apply("in", (value, Apply("set", members))):
            return _any_of([Apply("=", (value, member)) for member in members])
        case Apply("in", (value, Apply("range", (low, high)))):
            whole = Apply("=", (value, Apply("floor", (value,))))
            return Apply("and", (Apply("<=", (low, value)), Apply("<=", (value, high)), whole))
        case Apply("even" | "odd" as op, (value,)):
            return Apply("=", (Apply("mod", (value, TWO)), ONE if op == "odd" else ZERO))
        case Apply("divides", (divisor, value)):
            return Apply("=", (Apply("mod", (value, divisor)), ZERO))
        case Apply("distinct", args):
            return all_of([Apply("!=", pair) for pair in itertools.combinations(listed(args), 2)])
        case Apply("no_overlap", spans):
            return all_of([_apart(*pair) for pair in itertools.combinations([_span(span) for span in spans], 2)])
        case Apply("exactly" | "at_least" | "at_most" as op, (count, *statements)):
            ones: list[Node] = [Apply("if", (part, ONE, ZERO)) for part in listed(tuple(statements))]
            return Apply(COUNTS[op], (reduce(lambda a, b: Apply("+", (a, b)), ones), count))
    return node


def _any_of(nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Apply("or", tuple(nodes))


def _span(node: Node) -> tuple[Node, Node]:
    """Returns start and end."""
    match node:
        case Apply("list", (start, duration)):
            return start, Apply("+", (start, duration))
    raise SolveError("no_overlap takes pairs of start and duration: no_overlap((a, 3), (b, 2))")


def _apart(first: tuple[Node, Node], second: tuple[Node, Node]) -> Node:
    return _any_of([Apply("<=", (first[1], second[0])), Apply("<=", (second[1], first[0]))])
