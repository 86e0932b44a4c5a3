"""Looks at pictures before anybody gets them: by the checker that a pipeline brings, and by one of the policy file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL.Image import Image

from assistant.plugin import ToolError, guard_torchvision

from .policy import Checker

log = logging.getLogger(__name__)
PIPELINE = "the safety checker of the model"

Look = Callable[[Image], dict[str, float]]
"""Takes a picture in RGB and returns the probability of each label."""


def rule_against(picture: Image, checker: Checker | None, *, flagged: bool) -> str:
    """Returns what holds a picture back; empty where nothing does.

    Args:
        picture: In RGB.
        checker: Of the policy file.
        flagged: Whether the pipeline's own checker holds it back.

    Raises:
        ToolError: The checker cannot be loaded.
    """
    if flagged:
        return PIPELINE
    if checker is None:
        return ""
    seen = look_of(checker)(picture)
    for label, least in checker.refuse.items():
        if seen[label] >= least:
            return f"the rule '{label}' of the checker {checker.model}"
    return ""


def held_back(rules: list[str], count: int) -> str:
    """Tells that pictures were held back.

    Args:
        rules: For each of them, by what.
        count: How many were made.
    """
    what = "The picture was" if count == 1 else f"{len(rules)} of {count} pictures were"
    return f"{what} held back by {', '.join(dict.fromkeys(rules))}, and not kept. Other words or another seed may pass."


def look_of(checker: Checker) -> Look:
    """Returns what looks at pictures, loaded when it is first asked for.

    Raises:
        ToolError: It cannot be loaded, or does not know a label of the policy.
    """
    try:
        look, labels = _loaded(checker.model)
    except Exception as error:  # whatever a damaged folder makes transformers raise
        log.exception("the picture checker %s cannot be loaded", checker.model)
        raise ToolError(
            f"The checker {checker.model} of the picture policy cannot be loaded, and no picture is made without it; "
            "mend the policy file."
        ) from error
    if unknown := [label for label in checker.refuse if label not in labels]:
        raise ToolError(
            f"The checker {checker.model} of the picture policy knows {', '.join(labels)}, not '{unknown[0]}'; mend "
            "the policy file."
        )
    return look


@lru_cache(1)
def _loaded(model: str) -> tuple[Look, tuple[str, ...]]:
    guard_torchvision()
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    given: dict[str, Any] = {"local_files_only": Path(model).is_dir()}
    processor = AutoImageProcessor.from_pretrained(model, **given)
    classifier = AutoModelForImageClassification.from_pretrained(model, use_safetensors=True, **given).eval()
    labels = tuple(name for _, name in sorted(classifier.config.id2label.items()))

    def look(picture: Image) -> dict[str, float]:
        with torch.inference_mode():
            scores = classifier(**processor(images=picture, return_tensors="pt")).logits[0].softmax(-1)
        return dict(zip(labels, scores.tolist(), strict=True))

    return look, labels
