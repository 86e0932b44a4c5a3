"""What is drawn, whatever draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any, Literal

Kind = Literal["line", "scatter", "bar", "histogram", "box", "pie"]
Coordinate = float | str | datetime


@dataclass(frozen=True, slots=True)
class Series:
    """One line, set of bars, or distribution.

    Attributes:
        name: Its column or expression.
        x: As many as ``y``; empty for a distribution.
        y: NaN where a line is interrupted.
        left_out: Values that were missing or no finite numbers.
    """

    name: str
    x: Sequence[Coordinate]
    y: Sequence[float]
    left_out: int = 0

    @property
    def points(self) -> int:
        """How many values can be drawn."""
        return sum(map(math.isfinite, self.y))

    def summary(self) -> dict[str, Any]:
        """Returns what a model should know of it."""
        finite = [value for value in self.y if math.isfinite(value)]
        found: dict[str, Any] = {"name": self.name, "points": len(finite), "least": min(finite), "largest": max(finite)}
        return found | ({"left_out": self.left_out} if self.left_out else {})


@dataclass(frozen=True, slots=True)
class Chart:
    """A whole plot.

    Attributes:
        kind: What it is.
        series: At least one.
        title: May be empty.
        x_label: May be empty.
        y_label: May be empty.
        log_x: Whether x has a logarithmic axis.
        log_y: Whether y has a logarithmic axis.
    """

    kind: Kind
    series: Sequence[Series]
    title: str
    x_label: str
    y_label: str
    log_x: bool = False
    log_y: bool = False

    def hint(self) -> str:
        """Returns what may be the reason that nothing can be drawn."""
        return f" ({sum(series.left_out for series in self.series)} values were left out)"


def as_rows(chart: Chart) -> list[dict[str, Any]]:
    """Returns the data behind a chart: a column for x and one for each series, or the columns of distributions."""
    first = chart.series[0]
    if not first.x:
        columns = zip_longest(*(series.y for series in chart.series))
        return [dict(zip((series.name for series in chart.series), row, strict=True)) for row in columns]
    names = [chart.x_label or "x", *(series.name for series in chart.series)]
    values: dict[Coordinate, list[float | None]] = {}
    for number, series in enumerate(chart.series):
        for place, value in zip(series.x, series.y, strict=True):
            row = values.setdefault(place, [None] * len(chart.series))
            row[number] = value if math.isfinite(value) else None
    return [dict(zip(names, (_plain(place), *row), strict=False)) for place, row in values.items()]


def _plain(place: Coordinate) -> Any:
    return place.isoformat() if isinstance(place, datetime) else place
