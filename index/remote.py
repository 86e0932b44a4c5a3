"""Embeddings from a server with an OpenAI-compatible ``/v1/embeddings``: vLLM's pooling runner, Ollama and others."""

from __future__ import annotations

import re
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from index.errors import LibraryError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 64
AT_ONCE = 4
"""Requests under way, so that a server with a GPU need not wait for the next one."""
RETRIES = 4
"""After half a second, one, two and four, or when the server says so."""
SHORTENINGS = 3
LETTERS_PER_TOKEN = 6
CHARACTERS_PER_TOKEN = 8  # a text of more is too long for any vocabulary
NO_KEY = "none"  # servers without accounts want no key, but the client insists on sending one
_BAD_REQUEST, _TOO_LARGE, _UNPROCESSABLE = 400, 413, 422
_MOST_REASON = 200
# A run of Latin letters, or any other sign by itself.
_PIECE = re.compile(r"[A-Za-z]+|[^A-Za-z\s]")


class RemoteEmbedder:
    """A model at a server; nothing is sent before it is needed. Used by any number of threads.

    It tells no tokens of a text, so a search does without the second look that needs them.

    Args:
        url: The base URL, usually ending in ``/v1``.
        model: The model's name at the server.
        key: The bearer token; empty for none.
        dimensions: To how many numbers the server shall shorten its vectors; None takes what it gives.
        max_tokens: How long passages are cut, by the estimate of ``estimate_tokens``.
        timeout: Seconds to wait for the server's next byte.
        retries: How often a request is tried again that failed for a reason that may pass.

    Attributes:
        name: The model's, and the number of dimensions where that was chosen; the URL may change.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str = "",
        dimensions: int | None = None,
        max_tokens: int = 256,
        timeout: float = 60,
        retries: int = RETRIES,
    ) -> None:
        self.name = f"{model} (server" + (f", {dimensions} dimensions)" if dimensions else ")")
        self.max_tokens = max_tokens
        self._url, self._model, self._key = url, model, key
        self._asked_for, self._dimensions = dimensions, dimensions
        self._timeout, self._retries = timeout, retries
        self._lock = Lock()
        self._opened: Any = None

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        """Travels to other processes without its connection."""
        made = partial(
            type(self),
            key=self._key,
            dimensions=self._asked_for,
            max_tokens=self.max_tokens,
            timeout=self._timeout,
            retries=self._retries,
        )
        return made, (self._url, self._model)

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; asks the server once where the settings do not say.

        Raises:
            LibraryError: The server cannot be asked.
        """
        if self._dimensions is None:
            self.embed(["how long is a vector"])
        assert self._dimensions
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeds texts, several batches of similar length at once; a text that is too long is cut.

        Returns:
            Shape (n, dimensions), rows of length 1.

        Raises:
            LibraryError: One line says what the server did not do.
        """
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        longest = self.max_tokens * CHARACTERS_PER_TOKEN
        cut = [_sendable(text[:longest]) for text in texts]
        order = sorted(range(len(cut)), key=lambda place: -len(cut[place]))
        batches = [[cut[place] for place in order[first : first + BATCH]] for first in range(0, len(order), BATCH)]
        if len(batches) == 1:
            found = [self._vectors(batches[0])]
        else:
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="embeddings") as threads:
                found = list(threads.map(self._vectors, batches))
        vectors = np.empty((len(cut), self.dimensions), np.float32)
        vectors[order] = np.concatenate(found)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Estimates how many tokens each text has, since the server's tokenizer is not here."""
        return [estimate_tokens(text) for text in texts]

    def _vectors(self, texts: list[str], shortenings: int = SHORTENINGS) -> NDArray[np.float32]:
        """The vectors of one batch; where the server does not take it, of its halves, and of halved texts at last."""
        import numpy as np
        import openai

        try:
            rows = self._request(texts)
        except openai.APIStatusError as error:
            if error.status_code not in (_BAD_REQUEST, _TOO_LARGE, _UNPROCESSABLE):
                raise self._explained(error) from error
            if len(texts) > 1:
                middle = len(texts) // 2
                return np.concatenate([self._vectors(half, shortenings) for half in (texts[:middle], texts[middle:])])
            if not shortenings:
                raise self._explained(error) from error
            return self._vectors([texts[0][: len(texts[0]) // 2 + 1]], shortenings - 1)
        # The client trusts what it reads, and stumbles in any way over an answer of another form.
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise self._explained(error) from error
        return self._checked(rows, len(texts))

    def _request(self, texts: list[str]) -> list[Any]:
        import openai

        wanted = openai.omit if self._asked_for is None else self._asked_for
        answer = self._client().embeddings.create(model=self._model, input=texts, dimensions=wanted)
        return [row.embedding for row in sorted(answer.data, key=lambda row: row.index)]

    def _checked(self, rows: list[Any], count: int) -> NDArray[np.float32]:
        import numpy as np

        try:
            vectors = np.asarray(rows, np.float32).reshape(count, -1)
        except (ValueError, TypeError):
            raise self._nonsense(f"{len(rows)} vectors of several lengths for {count} texts") from None
        if len(rows) != count or not vectors.size or not np.isfinite(vectors).all():
            raise self._nonsense(f"{len(rows)} vectors for {count} texts, or with numbers that are none")
        with self._lock:
            self._dimensions = self._dimensions or vectors.shape[1]
        if vectors.shape[1] != self._dimensions:
            raise self._nonsense(f"vectors of {vectors.shape[1]} numbers where {self._dimensions} are expected")
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _client(self) -> Any:
        import openai

        with self._lock:
            if self._opened is None:
                self._opened = openai.OpenAI(
                    base_url=self._url,
                    api_key=self._key or NO_KEY,
                    timeout=self._timeout,
                    max_retries=self._retries,
                )
                weakref.finalize(self, self._opened.close)
            return self._opened

    def _nonsense(self, what: str) -> LibraryError:
        return LibraryError(f"The embeddings server at {self._url} answered with {what}; look at its log.")

    def _explained(self, error: Exception) -> LibraryError:
        """The error that a person can act on."""
        import openai

        where = f"The embeddings server at {self._url}"
        if isinstance(error, openai.APITimeoutError):
            return LibraryError(f"{where} gave no answer for {self._timeout:g} s; look at its log.")
        if isinstance(error, openai.APIConnectionError):
            return LibraryError(
                f"{where} cannot be reached ({error.__cause__ or error}); start it, or change library.embedder."
            )
        if isinstance(error, openai.APIStatusError):
            return LibraryError(
                f"{where} answered {error.status_code} to the model {self._model}: {_reason(error)}; check "
                "library.embedder in the settings."
            )
        return LibraryError(f"{where} answered with something that is no list of embeddings; check library.embedder.")


def estimate_tokens(text: str) -> int:
    """Estimates the tokens of a text for models whose tokenizer is not at hand, rather too many than too few.

    A run of Latin letters counts a token for every six begun, any other sign one: digits, punctuation, and letters of
    other scripts, which vocabularies made for English have no longer pieces of. Of English prose MiniLM makes .84 of
    that (median), for one paragraph in twenty more than the estimate.
    """
    return sum(-(-len(piece) // LETTERS_PER_TOKEN) for piece in _PIECE.findall(text))


def _sendable(text: str) -> str:
    """Without lone surrogates, which JSON in UTF-8 cannot hold; some servers refuse an empty text."""
    return text.encode("utf-8", "replace").decode() or " "


def _reason(error: Any) -> str:
    body = error.body
    if isinstance(body, dict):
        body = body.get("message") or body
    text = " ".join(str(body or error.message).split())
    return text if len(text) <= _MOST_REASON else text[: _MOST_REASON - 1] + "…"
