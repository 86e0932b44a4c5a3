"""The estimate behind previews: where latents go is told right for each way in which schedulers keep noise."""

from __future__ import annotations

import importlib
import math
from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
)

from assistant.loader import builtin_folder, load_file

TOOLS = load_file(builtin_folder() / "generate_image" / "__init__.py", {"generate_image": {"model": "any"}})
PREVIEW = importlib.import_module(f"{TOOLS[0].function.__module__}.preview")
STEPS = 8

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def noisy(scheduler: Any, place: int, picture: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Latents at the beginning of a step, as the scheduler has them."""
    if isinstance(scheduler, DDIMScheduler):
        alpha = scheduler.alphas_cumprod[scheduler.timesteps[place]] if place < STEPS else torch.tensor(1.0)
        return alpha.sqrt() * picture + (1 - alpha).sqrt() * noise
    sigma = float(scheduler.sigmas[place])
    if isinstance(scheduler, FlowMatchEulerDiscreteScheduler):
        return (1 - sigma) * picture + sigma * noise
    scale = 1.0 if isinstance(scheduler, EulerDiscreteScheduler) else 1 / math.sqrt(1 + sigma**2)
    return scale * (picture + sigma * noise)


@pytest.mark.parametrize(
    "kind", [DDIMScheduler, EulerDiscreteScheduler, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler]
)
def test_the_picture_is_seen_through_the_noise(kind):
    scheduler = kind()
    scheduler.set_timesteps(STEPS)
    draw = torch.Generator().manual_seed(1)
    picture, noise = (torch.randn(1, 4, 8, 8, generator=draw) for _ in range(2))
    for place in range(STEPS):
        before, after = (noisy(scheduler, each, picture, noise) for each in (place, place + 1))
        scheduler._step_index = place + 1
        seen = PREVIEW.clean(scheduler, scheduler.timesteps[place], before, after)
        assert torch.allclose(seen, picture, atol=0.05)
