"""A run for people: Markdown with plots beside it, or one page of HTML that holds them."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.evaluate.compare import Change, differing
from assistant.evaluate.errors import EvalError
from assistant.evaluate.saved import Run, SavedFigure, SavedSuite
from assistant.evaluate.suite import shown
from assistant.export import STYLE
from assistant.markdown import html_of

SHOWN_CHANGES = 20
PLACE = re.compile(r"<p>PLOT ([\w-]+)</p>")
WIDE = "svg { height: auto; max-width: 100%; } body { max-width: 60rem; }"


def check(path: Path) -> None:
    """Makes sure that a report can be written, before anything is measured for it.

    Raises:
        EvalError: The ending is another, or nothing can be written there.
    """
    if path.suffix not in (".md", ".html"):
        raise EvalError(f"A report is written as .md or .html, not as {path.suffix or 'a file without an ending'}.")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise EvalError(f"The report cannot be written: there is no folder {folder}.")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise EvalError(f"The report cannot be written to {path}: that is not allowed.")


def write(path: Path, run: Run, against: Run | None = None, changes: Sequence[Change] = ()) -> None:
    """Writes a run.

    Args:
        path: ``.md`` gets a folder of its name with the plots, ``.html`` holds them.
        run: The run.
        against: What it is compared with.
        changes: How it differs from that.

    Raises:
        EvalError: The ending is another, or nothing can be written there.
    """
    check(path)
    plots = {suite.name: plot(suite) for suite in run.suites if _drawn(suite)}
    text = "\n".join(_lines(run, against, changes))
    try:
        if path.suffix == ".html":
            path.write_text(_page(text, plots), encoding="utf-8")
            return
        path.with_suffix("").mkdir(parents=True, exist_ok=True)
        for name, drawn in plots.items():
            (path.with_suffix("") / f"{name}.svg").write_text(drawn, encoding="utf-8")
        path.write_text(re.sub(r"(?m)^PLOT ([\w-]+)$", rf"![\1]({path.stem}/\1.svg)", text), encoding="utf-8")
    except OSError as error:
        raise EvalError(f"{path} cannot be written ({error.strerror}).") from error


def plot(suite: SavedSuite) -> str:
    """Returns a suite's shares as bars with their limits, and its curves, as SVG; times stand in the table only."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    bars = _shares(suite)
    count = len(suite.curves)
    height = max(1.2, 0.34 * len(bars) + 0.6)
    picture = Figure(figsize=(8, height + 3.2 * count), layout="constrained")
    axes = picture.subplots(1 + count, 1, squeeze=False, height_ratios=[height, *[3.2] * count])[:, 0]
    _bars(axes[0], bars)
    for below, curve in zip(axes[1:], suite.curves, strict=True):
        points = curve["points"]
        below.plot([x for x, _ in points], [y for _, y in points], color="#0f766e")
        below.set(xlabel=curve["x"], ylabel=curve["y"], title=curve["name"])
        below.set(xlim=(0, 1), ylim=(0, max(0.1, 1.05 * max((y for _, y in points), default=0))))
        below.grid(alpha=0.3)
    written = io.StringIO()
    # Without the date and with fixed names, so that the same figures give the same file; text stays text.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": suite.name}):
        picture.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _shares(suite: SavedSuite) -> list[SavedFigure]:
    return [one for one in suite.figures if one.value is not None and not one.unit and 0 <= one.value <= 1]


def _drawn(suite: SavedSuite) -> bool:
    return bool(_shares(suite) or suite.curves)


def _bars(axes: object, figures: list[SavedFigure]) -> None:
    names = [f"{figure.name[:60]}  {shown(figure.value, figure.unit)}" for figure in figures]
    colours = ["#0f766e" if figure.held else "#b45309" for figure in figures]
    axes.barh(range(len(figures)), [figure.value for figure in figures], color=colours)  # type: ignore[attr-defined]
    for at, figure in enumerate(figures):
        if figure.limit is not None:
            edge = [figure.limit] * 2, [at - 0.45, at + 0.45]
            axes.plot(*edge, color="#1f2937", linewidth=2)  # type: ignore[attr-defined]
    axes.set_yticks(range(len(figures)), names, fontsize=8)  # type: ignore[attr-defined]
    axes.set_xlim(0, 1)  # type: ignore[attr-defined]
    axes.invert_yaxis()  # type: ignore[attr-defined]


def _lines(run: Run, against: Run | None, changes: Sequence[Change]) -> Iterator[str]:
    yield "# Evaluation\n"
    if command := run.about.get("command"):
        yield f"Made by `{command} --report FILE`, measured {run.when}.\n"
    yield from (f"- {name}: {_cell(value)}" for name, value in run.about.items() if name != "command")
    yield ""
    yield from _missed(run)
    if against:
        yield from _compared(run, against, changes)
    for suite in run.suites:
        yield from _suite(suite)


def _missed(run: Run) -> Iterator[str]:
    missed = [(suite, one) for suite in run.suites for one in suite.figures if one.held is False]
    if missed:
        yield "Limits that were missed, for which the command ends with exit code 1:\n"
        for suite, one in missed:
            yield f"- {suite.name}: {_cell(one.name)} {shown(one.value, one.unit)}, {_limit(one)}"
        yield ""


def _suite(suite: SavedSuite) -> Iterator[str]:
    yield f"## {suite.name}\n\n{_sentence(suite.said['about'])} On {suite.on}, {suite.seconds:.0f} s.\n"
    if suite.error:
        yield f"**Could not be measured:** {_cell(suite.error)}\n"
        return
    yield "| | measured | limit | cases |\n|---|---|---|---|"
    for figure in suite.figures:
        yield f"| {_cell(figure.name)} | {shown(figure.value, figure.unit)} | {_limit(figure)} | {figure.cases} |"
    yield f"\nPLOT {suite.name}\n" if _drawn(suite) else ""
    for name in ("metric", "held_out", "source"):
        yield f"- {name.replace('_', ' ')}: {_text(suite.said[name])}"
    yield ""


def _sentence(text: str) -> str:
    written = _text(text[:1].upper() + text[1:])
    return written if written.endswith(("?", ".")) else f"{written}."


def _limit(figure: SavedFigure) -> str:
    if figure.limit is None or figure.value is None:
        return ""
    limit = f"{figure.limit:g} {figure.unit}".rstrip()
    return f"{'at most' if figure.at_most else 'at least'} {limit}{'' if figure.held else ', **missed**'}"


def _compared(run: Run, against: Run, changes: Sequence[Change]) -> Iterator[str]:
    yield f"## Compared with {against.path.name}\n"
    if unlike := differing(against, run):
        yield "| made with | before | now |\n|---|---|---|"
        yield from (f"| {name} | {_cell(was)} | {_cell(now)} |" for name, was, now in unlike)
        yield ""
    if not changes:
        yield "The runs have no case in common, so that nothing can be said."
        return
    yield "Over the cases that both runs have:\n"
    yield "| suite | figure | before | now | difference, 95 % interval | scores changed | |"
    yield "|---|---|---|---|---|---|---|"
    for change in changes:
        spread = f" ({change.low:+.3f} to {change.high:+.3f})" if change.rows and change.low is not None else ""
        word = "**worse**" if change.worse else "too few to tell" if change.few else ""
        old, new = shown(change.old, change.unit), shown(change.new, change.unit)
        difference = f"{shown(change.difference, change.unit, '+')}{spread}"
        count = f"{len(change.rows)} of {change.cases}"
        yield f"| {change.suite} | {_cell(change.figure)} | {old} | {new} | {difference} | {count} | {word} |"
    for change in changes:
        yield from _changed(change)
    yield ""


def _changed(change: Change) -> Iterator[str]:
    if not change.rows or change.unit:
        return
    yield f"\n### {change.suite}, {_cell(change.figure)}: cases whose score changed\n"
    yield "| question | before | now |\n|---|---|---|"
    for old, new in change.rows[:SHOWN_CHANGES]:
        yield (
            f"| {_cell(new.asked, 160)} | {old.score:.2f}: {_cell(old.said, 160)} "
            f"| {new.score:.2f}: {_cell(new.said, 160)} |"
        )
    if more := len(change.rows) - SHOWN_CHANGES:
        yield f"\n… and {more} more." if more > 0 else ""


def _cell(text: str, length: int = 400) -> str:
    """Text within a table or a line, where it is shown as it is."""
    flat = " ".join(text.split())
    flat = flat if len(flat) <= length else flat[: length - 1] + "…"
    return _escaped(flat)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", text)


def _text(text: str) -> str:
    """What a suite says of itself, in which words between backticks are code."""
    flat = " ".join(text.split())
    parts = flat.split("`")
    if len(parts) % 2 == 0:
        return _escaped(flat)
    return "".join(f"`{part}`" if at % 2 else _escaped(part) for at, part in enumerate(parts))


def _page(text: str, plots: dict[str, str]) -> str:
    body = PLACE.sub(lambda found: _inner(plots.get(found[1], "")), html_of(text))
    head = '<meta charset="utf-8"><title>Evaluation</title><meta name="viewport" content="width=device-width">'
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}{WIDE}</style></head><body>{body}</body></html>'


def _inner(svg: str) -> str:
    return svg[svg.find("<svg") :]
