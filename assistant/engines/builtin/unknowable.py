"""Questions that no document settles: about what nobody knows, opinions, jokes, impossible things.

A linear probe on the question's embedding by the installed MiniLM, fitted by ``python -m training.unknowable`` on
SelfAware: Yin et al., Do Large Language Models Know What They Don't Know?, 2023, https://arxiv.org/abs/2305.18153.
"""

from __future__ import annotations

import json
import logging
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.embed import DEFAULT_NAME, Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

OWN = re.compile(r"\b(i|we|my|our|us)\b", re.I)
FILE = Path(__file__).with_name("unknowable.json")


@cache
def probe() -> tuple[NDArray[np.float32], float]:
    """Returns the weights, shape (dimensions,), and the least score at which a question counts as unknowable."""
    import numpy as np

    numbers = json.loads(FILE.read_text(encoding="utf-8"))
    return np.array(numbers["weights"], np.float32), float(numbers["least"])


def is_unknowable(question: str, embedder: Embedder) -> bool:
    """Whether a question seems to be one that no document settles.

    Never with another embedder than the installed one, and never of a person's own affairs ("How many days of holiday
    do I get?"), which the documents of a library are often about and SelfAware's questions seldom.
    """
    if embedder.name != DEFAULT_NAME or OWN.search(question):
        return False
    found = _usable()
    if found is None:
        return False
    weights, least = found
    return float(embedder.embed([question])[0] @ weights) >= least


@cache
def _usable() -> tuple[NDArray[np.float32], float] | None:
    """The probe; None where it cannot be read, which is said once."""
    try:
        return probe()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("questions that no document settles are not told: %s cannot be used (%s)", FILE, error)
        return None
