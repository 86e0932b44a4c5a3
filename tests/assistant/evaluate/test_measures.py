"""The measures of reading and of confidence, on cases small enough to do by hand."""

import pytest

from assistant.evaluate.measures import auroc, calibration_error, risk_coverage, span_f1


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
