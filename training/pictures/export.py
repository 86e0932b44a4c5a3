"""Puts a trained model together as a folder that the tools take, with its card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from index.torchvision_guard import guard_torchvision
from tools.generate_image.settings import CARD
from tools.generate_image.text_encoder import CONFIG, WEIGHTS
from training.pictures import caption
from training.pictures.evaluate import JUDGED, generate, pipeline_of_run, prompts
from training.pictures.scene import BACKGROUNDS, COLOURS, LANDMARKS, SIDE

guard_torchvision()

STEPS, GUIDANCE = 25, 3.0
DRAWS = (
    "It draws one to three coloured shapes (circle, square, triangle, star, heart, diamond, cross, ring) with size and "
    "place, and simple landscapes: sky, sun, moon, stars, sea, hills, fields, trees, houses, a lighthouse, a boat, by "
    "day, at dusk or at night."
)
SHEET = 8  # pictures in a row of the sample sheet, and rows


def export(folder: Path, out: Path) -> None:
    """Writes a run's model in half precision.

    Args:
        folder: Of the run.
        out: The model's folder, which is made.
    """
    write(pipeline_of_run(folder), out)


def write(pipeline: Any, out: Path) -> None:
    """Writes a pipeline of the starter model's parts as a folder that the tools take, in half precision.

    Args:
        pipeline: Its U-Net and autoencoder are made half precision in place.
        out: The model's folder, which is made.
    """
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    for name in ("unet", "vae"):
        getattr(pipeline, name).half().save_pretrained(out / name)
        _forget_where(out / name / "config.json")
    pipeline.scheduler.save_pretrained(out / "scheduler")
    (out / "text_encoder").mkdir(exist_ok=True)
    slots = {name: value.half().contiguous() for name, value in pipeline.text_encoder.slots.state_dict().items()}
    save_file(slots, out / "text_encoder" / WEIGHTS)
    (out / "text_encoder" / CONFIG).write_text(json.dumps({"reads": "all-MiniLM-L6-v2"}) + "\n")
    (out / "model_index.json").write_text(json.dumps(_index(pipeline), indent=2) + "\n")
    card = {"side": SIDE, "steps": STEPS, "guidance": GUIDANCE, "draws": DRAWS, "words": words(), "things": things()}
    (out / CARD).write_text(json.dumps(card, indent=1) + "\n")


def _forget_where(config: Path) -> None:
    """Takes out where on this machine the part was read from."""
    told = json.loads(config.read_text())
    told.pop("_name_or_path", None)
    config.write_text(json.dumps(told, indent=2) + "\n")


def _index(pipeline: Any) -> dict[str, Any]:
    from diffusers import __version__

    return {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": __version__,
        "scheduler": ["diffusers", type(pipeline.scheduler).__name__],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": [None, None],
        "text_encoder": [None, None],
        "tokenizer": [None, None],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
    }


def words() -> list[str]:
    """Returns all words with which captions of the training tell something."""
    said = [
        *COLOURS, *BACKGROUNDS, *(each for names in caption.COLOUR_NAMES.values() for each in names),
        *(each for names in caption.NAMES.values() for each in names), *caption.PLURALS.values(),
        *(each for names in caption.SIZES.values() for each in names),
        *(each for names in caption.PLACES.values() for each in names),
        *(each for names in caption.RELATIONS.values() for each in names),
        *(each for names in caption.TIMES.values() for each in names),
        *(each for names in caption.GROUNDS.values() for each in names),
        *(each for names in caption.COUNTS.values() for each in names),
        "tree house lighthouse boat sun moon cloud star stars sky under against background",
    ]  # fmt: skip
    return sorted({word for each in said for word in each.split()})


def things() -> list[str]:
    """Returns the words that name what can be drawn; the others tell how and where."""
    named = [*(each for names in caption.NAMES.values() for each in names), *caption.PLURALS.values(), *LANDMARKS]
    named += [each for kind in (caption.GROUNDS, caption.TIMES) for names in kind.values() for each in names if each]
    return sorted({each.split()[-1] for each in named} | {"plus", "star", "stars"})


def sheet(folder: Path, out: Path) -> None:
    """Draws the model card's samples: the first prompts that are judged, with seeds 0, 1 and so on; none is chosen.

    Args:
        folder: Of the run.
        out: The picture's file.
    """
    torch.manual_seed(0)
    singles, couples = prompts(JUDGED, SHEET * SHEET // 2)
    pictures = generate(pipeline_of_run(folder), [each.prompt for each in singles + couples], STEPS, GUIDANCE)
    whole = Image.new("RGB", ((SIDE + 2) * SHEET, (SIDE + 2) * SHEET), "white")
    for place, picture in enumerate(pictures):
        whole.paste(picture, (place % SHEET * (SIDE + 2), place // SHEET * (SIDE + 2)))
    whole.save(out)
