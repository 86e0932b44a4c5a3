"""Runs suites and puts their figures into a table."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.evaluate.errors import EvalError
from assistant.evaluate.suite import Cases, Curve, Figure, Suite, all_suites, shown
from assistant.options import one_line

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What one suite gave.

    Attributes:
        suite: The suite.
        figures: Its numbers.
        seconds: How long it took.
        on: What it was measured on, such as ``the sample that ships``.
        curves: Its lines.
        error: Why it could not be measured, one line; empty where it was.
    """

    suite: Suite
    figures: tuple[Figure, ...]
    seconds: float
    on: str
    curves: tuple[Curve, ...] = ()
    error: str = ""

    @property
    def held(self) -> bool:
        """Whether it was measured and every limit was kept."""
        return not self.error and all(figure.held for figure in self.figures)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        said = {key: getattr(self.suite, key) for key in ("name", "about", "metric", "held_out", "source")}
        figures = [asdict(one) | {"held": None if one.value is None else one.held} for one in self.figures]
        curves = [asdict(curve) for curve in self.curves]
        about = {"on": self.on, "seconds": round(self.seconds, 1), "error": self.error}
        return said | about | {"figures": figures, "curves": curves}

    def table(self) -> str:
        """As text for a terminal."""
        if self.error:
            return f"{self.suite.name} could not be measured: {self.error}"
        width = max((len(figure.name) for figure in self.figures), default=0)
        head = [f"{self.suite.name}: {self.suite.about} ({self.on}, {self.seconds:.0f} s)"]
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
    """Measures one suite; a fault ends up in the report, so that it costs this suite only."""
    started = time.perf_counter()
    on = _on(suite, cases)
    try:
        measured = suite.measure(cases)
    except Exception as error:
        log.exception("suite %s", suite.name)
        return Report(suite, (), time.perf_counter() - started, on, error=one_line(error))
    figures = tuple(one for one in measured if isinstance(one, Figure))
    curves = tuple(one for one in measured if isinstance(one, Curve))
    return Report(suite, figures, time.perf_counter() - started, on, curves)


def _on(suite: Suite, cases: Cases) -> str:
    name = "your own library" if suite.own else "a set of your own" if cases.folder else "the sample that ships"
    if cases.limit is None:
        return name
    return f"{cases.limit} cases at most of {'' if suite.own else 'each file of '}{name}"


def _line(figure: Figure, width: int) -> str:
    count = f"({figure.cases} case{'' if figure.cases == 1 else 's'})"
    if figure.value is None:
        return f"  {figure.name:{width}}  not measured {count}"
    sign = "≤" if figure.at_most else "≥"
    limit = "" if figure.limit is None else f"  {'held' if figure.held else 'MISSED'}, limit {sign} {figure.limit:g}"
    return f"  {figure.name:{width}}  {shown(figure.value, figure.unit)}{limit}  {count}"
