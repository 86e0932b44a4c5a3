"""Searches for the best values and for the proof that none are better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .decide import Clock, decide, quantified_solver
from .defined import requirements
from .formulas import Formulas
from .limits import SolveError
from .models import exact, shown
from .statement import Statement
from .syntax import Node

Status = Literal["optimal", "found", "unbounded", "not attained", "infeasible", "unknown"]
STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Optimum:
    """How far the search came.

    Attributes:
        status: ``optimal`` where it was proved that nothing is better, ``found`` where it was not, ``not attained``
            where there are always better values though they are bounded.
        value: Of the objective, as text; of one that is not attained its bound, where it is known.
        model: Values that reach it.
        formulas: Tell which values belong to which variable.
    """

    status: Status
    value: str = ""
    model: Any = None
    formulas: Formulas | None = None


@dataclass(frozen=True, slots=True)
class _Search:
    formulas: Formulas
    constraints: list[Any]
    objective: Any
    smaller: bool

    def better(self, than: Any) -> Any:
        return self.objective < than if self.smaller else self.objective > than

    def found(self, model: Any, status: Status = "found") -> Optimum:
        return Optimum(status, shown(exact(self.reached(model))), model, self.formulas)

    def reached(self, model: Any) -> Any:
        import z3

        return z3.simplify(model.eval(self.objective, model_completion=True))


Reported = Callable[[Optimum], None]


def best(statement: Statement, goal: str, objective: Node, clock: Clock, report: Reported) -> Optimum:
    """Returns the best values.

    Args:
        statement: ``given`` holds the constraints.
        goal: ``minimize`` or ``maximize``.
        objective: What is to be made so.
        clock: Tells how long it may take.
        report: Is given what was found on the way.

    Raises:
        SolveError: The objective is no number.
    """
    import z3

    formulas = Formulas(statement.domains)
    constraints = [formulas.formula(part) for part in (*statement.given, *statement.restrictions)]
    # Where the objective has no value, it is not the best.
    value = formulas.term(objective)
    constraints += [formulas.plain(part) for part in requirements(objective)]
    if not z3.is_arith(value):
        raise SolveError("only a number can be made smallest or largest")
    search = _Search(formulas, [*constraints, *formulas.definitions], value, goal == "minimize")
    report(Optimum("unknown"))
    for attempt in (_linear, _polynomial, _stepwise):
        found = attempt(search, statement, clock, report)
        if found.status not in ("unknown", "found"):
            break
    return found


def _linear(search: _Search, statement: Statement, clock: Clock, report: Reported) -> Optimum:
    """Asks Z3's own optimisation, and then whether anything is better than what it says."""
    import z3

    optimizer = z3.Optimize()
    optimizer.set("timeout", max(1, int(clock.left * 300)))
    optimizer.add(*search.constraints)
    handle = optimizer.minimize(search.objective) if search.smaller else optimizer.maximize(search.objective)
    outcome = optimizer.check()
    if outcome != z3.sat:
        return Optimum("infeasible" if outcome == z3.unsat else "unknown")
    infinite, value, epsilon = optimizer.lower_values(handle) if search.smaller else optimizer.upper_values(handle)
    if str(infinite) != "0":
        return _unbounded(search, clock)
    if str(epsilon) == "0":
        return _confirmed(search, optimizer.model(), clock, report)
    reached = search.objective <= value if search.smaller else search.objective >= value
    decision = decide([*search.constraints, reached], Clock(clock.left * 0.5))
    return Optimum("not attained" if decision.verdict == "impossible" else "unknown", shown(exact(value)))


def _confirmed(search: _Search, model: Any, clock: Clock, report: Reported) -> Optimum:
    """Whether nothing is better than a model, asked of a solver that does not optimise."""
    report(search.found(model))
    decision = decide([*search.constraints, search.better(search.reached(model))], Clock(clock.left * 0.6))
    return search.found(model, "optimal" if decision.verdict == "impossible" else "found")


def _unbounded(search: _Search, clock: Clock) -> Optimum:
    """Whether there are better values than any bound; Z3's optimisation names some bounded ones unbounded."""
    import z3

    if search.formulas.definitions:
        return Optimum("unknown")
    bound = z3.Const("bound!", search.objective.sort())
    there_is = z3.Exists(list(search.formulas.variables.values()), z3.And([*search.constraints, search.better(bound)]))
    decision = decide([z3.ForAll([bound], there_is)], Clock(clock.left * 0.5))
    return Optimum("unbounded" if decision.verdict == "possible" else "unknown")


def _polynomial(search: _Search, statement: Statement, clock: Clock, report: Reported) -> Optimum:
    """Says of polynomials over the reals, in one formula, that no other values are better."""
    import z3

    if any(domain.sort != "real" for domain in statement.domains.values()) or search.formulas.definitions:
        return Optimum("unknown")
    others = {name: z3.Real(f"{name}!other") for name in statement.domains}
    pairs = [(search.formulas.variables[name], other) for name, other in others.items()]
    elsewhere = z3.substitute(z3.And([*search.constraints, z3.BoolVal(True)]), *pairs)
    value = z3.substitute(search.objective, *pairs)
    worse = value >= search.objective if search.smaller else value <= search.objective
    solver = quantified_solver()
    solver.set("timeout", max(1, int(clock.left * 400)))
    solver.add(*search.constraints, z3.ForAll(list(others.values()), z3.Implies(elsewhere, worse)))
    try:
        outcome = solver.check()
        if outcome == z3.sat:
            return _confirmed(search, solver.model(), clock, report)
    except z3.Z3Exception:
        return Optimum("unknown")
    return _without_best(search, clock) if outcome == z3.unsat else Optimum("unknown")


def _without_best(search: _Search, clock: Clock) -> Optimum:
    """Tells apart what cannot hold, what has no bound and what does not reach its bound."""
    feasible = decide(search.constraints, Clock(clock.left * 0.3)).verdict
    if feasible != "possible":
        return Optimum("infeasible" if feasible == "impossible" else "unknown")
    unbounded = _unbounded(search, clock)
    return unbounded if unbounded.status == "unbounded" else Optimum("not attained")


def _stepwise(search: _Search, statement: Statement, clock: Clock, report: Reported) -> Optimum:
    """Asks for better and better values until there are none or the time is over."""
    found, constraints = Optimum("unknown"), list(search.constraints)
    for _ in range(STEPS):
        decision = decide(constraints, Clock(clock.left * 0.7))
        if decision.verdict == "impossible":
            return search.found(found.model, "optimal") if found.model is not None else Optimum("infeasible")
        if decision.verdict == "unknown":
            break
        found = search.found(decision.model)
        report(found)
        constraints = [*search.constraints, search.better(search.reached(decision.model))]
    return found
