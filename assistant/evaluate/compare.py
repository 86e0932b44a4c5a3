"""Two runs side by side: what got better or worse, how sure that is, and which cases changed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from assistant.evaluate.saved import Run, SavedFigure
from assistant.evaluate.suite import SEED, Row

RESAMPLES = 5000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Change:
    """How one figure changed.

    Attributes:
        suite: The suite's name.
        figure: The figure's name.
        old: The number in the older run.
        new: The number in the newer one.
        at_most: Whether less is better.
        low: Lower end of the interval that holds the true difference with 95 %; None where the figure is no mean of
            cases that both runs have.
        high: Its upper end.
        rows: The cases whose score changed, the older before the newer, the largest change first.
    """

    suite: str
    figure: str
    old: float
    new: float
    at_most: bool
    low: float | None = None
    high: float | None = None
    rows: tuple[tuple[Row, Row], ...] = ()

    @property
    def difference(self) -> float:
        """The newer number less the older one."""
        return self.new - self.old

    @property
    def worse(self) -> bool:
        """Whether it certainly got worse: the whole interval lies on the bad side."""
        if self.low is None or self.high is None:
            return False
        return self.low > 0 if self.at_most else self.high < 0


def compare(old: Run, new: Run) -> list[Change]:
    """Returns how each figure changed that both runs have.

    The interval is a paired bootstrap over the cases of both (Efron and Tibshirani, 1993), by percentiles.

    Args:
        old: The older run.
        new: The newer one.
    """
    before = {(suite.name, figure.name): figure for suite in old.suites for figure in suite.figures}
    return [
        change
        for suite in new.suites
        for figure in suite.figures
        if (suite.name, figure.name) in before
        and (change := _change(suite.name, before[suite.name, figure.name], figure))
    ]


def _change(suite: str, old: SavedFigure, new: SavedFigure) -> Change | None:
    if old.value is None or new.value is None:
        return None
    pairs = list(_pairs(old, new))
    low, high = _interval([b.score - a.score for a, b in pairs]) if pairs else (None, None)
    changed = sorted(
        (pair for pair in pairs if pair[0].score != pair[1].score), key=lambda pair: -abs(pair[1].score - pair[0].score)
    )
    return Change(suite, new.name, old.value, new.value, new.at_most, low, high, tuple(changed))


def _pairs(old: SavedFigure, new: SavedFigure) -> Iterator[tuple[Row, Row]]:
    known = {row.id: row for row in old.rows}
    return ((known[row.id], row) for row in new.rows if row.id in known)


def _interval(differences: list[float]) -> tuple[float, float]:
    values = np.array(differences)
    if len(values) == 1 or not values.any() or np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())
    from scipy.stats import bootstrap

    with warnings.catch_warnings():  # about resamples that are all alike, as of one case that changed among many
        warnings.simplefilter("ignore")
        found = bootstrap(
            (values,),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(SEED),
        )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
