"""Simplifying, expanding, factoring and evaluating; each result is compared with what was given, by numbers."""

from __future__ import annotations

from typing import Any

from . import checks
from .decide import Clock
from .limits import SolveError
from .numeric import DIGITS, Undefined, evaluate
from .present import expression_latex, expression_text
from .problem import Problem, outcome
from .show import text_of
from .symbolic import Translator
from .syntax import Node

HOW = "compared with the original by numbers"


def rewrite(problem: Problem, clock: Clock) -> dict[str, Any]:
    """Returns an expression in another form.

    Raises:
        SolveError: There is more than one expression.
    """
    node, expression = read_expression(problem)
    import sympy

    ways = {"simplify": sympy.simplify, "expand": sympy.expand, "factor": _factored}
    if isinstance(expression, sympy.MatrixBase) or problem.task == "evaluate":
        return _evaluated(node, expression, clock)
    if problem.task == "factor" and expression.is_Integer:
        return _prime_factors(expression)
    found = ways[problem.task](expression)
    if problem.task == "expand" and found == expression:
        found = sympy.expand(expression, trig=True)
    verified = checks.same(node, found, problem.variables(), clock)
    text = f"{text_of(node)} = {expression_text(found)}"
    return outcome(problem.task, text, text_of(node), found, verified, HOW)


def read_expression(problem: Problem) -> tuple[Node, Any]:
    """Returns the one expression of a problem, as a tree and as SymPy has it.

    Raises:
        SolveError: There are several, or it is an equation.
    """
    import sympy

    if len(problem.nodes) != 1:
        raise SolveError(f"to {problem.task} one expression is needed, and there are {len(problem.nodes)}")
    (node,) = problem.nodes
    expression = Translator(problem.where(), problem.unknowns).expression(node)
    if isinstance(expression, sympy.logic.boolalg.Boolean):
        raise SolveError(f"`{text_of(node)}` is no expression to {problem.task}; an equation is solved")
    return node, expression


def _factored(expression: Any) -> Any:
    import sympy

    return sympy.factor(expression)


def _prime_factors(number: Any) -> dict[str, Any]:
    import sympy

    found = sympy.factorint(number)
    product = sympy.prod(prime**power for prime, power in found.items())
    parts = [str(prime) if power == 1 else f"{prime}^{power}" for prime, power in found.items()]
    prime = all(sympy.isprime(part) for part in found if abs(part) > 1)
    statement = expression_text(number)
    text = f"{statement} = {' · '.join(parts)}" if parts else f"{statement} has no prime factors"
    return outcome("factor", text, statement, parts, bool(product == number and prime) or None,
                   "multiplied again, and each factor is prime")  # fmt: skip


def _evaluated(node: Node, expression: Any, clock: Clock) -> dict[str, Any]:
    import sympy

    if isinstance(expression, sympy.MatrixBase):
        return _matrix(node, expression)
    if isinstance(expression, sympy.Tuple):
        values = ", ".join(expression_text(value) for value in expression)
        return outcome("evaluate", f"{text_of(node)} = {values}", text_of(node), expression, None, "")
    found = sympy.simplify(expression)
    free = sorted(symbol.name for symbol in found.free_symbols)
    verified = checks.same(node, found, free, clock) if found.is_finite is not False else None
    near = "" if free or found.is_Rational or not found.is_number else expression_text(sympy.N(found, 15))
    text = f"{text_of(node)} = {expression_text(found)}" + (f" ≈ {near}" if near else "")
    return outcome("evaluate", text, text_of(node), found, verified, HOW, approximately=near)


def _matrix(node: Node, found: Any) -> dict[str, Any]:
    text = f"{text_of(node)} = {matrix_text(found)}"
    return outcome("evaluate", text, text_of(node), matrix_text(found), None, "", latex=expression_latex(found))


def matrix_text(value: Any) -> str:
    """Returns a matrix as rows in brackets."""
    rows = (", ".join(expression_text(item) for item in row) for row in value.tolist())
    return "[" + ", ".join(f"[{row}]" for row in rows) + "]"


def numeric_value(node: Node) -> str | None:
    """Returns an expression's value as a decimal, None where it has none."""
    import mpmath

    try:
        value = evaluate(node, {})
    except Undefined:
        return None
    with mpmath.workdps(DIGITS):
        return str(mpmath.nstr(value, 15))
