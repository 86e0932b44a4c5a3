"""What a picture in the making looks like so far, at next to no cost: a linear map from latents to colours."""

from __future__ import annotations

import io
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

log = logging.getLogger(__name__)

SIDE = 192  # pixels of a preview's longer side
GRID, CELLS = 16, 6  # latents along a side of the picture that the map is fitted on, and patches of colour in it
RIDGE = 1e-3
MOST = 24  # previews of a picture
APART = 0.5  # seconds between two of them, at least
SHARE = 0.01  # of the time that a picture takes, what its previews may take


@dataclass(frozen=True, slots=True)
class Colours:
    """What turns clean latents into colours.

    Attributes:
        channels: Of latents.
        paint: Takes latents, shape (pictures, channels, height, width), and returns colours from -1 to 1.
    """

    channels: int
    paint: Callable[[Tensor], Tensor]


def colours_of(pipeline: Any) -> Colours | None:
    """Returns what turns clean latents into colours, found out with one small picture; None where it cannot be.

    To be called before the pipeline runs, since its parts may change places in memory.
    """
    try:
        channels = int(pipeline.vae.config.latent_channels)
        return Colours(channels, pipeline.vae.coarse if hasattr(pipeline.vae, "coarse") else _fitted(pipeline))
    except (AttributeError, RuntimeError, TypeError, ValueError):
        log.info("%s gives no previews", type(pipeline).__name__, exc_info=True)
        return None


@torch.no_grad()
def _fitted(pipeline: Any) -> Callable[[Tensor], Tensor]:
    """The map that brings the latents of patches of colour nearest to their colours (least squares)."""
    vae = pipeline.vae
    side = GRID * int(pipeline.vae_scale_factor)
    patches = torch.rand(1, 3, CELLS, CELLS, generator=torch.Generator().manual_seed(0)) * 2 - 1
    picture = torch.nn.functional.interpolate(patches, (side, side), mode="nearest")
    latents = vae.encode(picture.to(vae.device, vae.dtype)).latent_dist.mode().float().cpu()
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    latents = (latents - shift) * vae.config.scaling_factor
    wanted = torch.nn.functional.adaptive_avg_pool2d(picture, latents.shape[-2:]).flatten(2)[0].T
    given = latents.flatten(2)[0].T
    given = torch.cat((given, torch.ones(len(given), 1)), 1)
    ridge = RIDGE * len(given) * torch.eye(given.shape[1])
    weights = torch.linalg.solve(given.T @ given + ridge, given.T @ wanted)
    if not weights.isfinite().all():
        raise ValueError("the autoencoder gives no numbers for colours")

    def paint(clean: Tensor) -> Tensor:
        return torch.einsum("bchw,cd->bdhw", clean, weights[:-1]) + weights[-1][:, None, None]

    return paint


class Preview:
    """The previews of one picture, seldom and small enough not to hold it up.

    Args:
        colours: As of ``colours_of``; None gives none.
        shape: Width and height of the picture, in any unit.
        show: Is given each, as JPEG.
    """

    def __init__(self, colours: Colours | None, shape: tuple[int, int], show: Callable[[bytes], None]) -> None:
        self._colours, self._shape, self._show = colours, shape, show
        self._before: Tensor | None = None
        self._start = self._last = time.perf_counter()
        self._spent, self._told = 0.0, 0.0

    @torch.no_grad()
    def look(self, scheduler: Any, when: Any, latents: Tensor, done: float) -> None:
        """Shows what can be seen after a step, if it is time to.

        Args:
            scheduler: Of the pipeline.
            when: The step's time.
            latents: After the step.
            done: Share of the steps that are taken.
        """
        before, self._before = self._before, latents
        now = time.perf_counter()
        due = now - self._last >= APART and done - self._told >= 1 / MOST and done < 1
        if self._colours is None or before is None or not due or self._spent > SHARE * (now - self._start):
            return
        try:
            self._show(self._picture(self._colours, clean(scheduler, when, before, latents)))
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
            log.info("this picture gives no previews", exc_info=True)
            self._colours = None
        self._told, self._last = done, time.perf_counter()
        self._spent += self._last - now

    def _picture(self, colours: Colours, latents: Tensor) -> bytes:
        seen = colours.paint(self._unpacked(latents[:1].float().cpu(), colours.channels))[0]
        numbers = ((seen.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).contiguous()
        width, height = numbers.shape[1], numbers.shape[0]
        picture = Image.frombytes("RGB", (width, height), bytes(numbers.numpy().tobytes()))
        scale = SIDE / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        buffer = io.BytesIO()
        picture.resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=80)
        return buffer.getvalue()

    def _unpacked(self, latents: Tensor, channels: int) -> Tensor:
        """Latents as a grid; transformers such as FLUX's keep them in a row of pieces of 2x2."""
        if latents.dim() == 4:  # noqa: PLR2004 — pictures, channels, height, width
            return latents
        if latents.shape[-1] != 4 * channels:
            raise ValueError(f"latents of the shape {tuple(latents.shape)} are of no known kind")
        rows = round(math.sqrt(latents.shape[1] * self._shape[1] / self._shape[0]))
        pieces = latents.reshape(1, rows, latents.shape[1] // rows, channels, 2, 2)
        return pieces.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)


def clean(scheduler: Any, when: Any, before: Tensor, after: Tensor) -> Tensor:
    """Returns latents without the noise that is still in them, as the last step lets expect.

    Between two steps latents move on a straight line towards the picture if they are scaled so that they are the
    picture plus so many times the noise, as in Karras et al. 2022 (arXiv:2206.00364), or a mixture of both, as in
    flow matching. What they would become without any noise lies at the end of the line.

    Args:
        scheduler: With the times of the steps.
        when: The time of the step.
        before: Latents before the step.
        after: Latents after it.
    """
    (noise, scale), (less, other) = _noise(scheduler, when)
    if math.isclose(noise, less):
        return after
    start, end = before / scale, after / other
    return end - less * (start - end) / (noise - less)


def _noise(scheduler: Any, when: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """How much noise latents hold before and after a step, beside the picture, and by what they are scaled."""
    if (sigmas := getattr(scheduler, "sigmas", None)) is not None and scheduler.step_index is not None:
        after = int(scheduler.step_index)
        both = float(sigmas[after - 1]), float(sigmas[after])
        grows = float(getattr(scheduler, "init_noise_sigma", 1.0)) > 1
        plain = grows or not hasattr(scheduler, "alphas_cumprod") or scheduler.config.get("use_flow_sigmas", False)
        return _scaled(both[0], plain), _scaled(both[1], plain)
    alphas, later = scheduler.alphas_cumprod, scheduler.timesteps[scheduler.timesteps < when]
    return _of_alpha(float(alphas[int(when)])), _of_alpha(float(alphas[int(later[0])]) if len(later) else 1.0)


def _scaled(sigma: float, plain: bool) -> tuple[float, float]:
    return sigma, 1.0 if plain else 1 / math.sqrt(1 + sigma**2)


def _of_alpha(alpha: float) -> tuple[float, float]:
    return math.sqrt((1 - alpha) / max(alpha, 1e-6)), math.sqrt(max(alpha, 1e-6))
