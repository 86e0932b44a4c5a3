"""Two runs side by side, and their report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from assistant.cli import cli
from assistant.evaluate.compare import FEWEST, compare, differing
from assistant.evaluate.comparison import text
from assistant.evaluate.errors import EvalError
from assistant.evaluate.report import write
from assistant.evaluate.saved import Run, SavedFigure, SavedSuite, find, kept, load
from assistant.evaluate.statistic import Statistic
from assistant.evaluate.suite import Cases, Row, Unit, all_suites

SAID = {"about": "Is it <b>right</b>?", "metric": "share", "held_out": "all", "source": "ours"}


def run(scores: list[float], *, at_most: bool = False, name: str = "tiny", unit: Unit = "") -> Run:
    rows = tuple(Row(f"case {n}", f"question {n}", f"answer {n} | <i>", score) for n, score in enumerate(scores))
    value = sum(scores) / len(scores)
    figure = SavedFigure("share right", value, len(rows), 0.9, at_most, value >= 0.9, rows, unit=unit)
    curve = {"name": "Risk", "x": "share", "y": "wrong", "points": [[0.5, 0.0], [1.0, 0.5]]}
    return Run(
        Path(f"{name}.json"),
        "2026-01-01",
        {"engine": "x"},
        (SavedSuite(name, SAID, "a sample", 1.0, (figure,), (curve,)),),
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


@pytest.mark.parametrize("changed", range(1, FEWEST + 1))
def test_a_few_cases_tell_nothing(changed: int) -> None:
    (change,) = compare(run([1.0] * 8), run([0.0] * changed + [1.0] * (8 - changed)))
    assert (change.worse, change.few) == (changed == FEWEST, changed < FEWEST)
    (only,) = compare(run([1.0]), run([0.0]))
    assert (only.worse, only.low) == (False, None)


def test_a_time_is_worse_only_well_beyond_what_a_busy_machine_explains() -> None:
    old = run([1.0] * 20, at_most=True, unit="s")
    (busy,) = compare(old, run([1.2] * 20, at_most=True, unit="s"))
    (slow,) = compare(old, run([1.4] * 20, at_most=True, unit="s"))
    assert (busy.worse, slow.worse) == (False, True)


@pytest.mark.parametrize(("statistic", "at_most"), [("AUROC", False), ("calibration error", True)])
def test_what_is_no_mean_has_an_interval_too(statistic: Statistic, at_most: bool) -> None:
    def judged(sure: float) -> Run:
        one = run([1.0])
        rows = tuple(Row(str(n), "", "", sure if n % 2 else 1 - sure, float(n % 2)) for n in range(60))
        figure = replace(one.suites[0].figures[0], rows=rows, statistic=statistic, at_most=at_most)
        return replace(one, suites=(replace(one.suites[0], figures=(figure,)),))

    (worse,) = compare(judged(0.9), judged(0.2))
    (better,) = compare(judged(0.2), judged(0.9))
    assert worse.low is not None and (worse.worse, better.worse) == (True, False)


def test_only_cases_of_both_runs_count() -> None:
    new = run([1.0, 1.0])
    figure = new.suites[0].figures[0]
    other = replace(figure, value=2 / 3, rows=(Row("another", "", "", 0.0), *figure.rows))
    new = replace(new, suites=(replace(new.suites[0], figures=(other,)),))
    (change,) = compare(run([0.0, 1.0]), new)
    assert (change.old, change.new, change.cases, len(change.rows)) == (0.5, 1.0, 2, 1)
    assert compare(run([1.0], name="one"), run([1.0], name="two")) == []


def test_what_runs_were_made_with_is_shown_where_it_differs() -> None:
    old, new = run([1.0]), replace(run([1.0]), about={"engine": "y", "limit": "none"})
    assert differing(old, new) == [("engine", "x", "y"), ("limit", "not recorded", "none")]
    assert "  engine: x → y" in text(old, new, compare(old, new))


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


def test_a_report_draws_shares_and_says_the_rest(tmp_path: Path) -> None:
    one = run([0.5] * 4)
    (suite,) = one.suites
    (share,) = suite.figures
    time = replace(share, name="time to an answer", value=0.5, limit=0.4, held=False, at_most=True, unit="s")
    nothing = replace(share, name="AUROC", value=None, cases=0, held=None, rows=())
    said = SAID | {"about": "several calls of one function", "metric": "share of `talk_to`, <i> and * aside"}
    timed = replace(suite, name="timed", said=said, figures=(time, nothing), curves=())
    broken = replace(suite, name="broken", figures=(), curves=(), error="It is | gone.")
    write(tmp_path / "report.md", replace(one, suites=(suite, timed, broken), about={"command": "assistant eval all"}))
    text = (tmp_path / "report.md").read_text()
    assert "Made by `assistant eval all --report FILE`" in text
    assert "- timed: time to an answer 0.500 s, at most 0.4 s, **missed**" in text
    assert "| AUROC | not measured |  | 0 |" in text
    assert "Several calls of one function. On a sample" in text
    assert r"share of `talk_to`, \<i\> and \* aside" in text
    assert r"**Could not be measured:** It is \| gone." in text
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["tiny.svg"]


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
    assert "WORSE" in third.output and "20 of 20 cases changed in score" in third.output


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


def test_a_run_that_is_stopped_or_cannot_be_kept_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evaluations").write_text("in the way")
    done = CliRunner().invoke(cli, ["eval", "calculator", "--home", str(tmp_path)])
    assert isinstance(done.exception, EvalError) and "cannot be kept" in str(done.exception)
    (tmp_path / "evaluations").unlink()

    def stopped(_: Cases) -> NoReturn:
        raise KeyboardInterrupt

    known = all_suites()
    known["selfaware"] = replace(known["selfaware"], measure=stopped)
    monkeypatch.setattr("assistant.evaluate.run.all_suites", lambda: known)
    done = CliRunner().invoke(cli, ["eval", "calculator", "selfaware", "--limit", "2", "--home", str(tmp_path)])
    assert done.exit_code == 1 and "Kept as" in done.stderr
    (run,) = kept(tmp_path, pytest.fail)
    assert [suite.name for suite in run.suites] == ["calculator"]
    none = CliRunner().invoke(cli, ["eval", "calculator", "--data", str(tmp_path / "none"), "--home", str(tmp_path)])
    assert none.exit_code == 2 and "does not exist" in none.stderr


def test_runs_have_names_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path)]
    assert "No run is kept" in CliRunner().invoke(cli, ["eval", "--runs", *home]).output
    assert CliRunner().invoke(cli, ["eval", "calculator", "--limit", "2", *home]).exit_code == 0
    (one,) = kept(tmp_path, pytest.fail)
    assert one.about["command"] == "assistant eval calculator --limit 2"
    assert (one.about["engine"], one.about["limit"]) == ("none was asked", "2 cases of each file")
    assert one.suites[0].on == "2 cases at most of each file of the sample that ships"
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


def test_runs_without_a_case_in_common_are_not_compared(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path)]
    assert CliRunner().invoke(cli, ["eval", "calculator", "--limit", "2", *home]).exit_code == 0
    (first,) = (tmp_path / "evaluations").glob("*.json")
    foreign = json.loads(first.read_text())
    for row in foreign["suites"][0]["figures"][0]["rows"]:
        row["id"] += " of another set"
    foreign["about"]["data"] = "/another/set"
    (tmp_path / "foreign.json").write_text(json.dumps(foreign))
    done = CliRunner().invoke(cli, ["compare", str(tmp_path / "foreign.json"), first.stem, *home])
    assert done.exit_code == 2
    assert "They have no case in common" in done.output
    first.write_text((tmp_path / "foreign.json").read_text())
    again = CliRunner().invoke(cli, ["eval", "calculator", "--limit", "2", "--against", "last", *home])
    assert again.exit_code == 0
    assert "no earlier run of these suites on the same data" in again.stderr
