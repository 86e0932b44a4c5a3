"""What is told of how a picture was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
LABEL = "org.assistant.generation"
PromptIn = Literal["hash", "text"]


@dataclass(frozen=True, slots=True)
class Made:
    """How a picture was made.

    Attributes:
        tool: That made it.
        model: Its name.
        prompt: What it was told.
        seed: Of its noise; None where there was none.
        settings: Such as steps and guidance.
        ingredients: Pictures that it was made from.
    """

    tool: str
    model: str
    prompt: str
    seed: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    ingredients: tuple[Path, ...] = ()


def manifest(made: Made, title: str, media_type: str, now: datetime, prompt_in: PromptIn) -> dict[str, Any]:
    """Returns a C2PA manifest's definition, as `c2pa.Builder` takes it.

    Args:
        made: How the picture was made.
        title: Name of its file.
        media_type: Of the file.
        now: When it was made.
        prompt_in: Whether the prompt itself stands in it, or its SHA-256 alone.
    """
    told = {"prompt": made.prompt} if prompt_in == "text" else {"prompt_sha256": prompt_hash(made.prompt)}
    action: dict[str, Any] = {
        "action": "c2pa.edited" if made.ingredients else "c2pa.created",
        "when": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "softwareAgent": {"name": f"Assistant {made.tool}", "version": version("assistant")},
        "digitalSourceType": COMPOSITE if made.ingredients else TRAINED,
    }
    generation = {"tool": made.tool, "model": made.model, "seed": made.seed, **told, **made.settings}
    return {
        "claim_generator_info": [{"name": "Assistant", "version": version("assistant")}],
        "title": title,
        "format": media_type,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [action]}},
            {"label": LABEL, "data": {name: value for name, value in generation.items() if value is not None}},
        ],
    }


def prompt_hash(prompt: str) -> str:
    """Returns what stands for a prompt where it is not told: its SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(prompt.encode()).hexdigest()
