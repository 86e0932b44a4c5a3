"""Finds values that satisfy constraints, the best such values, or the constraints that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .arithmetic import Value
from .decide import Clock, Decision, decide
from .formulas import Formulas
from .limits import SolveError
from .models import exact_root, shown, values_of
from .optimum import Optimum, best
from .prove import UNKNOWN, Report, check
from .show import latex_of, text_of
from .statement import Statement, listed
from .syntax import Node, all_of

Goal = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class Solution:
    """Values of the variables.

    Attributes:
        values: By name.
        shown: The same as text.
        checked: Whether they were put into the constraints; None where that could not be told.
    """

    values: dict[str, Value]
    shown: dict[str, str]
    checked: bool | None


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
    report(base | _unknown(statement, clock))
    formulas = Formulas(statement.domains)
    constraints = _constraints(statement)
    translated = [formulas.formula(part) for part in constraints]
    decision = decide(formulas.definitions, clock, translated)
    if decision.verdict == "unknown":
        return base | _unknown(statement, clock)
    if decision.verdict == "impossible":
        return base | _conflict(statement, formulas, translated, decision, clock)
    solution = read_solution(statement, formulas, decision.model)
    if solution is None:
        return base | _unknown(statement, clock)
    return base | _found(statement, formulas, translated, solution, clock)


def _base(statement: Statement, task: str) -> dict[str, Any]:
    return {
        "task": task,
        "statement": listed(statement.given),
        "variables": {name: domain.symbol for name, domain in statement.domains.items()},
        "latex": latex_of(all_of(list(statement.given))) if statement.given else "",
    }


def _constraints(statement: Statement) -> list[Node]:
    return [*statement.given, *statement.restrictions]


def _unknown(statement: Statement, clock: Clock) -> dict[str, Any]:
    text = f"{UNKNOWN} of {clock.seconds:g} s: whether there are values with {listed(statement.given)}"
    return {"text": text, "answer": UNKNOWN}


def read_solution(statement: Statement, formulas: Formulas, model: Any) -> Solution | None:
    """Returns a model's values, put into the constraints; None where they do not hold."""
    values = values_of(model, formulas.variables, statement.domains)
    checked = check(statement, values, wanted=True)
    if checked is False:
        return None
    named = {}
    for name, value in values.items():
        root = exact_root(model, formulas.variables[name]) if isinstance(value, tuple) else None
        named[name] = f"{root} {shown(value)}" if root else shown(value)
    return Solution(values, named, checked)


def _found(
    statement: Statement, formulas: Formulas, translated: Sequence[Any], solution: Solution, clock: Clock
) -> dict[str, Any]:
    other = _another(statement, formulas, translated, solution, clock)
    unique = {"impossible": True, "possible": False, "unknown": None}[other.verdict]
    result: dict[str, Any] = {
        "answer": "solution",
        "solution": solution.shown,
        "unique": unique,
        "checked": bool(solution.checked),
    }
    text = assignments(solution.shown)
    if unique:
        text += " (the only solution)"
    elif unique is False:
        second = read_solution(statement, formulas, other.model)
        if second:
            result["another"] = second.shown
            text += f" (not the only solution: also {assignments(second.shown)})"
    else:
        text += " (whether there are others is unknown within the limit)"
    how = "put into every constraint" if solution.checked else "to 40 digits" if solution.checked is None else ""
    return result | {"text": text, "method": f"Z3 found it{how and ', and it was checked: '}{how}"}


def assignments(values: dict[str, str]) -> str:
    """Returns values as text, such as ``x = 1, y = 2``."""
    return ", ".join(f"{name} = {value}" for name, value in values.items()).replace("= ≈", "≈")


def _another(
    statement: Statement, formulas: Formulas, translated: Sequence[Any], solution: Solution, clock: Clock
) -> Decision:
    import z3

    if any(isinstance(value, tuple) for value in solution.values.values()):
        # An irrational value is known to 40 digits only; another solution lies outside them.
        differs = z3.Or([_outside(formulas.variables[name], value) for name, value in solution.values.items()])
    else:
        differs = z3.Or(
            [formulas.variables[name] != _literal(formulas, name, value) for name, value in solution.values.items()]
        )
    return decide([*formulas.definitions, *translated, differs], Clock(clock.left * 0.8))


def _outside(term: Any, value: Value) -> Any:
    import z3

    if not isinstance(value, tuple):
        return term != z3.RealVal(str(value)) if z3.is_arith(term) else z3.BoolVal(False)
    return z3.Or(term < z3.RealVal(str(value[0])), term > z3.RealVal(str(value[1])))


def _literal(formulas: Formulas, name: str, value: Value) -> Any:
    import z3

    term = formulas.variables[name]
    if z3.is_bool(term):
        return z3.BoolVal(value)
    if z3.is_bv(term):
        return z3.BitVecVal(value.value, term.size())
    if z3.is_arith(term):
        return z3.IntVal(int(value)) if z3.is_int(term) else z3.RealVal(str(value))
    return formulas.choice(value, name)


def _conflict(
    statement: Statement, formulas: Formulas, translated: Sequence[Any], decision: Decision, clock: Clock
) -> dict[str, Any]:
    """Names constraints that contradict each other, as few as can be found."""
    core = list(decision.core) or list(range(len(translated)))
    for position in list(core):
        rest = [number for number in core if number != position]
        tried = decide([*formulas.definitions, *(translated[number] for number in rest)], Clock(clock.left * 0.3))
        if tried.verdict == "impossible":
            core = rest
    named = [text_of(_constraints(statement)[number]) for number in core]
    what = "contradict each other" if len(named) > 1 else "cannot hold"
    text = f"no solution: {' and '.join(named)} {what}" if named else "no solution"
    return {"answer": "no solution", "conflict": named, "text": text, "method": "Z3 found that they cannot hold"}


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
    base = _base(statement, goal) | {"objective": text_of(objective)}
    base["statement"] = f"{goal} {text_of(objective)}" + (f" subject to {base['statement']}" if statement.given else "")

    def partly(optimum: Optimum) -> dict[str, Any]:
        return base | _optimum(statement, goal, objective, optimum, clock)

    optimum = best(statement, goal, objective, clock, lambda found: report(partly(found)))
    if optimum.status == "infeasible":
        return base | _without(statement, clock)
    return partly(optimum)


def _without(statement: Statement, clock: Clock) -> dict[str, Any]:
    formulas = Formulas(statement.domains)
    translated = [formulas.formula(part) for part in _constraints(statement)]
    decision = decide(formulas.definitions, clock, translated)
    return _conflict(statement, formulas, translated, decision, clock)


def _optimum(statement: Statement, goal: Goal, objective: Node, optimum: Optimum, clock: Clock) -> dict[str, Any]:
    name, what = text_of(objective), "smallest" if goal == "minimize" else "largest"
    if optimum.status == "unbounded":
        return {
            "answer": "unbounded",
            "text": f"{name} has no {what} value: it can be made as {'small' if goal == 'minimize' else 'large'} as one likes",
        }
    if optimum.status == "approached":
        near = f" comes as near to {optimum.value} as one likes without reaching it" if optimum.value else ""
        return {"answer": "not attained", "bound": optimum.value, "text": f"{name} has no {what} value: it{near}"}
    if optimum.model is None or optimum.formulas is None:
        return {"answer": UNKNOWN, "text": f"{UNKNOWN} of {clock.seconds:g} s: {goal} {name}"}
    solution = read_solution(statement, optimum.formulas, optimum.model)
    if solution is None:
        raise SolveError("Z3 named values that did not stand the check; nothing can be said")
    proved = optimum.status == "optimal"
    text = f"{what} {name} = {optimum.value}, with {assignments(solution.shown)}".replace("= ≈", "≈")
    text = (
        text
        if proved
        else f"the best found within {clock.seconds:g} s: {text.replace(what + ' ', '', 1)} (not proved to be the {what})"
    )
    return {
        "answer": "optimal" if proved else "best found, not proved optimal",
        "value": optimum.value,
        "solution": solution.shown,
        "checked": bool(solution.checked),
        "text": text + (" (proved: nothing better can hold)" if proved else ""),
    }
