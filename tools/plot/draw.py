"""Draws a chart: as a picture with matplotlib, and with Plotly for the page, which can zoom it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .chart import Chart, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart, without their yellow.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
SIZE = (8.0, 5.0)  # inches
DPI = 120
MARKED = 40  # points; longer lines have no marks
CROWDED = 8  # names on the axis; more are turned
OUTLYING = 10  # times the height of the middle nine tenths; what is past it is cut off, as near a pole


def picture(chart: Chart) -> Figure:
    """Draws with matplotlib, without its global state, so that several threads may do so at once."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    axes: Axes = figure.add_subplot()
    DRAWERS[chart.kind](axes, chart)
    axes.set_title(chart.title)
    if chart.kind != "pie":
        _dress(axes, chart)
    return figure


def _dress(axes: Axes, chart: Chart) -> None:
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label or ("how many" if chart.kind == "histogram" else ""))
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if chart.log_x:
        axes.set_xscale("log")
    if chart.log_y:
        axes.set_yscale("log")
    elif chart.kind in ("line", "scatter") and (cut := cut_off(chart)):
        axes.set_ylim(*cut)
    if len(chart.series) > 1 and chart.kind != "box":
        axes.legend(frameon=False)
    if chart.series[0].x and isinstance(chart.series[0].x[0], str) and len(set(chart.series[0].x)) > CROWDED:
        axes.tick_params(axis="x", rotation=60)


def cut_off(chart: Chart) -> tuple[float, float] | None:
    """Returns the heights worth seeing where a few values, as near a pole, dwarf all others; else None."""
    import numpy as np

    values = np.concatenate([np.asarray(series.y, float) for series in chart.series])
    low, high = np.nanpercentile(values, [5, 95])
    height = high - low
    if height <= 0 or np.nanmax(values) - np.nanmin(values) <= OUTLYING * height:
        return None
    return float(low - height / 2), float(high + height / 2)


def _line(axes: Axes, chart: Chart) -> None:
    for number, series in enumerate(chart.series):
        mark = "o" if series.points <= MARKED else ""
        axes.plot(series.x, series.y, marker=mark, markersize=4, color=_colour(number), label=series.name)  # type: ignore[arg-type]


def _scatter(axes: Axes, chart: Chart) -> None:
    for number, series in enumerate(chart.series):
        axes.scatter(series.x, series.y, s=14, color=_colour(number), label=series.name)  # type: ignore[arg-type]


def _bar(axes: Axes, chart: Chart) -> None:
    import numpy as np

    names = list(dict.fromkeys(str(_short(place)) for place in chart.series[0].x))
    width = 0.8 / len(chart.series)
    for number, series in enumerate(chart.series):
        heights = dict(zip((str(_short(place)) for place in series.x), series.y, strict=True))
        places = np.arange(len(names)) + (number - (len(chart.series) - 1) / 2) * width
        axes.bar(places, [heights[name] for name in names], width, color=_colour(number), label=series.name)
    axes.set_xticks(np.arange(len(names)), names)


def _histogram(axes: Axes, chart: Chart) -> None:
    colours = [_colour(number) for number in range(len(chart.series))]
    names = [series.name for series in chart.series]
    axes.hist(
        [list(series.y) for series in chart.series], bins="auto" if len(names) == 1 else 20, color=colours, label=names
    )


def _box(axes: Axes, chart: Chart) -> None:
    axes.boxplot([list(series.y) for series in chart.series], tick_labels=[series.name for series in chart.series])


def _pie(axes: Axes, chart: Chart) -> None:
    names, values = _slices(chart.series[0])
    colours = [_colour(number) for number in range(len(names))]
    axes.pie(values, labels=names, autopct="%1.1f %%", colors=colours, wedgeprops={"edgecolor": "white"})


DRAWERS = {"line": _line, "scatter": _scatter, "bar": _bar, "histogram": _histogram, "box": _box, "pie": _pie}


def _slices(series: Series) -> tuple[list[str], list[float]]:
    found = [(str(_short(place)), value) for place, value in zip(series.x, series.y, strict=True) if value > 0]
    return [name for name, _ in found], [value for _, value in found]


def _short(place: Any) -> Any:
    """A date without a time that says nothing, a number without a tail of zeros."""
    if hasattr(place, "isoformat"):
        return place.isoformat(sep=" ").removesuffix(" 00:00:00")
    return f"{place:g}" if isinstance(place, float) else place


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def interactive(chart: Chart) -> Any:
    """Draws the same with Plotly."""
    import plotly.graph_objects as go

    figure = go.Figure([_trace(go, chart, number, series) for number, series in enumerate(chart.series)])
    figure.update_layout(
        title=chart.title or None, xaxis_title=chart.x_label or None, yaxis_title=chart.y_label or None,
        template="plotly_white", margin={"l": 60, "r": 20, "t": 50 if chart.title else 20, "b": 50},
        barmode="group" if chart.kind == "bar" else "overlay", showlegend=len(chart.series) > 1 or chart.kind == "pie",
    )  # fmt: skip
    if chart.log_x:
        figure.update_xaxes(type="log")
    if chart.log_y:
        figure.update_yaxes(type="log")
    elif chart.kind in ("line", "scatter") and (cut := cut_off(chart)):
        figure.update_yaxes(range=list(cut))
    return figure


def _trace(go: Any, chart: Chart, number: int, series: Series) -> Any:
    y = [value if math.isfinite(value) else None for value in series.y]
    look = {"name": series.name, "marker_color": _colour(number)}
    match chart.kind:
        case "bar":
            return go.Bar(x=list(series.x), y=y, **look)
        case "histogram":
            return go.Histogram(x=y, opacity=0.7 if len(chart.series) > 1 else 1, **look)
        case "box":
            return go.Box(y=y, **look)
        case "pie":
            names, values = _slices(series)
            return go.Pie(labels=names, values=values, marker_colors=[_colour(n) for n in range(len(names))])
    return go.Scatter(x=list(series.x), y=y, mode="markers" if chart.kind == "scatter" else "lines", **look)
