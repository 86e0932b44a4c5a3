"""From a network's logits to the best span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def best_span(start: NDArray[Any], end: NDArray[Any], allowed: NDArray[np.bool_]) -> Span | None:
    """Finds the span of at most ``MAX_ANSWER_TOKENS`` tokens with the largest sum of logits.

    Args:
        start: Logits, shape (tokens,).
        end: The same for the last token.
        allowed: Which tokens may be in it.

    Returns:
        The span; None where no token is allowed.
    """
    import numpy as np

    at = np.flatnonzero(allowed)
    if not len(at):
        return None
    sums = start[at][:, None] + end[at][None, :]
    length = at[None, :] - at[:, None]
    sums = np.where((length >= 0) & (length < MAX_ANSWER_TOKENS), sums, -np.inf)
    first, last = np.unravel_index(int(np.argmax(sums)), sums.shape)
    return Span(int(at[first]), int(at[last]), float(sums[first, last]))
