"""Evaluates trees with SymPy, so that what Z3 names and what SymPy's methods find is checked by something else."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from .core import core
from .defined import requirements
from .limits import SolveError
from .symbolic import Translator
from .syntax import COMPARISONS, Apply, Name, Node, Quantified, rebuilt

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

    def truth(self, node: Node) -> bool | None:  # noqa: PLR0911 — one for each form
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
        if (plainer := core(node)) is not node:
            return self.truth(plainer)
        if any(self.truth(part) is not True for part in requirements(node)):
            return None
        match node:
            case Apply(sign, (left, right)) if sign in COMPARISONS:
                return self._compared(sign, self._side(left), self._side(right))
        return None

    def value(self, node: Node) -> Value | None:
        """Returns the value of an expression; None where there is none."""
        match node:
            case Name("true" | "false" as name):
                return name == "true"
            case Name(name) if isinstance(self._values.get(name), bool | str):
                return self._values[name]
        try:
            found = self._translator.expression(self._chosen(node))
        except OPEN:
            return None
        return found if found.is_number and found.is_extended_real else None

    def _chosen(self, node: Node) -> Node:
        """Returns an expression with the branch that is taken in place of each ``if``."""
        match node:
            case Apply("if", (condition, then, otherwise)):
                holds = self.truth(condition)
                if holds is None:
                    raise SolveError("whether the condition holds is open")
                return self._chosen(then if holds else otherwise)
        return rebuilt(node, self._chosen)

    def _side(self, node: Node) -> Value | None:
        """A side of a comparison, which may be a statement that is compared with another one."""
        found = self.value(node)
        return self.truth(node) if found is None else found

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
