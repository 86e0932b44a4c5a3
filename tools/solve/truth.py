"""Evaluates trees with SymPy, so that what Z3 names and what SymPy's methods find is checked by something else."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from .defined import requirements
from .limits import SolveError
from .symbolic import Translator
from .syntax import COMPARISONS, Apply, Name, Node, Quantified, listed

Value = Any  # SymPy's exact number, a truth value, or the name of a choice
TRIALS, POINTS, MIN_POINTS = 20, 5, 3
DIGITS = 20
# What SymPy raises where it finds no value.
OPEN = (SolveError, ArithmeticError, ValueError, TypeError, AttributeError, NotImplementedError, RecursionError)


class Evaluator:
    """Evaluates for one choice of values. What is not defined over the reals is neither true nor false.

    Args:
        values: By name.
        choices: Names that stand for themselves.
    """

    def __init__(self, values: Mapping[str, Value], choices: frozenset[str] = frozenset()) -> None:
        self._values = {**{name: name for name in choices}, **values}
        self._translator = Translator(values=self._values)

    def truth(self, node: Node) -> bool | None:
        """Returns whether a statement holds; None where that is open."""
        match node:
            case Quantified():
                return None
            case Name():
                found = self.value(node)
                return found if isinstance(found, bool) else None
            case Apply("not", (inner,)):
                truth = self.truth(inner)
                return None if truth is None else not truth
            case Apply("and" | "or" | "implies" | "iff" | "xor" as op, args):
                return _connected(op, [self.truth(arg) for arg in args])
        if any(self._atom(part) is not True for part in requirements(node)):
            return None
        return self._atom(node)

    def value(self, node: Node) -> Value | None:
        """Returns the value of an expression; None where there is none."""
        match node:
            case Name("true" | "false" as name):
                return name == "true"
            case Name(name) if isinstance(self._values.get(name), bool | str):
                return self._values[name]
            case Apply("if", (condition, then, otherwise)):
                holds = self.truth(condition)
                return None if holds is None else self.value(then if holds else otherwise)
        try:
            found = self._translator.expression(node)
        except OPEN:
            return None
        return found if found.is_number and found.is_extended_real else None

    def _atom(self, node: Node) -> bool | None:  # noqa: PLR0911 — one for each form
        match node:
            case Apply(op, (left, right)) if op in COMPARISONS:
                return self._compared(op, self._side(left), self._side(right))
            case Apply("implies" | "and" | "not"):  # what ``if`` requires
                return self.truth(node)
            case Apply("in", (item, Apply("set", members))):
                return _connected("or", [self._compared("=", self.value(item), self.value(part)) for part in members])
            case Apply("in", (item, Apply("range", (low, high)))):
                found = self.value(item)
                limits = [self._compared("<=", self.value(low), found), self._compared("<=", found, self.value(high))]
                return _connected("and", [*limits, getattr(found, "is_integer", None)])
            case Apply("exactly" | "at_least" | "at_most" as op, (count, *statements)):
                held = [self.truth(part) for part in listed(tuple(statements))]
                sign = {"exactly": "=", "at_least": ">=", "at_most": "<="}[op]
                return (
                    None if None in held else self._compared(sign, self._whole(sum(map(bool, held))), self.value(count))
                )
            case Apply("no_overlap", spans):
                return self._apart([listed((span,)) for span in spans])
            case Apply(op, args):
                return self._property(op, [self.value(arg) for arg in listed(args)])
        return None

    def _side(self, node: Node) -> Value | None:
        """A side of a comparison, which may be a statement that is compared with another one."""
        found = self.value(node)
        return self.truth(node) if found is None else found

    def _property(self, op: str, values: Sequence[Value | None]) -> bool | None:
        if None in values:
            return None
        if op == "distinct":
            return _connected("and", [self._compared("!=", a, b) for i, a in enumerate(values) for b in values[:i]])
        if not all(getattr(value, "is_Integer", False) for value in values):
            return None
        if op in ("even", "odd"):
            return int(values[0] or 0) % 2 == (op == "odd")
        return int(values[1] or 0) % int(values[0] or 0) == 0 if op == "divides" and values[0] != 0 else None

    def _apart(self, spans: Sequence[tuple[Node, ...]]) -> bool | None:
        pairs = [(a, b) for i, a in enumerate(spans) for b in spans[:i]]
        ends = [
            [self.truth(Apply("<=", (Apply("+", first), second[0]))) for first, second in (pair, pair[::-1])]
            for pair in pairs
        ]
        return _connected("and", [_connected("or", orders) for orders in ends])

    @staticmethod
    def _whole(count: int) -> Value:
        import sympy

        return sympy.Integer(count)

    @staticmethod
    def _compared(op: str, left: Value | None, right: Value | None) -> bool | None:
        if left is None or right is None:
            return None
        if isinstance(left, bool | str) or isinstance(right, bool | str):
            same = left == right if type(left) is type(right) else None
            return None if same is None or op not in ("=", "!=") else same == (op == "=")
        import sympy

        names = {"=": "Eq", "!=": "Ne", "<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge"}
        try:
            found = getattr(sympy, names[op])(left, right)
        except OPEN:
            return None
        return bool(found) if found in (sympy.true, sympy.false) else None


def _connected(op: str, truths: Sequence[bool | None]) -> bool | None:
    """Connects by Kleene's logic: what is open leaves open only what depends on it."""
    if op == "implies":
        return _connected("or", [None if truths[0] is None else not truths[0], truths[1]])
    if op in ("and", "or"):
        deciding = op == "or"
        return deciding if deciding in truths else None if None in truths else not deciding
    if None in truths:
        return None
    return (truths[0] == truths[1]) == (op == "iff")


def number(expression: Any, values: Mapping[Any, Any] | None = None) -> Any | None:
    """Returns an expression's value as SymPy's decimal, complex where it is; None where it has none."""
    import sympy

    try:
        found = sympy.N(expression.subs(values or {}), DIGITS)
    except OPEN:
        return None
    return found if found.is_number and found.is_finite and not found.has(sympy.Integral, sympy.Sum) else None


def agree(first: Any, second: Any) -> bool | None:
    """Returns whether two of SymPy's expressions have the same values.

    Returns:
        None where they are defined together at too few points.
    """
    import sympy

    symbols = sorted(first.free_symbols | second.free_symbols, key=str)
    source, compared = random.Random(2), 0  # noqa: S311
    for trial in range(TRIALS):
        # Small and positive values first, where most is defined.
        low, high = (1, 300) if trial < TRIALS // 2 else (-500, 500)
        drawn = [source.randint(low, high) for _ in symbols]
        at = {
            symbol: sympy.Integer(value // 40 + 1) if symbol.is_integer else sympy.Rational(value, 101)
            for symbol, value in zip(symbols, drawn, strict=True)
        }
        a, b = number(first, at), number(second, at)
        if a is None or b is None:
            continue
        if abs(a - b) > sympy.Float("1e-10") * max(1, abs(a), abs(b)):
            return False
        compared += 1
        if not symbols or compared == POINTS:
            break
    return True if compared >= (MIN_POINTS if symbols else 1) else None
