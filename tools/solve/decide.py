"""Asks Z3 whether statements can hold together, in several ways one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["possible", "impossible", "unknown"]

MEGABYTES = 1_000


class Clock:
    """Counts down the time of one problem.

    Args:
        seconds: What there is of it.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left; 0 where it is over."""
        return max(0.0, self._until - time.monotonic())


@dataclass(frozen=True, slots=True)
class Decision:
    """What Z3 found.

    Attributes:
        verdict: Whether the statements can hold together.
        model: Values with which they do; None where they cannot.
        core: Positions of assumptions that cannot hold together.
        reason: Why it is unknown.
    """

    verdict: Verdict
    model: Any = None
    core: tuple[int, ...] = ()
    reason: str = ""


def decide(
    formulas: Sequence[Any], clock: Clock, assumptions: Sequence[Any] = (), relaxed: Callable[[], Any] | None = None
) -> Decision:
    """Looks for values with which all formulas hold.

    Args:
        formulas: What must hold.
        clock: Tells how long it may take.
        assumptions: More that must hold; where it cannot be, it is told which of them are to blame.
        relaxed: Gives the formulas and assumptions over the reals, where there are integers; None where that is
            no help. If those cannot hold together, neither can these.
    """
    import z3

    z3.set_param("memory_max_size", MEGABYTES)
    found = Decision("unknown", reason="timeout")
    for share, attempt in _attempts([*formulas, *assumptions], relaxed):
        seconds = clock.left * share
        if seconds <= 0:
            break
        try:
            solver, only = attempt()
            found = _asked(solver, seconds, formulas, assumptions, only)
        except z3.Z3Exception as error:  # such as a tactic that does not know integers
            found = Decision("unknown", reason=str(error))
        if found.verdict != "unknown":
            return found
    return found


def _attempts(
    everything: list[Any], relaxed: Callable[[], Any] | None
) -> Iterator[tuple[float, Callable[[], tuple[Any, Any]]]]:
    import z3

    quantified = any(_has_quantifier(formula) for formula in everything)
    if quantified:
        yield 0.3, lambda: (quantified_solver(), None)
    yield 0.3, lambda: (z3.Solver(), None)
    if relaxed is not None:
        yield 0.3, lambda: (z3.SolverFor("QF_NRA"), relaxed() or [])
    if quantified:
        yield 0.5, lambda: (z3.Then("simplify", "qsat").solver(), None)
    else:
        yield 0.4, lambda: (z3.Tactic("qfnra-nlsat").solver(), None)
        yield 0.5, lambda: (z3.SolverFor("QF_NIA"), None)
    yield 0.9, _other_seed


def quantified_solver() -> Any:
    """Returns Z3's method for quantified polynomials over the reals."""
    import z3

    return z3.Then("simplify", "nlqsat").solver()


def _other_seed() -> tuple[Any, None]:
    import z3

    solver = z3.Solver()
    solver.set("random_seed", 7)
    return solver, None


def _asked(solver: Any, seconds: float, formulas: Sequence[Any], assumptions: Sequence[Any], only: Any) -> Decision:
    import z3

    solver.set("timeout", max(1, int(seconds * 1000)))
    if only == []:
        return Decision("unknown")
    if only is not None:
        solver.add(*only)
        unsatisfiable = solver.check() == z3.unsat
        return Decision("impossible", core=tuple(range(len(assumptions)))) if unsatisfiable else Decision("unknown")
    solver.add(*formulas)
    names = [z3.Bool(f"assumed!{number}") for number in range(len(assumptions))]
    for name, assumption in zip(names, assumptions, strict=True):
        solver.add(z3.Implies(name, assumption))
    outcome = solver.check(*names)
    if outcome == z3.sat:
        return Decision("possible", solver.model())
    if outcome == z3.unsat:
        core = {str(name) for name in solver.unsat_core()}
        return Decision("impossible", core=tuple(i for i, name in enumerate(names) if str(name) in core))
    return Decision("unknown", reason=solver.reason_unknown())


def _has_quantifier(formula: Any) -> bool:
    import z3

    seen, waiting = set(), [formula]
    while waiting:
        part = waiting.pop()
        if z3.is_quantifier(part):
            return True
        if part.get_id() not in seen:
            seen.add(part.get_id())
            waiting += part.children()
    return False
