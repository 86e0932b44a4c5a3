"""Drawn shapes, and a small OpenCLIP model that learns in about a minute to tell them apart."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from io import BytesIO
from itertools import product
from pathlib import Path

from PIL import Image, ImageDraw

from index.torchvision_guard import guard_torchvision

COLOURS = {
    "red": (215, 35, 35), "green": (35, 150, 50), "blue": (40, 70, 215), "yellow": (240, 205, 30),
    "purple": (135, 40, 160), "orange": (245, 130, 25), "black": (20, 20, 20), "pink": (250, 150, 190),
}  # fmt: skip
SHAPES = ("circle", "square", "triangle", "star", "ring", "cross")
GROUNDS = {"white": (250, 250, 250), "grey": (170, 170, 170)}
KINDS = tuple(product(COLOURS, SHAPES, GROUNDS))
SIDE = 64
CONFIG = {
    "model_cfg": {
        "embed_dim": 64,
        "vision_cfg": {"image_size": SIDE, "layers": [1, 1, 1, 1], "width": 16, "head_width": 32},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bilinear"},
}
STEPS, BATCH, RATE = 160, 64, 2e-3

Kind = tuple[str, str, str]


def words(kind: Kind) -> str:
    colour, shape, ground = kind
    return f"a {colour} {shape} on {ground} paper"


def drawn(kind: Kind, choice: random.Random) -> Image.Image:
    """A shape at a random place, of a random size, turned and a little off its colour."""
    colour, shape, ground = kind
    image = Image.new("RGB", (SIDE, SIDE), _near(GROUNDS[ground], choice))
    radius = choice.uniform(13, 24)
    x, y = (choice.uniform(radius, SIDE - radius) for _ in range(2))
    _draw(ImageDraw.Draw(image), shape, x, y, radius, choice.uniform(-0.3, 0.3), _near(COLOURS[colour], choice))
    return image


def encoded(image: Image.Image) -> bytes:
    packed = BytesIO()
    image.resize((4 * SIDE, 4 * SIDE)).save(packed, "PNG")  # the readers take nothing smaller for a picture
    return packed.getvalue()


def configure(folder: Path) -> None:
    """Writes down what kind of model it is, without weights."""
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps(CONFIG))


def train(folder: Path, kinds: Sequence[Kind], seed: int = 0) -> None:
    """Trains a model on pictures of some kinds and writes it down as OpenCLIP does."""
    guard_torchvision()
    import open_clip
    import torch
    from safetensors.torch import save_file

    configure(folder)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the model is too small to be shared, and threads wait for each other on a busy machine
    torch.manual_seed(seed)
    model, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")([words(kind) for kind in kinds])
    choice = random.Random(seed)
    pictures = [[prepare(drawn(kind, choice)) for _ in range(24)] for kind in kinds]
    loss, optimizer = open_clip.ClipLoss(), torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    model.train()
    for _ in range(STEPS):
        some = choice.sample(range(len(kinds)), min(BATCH, len(kinds)))  # no caption twice
        images = torch.stack([choice.choice(pictures[kind]) for kind in some])
        image, text, scale = model(images, tokens[some])
        optimizer.zero_grad()
        loss(image, text, scale).backward()
        optimizer.step()
        schedule.step()
        model.logit_scale.data.clamp_(max=4.6)
    torch.set_num_threads(threads)
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")


def _near(colour: tuple[int, int, int], choice: random.Random) -> tuple[int, ...]:
    return tuple(min(255, max(0, part + choice.randint(-12, 12))) for part in colour)


def _draw(
    draw: ImageDraw.ImageDraw, shape: str, x: float, y: float, radius: float, turn: float, colour: tuple[int, ...]
) -> None:
    from math import cos, pi, sin

    def points(*polar: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x + part * radius * cos(angle + turn), y + part * radius * sin(angle + turn)) for part, angle in polar]

    around = (x - radius, y - radius, x + radius, y + radius)
    match shape:
        case "circle":
            draw.ellipse(around, fill=colour)
        case "ring":
            draw.ellipse(around, outline=colour, width=round(radius / 3))
        case "square":
            draw.polygon(points(*((1.0, pi * (2 * n + 1) / 4) for n in range(4))), fill=colour)
        case "triangle":
            draw.polygon(points(*((1.0, pi * (4 * n - 3) / 6) for n in range(3))), fill=colour)
        case "star":
            draw.polygon(points(*((1.0 if n % 2 else 0.4, pi * (2 * n - 3) / 10) for n in range(10))), fill=colour)
        case "cross":
            for angle in (0.0, pi / 2):
                arm = ((1.0, angle - 0.3), (1.0, angle + 0.3), (1.0, angle + pi - 0.3), (1.0, angle + pi + 0.3))
                draw.polygon(points(*arm), fill=colour)
