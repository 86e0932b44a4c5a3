"""The measures of reading and of confidence, on cases small enough to do by hand."""

import numpy as np
import pytest

from assistant.evaluate.measures import auroc, calibration_error, declined, risk_coverage, span_f1
from assistant.evaluate.statistic import Statistic, value_of


def test_the_area_counts_pairs() -> None:
    assert auroc([0.9, 0.8, 0.3, 0.1], [True, False, True, False]) == 0.75
    assert auroc([0.5, 0.5], [True, False]) == 0.5


def test_the_calibration_error_is_the_gap_within_bins() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([0.95, 0.95, 0.05, 0.05], [True, False, False, False]) == pytest.approx(0.25)


def test_the_surest_answers_come_first() -> None:
    coverage, risk, limits = risk_coverage([0.2, 0.9, 0.5], [False, True, False])
    assert coverage.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert risk.tolist() == pytest.approx([0, 0.5, 2 / 3])
    assert limits.tolist() == [0.9, 0.5, 0.2]


@pytest.mark.parametrize(
    ("said", "answers", "f1"),
    [
        ("the Clara Holm", ["Clara Holm"], 1),
        ("Clara", ["Clara Holm", "Holm"], pytest.approx(2 / 3)),
        ("", ["Clara Holm"], 0),
        ("in 1874", ["1874", "year"], pytest.approx(2 / 3)),
        ("x", [], 0),
    ],
)
def test_spans_are_compared_as_squad_does(said: str, answers: list[str], f1: float) -> None:
    assert span_f1(said, answers) == f1


def test_the_surest_of_the_unanswerable_are_declined() -> None:
    assert declined([0.1, 0.2, 0.9, 0.15], [True, True, False, False], 0.5) == 0.5


@pytest.mark.parametrize(
    ("statistic", "scores", "truths", "value"),
    [
        ("mean", [1.0, 0.0], [0, 0], 0.5),
        ("median", [3.0, 1.0, 2.0], [0, 0, 0], 2.0),
        ("95th percentile", [float(n) for n in range(100)], [0] * 100, 95.0),
        ("AUROC", [0.9, 0.1], [1, 0], 1.0),
        ("AUROC", [0.9, 0.1], [1, 1], None),
        ("calibration error", [0.75, 0.75], [1, 0], 0.25),
        ("declined at 90 %", [0.9, 0.1], [1, 0], 1.0),
        ("declined at 90 %", [0.9, 0.1], [0, 0], None),
        ("mean", [], [], None),
        ("calibration error", [], [], None),
    ],
)
def test_a_figure_is_computed_of_its_cases_or_not_at_all(
    statistic: Statistic, scores: list[float], truths: list[int], value: float | None
) -> None:
    assert value_of(statistic, np.array(scores), np.array(truths, float)) == value
