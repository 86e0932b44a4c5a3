"""Trains the slots of the text encoder: what a caption says must be readable from them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn

from index.torchvision_guard import guard_torchvision
from tools.generate_image.text_encoder import SLOTS, WIDTH, WORDS, MiniLmSlots, Slots, minilm
from training.pictures.caption import caption
from training.pictures.checkpoint import Run
from training.pictures.sample import scenes
from training.pictures.scene import BACKGROUNDS, CENTRES, COLOURS, HALVES, LANDMARKS, SHAPES, Scene, Thing

guard_torchvision()

CAPTIONS, BATCH, STEPS, RATE = 16000, 64, 2500, 1e-3
NOISE = 0.3  # added to the slots, so that what they say is told far apart
KINDS = ("shapes", "landscape")
TIMES = ("none", "day", "dusk", "night")
GROUNDS = ("none", "sea", "hills", "field")
SKY = ("sun", "moon", "cloud", "stars")
WHATS = ("none", *SHAPES, *(mark for mark in LANDMARKS if mark not in SKY))
COLOUR, SIZE = ("none", *COLOURS), ("none", *HALVES)
PLACE = ("none", "anywhere", *CENTRES)
BACK = ("none", *BACKGROUNDS)
SCENE_HEADS = (len(KINDS), len(BACK), len(TIMES), len(GROUNDS), 2, 2, 2, 2)
THING_HEADS = (len(WHATS), len(COLOUR), len(SIZE))
log = logging.getLogger(__name__)


class Told(nn.Module):
    """Slots with what reads a scene from them; the readers are thrown away after the training."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots()
        self.scene = nn.Linear(WIDTH, sum(SCENE_HEADS))
        self.thing = nn.Linear(WIDTH, sum(THING_HEADS))

    def forward(self, states: Tensor, mask: Tensor) -> list[Tensor]:
        """Returns scores for each thing that is asked of a text, shape (texts, answers) each."""
        slots = self.slots(states, mask)
        if self.training:
            slots = slots + NOISE * torch.randn_like(slots)
        told = list(self.scene(slots[:, 0]).split(SCENE_HEADS, -1))
        for place in range(1, SLOTS):
            told += [*self.thing(slots[:, place]).split(THING_HEADS, -1), self.slots.place(slots[:, place])]
        return told


def answers(scene: Scene) -> list[int]:
    """What a scene's caption tells, in the order of `Told`."""
    kinds = {thing.what for thing in scene.things} | ({"stars"} if scene.stars else set())
    landscape = scene.kind == "landscape"
    said = [
        KINDS.index(scene.kind),
        BACK.index(scene.background or "none"),
        TIMES.index(scene.time if landscape else "none"),
        GROUNDS.index(scene.ground if landscape else "none"),
        *(int(each in kinds) for each in SKY),
    ]
    things: list[Thing | None] = [thing for thing in scene.things if thing.what not in SKY]
    for thing in [*things, None, None, None][: SLOTS - 1]:
        said += _thing(thing)
    return said


def _thing(thing: Thing | None) -> list[int]:
    if thing is None:
        return [0, 0, 0, 0]
    return [
        WHATS.index(thing.what),
        COLOUR.index(thing.colour or "none"),
        SIZE.index(thing.size),
        PLACE.index(thing.place),
    ]


@torch.no_grad()
def read(texts: Sequence[str], bert: nn.Module, tokenizer: object) -> tuple[Tensor, Tensor]:
    """Returns the token states of texts, shape (texts, WORDS, STATES), in half precision, and their mask."""
    states, masks = [], []
    for start in range(0, len(texts), 128):
        tokens = tokenizer(  # type: ignore[operator]
            list(texts[start : start + 128]),
            padding="max_length",
            max_length=WORDS,
            truncation=True,
            return_tensors="pt",
        )
        longest = int(tokens["attention_mask"].sum(-1).max())
        short = {name: value[:, :longest] for name, value in tokens.items()}
        with torch.autocast("cpu", torch.bfloat16):
            hidden = bert(**short).last_hidden_state
        states.append(nn.functional.pad(hidden, (0, 0, 0, WORDS - longest)).half())
        masks.append(tokens["attention_mask"].bool())
    return torch.cat(states), torch.cat(masks)


def train_text(folder: Path, steps: int = STEPS) -> None:
    """Trains the slots until ``steps`` steps are done; the folder gets ``text.pt``."""
    run = Run(folder / "text.pt", Told(), RATE, steps)
    random = Random(100 + run.step)
    drawn = [scene for scene, _ in zip(scenes(random), range(CAPTIONS), strict=False)]
    wanted = torch.tensor([answers(scene) for scene in drawn])
    bert, tokenizer = minilm()
    states, mask = read([caption(scene, random) for scene in drawn], bert, tokenizer)
    log.info("%d captions are read", CAPTIONS)
    held = CAPTIONS // 20
    while run.step < steps:
        chosen = torch.randint(held, CAPTIONS, (BATCH,))
        longest = int(mask[chosen].sum(-1).max())
        with torch.autocast("cpu", torch.bfloat16):
            told = run.model(states[chosen, :longest].float(), mask[chosen, :longest])
        loss = sum(
            (nn.functional.cross_entropy(scores.float(), wanted[chosen, place]) for place, scores in enumerate(told)),
            torch.zeros(()),
        )
        run.advance(loss)
        if run.step % 250 == 0:
            log.info(
                "read right, of captions not trained on: %s",
                _right(run.average, states[:held], mask[:held], wanted[:held]),
            )


@torch.no_grad()
def _right(model: Told, states: Tensor, mask: Tensor, wanted: Tensor) -> str:
    told = model.eval()(states.float(), mask)
    right = torch.stack([scores.argmax(-1) == wanted[:, place] for place, scores in enumerate(told)], -1)
    lowest = right.float().mean(0).min()
    return f"all of it {float(right.all(-1).float().mean()):.3f}, the hardest question {float(lowest):.3f}"


def trained_text(folder: Path) -> tuple[MiniLmSlots, object]:
    """Returns the encoder of a run, and its tokenizer."""
    told = Told()
    told.load_state_dict(torch.load(folder / "text.pt", weights_only=True)["average"])
    bert, tokenizer = minilm()
    return MiniLmSlots(bert, told.slots).eval(), tokenizer
