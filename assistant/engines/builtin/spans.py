"""From a network's logits to the best span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Longer answers are sentences, which the person is shown anyway.
MAX_ANSWER_TOKENS = 24


@dataclass(frozen=True, slots=True)
class Span:
    """A span of tokens.

    Attributes:
        start: Its first token.
        end: Its last.
        score: Sum of the two logits.
    """

    start: int
    end: int
    score: float


def best_span(start: NDArray[Any], end: NDArray[Any], allowed: NDArray[np.bool_]) -> Span:
    """Finds the span of at most ``MAX_ANSWER_TOKENS`` tokens with the largest sum of logits.

    Args:
        start: Logits, shape (tokens,).
        end: The same for the last token.
        allowed: Which tokens may be in it.
    """
    sums = np.where(allowed, start, -np.inf)[:, None] + np.where(allowed, end, -np.inf)[None, :]
    count = len(start)
    too_long = ~np.tri(count, count, MAX_ANSWER_TOKENS - 1, dtype=bool)
    sums[np.tri(count, count, -1, dtype=bool) | too_long] = -np.inf
    first, last = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return Span(int(first), int(last), float(sums[first, last]))
