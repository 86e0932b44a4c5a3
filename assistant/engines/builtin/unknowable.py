"""Questions that no document settles: about what nobody knows, opinions, jokes, impossible things.

A linear probe on the question's embedding by the installed MiniLM, fitted by ``python -m training.unknowable`` on
SelfAware: Yin et al., Do Large Language Models Know What They Don't Know?, 2023, https://arxiv.org/abs/2305.18153.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.embed import DEFAULT_NAME, Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = Path(__file__).with_name("unknowable.json")


@cache
def probe() -> tuple[NDArray[np.float32], float]:
    """Returns the weights, shape (dimensions,), and the least score at which a question counts as unknowable."""
    import numpy as np

    numbers = json.loads(FILE.read_text(encoding="utf-8"))
    return np.array(numbers["weights"], np.float32), float(numbers["least"])


def is_unknowable(question: str, embedder: Embedder) -> bool:
    """Whether a question seems to be one that no document settles; never with another embedder than the installed."""
    if embedder.name != DEFAULT_NAME:
        return False
    weights, least = probe()
    return float(embedder.embed([question])[0] @ weights) >= least
