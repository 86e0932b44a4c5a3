"""Simplifying, expanding, factoring and evaluating; each result is compared with what was given, by numbers."""

from __future__ import annotations

from typing import Any

from .decide import Clock
from .limits import SolveError
from .present import decimal, expression_text
from .problem import Problem, Report, outcome
from .show import text_of
from .symbolic import Translator
from .syntax import Node, is_statement
from .truth import agree

HOW = "compared with the original by numbers"


def rewrite(problem: Problem, clock: Clock, report: Report) -> dict[str, Any]:
    """Returns an expression in another form.

    Raises:
        SolveError: There is more than one expression.
    """
    import sympy

    node, expression = read_expression(problem)
    if problem.task == "factor" and expression.is_Integer:
        return _prime_factors(expression)
    ways = {"expand": sympy.expand, "factor": sympy.factor, "partial_fractions": sympy.apart}
    found = ways.get(problem.task, sympy.simplify)(expression)
    if problem.task == "expand" and found == expression:
        found = sympy.expand(expression, trig=True)
    if found is sympy.nan or found.has(sympy.zoo):
        raise SolveError(f"{text_of(node)} is not defined")
    near = decimal(found)
    text = f"{text_of(node)} = {expression_text(found)}" + (f" ≈ {near}" if near else "")
    return outcome(problem.task, text, text_of(node), found, agree(expression, found), HOW)


def read_expression(problem: Problem) -> tuple[Node, Any]:
    """Returns the one expression of a problem, as a tree and as SymPy has it.

    Raises:
        SolveError: There are several, or it is an equation.
    """
    if len(problem.nodes) != 1:
        raise SolveError(f"to {problem.task} one expression is needed, and there are {len(problem.nodes)}")
    (node,) = problem.nodes
    expression = Translator(problem.where(), problem.unknowns).expression(node)
    if is_statement(node):
        raise SolveError(f"`{text_of(node)}` is no expression to {problem.task}; an equation is solved")
    return node, expression


def _prime_factors(value: Any) -> dict[str, Any]:
    import sympy

    found = sympy.factorint(value)
    parts = [str(prime) if power == 1 else f"{prime}^{power}" for prime, power in found.items()]
    statement = expression_text(value)
    text = f"{statement} = {' · '.join(parts)}" if parts else f"{statement} has no prime factors"
    right = sympy.prod(prime**power for prime, power in found.items()) == value
    return outcome("factor", text, statement, parts, right, "multiplied again")
