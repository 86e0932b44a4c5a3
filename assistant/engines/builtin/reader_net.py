"""The reader's network: an encoder that sees question and passage together, and what it says about them.

The form is that of Devlin et al., BERT, 2019, https://arxiv.org/abs/1810.04805, section 4.3: a start and an end for
each token, with the first token standing for "no answer here", and beside it one number for whether there is an answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from index.torchvision_guard import guard_torchvision

if TYPE_CHECKING:
    from transformers import BertModel

MAX_TOKENS = 320


class ReaderNet(nn.Module):
    """Encoder with two heads.

    Args:
        encoder: A BERT.
    """

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        width = int(encoder.config.hidden_size)
        self.span = nn.Linear(width, 2)
        self.answerable = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))

    def forward(self, **inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reads question and passage.

        Args:
            inputs: ``input_ids``, ``attention_mask`` and ``token_type_ids``, each of shape (batch, tokens).

        Returns:
            Logits for the start and for the end of the answer, each of shape (batch, tokens), and for there being an
            answer, shape (batch,).
        """
        states = self.encoder(**inputs).last_hidden_state
        start, end = self.span(states).float().unbind(-1)
        return start, end, self.answerable(states[:, 0]).float().squeeze(-1)


def encoder_at(folder: Path) -> BertModel:
    """Returns the BERT of a folder, without the pooling head that nothing here uses."""
    guard_torchvision()
    from transformers import BertModel

    model: BertModel = BertModel.from_pretrained(str(folder), add_pooling_layer=False, local_files_only=True)
    return model
