"""The published measures of reading and of confidence."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 10


def calibration_error(sure: ArrayLike, right: ArrayLike) -> float:
    """Returns the expected calibration error over ten equal bins (Naeini et al., 2015)."""
    confidence, hit = np.asarray(sure, float), np.asarray(right, float)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(hit[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


def risk_coverage(
    sure: ArrayLike, right: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Answers the surest questions first (El-Yaniv and Wiener, 2010).

    Returns:
        The share of questions answered, the share of those answers that are wrong, and the confidence of the last of
        them, each of shape (questions,).
    """
    confidence, hit = np.asarray(sure, float), np.asarray(right, float)
    order = np.argsort(-confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    return count / len(order), 1 - np.cumsum(hit[order]) / count, confidence[order]


def auroc(sure: ArrayLike, truth: ArrayLike) -> float:
    """Returns the share of pairs of a true and a false case in which the true one is surer; a tie counts half.

    It is NaN where there is no such pair.
    """
    confidence, true = np.asarray(sure, float), np.asarray(truth, bool)
    positive, negative = np.count_nonzero(true), np.count_nonzero(~true)
    if not positive or not negative:
        return float("nan")
    _, place, count = np.unique(confidence, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((ranks[true].sum() - positive * (positive + 1) / 2) / (positive * negative))


def declined(judged: Sequence[float], answerable: Sequence[bool], mistaken: float) -> float:
    """Returns the share of the unanswerable that score higher than all but that share of the answerable."""
    kept = sorted(score for score, can in zip(judged, answerable, strict=True) if can)
    others = [score for score, can in zip(judged, answerable, strict=True) if not can]
    least = kept[min(len(kept) - 1, int((1 - mistaken) * len(kept)))]
    return sum(score >= least for score in others) / max(1, len(others))


def span_f1(said: str, answers: Sequence[str]) -> float:
    """Returns the F1 of SQuAD's own script: words shared with the nearest gold answer, 0 to 1."""
    return max((_overlap(words(said), words(answer)) for answer in answers), default=0.0)


def _overlap(said: list[str], wanted: list[str]) -> float:
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0


def words(text: str) -> list[str]:
    """Returns the words as SQuAD's script compares them: without case, punctuation and articles."""
    plain = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", plain).split()
