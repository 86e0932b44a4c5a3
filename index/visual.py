"""From pictures and texts to vectors that can be compared: a small protocol, and OpenCLIP behind it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from index.errors import LibraryError
from index.read.pictures import opened
from index.torchvision_guard import guard_torchvision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

# Without a number, which the check of an answer that repeats them would want to see computed.
VISUAL_SEARCH_IS_OFF = (
    "Please note: visual search is off, so pictures are found by their captions, file names, the words in them and the "
    "text around them only. Please name an OpenCLIP model, a folder or a name on the Hugging Face hub, as "
    "library.picture_model in the settings and run `assistant index pictures` to turn it on."
)
PICTURES_ARE_MISSING = (
    "Please note: some pictures have not been looked at by the picture model yet and are found by words only. Please "
    "run `assistant index pictures`."
)
BATCH, BATCH_ON_GPU = 16, 128
_log = logging.getLogger(__name__)


class PictureEmbedder(Protocol):
    """What turns pictures and texts into vectors of one space; used by several threads at once.

    Attributes:
        name: Tells one model from another; vectors of different names are never compared.
    """

    name: str

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def sharpness(self) -> float:
        """What the model multiplies cosines with before it takes them for logits; about 100 for most."""
        ...

    def embed_pictures(self, pictures: Sequence[bytes]) -> Matrix:
        """Returns an array of shape (n, dimensions): a row of length 1 for each encoded picture.

        The row of one that cannot be opened is 0.
        """
        ...

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """Returns an array of shape (n, dimensions): a row of length 1 for each text."""
        ...


class OpenClipEmbedder:
    """A model of OpenCLIP, loaded when it is first needed; on the GPU in bf16 where there is one.

    Args:
        model: A folder with ``open_clip_config.json`` and weights, a name on the Hugging Face hub such as
            ``laion/CLIP-ViT-B-32-laion2B-s34B-b79K``, or one of OpenCLIP's own with its weights, ``ViT-B-32:openai``;
            names are downloaded at first use.
        bf16: Whether to compute in bf16; None does so on a GPU that can.
    """

    def __init__(self, model: str | Path, *, bf16: bool | None = None) -> None:
        self.name = str(model)
        self._bf16 = bf16
        self._lock = Lock()
        self._loaded: _OpenClip | None = None

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; loads the model.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        return self._ready().dimensions

    @property
    def sharpness(self) -> float:
        """What the model multiplies cosines with; loads the model."""
        return self._ready().sharpness

    def embed_pictures(self, pictures: Sequence[bytes]) -> Matrix:
        """Embeds encoded pictures in batches.

        Returns:
            Shape (n, dimensions), rows of length 1; 0 for a picture that cannot be opened.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        return self._ready().embed_pictures(pictures)

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """Embeds texts; what is past the model's context, mostly 77 tokens, is left out.

        Returns:
            Shape (n, dimensions), rows of length 1.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        return self._ready().embed_texts(texts)

    def _ready(self) -> _OpenClip:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self.name, self._bf16)
        return self._loaded


def make_picture_embedder(model: str | Path | None) -> PictureEmbedder | None:
    """Returns the embedder that the settings name; it loads at first use."""
    return None if model is None else OpenClipEmbedder(model)


class _OpenClip:
    """A model, loaded.

    Attributes:
        dimensions: Numbers in a vector.
        sharpness: What it multiplies cosines with.
    """

    def __init__(self, name: str, pretrained: str | None, bf16: bool | None) -> None:
        guard_torchvision()
        import open_clip
        import torch

        on_gpu = torch.cuda.is_available()
        self._device = "cuda" if on_gpu else "cpu"
        # pure_bf16 casts every weight; what comes in has to be cast as well.
        bf16 = bf16 if bf16 is not None else on_gpu and torch.cuda.is_bf16_supported()
        self._type = torch.bfloat16 if bf16 else torch.float32
        precision = "pure_bf16" if bf16 else "fp32"
        self._model, self._prepare = open_clip.create_model_from_pretrained(
            name, pretrained, precision=precision, device=self._device
        )
        self._model.eval()
        self._tokenize = open_clip.get_tokenizer(name)
        # A tokenizer's settings are part of its state, which threads would fight over.
        self._tokenizing = Lock()
        self._batch = BATCH_ON_GPU if on_gpu else BATCH
        self.sharpness = float(self._model.logit_scale.detach().exp().mean())
        self.dimensions = int(self.embed_texts(["a picture"]).shape[1])

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """Returns a row for each text."""
        import torch

        with torch.inference_mode():
            return self._rows(
                [self._of_texts(texts[at : at + self._batch]) for at in range(0, len(texts), self._batch)]
            )

    def embed_pictures(self, pictures: Sequence[bytes]) -> Matrix:
        """Returns a row for each picture, 0 for one that cannot be opened."""
        import numpy as np
        import torch

        parts = []
        opened_ones = np.zeros(len(pictures), bool)
        with torch.inference_mode():
            for at in range(0, len(pictures), self._batch):
                tensors = [self._tensor(data) for data in pictures[at : at + self._batch]]
                opened_ones[at : at + len(tensors)] = [tensor is not None for tensor in tensors]
                if some := [tensor for tensor in tensors if tensor is not None]:
                    batch = torch.stack(some).to(self._device, self._type)
                    parts.append(self._model.encode_image(batch, normalize=True))
        rows = np.zeros((len(pictures), self.dimensions), np.float32)
        if parts:
            rows[opened_ones] = self._rows(parts)
        return rows

    def _of_texts(self, texts: Sequence[str]) -> Any:
        with self._tokenizing:
            tokens = self._tokenize([text.encode("utf-8", "replace").decode() for text in texts])
        return self._model.encode_text(tokens.to(self._device), normalize=True)

    def _tensor(self, data: bytes) -> Any:
        try:
            with opened(data) as image:
                return self._prepare(image)
        except (OSError, ValueError) as error:
            _log.warning("A picture of %d bytes cannot be opened: %s", len(data), error)
            return None

    @staticmethod
    def _rows(parts: Sequence[Any]) -> Matrix:
        """Rounding in bf16 leaves lengths off by a hundredth, which float32 mends."""
        import numpy as np

        rows = np.concatenate([part.float().cpu().numpy() for part in parts])
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)


def _load(model: str, bf16: bool | None) -> _OpenClip:
    folder = Path(model).expanduser()
    name, pretrained = f"local-dir:{folder}", None
    if not folder.is_dir():
        name, _, tag = model.partition(":")
        name, pretrained = (name, tag) if tag else (f"hf-hub:{model}", None)
    try:
        return _OpenClip(name, pretrained, bf16)
    except ImportError as error:
        raise LibraryError(
            f"The picture model {model} needs OpenCLIP ({error}); run `pip install open-clip-torch`, or leave "
            "library.picture_model out of the settings."
        ) from error
    except Exception as error:  # the edge: each library below raises its own for files that are missing or damaged
        why = " ".join(str(error).split())[:300]
        raise LibraryError(
            f"The picture model {model} cannot be loaded ({why}); name a folder with open_clip_config.json and weights "
            "or a model of the hub as library.picture_model in the settings, or leave it out to do without."
        ) from error
