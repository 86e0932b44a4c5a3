"""Carries out a problem; runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import algebra, calculus, constraints, equations, prove, rewrite
from .decide import Clock
from .limits import SolveError
from .problem import Problem, Report
from .request import Request, understand
from .statement import Statement, read_statement
from .syntax import ZERO, Apply, Name, all_of, is_statement

SYMPY: dict[str, Callable[[Problem, Clock, Report], dict[str, Any]]] = {
    "solve": algebra.solve, "ode": equations.solve_ode, "differentiate": calculus.differentiate,
    "integrate": calculus.integrate, "limit": calculus.limit, "series": calculus.series, "sum": calculus.add_up,
    "product": calculus.add_up, "simplify": rewrite.rewrite, "expand": rewrite.rewrite, "factor": rewrite.rewrite,
    "partial_fractions": rewrite.rewrite, "evaluate": rewrite.rewrite,
}  # fmt: skip


def carry_out(request: Request, seconds: float, report: Report) -> dict[str, Any]:
    """Returns the answer to a request.

    Args:
        request: What is asked.
        seconds: How long it may take.
        report: Is given the result that stands if the process is ended before.

    Raises:
        SolveError: It cannot be understood or solved.
    """
    problem, clock = understand(request), Clock(seconds)
    if problem.task in SYMPY:
        return SYMPY[problem.task](problem, clock, report)
    if problem.task == "prove":
        return prove.prove(_claim(problem), clock, report)
    if problem.task == "satisfy":
        return constraints.satisfy(_constraints(problem, Name("true")), clock, report)
    (objective, *_more) = problem.nodes
    if is_statement(objective):
        raise SolveError(f"to {problem.task} a number is needed first, as in: {problem.task} x + y subject to x*y = 36")
    statement = _constraints(problem, Apply("=", (objective, ZERO)))
    goal: constraints.Goal = "minimize" if problem.task == "minimize" else "maximize"
    return constraints.optimise(statement, goal, objective, clock, report)


def _claim(problem: Problem) -> Statement:
    claim = all_of(list(problem.nodes))
    if not is_statement(claim) and not isinstance(claim, Name):
        raise SolveError("a claim must be true or false, such as x^2 >= 0")
    return read_statement(claim, problem.given, problem.domains, problem.default)


def _constraints(problem: Problem, about: Any) -> Statement:
    """Takes the nodes for constraints, all but an objective."""
    given = [*(problem.nodes if about == Name("true") else problem.nodes[1:]), *problem.given]
    read = read_statement(about, given, problem.domains, problem.default)
    kept = {name: domain for name, domain in read.domains.items() if name not in ("true", "false")}
    missing = {name: domain for name, domain in problem.domains.items() if name not in kept}
    return Statement(kept | missing, read.given, Name("true"))
