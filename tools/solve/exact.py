"""Evaluates trees without the solvers, to check what they say: in fractions where that is possible, else in intervals.

An interval surely holds the value, so that a comparison of two that do not touch is certain. Where they touch, or a
value is not defined, the outcome is open: ``None``.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from .arithmetic import ARITHMETIC, NoValue, Value, Word, applied, compare, interval, whole
from .syntax import Apply, Name, Node, Number, Quantified

# What evaluating raises where there is no value.
OPEN = (NoValue, ZeroDivisionError, OverflowError, ValueError, TypeError)


class Evaluator:
    """Evaluates for one choice of values.

    Args:
        values: By name; a pair of fractions is an interval.
    """

    def __init__(self, values: Mapping[str, Value], choices: frozenset[str] = frozenset()) -> None:
        self._values = values
        self._choices = choices

    def truth(self, node: Node) -> bool | None:
        """Returns whether a statement holds; None where that is open."""
        try:
            return self._truth(node)
        except OPEN:
            return None

    def side(self, node: Node) -> Value | None:
        """Returns the exact value of an expression; None where there is none."""
        try:
            found = self.value(node)
        except OPEN:
            return None
        return found if isinstance(found, Fraction | Word | bool | str) else None

    def value(self, node: Node) -> Value:
        """Returns the value of an expression.

        Raises:
            NoValue: It has none, or none that can be found here.
        """
        match node:
            case Number(value):
                return value
            case Name(name):
                return self._named(name)
            case Apply("if", (condition, then, otherwise)):
                holds = self.truth(condition)
                if holds is None:
                    raise NoValue
                return self.value(then if holds else otherwise)
            case Apply(op, args) if op in ARITHMETIC:
                return applied(op, [self.value(arg) for arg in args])
        truth = self._truth(node)
        if truth is None:
            raise NoValue
        return truth

    def _named(self, name: str) -> Value:
        if name in self._values:
            found = self._values[name]
            return interval(*found) if isinstance(found, tuple) else found
        if name in ("true", "false"):
            return name == "true"
        if name in self._choices:
            return name
        if name in ("pi", "e"):
            from mpmath import iv

            return iv.pi if name == "pi" else iv.e
        raise NoValue

    def _truth(self, node: Node) -> bool | None:
        match node:
            case Quantified():
                return None
            case Apply("not", (inner,)):
                truth = self.truth(inner)
                return None if truth is None else not truth
            case Apply("and" | "or" | "implies" | "iff" | "xor" as op, args):
                return _connected(op, [self.truth(arg) for arg in args])
            case Apply("=" | "!=" | "<" | "<=" | ">" | ">=" as op, (left, right)):
                return compare(op, self.value(left), self.value(right))
            case Apply(op, args):
                return self._property(op, args)
        found = self.value(node)
        return found if isinstance(found, bool) else None

    def _property(self, op: str, args: tuple[Node, ...]) -> bool | None:
        if op == "in":
            return self._member(self.value(args[0]), args[1])
        if op in ("exactly", "at_least", "at_most"):
            held = [self.truth(arg) for arg in listed(args[1:])]
            count = self.value(args[0])
            return None if None in held else _count(op, sum(map(bool, held)), count)
        if op == "no_overlap":
            return self._no_overlap(args)
        values = [self.value(arg) for arg in listed(args)]
        if op == "distinct":
            pairs = [compare("!=", a, b) for i, a in enumerate(values) for b in values[:i]]
            return _connected("and", pairs)
        if op in ("even", "odd"):
            return whole(values[0]) % 2 == (op == "odd")
        if op == "divides":
            return whole(values[1]) % whole(values[0]) == 0
        raise NoValue

    def _member(self, value: Value, values: Node) -> bool | None:
        assert isinstance(values, Apply)
        if values.op == "set":
            return _connected("or", [compare("=", value, self.value(arg)) for arg in values.args])
        low, high = (self.value(arg) for arg in values.args)
        within = _connected("and", [compare("<=", low, value), compare("<=", value, high)])
        return within and (isinstance(value, Word) or Fraction(value).denominator == 1)

    def _no_overlap(self, args: tuple[Node, ...]) -> bool | None:
        spans = [[self.value(part) for part in arg.args] for arg in args if isinstance(arg, Apply)]
        ends = [(start, applied("+", [start, duration])) for start, duration in spans]
        pairs = [
            _connected("or", [compare("<=", a[1], b[0]), compare("<=", b[1], a[0])])
            for i, a in enumerate(ends)
            for b in ends[:i]
        ]
        return _connected("and", pairs)


def listed(args: tuple[Node, ...]) -> tuple[Node, ...]:
    """Returns arguments, whether they were written as such or as one list."""
    return args[0].args if len(args) == 1 and isinstance(args[0], Apply) and args[0].op == "list" else args


def _connected(op: str, truths: list[bool | None]) -> bool | None:
    """Connects by Kleene's logic: what is open leaves open only what depends on it."""
    if op == "implies":
        return _connected("or", [None if truths[0] is None else not truths[0], truths[1]])
    if op in ("and", "or"):
        deciding = op == "or"
        return deciding if deciding in truths else None if None in truths else not deciding
    if None in truths:
        return None
    return (truths[0] == truths[1]) == (op == "iff")


def _count(op: str, held: int, count: Value) -> bool:
    return bool({"exactly": held == count, "at_least": held >= count, "at_most": held <= count}[op])
