"""A second look at the best candidates of a search, question and passage side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast

from index.chunk import embedded_text
from index.embed import Embedder, TokenEmbedder
from index.errors import LibraryError
from index.records import vectors_of
from index.tokens import Asked, encode, scores, token_codes
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
        tokens: Its tokens, None where nobody compares them.
    """

    text: str
    tokens: Asked | None = None


class Reranker(Protocol):
    """What weighs passages against a question; used by several threads at once.

    Attributes:
        depth: How many candidates are worth its time.
    """

    depth: int

    def look(self, question: Question, hits: Sequence[Hit], connection: Connection) -> list[Hit]:
        """Returns hits, or the first of them where all would take too long, in their order but with new scores.

        Args:
            question: What was asked.
            hits: At most ``depth``.
            connection: In the reading transaction that they were found in.
        """
        ...


class LateInteraction:
    """Compares each word of the question with the nearest word of the passage; needs no model but the embedder.

    After Khattab and Zaharia, ColBERT, 2020, https://arxiv.org/abs/2004.12832, with a mean in place of the sum, so that
    long questions weigh no more than short ones. The passages' words are read as `index.tokens` keeps them. What is
    alike should score alike, so that each score is then drawn a little towards those of the nearest other candidates:
    Diaz, Regularizing ad hoc retrieval scores, 2005, https://doi.org/10.1145/1099554.1099722.
    """

    depth = 50
    depth_without_codes = 10
    weight = 2.0
    pull = 0.2
    neighbours = 10

    def __init__(self, embedder: TokenEmbedder) -> None:
        self.embedder = embedder

    def look(self, question: Question, hits: Sequence[Hit], connection: Connection) -> list[Hit]:
        """Looks at passages that were stored without codes too, by embedding them now, which is why at fewer then.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        import numpy as np

        if question.tokens is None or not len(question.tokens.vectors):
            return []
        codes = token_codes(connection, [hit.passage.id for hit in hits])
        if len(codes) < len(hits):
            hits = hits[: self.depth_without_codes]
            codes |= self._made([hit for hit in hits if hit.passage.id not in codes])
        seen = scores(question.tokens, [codes[hit.passage.id] for hit in hits])
        raw = np.array([hit.score for hit in hits], np.float32) + self.weight * seen
        vectors = vectors_of(connection, [hit.passage.id for hit in hits])
        alike = of_the_like(raw, np.stack([vectors[hit.passage.id] for hit in hits]), self.neighbours)
        final = (1 - self.pull) * raw + self.pull * alike
        rows = zip(hits, final.tolist(), seen.tolist(), alike.tolist(), strict=True)
        return [replace(hit, score=score, reranked=one, alike=other) for hit, score, one, other in rows]

    def _made(self, hits: Sequence[Hit]) -> dict[int, bytes]:
        texts = [embedded_text(hit.document.title, hit.passage.heading, hit.passage.text) for hit in hits]
        return dict(
            zip((hit.passage.id for hit in hits), self.embedder.embed_with_tokens(texts, encode)[1], strict=True)
        )


def of_the_like(scores: NDArray[np.float32], vectors: NDArray[np.float32], neighbours: int) -> NDArray[np.float32]:
    """Returns for each passage the mean score of the others that are nearest to it, weighted by how near they are.

    Args:
        scores: Shape (passages,).
        vectors: Shape (passages, dimensions), rows of length 1.
        neighbours: How many others count.

    Returns:
        Shape (passages,); the passage's own score where there is no other.
    """
    import numpy as np

    if len(scores) < 2:  # noqa: PLR2004
        return scores
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    nearest = np.argsort(-near, axis=1, kind="stable")[:, : min(neighbours, len(scores) - 1)]
    weights = np.maximum(np.take_along_axis(near, nearest, axis=1), 1e-3)  # opposite meanings count for next to nothing
    return np.asarray((weights * scores[nearest]).sum(axis=1) / weights.sum(axis=1), np.float32)


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

    def look(self, question: Question, hits: Sequence[Hit], connection: Connection) -> list[Hit]:
        """Reads all of them.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        scores = self.scores(question.text, [hit.passage.text for hit in hits])
        return [
            replace(hit, score=hit.score + self.weight * score, reranked=score)
            for hit, score in zip(hits, scores.tolist(), strict=True)
        ]

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
    seen = reranker.look(question, first, connection)
    return [*sorted(seen, key=lambda hit: -hit.score), *hits[len(seen) :]]


def make_reranker(model: str | None, embedder: Embedder) -> Reranker | None:
    """Returns the reranker of the settings: a cross-encoder's, none for ``none``, else the one without a model.

    That one needs an embedder that tells the tokens of a text; with another, nothing looks again.
    """
    if model == "none":
        return None
    if model:
        return CrossEncoderReranker(model)
    # By its class, since asking the embedder itself for what the protocol lists would load its model.
    return LateInteraction(cast(TokenEmbedder, embedder)) if hasattr(type(embedder), "embed_with_tokens") else None


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
