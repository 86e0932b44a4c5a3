"""What a figure is of its cases: their mean, a median, an area, an error of calibration."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.evaluate.measures import auroc, calibration_error, declined

Statistic = Literal["mean", "median", "95th percentile", "AUROC", "calibration error", "declined at 90 %"]
Numbers = NDArray[np.float64]

MISTAKEN = 0.1
"""Of the answerable questions, the share that may be declined."""


def value_of(statistic: Statistic, scores: Numbers, truths: Numbers) -> float | None:
    """Returns a figure of its cases; None where they cannot give it, as where there are none.

    Args:
        statistic: What is computed.
        scores: Of each case, shape (cases,).
        truths: Of each case 1 or 0, shape (cases,): what the score should have told. Means and times have no use of it.
    """
    if not len(scores):
        return None
    value = _STATISTICS[statistic](scores, truths)
    return value if math.isfinite(value) else None


def _percentile(scores: Numbers, _: Numbers) -> float:
    ordered = np.sort(scores)
    return float(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))])


def _declined(scores: Numbers, unanswerable: Numbers) -> float:
    if unanswerable.all() or not unanswerable.any():
        return math.nan
    return declined(scores.tolist(), (unanswerable == 0).tolist(), MISTAKEN)


_STATISTICS: dict[Statistic, Callable[[Numbers, Numbers], float]] = {
    "mean": lambda scores, _: float(scores.mean()),
    "median": lambda scores, _: float(np.median(scores)),
    "95th percentile": _percentile,
    "AUROC": auroc,
    "calibration error": calibration_error,
    "declined at 90 %": _declined,
}
