"""A run of training that can be stopped at any time and goes on where it was."""

from __future__ import annotations

import copy
import logging
import math
import time
from pathlib import Path
from typing import Any

import torch

EVERY = 100  # steps between two checkpoints
SAID = 25
DECAY = 0.999
WARM = 50
log = logging.getLogger(__name__)


class Run:
    """A model with its optimizer, its averaged weights and the count of its steps.

    Args:
        path: The checkpoint, read where it is there.
        model: As it starts.
        rate: Highest learning rate.
        steps: Steps in all: the rate falls towards the last.
    """

    def __init__(self, path: Path, model: torch.nn.Module, rate: float, steps: int) -> None:
        self.path, self.rate, self.steps, self.step = path, rate, steps, 0
        self.model: Any = model
        self.average: Any = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=rate, weight_decay=0.01, fused=True)
        self._losses: list[float] = []
        self._since = time.process_time()
        if path.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        log.info("goes on from step %d", self.step)

    def advance(self, loss: torch.Tensor) -> None:
        """Takes one step, and keeps a checkpoint now and then."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * self._share()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self._follow()
        self._losses.append(float(loss.detach()))
        if self.step % SAID == 0:
            self._say()
        if self.step % EVERY == 0 or self.step == self.steps:
            self.save()

    def _share(self) -> float:
        """Of the highest rate: rises at the start, then falls along a cosine to a twentieth."""
        done = min(1.0, self.step / self.steps)
        return min(1.0, (self.step + 1) / WARM) * (0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2)

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(DECAY, (self.step + 1) / (self.step + 10))
        mine, theirs = self.average.parameters(), self.model.parameters()
        torch._foreach_lerp_(list(mine), list(theirs), 1 - keep)

    def _say(self) -> None:
        took, self._since = time.process_time() - self._since, time.process_time()
        mean = sum(self._losses) / len(self._losses)
        self._losses.clear()
        log.info("%s step %d of %d, loss %.4f, %.2f s of processor a step", self.path.stem, self.step, self.steps,
                 mean, took / SAID)  # fmt: skip

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        part = self.path.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.path)
