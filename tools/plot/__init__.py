"""The tool that draws plots and keeps the data behind them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from assistant.plugin import Context, ToolError, tool

from .chart import Chart, Kind, Series, as_rows
from .expressions import BadExpression, sampled
from .table import BadTable, from_file, from_rows, series_of

MAX_EXPRESSIONS = 12

Cell = str | float | int | bool | None


@tool(
    examples=["Plot sin(x) and cos(x) from 0 to 10", "Draw a bar chart of sales.csv", "A histogram of these numbers"],
    timeout=60,
    concurrency=4,
)
def plot(
    ctx: Context,
    expressions: Annotated[list[str], Field(max_length=MAX_EXPRESSIONS)] = [],  # noqa: B006
    x_from: float = -10,
    x_to: float = 10,
    rows: list[dict[str, Cell]] = [],  # noqa: B006
    file: str | None = None,
    x: str | None = None,
    y: list[str] = [],  # noqa: B006
    kind: Kind = "line",
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
) -> dict[str, Any]:
    """Draw a plot of expressions or of a table; the person gets the picture, the data and a plot that can be zoomed.

    Give one of three: expressions of x such as ["sin(x)", "x^2 / 4"], rows such as [{"month": "May", "sales": 12}], or
    a file of the conversation. Lines, scatter, bars: one series for each column of y over x. Histogram and box: the
    values of each column of y. Pie: the first column of y, named by x.

    Args:
        expressions: Of x, in radians: + - * / ^ % and abs, sqrt, exp, ln, log10, log2, sin, cos, tan, asin, acos, atan,
            sinh, cosh, tanh, floor, ceil, round, sign, min, max, pi, e.
        x_from: Where expressions begin.
        x_to: Where expressions end.
        rows: A small table.
        file: Name of a CSV, TSV or XLSX file in the conversation.
        x: Column of x; without it the first one.
        y: Columns of y; without them all that hold numbers.
        kind: What is drawn.
        title: Above it.
        x_label: With its unit.
        y_label: With its unit.
        log_x: Whether x has a logarithmic axis.
        log_y: Whether y has a logarithmic axis.
    """
    if sum(map(bool, (expressions, rows, file))) != 1:
        raise ToolError("give exactly one of expressions, rows and file")
    try:
        if expressions:
            if kind not in ("line", "scatter"):
                raise ToolError("expressions can be drawn as a line or as scatter; the other kinds need rows or a file")
            series, across = sampled(expressions, x_from, x_to, logarithmic=log_x), "x"
        else:
            table = from_file(ctx.folder, file) if file else from_rows(rows)
            series, across = series_of(table, kind, x, y)
    except (BadExpression, BadTable) as error:
        raise ToolError(str(error)) from error
    chart = Chart(kind, series, title, x_label or across, y_label or _only_name(series), log_x=log_x, log_y=log_y)
    return _drawn(chart, ctx)


def _only_name(series: list[Series]) -> str:
    return series[0].name if len(series) == 1 else ""


def _drawn(chart: Chart, ctx: Context) -> dict[str, Any]:
    from .draw import interactive, picture

    if not any(series.points for series in chart.series):
        raise ToolError("nothing of this can be drawn: there is no point with a finite value" + chart.hint())
    name = chart.title or "plot"
    ctx.progress("drawing")
    kept = [ctx.save_plot(name, picture(chart)), ctx.save_table(f"{name}-data", as_rows(chart))]
    kept.append(ctx.save_plot(name, interactive(chart)))
    names = ", ".join(series.name for series in chart.series)
    return {
        "text": f"Drawn as {chart.kind}: {names}",
        "drawn": chart.kind,
        "series": [series.summary() for series in chart.series],
        "files": [artifact.path.rpartition("/")[2] for artifact in kept],
    }
