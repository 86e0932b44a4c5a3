"""``assistant eval`` and ``assistant compare``: how good the assistant is, and whether a change made it better."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import options
from assistant.options import common, load

if TYPE_CHECKING:
    from assistant.evaluate.run import Report
    from assistant.evaluate.saved import Run
    from assistant.evaluate.suite import Cases, Suite

NOTHING_IN_COMMON = 2
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
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of full sets, in place of the samples; see docs/measuring.md.",
)
@click.option("--limit", type=click.IntRange(1), help="Cases of each file at most.")
@click.option(
    "--against",
    metavar="RUN|last",
    help="Compare with a kept run, or the last of these suites and this data.",
)
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

    Each run is kept in the home folder. The exit code is 1 if a suite could not be measured, a figure misses its limit,
    or got worse than in the run that it is compared with by more than chance explains; it is 2 if the two have no case
    in common.
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
    cases = Cases(settings, make_embedder(settings), folder, limit, _command(names, folder, limit))
    before = _before(cases, suites, against) if against else None
    reports, path = _measured(cases, suites, quiet=as_json)
    if as_json:
        click.echo(json.dumps([report.row() for report in reports], ensure_ascii=False, allow_nan=False))
    code = _shown(saved.load(path), before, report)
    if code or not all(report.held for report in reports):
        sys.exit(code or 1)


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

    A run is named as `assistant eval --runs` lists it, by the beginning of that name, or by its file. The exit code is
    1 if a figure got worse by more than chance explains, and 2 if the runs have no case in common.
    """
    from assistant.evaluate import report as reporting
    from assistant.evaluate.saved import find

    if report:
        reporting.check(report)
    home = load(begin=False).home
    before, now = find(home, old), find(home, new)
    if code := _shown(now, before, report):
        sys.exit(code)


def _warn(text: str) -> None:
    click.echo(text, err=True)


def _list(home: Path) -> str:
    from assistant.evaluate import saved

    lines = [f"{run.path.stem}  {run.when}  {run.about.get('engine', '')}" for run in saved.kept(home, _warn)]
    return "\n".join(lines) or "No run is kept; `assistant eval SUITE` measures and keeps one."


def _command(names: Sequence[str], folder: Path | None, limit: int | None) -> str:
    """Returns what was typed, as far as it decides what is measured."""
    given = click.get_current_context().find_root().ensure_object(dict)
    named = {"--data": folder, "--limit": limit, "--library": given.get("library"), "--config": given.get("config")}
    typed = [word for name, value in named.items() if value is not None for word in (name, str(value))]
    tools = [word for each in given.get("tool_folders", ()) for word in ("--tools", str(each))]
    return shlex.join(["assistant", "eval", *names, *typed, *tools])


def _before(cases: Cases, suites: Sequence[Suite], against: str) -> Run | None:
    """Returns the run to compare with, None where there is no last one."""
    from assistant.evaluate import saved
    from assistant.evaluate.about import measured_on

    home = cases.settings.home
    if against != "last":
        return saved.find(home, against)
    found = saved.latest(saved.kept(home, _warn), [suite.name for suite in suites], measured_on(cases, suites))
    if found is None:
        _warn("There is no earlier run of these suites on the same data to compare with.")
    return found


def _measured(cases: Cases, suites: Sequence[Suite], *, quiet: bool) -> tuple[list[Report], Path]:
    """Measures one suite after the other and keeps each at once, so that an end in the middle loses none of them."""
    from assistant.evaluate import saved
    from assistant.evaluate.run import run

    reports: list[Report] = []
    path = saved.place(cases.settings.home, [suite.name for suite in suites])
    try:
        for suite in suites:
            reports.append(run(suite, cases))
            saved.save(path, cases, reports)
            if reports[-1].error:
                click.echo(reports[-1].table(), err=True)
            elif not quiet:
                click.echo(reports[-1].table() + "\n")
    finally:
        if path.exists():
            click.echo(f"Kept as {path}", err=True)
    return reports, path


def _shown(run: Run, before: Run | None, report: Path | None) -> int:
    """Compares a run and writes its report; returns the exit code that the comparison asks for."""
    from assistant.evaluate import comparison
    from assistant.evaluate import report as reporting
    from assistant.evaluate.compare import compare

    changes = compare(before, run) if before else []
    if before:
        click.echo(comparison.text(before, run, changes), err=True)
    if report:
        reporting.write(report, run, before, changes)
    if before and not changes:
        return NOTHING_IN_COMMON
    return int(any(change.worse for change in changes))
