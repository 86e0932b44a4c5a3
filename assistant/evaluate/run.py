"""Runs suites and puts their figures into a table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.evaluate.suite import Cases, Curve, EvalError, Figure, Suite, all_suites


@dataclass(frozen=True, slots=True)
class Report:
    """What one suite gave.

    Attributes:
        suite: The suite.
        figures: Its numbers.
        seconds: How long it took.
        sample: Whether only the sample that ships was measured.
        curves: Its lines.
    """

    suite: Suite
    figures: tuple[Figure, ...]
    seconds: float
    sample: bool
    curves: tuple[Curve, ...] = ()

    @property
    def held(self) -> bool:
        """Whether every limit was kept."""
        return all(figure.held for figure in self.figures)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        said = {key: getattr(self.suite, key) for key in ("name", "about", "metric", "held_out", "source")}
        figures = [asdict(figure) | {"held": figure.held} for figure in self.figures]
        curves = [asdict(curve) for curve in self.curves]
        return said | {"sample": self.sample, "seconds": round(self.seconds, 1), "figures": figures, "curves": curves}

    def table(self) -> str:
        """As text for a terminal."""
        width = max((len(figure.name) for figure in self.figures), default=0)
        cases = "the sample that ships" if self.sample else "a set of your own"
        head = [f"{self.suite.name}: {self.suite.about} ({cases}, {self.seconds:.0f} s)"]
        notes = [f"  metric: {self.suite.metric}", f"  held out: {self.suite.held_out}", f"  data: {self.suite.source}"]
        return "\n".join([*head, *(_line(figure, width) for figure in self.figures), *notes])


def find(names: Sequence[str]) -> list[Suite]:
    """Returns the suites of these names, ``all`` for every one whose data ships.

    Raises:
        EvalError: One of them does not exist.
    """
    known = all_suites()
    if unknown := [name for name in names if name != "all" and name not in known]:
        raise EvalError(f"There is no suite {unknown[0]}; there are: {', '.join(known)}.")
    every = [suite.name for suite in known.values() if not suite.own] if "all" in names else []
    return [known[name] for name in dict.fromkeys([*every, *(name for name in names if name != "all")])]


def run(suite: Suite, cases: Cases) -> Report:
    """Measures one suite.

    Raises:
        EvalError: Its data is not there.
    """
    started = time.perf_counter()
    measured = suite.measure(cases)
    figures = tuple(one for one in measured if isinstance(one, Figure))
    curves = tuple(one for one in measured if isinstance(one, Curve))
    return Report(suite, figures, time.perf_counter() - started, cases.folder is None and not suite.own, curves)


def _line(figure: Figure, width: int) -> str:
    sign = "≤" if figure.at_most else "≥"
    limit = "" if figure.limit is None else f"  {'held' if figure.held else 'MISSED'}, limit {sign} {figure.limit:g}"
    return f"  {figure.name:{width}}  {figure.value:.3f}{limit}  ({figure.cases} cases)"
