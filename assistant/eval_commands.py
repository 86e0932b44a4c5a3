"""``assistant eval`` and ``assistant compare``: how good the assistant is, and whether a change made it better."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import options
from assistant.options import common, load

if TYPE_CHECKING:
    from assistant.evaluate.compare import Change
    from assistant.evaluate.run import Report
    from assistant.evaluate.saved import Run
    from assistant.evaluate.suite import Cases, Suite
    from assistant.settings import Settings

REPORT = click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write a report with plots: .html or .md."
)


@click.command(
    "eval",
    epilog=options.examples(
        "assistant eval",
        "assistant eval retrieval tools --report report.html",
        "assistant eval bfcl-multiple --data ~/sets --json",
        "assistant eval mine --against last",
    ),
)
@click.argument("names", nargs=-1, metavar="[SUITE]...")
@click.option("--data", "folder", type=click.Path(path_type=Path), help="Folder of full sets, in place of the samples.")
@click.option("--limit", type=click.IntRange(1), help="Cases of each file at most.")
@click.option("--against", metavar="RUN|last", help="Compare with a kept run, or with the last one of these suites.")
@REPORT
@click.option("--runs", is_flag=True, help="List the kept runs.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def evaluate(
    names: tuple[str, ...],
    folder: Path | None,
    limit: int | None,
    against: str | None,
    report: Path | None,
    runs: bool,
    as_json: bool,
) -> None:
    """Measure the assistant on suites ("all" for each, "mine" for your own library).

    Each run is kept in the home folder. The exit code is 1 if a figure misses its limit, or got worse than in the run
    that it is compared with by more than chance explains.
    """
    from assistant.app import make_embedder
    from assistant.evaluate import report as reporting
    from assistant.evaluate import saved
    from assistant.evaluate.run import find
    from assistant.evaluate.suite import Cases, all_suites

    if runs:
        click.echo(_list(load(begin=False).home))
        return
    if not names:
        click.echo("\n".join(f"{suite.name:18}{suite.about}" for suite in all_suites().values()))
        return
    settings = load()
    suites = find(names)
    if report:
        reporting.check(report)
    before = _before(settings, suites, against) if against else None
    cases = Cases(settings, make_embedder(settings), folder, limit)
    reports, path = _measured(cases, suites, quiet=as_json)
    if as_json:
        click.echo(json.dumps([report.row() for report in reports], ensure_ascii=False, allow_nan=False))
    worse = _shown(saved.load(path), before, report)
    if worse or not all(report.held for report in reports):
        sys.exit(1)


@click.command(
    "compare",
    epilog=options.examples(
        "assistant compare 20261130-09 20261130-14", "assistant compare old.json new.json --report both.html"
    ),
)
@click.argument("old")
@click.argument("new")
@REPORT
@common
def compare_runs(old: str, new: str, report: Path | None) -> None:
    """Show two kept runs of `assistant eval` side by side: differences with their intervals, and what changed.

    A run is named as `assistant eval --runs` lists it, by the beginning of that name, or by its file.
    """
    from assistant.evaluate import report as reporting
    from assistant.evaluate.compare import compare
    from assistant.evaluate.saved import find

    if report:
        reporting.check(report)
    home = load(begin=False).home
    before, now = find(home, old), find(home, new)
    changes = compare(before, now)
    click.echo(_table(changes))
    if report:
        reporting.write(report, now, before, changes)
    if any(change.worse for change in changes):
        sys.exit(1)


def _warn(text: str) -> None:
    click.echo(text, err=True)


def _list(home: Path) -> str:
    from assistant.evaluate import saved

    lines = [f"{run.path.stem}  {run.when}  {run.about.get('engine', '')}" for run in saved.kept(home, _warn)]
    return "\n".join(lines) or "No run is kept; `assistant eval SUITE` measures and keeps one."


def _before(settings: Settings, suites: Sequence[Suite], against: str) -> Run | None:
    """Returns the run to compare with, None where there is no last one."""
    from assistant.evaluate import saved

    if against != "last":
        return saved.find(settings.home, against)
    found = saved.latest(saved.kept(settings.home, _warn), [suite.name for suite in suites])
    if found is None:
        click.echo("There is no earlier run of these suites to compare with.", err=True)
    return found


def _measured(cases: Cases, suites: Sequence[Suite], *, quiet: bool) -> tuple[list[Report], Path]:
    """Measures one suite after the other and keeps each at once, so that an end in the middle loses none of them."""
    from assistant.evaluate import saved
    from assistant.evaluate.run import run

    reports: list[Report] = []
    path = saved.place(cases.settings.home, [suite.name for suite in suites])
    for suite in suites:
        reports.append(run(suite, cases))
        saved.save(path, cases, reports)
        if reports[-1].error:
            click.echo(reports[-1].table(), err=True)
        elif not quiet:
            click.echo(reports[-1].table() + "\n")
    click.echo(f"Kept as {path}", err=True)
    return reports, path


def _shown(run: Run, before: Run | None, report: Path | None) -> bool:
    """Compares a run and writes its report; tells whether it is worse than what it is compared with."""
    from assistant.evaluate import report as reporting
    from assistant.evaluate.compare import compare

    changes = compare(before, run) if before else []
    if before:
        click.echo(f"Compared with {before.path}:\n{_table(changes)}", err=True)
    if report:
        reporting.write(report, run, before, changes)
    return any(change.worse for change in changes)


def _table(changes: Sequence[Change]) -> str:
    width = max((len(change.figure) for change in changes), default=0)
    return "\n".join(_line(change, width) for change in changes) or "The runs have no figure in common."


def _line(change: Change, width: int) -> str:
    spread = "" if change.low is None else f"  95 % within {change.low:+.3f} and {change.high:+.3f}"
    said = "  WORSE" if change.worse else ""
    changed = f"  {len(change.rows)} cases changed" if change.rows else ""
    figures = f"{change.old:7.3f} → {change.new:7.3f}  {change.difference:+.3f}"
    return f"  {change.suite:16}  {change.figure:{width}}  {figures}{spread}{changed}{said}"
