"""What a server tells of itself at ``/v1/models``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VLLM = "vllm"


@dataclass(frozen=True, slots=True)
class Profile:
    """A server's models.

    Attributes:
        models: Their names, LoRA adapters among them.
        adapters: The names of those that are adapters.
        contexts: The longest context by the model's name, in tokens, where the server tells.
        vllm: Whether it is vLLM.
    """

    models: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()
    contexts: Mapping[str, int] | None = None
    vllm: bool = False

    def context(self, model: str) -> int | None:
        """Returns a model's longest context; that of the first one for an adapter that is not listed."""
        contexts = self.contexts or {}
        return contexts.get(model) or next(iter(contexts.values()), None)


def read_profile(rows: Sequence[Mapping[str, Any]]) -> Profile:
    """Returns what the rows of ``/v1/models`` tell."""
    named = [row for row in rows if isinstance(row.get("id"), str)]
    contexts = {row["id"]: length for row in named if (length := _context(row))}
    return Profile(
        tuple(row["id"] for row in named),
        tuple(row["id"] for row in named if row.get("parent")),
        contexts,
        any(row.get("owned_by") == VLLM for row in named),
    )


def _context(row: Mapping[str, Any]) -> int | None:
    """VLLM's field, or those of llama.cpp, LM Studio, Groq and OpenRouter."""
    meta = row.get("meta")
    places = [row, meta] if isinstance(meta, Mapping) else [row]
    names = ("max_model_len", "n_ctx", "loaded_context_length", "context_window", "context_length")
    found = (place.get(name) for name in names for place in places)
    return next((each for each in found if isinstance(each, int) and each > 0), None)
