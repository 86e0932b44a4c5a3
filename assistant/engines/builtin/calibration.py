"""How clues become an order and a probability: weighted sums whose numbers lie in ``calibration.json``.

``python -m bench.confidence --write`` fits them on questions of articles that the reader has not learned from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("calibration.json")


class CalibrationMissing(Exception):
    """The numbers that weigh sentences are not there or damaged; the text names the file."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A weighted sum.

    Attributes:
        intercept: Added to the weighted clues.
        weights: One for each clue.
    """

    intercept: float
    weights: tuple[float, ...]

    def logit(self, clues: Sequence[float]) -> float:
        """Returns the sum."""
        return self.intercept + sum(weight * clue for weight, clue in zip(self.weights, clues, strict=True))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What weighs clues.

    Attributes:
        rank: Orders the sentences of a question by their clues.
        sure: The log of the odds that the first one holds the answer, from its clues, its rank and how far the next one
            is behind it.
    """

    rank: Weights
    sure: Weights


def probability(logit: float) -> float:
    """Returns the logistic function, 0 to 1."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@cache
def calibration(*, read: bool, unseen: str = "") -> Calibration:
    """Returns the numbers that ship.

    Args:
        read: Whether the trained reader's clues are among the clues.
        unseen: An article; where the numbers were fitted on its questions, those fitted without them are returned.

    Raises:
        CalibrationMissing: They cannot be read.
    """
    try:
        numbers = json.loads(FILE.read_text(encoding="utf-8"))["read" if read else "found"]
        found = numbers["without"].get(unseen, numbers)
        rank, sure = (Weights(found[name]["intercept"], tuple(found[name]["weights"])) for name in ("rank", "sure"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CalibrationMissing(
            f"The numbers that tell an answer, {FILE}, cannot be used ({error}); install the assistant again."
        ) from error
    return Calibration(rank, sure)
