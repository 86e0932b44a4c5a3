"""Asks a trained model for scenes whose combinations it has never seen, and lets the judge look."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import torch
from PIL.Image import Image

from index.torchvision_guard import guard_torchvision
from training.pictures.caption import caption
from training.pictures.judge import couple_is_right, single_is_right
from training.pictures.sample import KEPT_OUT, OPPOSITE, alone, kept_out, plain, related, some_size
from training.pictures.scene import CENTRES, COLOURS, SHAPES, Place, Scene

guard_torchvision()

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

JUDGED, TRIED = 20261130, 5  # where the prompts that count come from, and those to try settings on
HALF = 150  # prompts of each kind
BATCH = 25
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt, and the scene that it tells.

    Attributes:
        prompt: What the model is told.
        scene: What must be seen.
    """

    prompt: str
    scene: Scene

    def right(self, picture: Image) -> bool:
        """Whether a picture shows what was asked for."""
        looks = [(thing.what, thing.colour) for thing in self.scene.things]
        if len(looks) == 1:
            return single_is_right(picture, *looks[0])
        return couple_is_right(picture, looks[0], looks[1], self.scene.things[0].place)


def prompts(seed: int, count: int = HALF, unseen: bool = True) -> tuple[list[Asked], list[Asked]]:
    """Returns prompts for one shape and for two in a relation.

    Args:
        seed: Of the draw.
        count: Of each.
        unseen: Whether they are of combinations kept out of training, or of others.
    """
    random = Random(seed)
    singles = [_single(random, number, unseen) for number in range(count)]
    return singles, [_couple(random, unseen) for _ in range(count)]


def _single(random: Random, number: int, unseen: bool) -> Asked:
    looks = sorted(KEPT_OUT)
    look = looks[number % len(looks)]
    while not unseen and look in KEPT_OUT:
        look = random.choice(SHAPES), random.choice(list(COLOURS))
    place: Place = random.choice(list(CENTRES)) if random.random() < 0.45 else "anywhere"
    scene = plain(random, (alone(look, some_size(random), place, random),))
    return Asked(caption(scene, random), scene)


def _couple(random: Random, unseen: bool) -> Asked:
    while True:
        one, other = ((random.choice(SHAPES), random.choice(list(COLOURS))) for _ in range(2))
        if one != other and kept_out(one, other) == unseen:
            scene = plain(random, related(one, other, random.choice(list(OPPOSITE)), random))
            return Asked(caption(scene, random), scene)


def generate(pipeline: StableDiffusionPipeline, texts: Sequence[str], steps: int, guidance: float) -> list[Image]:
    """Returns a picture for each text; the first has seed 0, the next 1, and so on."""
    pictures: list[Image] = []
    for start in range(0, len(texts), BATCH):
        part = list(texts[start : start + BATCH])
        seeds = [torch.Generator().manual_seed(start + place) for place in range(len(part))]
        said: Any = pipeline(part, num_inference_steps=steps, guidance_scale=guidance, generator=seeds)
        pictures += said.images
    return pictures


def judge(pipeline: StableDiffusionPipeline, asked: Sequence[Asked], steps: int, guidance: float) -> float:
    """Returns the share of prompts whose picture is right."""
    pictures = generate(pipeline, [each.prompt for each in asked], steps, guidance)
    return sum(each.right(picture) for each, picture in zip(asked, pictures, strict=True)) / len(asked)


def evaluate(
    pipeline: StableDiffusionPipeline, steps: int, guidance: float, seed: int, count: int, unseen: bool
) -> str:
    """Returns a line with what the judge found, and how long a picture takes alone."""
    singles, couples = prompts(seed, count, unseen)
    one, two = judge(pipeline, singles, steps, guidance), judge(pipeline, couples, steps, guidance)
    start = time.perf_counter()
    generate(pipeline, [singles[0].prompt], steps, guidance)
    took = time.perf_counter() - start
    return f"one shape {one:.1%}, two shapes with relation {two:.1%} (of {count} each), one picture in {took:.2f} s"


def pipeline_of_run(folder: Path) -> StableDiffusionPipeline:
    """Returns the pipeline of a run's parts as they are now."""
    from diffusers import StableDiffusionPipeline

    from training.pictures.text import trained_text
    from training.pictures.unet import make_scheduler, make_unet
    from training.pictures.vae import finished_vae

    unet = make_unet()
    state = torch.load(folder / "unet.pt", weights_only=True)
    unet.load_state_dict(state["average"])
    log.info("step %d", state["step"])
    encoder, tokenizer = trained_text(folder)
    pipeline = StableDiffusionPipeline(
        vae=finished_vae(folder),
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=unet.eval(),
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
