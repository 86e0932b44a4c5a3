"""Gradient-boosted trees as plain arrays: what training/router.py fitted, evaluated without the library that did it.

Friedman, Greedy Function Approximation: A Gradient Boosting Machine, Annals of Statistics 29 (2001).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FIELDS = ("feature", "threshold", "left", "right", "value")


@dataclass(frozen=True, slots=True)
class Trees:
    """A sum of decision trees, whose logistic function is a probability.

    Attributes:
        feature: Which feature each node compares; shape (trees, nodes); -1 in a leaf.
        threshold: With what; at most that much goes left.
        left: Node to go on with.
        right: Likewise.
        value: What a leaf adds.
        base: What the sum begins with.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    base: float

    def log_odds(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the sum for each row of features, shape (rows,)."""
        if not len(rows):
            return np.zeros(0)
        trees = np.arange(len(self.feature))[None, :]
        node = np.zeros((len(rows), len(self.feature)), np.int64)
        feature = self.feature[trees, node]
        while (feature >= 0).any():
            found = np.take_along_axis(rows, np.maximum(feature, 0), axis=1)
            following = np.where(found <= self.threshold[trees, node], self.left[trees, node], self.right[trees, node])
            node = np.where(feature >= 0, following, node)
            feature = self.feature[trees, node]
        total: NDArray[np.float64] = self.base + self.value[trees, node].sum(axis=1)
        return total


def load(path: Path) -> dict[str, Trees]:
    """Reads every model of a safetensors file, by name.

    Raises:
        OSError: The file is not there.
        ValueError: It is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
        return {name: _trees(arrays, name) for name in sorted({key.partition("/")[0] for key in arrays})}
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error})") from error


def _trees(arrays: Mapping[str, NDArray[np.generic]], name: str) -> Trees:
    feature, threshold, left, right, value = (arrays[f"{name}/{field}"] for field in FIELDS)
    return Trees(
        feature.astype(np.int64),
        threshold.astype(np.float64),
        left.astype(np.int64),
        right.astype(np.int64),
        value.astype(np.float64),
        float(arrays[f"{name}/base"][0].item()),
    )
