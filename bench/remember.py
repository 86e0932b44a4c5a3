"""An embedder that embeds each text once, for measurements that meet the same passages again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.embed import TokenEmbedder
from index.tokens import TokenStates

T = TypeVar("T")


class Remembering:
    """Wraps an embedder.

    Args:
        embedder: Does the work.
    """

    def __init__(self, embedder: TokenEmbedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Any] = {}
        self._tokens: dict[Any, dict[str, Any]] = {}
        self.name = embedder.name

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        return self._embedder.dimensions

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that are taken into account."""
        return self._embedder.max_tokens

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns shape (n, dimensions)."""
        found = _known(self._vectors, texts, self._embedder.embed)
        return np.array(found, np.float32).reshape(len(texts), -1)

    def embed_with_tokens(
        self, texts: Sequence[str], use: Callable[[TokenStates], T]
    ) -> tuple[NDArray[np.float32], list[T]]:
        """Returns what ``embed`` does, and what ``use`` makes of each text's tokens."""

        def both(new: Sequence[str]) -> list[tuple[Any, T]]:
            vectors, tokens = self._embedder.embed_with_tokens(new, use)
            return list(zip(vectors, tokens, strict=True))

        found = _known(self._tokens.setdefault(use, {}), texts, both)
        return np.array([vector for vector, _ in found], np.float32).reshape(len(texts), -1), [one for _, one in found]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text."""
        return self._embedder.count_tokens(texts)


def _known(known: dict[str, Any], texts: Sequence[str], make: Callable[[Sequence[str]], Any]) -> list[Any]:
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        known.update(zip(new, make(new), strict=True))
    return [known[text] for text in texts]
