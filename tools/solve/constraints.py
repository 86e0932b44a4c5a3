"""Finds values that satisfy constraints, the best such values, or the constraints that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from .decide import Clock, Decision, decide
from .formulas import Formulas, Unsupported
from .limits import SolveError
from .models import shown, values_of
from .optimum import Optimum, best
from .problem import Report
from .prove import UNKNOWN, check
from .show import text_of
from .statement import Statement, in_one_line
from .syntax import Node

Goal = Literal["minimize", "maximize"]


def satisfy(statement: Statement, clock: Clock, report: Report) -> dict[str, Any]:
    """Looks for values with which all constraints hold.

    Args:
        statement: ``given`` holds the constraints.
        clock: Tells how long it may take.
        report: Is given the result that stands if the process is ended.

    Returns:
        ``text``, ``answer`` (``solution``, ``no solution`` or ``unknown within the limit``) and what is known beside.
    """
    base = _base(statement, "satisfy")
    what = in_one_line(statement.given)
    unknown = base | {
        "answer": UNKNOWN,
        "text": f"{UNKNOWN} of {clock.seconds:g} s: whether there are values with {what}",
    }
    report(unknown)
    formulas = Formulas(statement.domains)
    translated = [formulas.formula(part) for part in _constraints(statement)]
    decision = decide(formulas.definitions, clock, translated)
    if decision.verdict == "impossible":
        return base | _conflict(statement, formulas, translated, decision, clock)
    solution = _values(statement, formulas, decision.model) if decision.verdict == "possible" else None
    if solution is None:
        return unknown
    report(base | _solution(solution, None, None))
    other = _another(formulas, translated, decision.model, clock)
    second = _values(statement, formulas, other.model) if other.verdict == "possible" else None
    return base | _solution(solution, other, second)


def _base(statement: Statement, task: str) -> dict[str, Any]:
    variables = {name: domain.symbol for name, domain in statement.domains.items()}
    return {"task": task, "statement": in_one_line(statement.given), "variables": variables}


def _constraints(statement: Statement) -> list[Node]:
    return [*statement.given, *statement.restrictions]


def _values(statement: Statement, formulas: Formulas, model: Any) -> tuple[dict[str, str], bool] | None:
    """A model's values, and whether it could be checked that the constraints hold with them; None where they do not."""
    values = values_of(model, formulas.variables, statement.domains)
    checked = check(statement, values, wanted=True)
    return None if checked is False else ({name: shown(value) for name, value in values.items()}, checked is True)


def _solution(
    solution: tuple[dict[str, str], bool], other: Decision | None, second: tuple[dict[str, str], bool] | None
) -> dict[str, Any]:
    values, checked = solution
    result: dict[str, Any] = {"answer": "solution", "solution": values, "checked": checked}
    if other is not None and other.verdict == "impossible":
        return result | {"unique": True, "text": f"{assignments(values)} (the only solution)"}
    if second is None:
        note = "whether there are others is unknown within the limit"
        return result | {"unique": None, "text": f"{assignments(values)} ({note})"}
    text = f"{assignments(values)} (not the only solution: also {assignments(second[0])})"
    return result | {"unique": False, "another": second[0], "text": text}


def assignments(values: dict[str, str]) -> str:
    """Returns values as text, such as ``x = 1, y = 2``."""
    return ", ".join(f"{name} = {value}" for name, value in values.items()).replace("= ≈", "≈")


def _another(formulas: Formulas, translated: Sequence[Any], model: Any, clock: Clock) -> Decision:
    import z3

    differs = [term != model.eval(term, model_completion=True) for term in formulas.variables.values()]
    return decide([*formulas.definitions, *translated, z3.Or(differs)], Clock(clock.left * 0.8))


def _conflict(
    statement: Statement, formulas: Formulas, translated: Sequence[Any], decision: Decision, clock: Clock
) -> dict[str, Any]:
    """Names constraints that contradict each other, as few as can be found."""
    core = list(decision.core) or list(range(len(translated)))
    for position in list(core):
        rest = [number for number in core if number != position]
        tried = decide([*formulas.definitions, *(translated[number] for number in rest)], Clock(clock.left * 0.3))
        core = rest if tried.verdict == "impossible" else core
    named = [text_of(_constraints(statement)[number]) for number in core]
    what = "contradict each other" if len(named) > 1 else "cannot hold"
    text = f"no solution: {' and '.join(named)} {what}" if named else "no solution"
    return {"answer": "no solution", "conflict": named, "text": text}


def optimise(statement: Statement, goal: Goal, objective: Node, clock: Clock, report: Report) -> dict[str, Any]:
    """Looks for the values that satisfy all constraints and make something smallest or largest.

    Args:
        statement: ``given`` holds the constraints.
        goal: Which of the two.
        objective: What is to be made so.
        clock: Tells how long it may take.
        report: Is given what stands if the process is ended.

    Raises:
        SolveError: The objective is no number.
    """
    base = _base(statement, goal)
    subject = f" subject to {base['statement']}" if statement.given else ""
    base["statement"] = f"{goal} {text_of(objective)}{subject}"

    def told(optimum: Optimum) -> dict[str, Any]:
        return base | _optimum(statement, goal, objective, optimum, clock)

    try:
        optimum = best(statement, goal, objective, clock, lambda found: report(told(found)))
    except Unsupported as error:
        raise SolveError(f"{error}; solve where the derivative is 0 instead") from error
    if optimum.status != "infeasible":
        return told(optimum)
    formulas = Formulas(statement.domains)
    translated = [formulas.formula(part) for part in _constraints(statement)]
    return base | _conflict(statement, formulas, translated, decide(formulas.definitions, clock, translated), clock)


def _optimum(statement: Statement, goal: Goal, objective: Node, optimum: Optimum, clock: Clock) -> dict[str, Any]:
    name = text_of(objective)
    what, far = ("smallest", "small") if goal == "minimize" else ("largest", "large")
    if optimum.status == "unbounded":
        text = f"{name} has no {what} value: it can be made as {far} as one likes"
        return {"answer": "unbounded", "text": text}
    if optimum.status == "not attained":
        near = f"it comes as near to {optimum.value} as one likes" if optimum.value else "there is always a better one"
        return {"answer": "not attained", "bound": optimum.value, "text": f"{name} has no {what} value: {near}"}
    if optimum.model is None or optimum.formulas is None:
        return {"answer": UNKNOWN, "text": f"{UNKNOWN} of {clock.seconds:g} s: {goal} {name}"}
    found = _values(statement, optimum.formulas, optimum.model)
    if found is None:
        raise SolveError("Z3 named values that did not stand the check; nothing can be said")
    values, checked = found
    line = f"{name} = {optimum.value}, with {assignments(values)}".replace("= ≈", "≈")
    result = {"value": optimum.value, "solution": values, "checked": checked}
    if optimum.status == "optimal":
        return result | {"answer": "optimal", "text": f"{what} {line} (proved: nothing better can hold)"}
    text = f"the best found within {clock.seconds:g} s: {line} (not proved to be the {what})"
    return result | {"answer": "best found, not proved optimal", "text": text}
