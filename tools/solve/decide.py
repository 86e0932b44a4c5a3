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
    """

    verdict: Verdict
    model: Any = None
    core: tuple[int, ...] = ()


def decide(formulas: Sequence[Any], clock: Clock, assumptions: Sequence[Any] = ()) -> Decision:
    """Looks for values with which all formulas hold.

    Args:
        formulas: What must hold.
        clock: Tells how long it may take.
        assumptions: More that must hold; where it cannot be, it is told which of them are to blame.
    """
    import z3

    z3.set_param("memory_max_size", MEGABYTES)
    found = Decision("unknown")
    for share, make in _attempts([*formulas, *assumptions]):
        seconds = clock.left * share
        if seconds <= 0:
            break
        try:
            found = _asked(make(), seconds, formulas, assumptions)
        except z3.Z3Exception:  # such as a tactic that does not know integers
            continue
        if found.verdict != "unknown":
            break
    return found


def _attempts(everything: list[Any]) -> Iterator[tuple[float, Callable[[], Any]]]:
    """Yields methods, each with its share of the time that is left."""
    import z3

    goal = z3.Goal()
    goal.add(*everything)
    quantified = bool(z3.Probe("has-quantifiers")(goal))
    if quantified:
        yield 0.3, quantified_solver
    yield 0.4, z3.Solver
    if quantified:
        yield 0.5, z3.Then("simplify", "qsat").solver
    else:
        yield 0.4, z3.Tactic("qfnra-nlsat").solver
        yield 0.5, lambda: z3.SolverFor("QF_NIA")
    yield 0.9, _other_seed


def quantified_solver() -> Any:
    """Returns Z3's method for quantified polynomials over the reals."""
    import z3

    return z3.Then("simplify", "nlqsat").solver()


def _other_seed() -> Any:
    import z3

    solver = z3.Solver()
    solver.set("random_seed", 7)
    return solver


def _asked(solver: Any, seconds: float, formulas: Sequence[Any], assumptions: Sequence[Any]) -> Decision:
    import z3

    solver.set("timeout", max(1, int(seconds * 1000)))
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
    return Decision("unknown")
