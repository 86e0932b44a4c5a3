"""Two runs side by side, and their report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.cli import cli
from assistant.evaluate.compare import compare
from assistant.evaluate.report import write
from assistant.evaluate.saved import Run, SavedFigure, SavedSuite, find, kept, load
from assistant.evaluate.suite import EvalError, Row

SAID = {"about": "Is it <b>right</b>?", "metric": "share", "held_out": "all", "source": "ours"}


def run(scores: list[float], *, at_most: bool = False, name: str = "tiny") -> Run:
    rows = tuple(Row(f"case {n}", f"question {n}", f"answer {n} | <i>", score) for n, score in enumerate(scores))
    value = sum(scores) / len(scores)
    figure = SavedFigure("share right", value, len(rows), 0.9, at_most, value >= 0.9, rows)
    curve = {"name": "Risk", "x": "share", "y": "wrong", "points": [[0.5, 0.0], [1.0, 0.5]]}
    return Run(
        Path(f"{name}.json"), "2026-01-01", {"engine": "x"}, (SavedSuite(name, SAID, True, 1.0, (figure,), (curve,)),)
    )


def test_a_certain_loss_is_told_from_chance() -> None:
    (certain,) = compare(run([1.0] * 40), run([0.0] * 20 + [1.0] * 20))
    assert certain.difference == pytest.approx(-0.5)
    assert certain.high is not None and certain.low is not None
    assert certain.low < -0.5 < certain.high < 0
    assert certain.worse
    (chance,) = compare(run([1.0] * 40), run([0.0] + [1.0] * 39))
    assert not chance.worse
    assert [(old.score, new.score) for old, new in chance.rows] == [(1.0, 0.0)]


def test_less_can_be_better() -> None:
    (slower,) = compare(run([1.0] * 9, at_most=True), run([2.0] * 9, at_most=True))
    (faster,) = compare(run([2.0] * 9, at_most=True), run([1.0] * 9, at_most=True))
    assert (slower.worse, faster.worse) == (True, False)


def test_only_cases_of_both_runs_count() -> None:
    new = run([1.0, 1.0])
    figure = new.suites[0].figures[0]
    other = replace(figure, rows=(Row("another", "", "", 0.0), *figure.rows))
    new = replace(new, suites=(replace(new.suites[0], figures=(other,)),))
    (change,) = compare(run([0.0, 1.0]), new)
    assert len(change.rows) == 1
    assert compare(run([1.0], name="one"), run([1.0], name="two")) == []


def test_a_report_has_figures_plots_and_what_changed(tmp_path: Path) -> None:
    old, new = run([1.0] * 30), run([0.0] * 30)
    write(tmp_path / "report.html", new, old, compare(old, new))
    page = (tmp_path / "report.html").read_text()
    assert "<svg" in page and "PLOT" not in page
    assert "<b>right</b>" not in page and "&lt;b&gt;right&lt;/b&gt;" in page
    assert "<strong>worse</strong>" in page and "question 3" in page and "and 10 more" in page
    write(tmp_path / "report.md", new)
    assert "![tiny](report/tiny.svg)" in (tmp_path / "report.md").read_text()
    drawn = (tmp_path / "report" / "tiny.svg").read_text()
    assert "share right" in drawn
    write(tmp_path / "report.md", new)
    assert (tmp_path / "report" / "tiny.svg").read_text() == drawn
    with pytest.raises(EvalError, match=r"written as \.md or \.html, not as \.doc"):
        write(tmp_path / "report.doc", new)


def test_runs_are_kept_and_compared_on_the_command_line(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path)]
    first = CliRunner().invoke(cli, ["eval", "calculator", "--limit", "20", *home])
    assert first.exit_code == 0, first.output
    (old,) = kept(tmp_path, pytest.fail)
    assert len(old.suites[0].figures[0].rows) == 20
    second = CliRunner().invoke(cli, ["eval", "calculator", "--limit", "20", "--against", "last", *home])
    assert second.exit_code == 0
    assert "Compared with" in second.output and "WORSE" not in second.output
    spoilt = json.loads(old.path.read_text())
    for row in spoilt["suites"][0]["figures"][0]["rows"]:
        row["score"] = 0.0
    (tmp_path / "spoilt.json").write_text(json.dumps(spoilt))
    third = CliRunner().invoke(cli, ["compare", old.path.stem, str(tmp_path / "spoilt.json"), *home])
    assert third.exit_code == 1
    assert "WORSE" in third.output and "20 cases changed" in third.output


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(EvalError, match="is no run of `assistant eval`"):
        load(tmp_path / "other.json")
    with pytest.raises(EvalError, match="cannot be read"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--against", "nofile"], "There is no kept run nofile; `assistant eval --runs` lists them."),
        (["--report", "x.txt"], "written as .md or .html, not as .txt"),
        (["--report", "nowhere/x.md"], "there is no folder"),
    ],
)
def test_options_that_cannot_be_used_are_found_before_anything_is_measured(
    tmp_path: Path, options: list[str], said: str
) -> None:
    done = CliRunner().invoke(cli, ["eval", "calculator", *options, "--home", str(tmp_path)])
    assert isinstance(done.exception, EvalError)
    assert said in str(done.exception)
    assert not list(kept(tmp_path, pytest.fail))


def test_runs_have_names_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path)]
    assert "No run is kept" in CliRunner().invoke(cli, ["eval", "--runs", *home]).output
    assert CliRunner().invoke(cli, ["eval", "calculator", "--limit", "2", *home]).exit_code == 0
    folder = tmp_path / "evaluations"
    (first,) = folder.glob("*.json")
    (folder / "9-broken.json").write_text('{"when": ')
    (folder / "9-foreign.json").write_text("[1]")
    listed = CliRunner().invoke(cli, ["eval", "--runs", *home])
    assert listed.stdout.startswith(first.stem)
    assert listed.stderr.count("It is passed over.") == 2
    again = CliRunner().invoke(cli, ["eval", "calculator", "--limit", "2", "--against", "last", *home])
    assert again.exit_code == 0 and f"Compared with {first}" in again.stderr
    assert find(tmp_path, first.name).path == find(tmp_path, first.stem[:22]).path == first
    with pytest.raises(EvalError, match="Several kept runs"):
        find(tmp_path, "9-")
