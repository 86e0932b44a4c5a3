"""A second look at the best candidates of a search, question and passage side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from index.embed import Embedder
from index.errors import LibraryError
from index.torchvision_guard import guard_torchvision
from index.types import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Reranker(Protocol):
    """What weighs passages against a question; used by several threads at once.

    Attributes:
        weight: How much its scores count beside a candidate's fused score.
        depth: How many candidates are worth its time.
    """

    weight: float
    depth: int

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns shape (texts,): the better a text answers, the higher, on a scale of its own."""
        ...


class LateInteraction:
    """Compares each word of the question with the nearest word of the passage; needs no model but the embedder.

    After Khattab and Zaharia, ColBERT, 2020, https://arxiv.org/abs/2004.12832, with the mean in place of the sum, so
    that long questions weigh no more than short ones.
    """

    weight = 1.0
    depth = 10

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns the mean over the question's tokens of the largest cosine to any token of the text.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        import numpy as np

        asked, *found = self._embedder.embed_tokens([query, *texts])
        if not len(asked):
            return np.zeros(len(texts), np.float32)
        return np.array([(asked @ one.T).max(axis=1).mean() if len(one) else 0.0 for one in found], np.float32)


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers, which reads question and passage together.

    Args:
        model: A folder, or a name on the Hugging Face hub, which downloads it at first use.
    """

    weight = 10.0  # its judgement stands; the fused score decides between equals
    depth = 20

    def __init__(self, model: str) -> None:
        self._source = model
        self._lock = Lock()
        self._model: Any = None

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns the model's logits: a squashed score would be the same for all good passages.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        import numpy as np
        from torch.nn import Identity

        with self._lock:
            if self._model is None:
                self._model = _cross_encoder(self._source)
            pairs = [(query, text) for text in texts]
            found = self._model.predict(pairs, activation_fn=Identity(), show_progress_bar=False)
        return np.asarray(found, np.float32).reshape(len(texts), -1)[:, 0]


def rerank(reranker: Reranker, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """Looks again at the first hits; those after them keep their order behind.

    Raises:
        LibraryError: The reranker's model cannot be loaded.
    """
    first, rest = hits[: reranker.depth], hits[reranker.depth :]
    if len(first) < 2:  # noqa: PLR2004
        return list(hits)
    scores = reranker.scores(query, [hit.passage.text for hit in first]).tolist()
    seen = [
        replace(hit, score=hit.score + reranker.weight * score, reranked=score)
        for hit, score in zip(first, scores, strict=True)
    ]
    return [*sorted(seen, key=lambda hit: -hit.score), *rest]


def make_reranker(model: str | None, embedder: Embedder) -> Reranker | None:
    """Returns the reranker of the settings: a cross-encoder's, none for ``none``, else the one without a model."""
    if model == "none":
        return None
    return CrossEncoderReranker(model) if model else LateInteraction(embedder)


def _cross_encoder(source: str) -> Any:
    guard_torchvision()
    from sentence_transformers import CrossEncoder

    folder = Path(source).expanduser()
    local = folder.is_dir()
    try:
        return CrossEncoder(str(folder) if local else source, local_files_only=local)
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:300]
        raise LibraryError(
            f"The reranking model {source} cannot be loaded ({why}); name a folder or a model of the hub as "
            "library.reranker in the settings, or leave it out."
        ) from error
