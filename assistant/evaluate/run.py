"""Runs suites and puts their figures into a table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.evaluate.suite import Cases, EvalError, Figure, Suite, all_suites


@dataclass(frozen=True, slots=True)
class Report:
    """What one suite gave.

    Attributes:
        suite: The suite.
        figures: Its numbers.
        seconds: How long it took.
        sample: Whether only the sample that ships was measured.
    """

    suite: Suite
    figures: tuple[Figure, ...]
    seconds: float
    sample: bool

    @property
    def held(self) -> bool:
        """Whether every limit was kept."""
        return all(figure.held for figure in self.figures)

    def row(self) -> dict[str, Any]:
        """As JSON."""
        said = {key: getattr(self.suite, key) for key in ("name", "metric", "held_out", "source")}
        figures = [asdict(figure) | {"held": figure.held} for figure in self.figures]
        return said | {"sample": self.sample, "seconds": round(self.seconds, 1), "figures": figures}

    def table(self) -> str:
        """As text for a terminal."""
        width = max((len(figure.name) for figure in self.figures), default=0)
        cases = "the sample that ships" if self.sample else "the full set"
        head = [f"{self.suite.name}: {self.suite.about} ({cases}, {self.seconds:.0f} s)"]
        notes = [f"  metric: {self.suite.metric}", f"  held out: {self.suite.held_out}", f"  data: {self.suite.source}"]
        return "\n".join([*head, *(_line(figure, width) for figure in self.figures), *notes])


def find(names: Sequence[str]) -> list[Suite]:
    """Returns the suites of these names, ``all`` for every one.

    Raises:
        EvalError: One of them does not exist.
    """
    known = all_suites()
    if unknown := [name for name in names if name != "all" and name not in known]:
        raise EvalError(f"There is no suite {unknown[0]}; there are: {', '.join(known)}.")
    return list(known.values()) if "all" in names else [known[name] for name in names]


def run(suite: Suite, cases: Cases) -> Report:
    """Measures one suite.

    Raises:
        EvalError: Its data is not there.
    """
    started = time.perf_counter()
    figures = tuple(suite.measure(cases))
    return Report(suite, figures, time.perf_counter() - started, cases.folder is None)


def _line(figure: Figure, width: int) -> str:
    sign = "≤" if figure.at_most else "≥"
    limit = "" if figure.limit is None else f"  {'held' if figure.held else 'MISSED'}, limit {sign} {figure.limit:g}"
    return f"  {figure.name:{width}}  {figure.value:.3f}{limit}  ({figure.cases} cases)"
