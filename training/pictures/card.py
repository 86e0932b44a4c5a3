"""The model card that lies beside the starter model's weights."""

from __future__ import annotations

import json
from pathlib import Path

from training.pictures.evaluate import JUDGED, prompts
from training.pictures.export import DRAWS, GUIDANCE, SHEET, STEPS
from training.pictures.sample import COUPLES, KEPT_OUT
from training.pictures.scene import SIDE

NAME = "README.md"
NOT_JUDGED = "Not judged yet: `python -m training.pictures judge --folder RUN --judged`."


def write_card(folder: Path, figures: str) -> None:
    """Writes the card of an exported model.

    Args:
        folder: Of the model.
        figures: What the judge found with prompts that count; empty where it was not asked.
    """
    (folder / NAME).write_text(card(weights_of(folder), figures), encoding="utf-8")


def weights_of(folder: Path) -> dict[str, int]:
    """Returns how many numbers each part holds, read from the heads of its files."""
    return {path.parent.name: _numbers(path) for path in sorted(folder.glob("*/*.safetensors"))}


def _numbers(path: Path) -> int:
    with path.open("rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return sum(_product(each["shape"]) for name, each in head.items() if name != "__metadata__")


def _product(shape: list[int]) -> int:
    count = 1
    for each in shape:
        count *= each
    return count


def card(weights: dict[str, int], figures: str) -> str:
    """Returns the card as Markdown."""
    parts = "\n".join(f"| {name} | {count / 1e6:.1f} million |" for name, count in weights.items())
    singles, couples = prompts(JUDGED, SHEET * SHEET // 2)
    samples = "\n".join(f"{n}. {each.prompt}" for n, each in enumerate(singles + couples, 1))
    combinations = ", ".join(f"{colour} {shape}" for shape, colour in sorted(KEPT_OUT))
    return f"""# The starter picture model

{DRAWS} Pictures have {SIDE}x{SIDE} pixels. It is a `StableDiffusionPipeline` of diffusers whose text encoder reads the
token states of all-MiniLM-L6-v2, and ships so that pictures can be made without a network. It is no model for anything
else: it knows no people, animals, places or styles, counts to three, and reads English.

| part | numbers, in half precision |
|---|---|
{parts}

## Training

Everything that it was trained on is drawn and described by the scripts in `training/pictures`; no photograph, no work
of anybody and no text of the web is among it. docs/making-pictures.md has the commands. Never seen in training: the
{combinations}, and
one in {COUPLES} couples of coloured shapes.

## Figures

{figures or NOT_JUDGED}

A program judges, which finds shapes, colours and places in a picture without the model's help, on combinations that
were kept out of training.

## Samples

`samples.png` shows what came of the first {SHEET * SHEET // 2} prompts of each kind that are judged, with {STEPS}
steps, guidance {GUIDANCE:g} and the seeds 0, 1 and so on, in rows of {SHEET}. None was chosen.

{samples}
"""
