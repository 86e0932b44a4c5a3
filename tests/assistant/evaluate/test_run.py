"""The command that measures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.cli import cli
from assistant.evaluate.errors import EvalError
from assistant.evaluate.run import find, run
from assistant.evaluate.saved import load
from assistant.evaluate.suite import Cases, Figure, all_suites, figure
from assistant.settings import Settings
from index.embed import Embedder


def test_every_suite_says_how_it_measures() -> None:
    for suite in all_suites().values():
        assert suite.metric and suite.held_out and suite.source and suite.about


def test_without_a_name_the_suites_are_listed() -> None:
    done = CliRunner().invoke(cli, ["eval"])
    assert done.exit_code == 0
    assert "bfcl-multiple" in done.output


def test_an_unknown_suite_is_named() -> None:
    with pytest.raises(EvalError, match="no suite nothing"):
        find(["nothing"])


@pytest.mark.parametrize(
    ("measured", "held"),
    [
        (Figure("a", 0.5, 2), True),
        (Figure("a", 0.5, 2, 0.5), True),
        (Figure("a", 0.4, 2, 0.5), False),
        (Figure("a", 0.4, 2, 0.5, at_most=True), True),
        (Figure("a", 0.6, 2, 0.5, at_most=True), False),
    ],
)
def test_a_limit_is_held_from_its_own_side(measured: Figure, held: bool) -> None:
    assert measured.held is held


def test_a_suite_gives_figures_with_their_limits() -> None:
    done = CliRunner().invoke(cli, ["eval", "bfcl-multiple", "--limit", "4", "--json"])
    (report,) = json.loads(done.stdout)
    assert report["figures"][0]["cases"] == 4
    assert done.exit_code == (0 if all(figure["held"] for figure in report["figures"]) else 1)


def test_a_suite_that_fails_costs_only_itself(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    done = CliRunner().invoke(
        cli, ["eval", "selfaware", "calculator", "--limit", "3", "--report", str(report), "--home", str(tmp_path)]
    )
    assert done.exit_code == 1
    assert "selfaware could not be measured: Too few cases: 5 answerable" in done.stderr
    (kept,) = (tmp_path / "evaluations").glob("*.json")
    refused, measured = load(kept).suites
    assert (refused.figures, measured.error) == ((), "")
    assert refused.error.startswith("Too few cases")
    assert measured.figures[0].value == 1
    assert "**Could not be measured:** Too few cases" in report.read_text()


def test_what_has_no_cases_is_not_measured_and_held_to_no_limit(settings: Settings, embedder: Embedder) -> None:
    empty = figure("share", [], "mean", 0.9)
    suite = replace(find(["calculator"])[0], measure=lambda _: [empty])
    report = run(suite, Cases(settings, embedder))
    assert report.held
    assert "share  not measured (0 cases)" in report.table()
    (row,) = json.loads(json.dumps(report.row(), allow_nan=False))["figures"]
    assert (row["value"], row["held"]) == (None, None)


@pytest.mark.slow
def test_hidden_words_reach_a_model_that_obeys_and_change_nothing(settings: Settings, embedder: Embedder) -> None:
    (suite,) = find(["injection"])
    report = run(suite, Cases(settings, embedder, limit=2))
    assert report.held
    assert [figure.cases for figure in report.figures] == [2, 2, 2, 2, 2, 2]
