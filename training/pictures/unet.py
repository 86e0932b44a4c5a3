"""Trains the U-Net that turns noise into latents, told by the slots of a caption."""

from __future__ import annotations

import logging
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from index.torchvision_guard import guard_torchvision
from tools.generate_image.text_encoder import WIDTH
from training.pictures.caption import caption
from training.pictures.checkpoint import Run
from training.pictures.draw import draw
from training.pictures.sample import scenes
from training.pictures.scene import Scene
from training.pictures.text import read, trained_text
from training.pictures.vae import CHANNELS, as_tensor, finished_vae

guard_torchvision()

if TYPE_CHECKING:
    from diffusers import DDIMScheduler, UNet2DConditionModel

BATCH, STEPS, RATE = 24, 6000, 8e-4
POOL, FIRST, FRESH, REFRESH = 8192, 2048, 384, 48  # examples kept, at first, drawn anew, and every how many steps
EVEN = 0.3  # of the times are drawn evenly
UNTOLD = 0.1  # of the examples are seen without their caption, for classifier-free guidance
# Above this signal-to-noise ratio a step counts less, as in Hang et al. 2023, "Efficient Diffusion Training via Min-SNR
# Weighting Strategy". Noisier steps all count the same: they are what decides where things stand.
SNR = 5.0
LATENT = 16
log = logging.getLogger(__name__)


def make_unet() -> UNet2DConditionModel:
    """Returns the untrained U-Net."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=LATENT,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(64, 128, 192),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        # The slots also reach the layers that do not attend to them, through the embedding of the time.
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        norm_num_groups=16,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    )


def make_scheduler() -> DDIMScheduler:
    """Returns how noise is added and taken away: a cosine schedule that ends in noise alone."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


class Pool:
    """Latents of scenes with the slots of their captions, of which some are drawn anew now and then.

    Args:
        folder: Of the run.
        random: Makes up the scenes.

    Attributes:
        untold: What an empty caption tells, shape (1, 1 + PLACES, WIDTH).
    """

    def __init__(self, folder: Path, random: Random) -> None:
        self._random, self._source = random, scenes(random)
        self._vae = finished_vae(folder)
        self._text, self._tokenizer = trained_text(folder)
        self._next = 0
        self.untold = self._slots([""])
        self._latents, self._told = self._made(FIRST)

    def refresh(self) -> None:
        """Draws some examples anew: added until the pool is full, then in place of the oldest."""
        latents, told = self._made(FRESH)
        if len(self._latents) + FRESH <= POOL:
            self._latents, self._told = torch.cat((self._latents, latents)), torch.cat((self._told, told))
            return
        at = [(self._next + step) % len(self._latents) for step in range(FRESH)]
        self._next = (at[-1] + 1) % len(self._latents)
        self._latents[at], self._told[at] = latents, told

    def batch(self) -> tuple[Tensor, Tensor]:
        """Returns latents, shape (BATCH, CHANNELS, LATENT, LATENT), and the slots of their captions."""
        chosen = torch.randint(len(self._latents), (BATCH,))
        return self._latents[chosen], self._told[chosen]

    @torch.no_grad()
    def _made(self, count: int) -> tuple[Tensor, Tensor]:
        drawn: list[Scene] = [next(self._source) for _ in range(count)]
        latents = []
        for start in range(0, count, 64):
            pictures = as_tensor([draw(scene, self._random) for scene in drawn[start : start + 64]])
            with torch.autocast("cpu", torch.bfloat16):
                latents.append(self._vae.latents(pictures).float() * self._vae.config.scaling_factor)
        return torch.cat(latents), self._slots([caption(scene, self._random) for scene in drawn])

    @torch.no_grad()
    def _slots(self, texts: list[str]) -> Tensor:
        states, mask = read(texts, self._text.bert, self._tokenizer)
        longest = int(mask.sum(-1).max())
        return self._text.slots.arranged(self._text.slots(states[:, :longest].float(), mask[:, :longest]))


def train_unet(folder: Path, steps: int = STEPS) -> None:
    """Trains until ``steps`` steps are done, going on where a run in the same folder was stopped.

    Args:
        folder: Of the run, in which the autoencoder and the slots are trained; gets ``unet.pt``.
        steps: Steps in all.
    """
    run = Run(folder / "unet.pt", make_unet(), RATE, steps)
    torch.manual_seed(run.step)
    scheduler = make_scheduler()
    pool = Pool(folder, Random(1000 + run.step))
    log.info("the pool is drawn")
    while run.step < steps:
        run.advance(_loss(run.model, scheduler, pool))
        if run.step % REFRESH == 0:
            pool.refresh()


def times(count: int) -> Tensor:
    """Draws how noisy examples are made, 0 to 999: mostly where colours and outlines are decided."""
    middle = (0.62 + 0.2 * torch.randn(count)).clamp(0, 0.999)
    return (1000 * torch.where(torch.rand(count) < EVEN, torch.rand(count), middle)).long()


def _loss(model: nn.Module, scheduler: Any, pool: Pool) -> Tensor:
    latents, told = pool.batch()
    told = torch.where(torch.rand(BATCH, 1, 1) < UNTOLD, pool.untold, told)
    noise, when = torch.randn_like(latents), times(BATCH)
    wanted = scheduler.get_velocity(latents, noise, when)
    with torch.autocast("cpu", torch.bfloat16):
        said = model(scheduler.add_noise(latents, noise, when), when, told).sample
    share = scheduler.alphas_cumprod[when]
    weight = torch.clamp(SNR * (1 - share) / share, max=1.0)
    return (weight * (said.float() - wanted).square().mean((1, 2, 3))).mean()
