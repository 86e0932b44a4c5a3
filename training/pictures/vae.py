"""Trains the autoencoder that turns pictures into latents of an eighth of their size, and back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor, nn

from index.torchvision_guard import guard_torchvision
from training.pictures.checkpoint import Run
from training.pictures.draw import draw
from training.pictures.sample import scenes

guard_torchvision()

from tools.generate_image.autoencoder import PATCH, PatchAutoencoder  # noqa: E402

BATCH, STEPS, RATE = 16, 2000, 1e-3
CHANNELS = 8
SPREAD, EDGES = 0.05, 0.5  # noise added to latents, and what edges count for
SMALL = 1e-3  # how much it costs latents to be large
FITTED = 600  # pictures to which the linear part is fitted
log = logging.getLogger(__name__)


def make_vae() -> PatchAutoencoder:
    """Returns the autoencoder with the linear part fitted: the principal components of patches."""
    model = PatchAutoencoder(latent_channels=CHANNELS, spread=SPREAD)
    source = pictures(Random(3))
    seen = torch.cat([next(source) for _ in range(FITTED // BATCH)])
    patches = nn.functional.pixel_unshuffle(seen, PATCH).permute(0, 2, 3, 1).flatten(0, 2)
    mean = patches.mean(0)
    values, vectors = torch.linalg.eigh((patches - mean).T @ (patches - mean) / len(patches))
    scale = values.flip(0)[:CHANNELS].sum().div(CHANNELS).sqrt()
    components = vectors.flip(1)[:, :CHANNELS].T / scale
    with torch.no_grad():
        model.analyse.weight.copy_(components[:, :, None, None])
        model.analyse.bias.copy_(-components @ mean)
        model.synthesise.weight.copy_((components.T * scale**2)[:, :, None, None])
        model.synthesise.bias.copy_(mean)
    return model


def train_vae(folder: Path, steps: int = STEPS) -> None:
    """Trains until ``steps`` steps are done, going on where a run in the same folder was stopped.

    Args:
        folder: Of the run; gets ``vae.pt``.
        steps: Steps in all.
    """
    run = Run(folder / "vae.pt", make_vae(), RATE, steps)
    source = pictures(Random(1 + run.step))
    while run.step < steps:
        drawn = next(source)
        with torch.autocast("cpu", torch.bfloat16):
            latents = run.model.latents(drawn).float()
            again = run.model.decode(latents + SPREAD * torch.randn_like(latents)).sample
        run.advance(_difference(again.float(), drawn) + SMALL * latents.square().mean())


def _difference(again: Tensor, drawn: Tensor) -> Tensor:
    """Mean difference of the colours and, for sharp edges, of their changes from pixel to pixel."""
    off = again - drawn
    edges = off.diff(dim=2).abs().mean() + off.diff(dim=3).abs().mean()
    return off.abs().mean() + 2 * off.square().mean() + EDGES * edges


def pictures(random: Random) -> Iterator[Tensor]:
    """Yields batches of scenes without end, shape (BATCH, 3, SIDE, SIDE), from -1 to 1."""
    source = scenes(random)
    while True:
        yield as_tensor([draw(next(source), random) for _ in range(BATCH)])


def as_tensor(drawn: list[Image]) -> Tensor:
    """Returns pictures as numbers from -1 to 1, shape (pictures, 3, SIDE, SIDE)."""
    batch = torch.from_numpy(np.stack([np.asarray(each) for each in drawn]))
    return batch.permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def finish_vae(folder: Path) -> None:
    """Writes the trained autoencoder as diffusers keeps one, its channels brought closer to each other in size.

    A channel of deviation d is multiplied by d to the power of -1/2, and all of them so that they have a deviation of 1
    together: the U-Net then sees edges early enough, and still brightness first.
    """
    model = PatchAutoencoder(latent_channels=CHANNELS, spread=SPREAD)
    model.load_state_dict(torch.load(folder / "vae.pt", weights_only=True)["average"])
    source = pictures(Random(7))
    seen = torch.cat([model.latents(next(source)) for _ in range(20)])
    mean, deviation = seen.mean((0, 2, 3)), seen.std((0, 2, 3))
    log.info("latents have mean %s, deviation %s", mean.tolist(), deviation.tolist())
    factors = deviation.rsqrt()
    factors = factors / (factors * deviation).square().mean().sqrt()
    for layer in (model.analyse, model.encoder[-1]):
        layer.weight.mul_(factors[:, None, None, None])
        layer.bias.mul_(factors)
    for layer in (model.synthesise, model.decoder[0]):
        layer.weight.div_(factors[:, None, None])
    model.save_pretrained(folder / "vae")


def finished_vae(folder: Path) -> PatchAutoencoder:
    """Returns the autoencoder that ``finish_vae`` wrote."""
    return PatchAutoencoder.from_pretrained(folder / "vae", local_files_only=True).eval()  # type: ignore[no-any-return]
