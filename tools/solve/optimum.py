"""Searches for the best values and for the proof that none are better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from .decide import Clock, decide
from .formulas import Formulas
from .limits import SolveError
from .models import DIGITS, shown
from .statement import Statement
from .syntax import Node

Status = Literal["optimal", "found", "unbounded", "approached", "infeasible", "unknown"]
STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Optimum:
    """How far the search came.

    Attributes:
        status: ``optimal`` where it was proved that nothing is better, ``found`` where it was not.
        value: Of the objective, as text.
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


def best(statement: Statement, goal: str, objective: Node, clock: Clock, report: Callable[[Optimum], None]) -> Optimum:
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
    value = formulas.term(objective)
    if not z3.is_arith(value):
        raise SolveError("only a number can be made smallest or largest")
    search = _Search(formulas, [*constraints, *formulas.definitions], value, goal == "minimize")
    report(Optimum("unknown"))
    for attempt in (_linear, _quantified, _stepwise):
        found = attempt(search, statement, clock, report)
        if found.status not in ("unknown", "found") or attempt is _stepwise:
            return found
    return Optimum("unknown")


def _linear(search: _Search, statement: Statement, clock: Clock, report: Callable[[Optimum], None]) -> Optimum:
    """Asks Z3's own optimisation, and then whether anything is better than what it says."""
    import z3

    optimizer = z3.Optimize()
    optimizer.set("timeout", max(1, int(clock.left * 300)))
    optimizer.add(*search.constraints)
    handle = optimizer.minimize(search.objective) if search.smaller else optimizer.maximize(search.objective)
    outcome = optimizer.check()
    if outcome == z3.unsat:
        return Optimum("infeasible")
    if outcome != z3.sat:
        return Optimum("unknown")
    infinite, value, epsilon = optimizer.lower_values(handle) if search.smaller else optimizer.upper_values(handle)
    if str(infinite) != "0":
        return _confirmed_unbounded(search, clock)
    if str(epsilon) != "0":
        return _confirmed_bound(search, value, clock)
    return _confirmed(search, optimizer.model(), clock, report)


def _confirmed(search: _Search, model: Any, clock: Clock, report: Callable[[Optimum], None]) -> Optimum:
    """Whether nothing is better than a model, asked of a solver that does not optimise."""
    reached = model.eval(search.objective, model_completion=True)
    found = Optimum("found", _text(reached), model, search.formulas)
    report(found)
    decision = decide([*search.constraints, search.better(reached)], Clock(clock.left * 0.6))
    return Optimum("optimal", found.value, model, search.formulas) if decision.verdict == "impossible" else found


def _confirmed_unbounded(search: _Search, clock: Clock) -> Optimum:
    """Whether a very good value can be had, since Z3's optimisation names some bounded ones unbounded."""
    import z3

    far = z3.IntVal(10**9) if z3.is_int(search.objective) else z3.RealVal(10**9)
    decision = decide([*search.constraints, search.better(-far if search.smaller else far)], Clock(clock.left * 0.5))
    return Optimum("unbounded") if decision.verdict == "possible" else Optimum("unknown")


def _confirmed_bound(search: _Search, bound: Any, clock: Clock) -> Optimum:
    decision = decide(
        [*search.constraints, search.objective <= bound if search.smaller else search.objective >= bound],
        Clock(clock.left * 0.5),
    )
    return Optimum("approached", _text(bound)) if decision.verdict == "impossible" else Optimum("unknown")


def _quantified(search: _Search, statement: Statement, clock: Clock, report: Callable[[Optimum], None]) -> Optimum:
    """Says of polynomials over the reals, in one formula, that no other values are better."""
    import z3

    if any(domain.sort != "real" for domain in statement.domains.values()) or search.formulas.definitions:
        return Optimum("unknown")
    others = {name: z3.Real(f"{name}!other") for name in statement.domains}
    pairs = [(search.formulas.variables[name], other) for name, other in others.items()]
    elsewhere = z3.substitute(z3.And([*search.constraints, z3.BoolVal(True)]), *pairs)
    value = z3.substitute(search.objective, *pairs)
    worse = value >= search.objective if search.smaller else value <= search.objective
    formulas = [*search.constraints, z3.ForAll(list(others.values()), z3.Implies(elsewhere, worse))]
    solver = z3.Then("simplify", "nlqsat").solver()
    solver.set("timeout", max(1, int(clock.left * 400)))
    solver.add(*formulas)
    try:
        outcome = solver.check()
    except z3.Z3Exception:
        return Optimum("unknown")
    if outcome == z3.sat:
        return _confirmed(search, solver.model(), clock, report)
    return _without_optimum(search, clock) if outcome == z3.unsat else Optimum("unknown")


def _without_optimum(search: _Search, clock: Clock) -> Optimum:
    """Tells apart what cannot hold, what has no bound and what does not reach its bound."""
    if decide(search.constraints, Clock(clock.left * 0.3)).verdict == "impossible":
        return Optimum("infeasible")
    unbounded = _confirmed_unbounded(search, clock)
    return unbounded if unbounded.status == "unbounded" else Optimum("approached")


def _stepwise(search: _Search, statement: Statement, clock: Clock, report: Callable[[Optimum], None]) -> Optimum:
    """Asks for better and better values until there are none or the time is over."""
    found, constraints = Optimum("unknown"), list(search.constraints)
    for _ in range(STEPS):
        decision = decide(constraints, Clock(clock.left * 0.7))
        if decision.verdict == "impossible":
            known = found.model is not None
            return Optimum("optimal", found.value, found.model, search.formulas) if known else Optimum("infeasible")
        if decision.verdict == "unknown":
            return found
        reached = decision.model.eval(search.objective, model_completion=True)
        found = Optimum("found", _text(reached), decision.model, search.formulas)
        report(found)
        constraints = [*search.constraints, search.better(reached)]
    return found


def _text(term: Any) -> str:
    import z3

    if z3.is_algebraic_value(term):
        return f"≈ {term.approx(DIGITS).as_decimal(12).rstrip('?')}"
    return shown(Fraction(str(z3.simplify(term))))
