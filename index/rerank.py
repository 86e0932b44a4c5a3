"""A second look at the best candidates of a search, question and passage side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from index.chunk import embedded_text
from index.embed import Embedder, TokenEmbedder
from index.errors import LibraryError
from index.tokens import best_matches, encode, token_codes
from index.torchvision_guard import guard_torchvision
from index.types import Hit

if TYPE_CHECKING:
    from sqlite3 import Connection

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, as a reranker needs it.

    Attributes:
        text: In words.
        tokens: Its telling tokens, shape (tokens, dimensions), rows of length 1; None where nobody compares them.
    """

    text: str
    tokens: NDArray[np.float32] | None = None


class Reranker(Protocol):
    """What weighs passages against a question; used by several threads at once.

    Attributes:
        weight: How much its scores count beside a candidate's fused score.
        depth: How many candidates are worth its time.
    """

    weight: float
    depth: int

    def scores(self, question: Question, hits: Sequence[Hit], connection: Connection) -> NDArray[np.float32]:
        """Returns a score for each of the first hits, or for fewer where all would take too long.

        The better a passage answers, the higher is its score, on a scale of the reranker's own.
        """
        ...


class LateInteraction:
    """Compares each word of the question with the nearest word of the passage; needs no model but the embedder.

    After Khattab and Zaharia, ColBERT, 2020, https://arxiv.org/abs/2004.12832, with the mean in place of the sum, so
    that long questions weigh no more than short ones. The passages' words are read as `index.tokens` keeps them.
    """

    weight = 1.0
    depth = 30
    depth_without_codes = 10

    def __init__(self, embedder: TokenEmbedder) -> None:
        self.embedder = embedder

    def scores(self, question: Question, hits: Sequence[Hit], connection: Connection) -> NDArray[np.float32]:
        """Returns the mean over the question's tokens of about the largest cosine to any token of the passage.

        Passages that were stored without codes are embedded now, which is why only a few are then looked at.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        import numpy as np

        if question.tokens is None or not len(question.tokens):
            return np.zeros(0, np.float32)
        codes = token_codes(connection, [hit.passage.id for hit in hits])
        if len(codes) < len(hits):
            hits = hits[: self.depth_without_codes]
            codes |= self._made([hit for hit in hits if hit.passage.id not in codes])
        matches = best_matches(question.tokens, [codes[hit.passage.id] for hit in hits])
        return np.asarray(matches.mean(axis=1), np.float32)

    def _made(self, hits: Sequence[Hit]) -> dict[int, bytes]:
        texts = [embedded_text(hit.document.title, hit.passage.heading, hit.passage.text) for hit in hits]
        return dict(
            zip((hit.passage.id for hit in hits), self.embedder.embed_with_tokens(texts, encode)[1], strict=True)
        )


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

    def scores(self, question: Question, hits: Sequence[Hit], connection: Connection) -> NDArray[np.float32]:
        """Returns the model's logits: a squashed score would be the same for all good passages.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        import numpy as np
        from torch.nn import Identity

        with self._lock:
            if self._model is None:
                self._model = _cross_encoder(self._source)
            pairs = [(question.text, hit.passage.text) for hit in hits]
            found = self._model.predict(pairs, activation_fn=Identity(), show_progress_bar=False)
        return np.asarray(found, np.float32).reshape(len(hits), -1)[:, 0]


def rerank(reranker: Reranker, question: Question, hits: Sequence[Hit], connection: Connection) -> list[Hit]:
    """Looks again at the first hits; those after them keep their order behind.

    Args:
        reranker: What looks.
        question: What was asked.
        hits: Best first.
        connection: In the reading transaction that they were found in.

    Raises:
        LibraryError: The reranker's model cannot be loaded.
    """
    first = hits[: reranker.depth]
    if len(first) < 2:  # noqa: PLR2004
        return list(hits)
    scores = reranker.scores(question, first, connection).tolist()
    seen = [
        replace(hit, score=hit.score + reranker.weight * score, reranked=score)
        for hit, score in zip(first, scores, strict=False)
    ]
    return [*sorted(seen, key=lambda hit: -hit.score), *hits[len(seen) :]]


def make_reranker(model: str | None, embedder: Embedder) -> Reranker | None:
    """Returns the reranker of the settings: a cross-encoder's, none for ``none``, else the one without a model.

    That one needs an embedder that tells the tokens of a text; with another, nothing looks again.
    """
    if model == "none":
        return None
    if model:
        return CrossEncoderReranker(model)
    return LateInteraction(embedder) if isinstance(embedder, TokenEmbedder) else None


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
