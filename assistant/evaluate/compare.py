"""Two runs side by side: what got better or worse, how sure that is, and which cases changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evaluate.saved import Run, SavedFigure
from assistant.evaluate.statistic import Numbers, Statistic, value_of
from assistant.evaluate.suite import SEED, Row, Unit, numbers

RESAMPLES = 2000
CONFIDENCE = 0.95
FEWEST = 6
"""So many cases must have changed to tell a change from chance: by the sign test, fewer never reach 5 %."""
SLOWER = 0.25
"""A time counts as worse only beyond this share of the older one, as a machine is never equally busy."""


@dataclass(frozen=True, slots=True)
class Change:
    """How one figure changed, over the cases that both runs have.

    Attributes:
        suite: The suite's name.
        figure: The figure's name.
        old: The number in the older run.
        new: The number in the newer one.
        at_most: Whether less is better.
        cases: How many cases both runs have.
        low: Lower end of the interval that holds the true difference with 95 %; None where too few cases changed.
        high: Its upper end.
        rows: The cases whose score changed, the older before the newer, the largest change first.
        unit: What the numbers count in.
    """

    suite: str
    figure: str
    old: float
    new: float
    at_most: bool
    cases: int
    low: float | None = None
    high: float | None = None
    rows: tuple[tuple[Row, Row], ...] = ()
    unit: Unit = ""

    @property
    def difference(self) -> float:
        """The newer number less the older one."""
        return self.new - self.old

    @property
    def few(self) -> bool:
        """Whether something changed, in too few cases to tell it from chance."""
        return 0 < len(self.rows) < FEWEST

    @property
    def worse(self) -> bool:
        """Whether it certainly got worse: the whole interval lies on the bad side."""
        if self.low is None or self.high is None:
            return False
        least = SLOWER * self.old if self.unit else 0.0
        return self.low > least if self.at_most else self.high < -least


def compare(old: Run, new: Run) -> list[Change]:
    """Returns how each figure changed that both runs have, over the cases that both have; none without such cases.

    The interval is a bootstrap over those cases, each taken with both its scores (Efron and Tibshirani, 1993), by
    percentiles; the figure is computed anew of each resample, so that areas, errors of calibration and times have one
    too.

    Args:
        old: The older run.
        new: The newer one.
    """
    before = {(suite.name, figure.name): figure for suite in old.suites for figure in suite.figures}
    found = (
        _change(suite.name, before[suite.name, figure.name], figure)
        for suite in new.suites
        for figure in suite.figures
        if (suite.name, figure.name) in before
    )
    return [change for change in found if change]


def differing(old: Run, new: Run) -> list[tuple[str, str, str]]:
    """Returns what the runs were made with where they differ: its name, and what it was in the older and the newer."""
    names = [name for name in dict.fromkeys([*old.about, *new.about]) if name != "command"]
    pairs = ((name, old.about.get(name, "not recorded"), new.about.get(name, "not recorded")) for name in names)
    return [each for each in pairs if each[1] != each[2]]


def _change(suite: str, old: SavedFigure, new: SavedFigure) -> Change | None:
    known = {row.id: row for row in old.rows}
    pairs = [(known[row.id], row) for row in new.rows if row.id in known]
    before, after = numbers([pair[0] for pair in pairs]), numbers([pair[1] for pair in pairs])
    was, now = value_of(new.statistic, *before), value_of(new.statistic, *after)
    if was is None or now is None or old.statistic != new.statistic:
        return None
    changed = [pair for pair in pairs if (pair[0].score, pair[0].truth) != (pair[1].score, pair[1].truth)]
    changed.sort(key=lambda pair: -abs(pair[1].score - pair[0].score))
    low, high = (None, None) if 0 < len(changed) < FEWEST else _interval(new.statistic, before, after)
    return Change(suite, new.name, was, now, new.at_most, len(pairs), low, high, tuple(changed), new.unit)


def _interval(
    statistic: Statistic, before: tuple[Numbers, Numbers], after: tuple[Numbers, Numbers]
) -> tuple[float, float] | tuple[None, None]:
    rng, count = np.random.default_rng(SEED), len(before[0])
    drawn = (rng.integers(count, size=count) for _ in range(RESAMPLES))
    found = [_difference(statistic, before, after, cases) for cases in drawn]
    differences = [each for each in found if each is not None]
    if not differences:
        return None, None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return float(low), float(high)


def _difference(
    statistic: Statistic, before: Sequence[Numbers], after: Sequence[Numbers], cases: NDArray[np.int64]
) -> float | None:
    """The difference over some cases; None where they cannot give it, as without an unanswerable one."""
    was = value_of(statistic, before[0][cases], before[1][cases])
    now = value_of(statistic, after[0][cases], after[1][cases])
    return None if was is None or now is None else now - was
