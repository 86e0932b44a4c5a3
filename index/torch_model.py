"""Sentence-transformers models on torch: for GPUs, and for models of a form that `index.openvino` does not know."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from index.tokens import TokenStates
from index.torchvision_guard import guard_torchvision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")
# On a processor a small batch is as fast as a big one and wastes less on filling up to the longest text.
BATCH, BATCH_ON_GPU = 16, 128


class TorchModel:
    """A model, loaded; on the GPU in bf16 where there is one.

    Args:
        source: A folder, or a name on the Hugging Face hub, which downloads it at first use.
        local: Nothing may be downloaded.

    Attributes:
        dimensions: Numbers in a vector.
        max_tokens: Tokens of a text that are taken into account, the model's own marks included.

    Raises:
        OSError, ValueError: There is no such model.
    """

    def __init__(self, source: str, *, local: bool) -> None:
        guard_torchvision()
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._model = SentenceTransformer(source, local_files_only=local)
        if self._model.device.type == "cuda" and torch.cuda.is_bf16_supported():
            self._model = self._model.bfloat16()
        # A tokenizer of its own: settings are part of a tokenizer's state, which threads would fight over.
        self._counter: Any = copy.deepcopy(self._model.tokenizer)
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or self._counter.model_max_length)
        self._batch = BATCH if self._model.device.type == "cpu" else BATCH_ON_GPU
        self.embed(["settles the tokenizer"])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeds texts in batches of similar length.

        Returns:
            Shape (n, dimensions), rows of length 1.
        """
        import numpy as np

        found = self._model.encode(
            list(texts),
            batch_size=self._batch,
            convert_to_tensor=True,
            show_progress_bar=False,
        )
        vectors = found.float().cpu().numpy()
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)

    def embed_with_tokens(
        self, texts: Sequence[str], use: Callable[[TokenStates], T]
    ) -> tuple[NDArray[np.float32], list[T]]:
        """Embeds texts and their tokens in one go; as `index.openvino.OpenVinoModel.embed_with_tokens`."""
        import numpy as np

        found: Any = self._model.encode(
            list(texts), batch_size=self._batch, output_value=None, convert_to_numpy=False, show_progress_bar=False
        )
        vectors = np.stack([one["sentence_embedding"].float().cpu().numpy() for one in found])
        used = [use(self._tokens(one)) for one in found]
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32), used

    def _tokens(self, found: Any) -> TokenStates:
        """What the model gives for one text, without what fills it up and the marks at its ends."""
        length = int(found["attention_mask"].sum())
        words = self._counter.convert_ids_to_tokens(found["input_ids"][1 : length - 1].tolist())
        return TokenStates(words, found["token_embeddings"][1 : length - 1].float().cpu().numpy())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns how many tokens each text has, the model's own marks left out."""
        found = self._counter(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)
        return [len(ids) for ids in found["input_ids"]]
