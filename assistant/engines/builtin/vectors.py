"""Embeddings of texts that come again, such as tools' descriptions, kept by the text itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from index.embed import Embedder

# About 6 MB at 384 numbers each.
MAX_KEPT = 4_000


class Vectors:
    """Embeds each text once as long as it is in use.

    Args:
        embedder: Makes the vectors.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def of(self, texts: Iterable[str]) -> Mapping[str, NDArray[np.float32]]:
        """Returns a vector of length 1 for each text; all new ones are embedded at once."""
        wanted = list(dict.fromkeys(texts))
        known = {text: vector for text in wanted if (vector := self._kept.get(text)) is not None}
        new = [text for text in wanted if text not in known]
        known |= dict(zip(new, self._embedder.embed(new), strict=True))
        for text in wanted:
            self._kept[text] = known[text]
            self._kept.move_to_end(text)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return known
