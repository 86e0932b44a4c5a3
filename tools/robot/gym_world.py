"""A world that is an environment of gymnasium: all that is known of it is its observations and the actions so far.

Its copies are environments of the same seed in which the same actions were done, so that any environment that is
deterministic can be rehearsed in, whatever it is made of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from assistant.plugin import ToolError

from .kinematics import Vector
from .simulator import mujoco  # noqa: F401 - first, without its window toolkit

import gymnasium  # isort: skip
import gymnasium_robotics  # isort: skip

LONGEST = 5_000  # actions; a copy has to do all of them again


class GymWorld:
    """An environment.

    Args:
        environment: Its id, such as ``FetchPickAndPlace-v4``.
        seed: It begins with.
        actions: That were done in it.
    """

    def __init__(self, environment: str, seed: int = 0, actions: Sequence[Vector] = ()) -> None:
        self.environment, self.seed = environment, seed
        self.actions: list[Vector] = []
        self.seen = False  # whether a picture of it was taken
        self.env = _made(environment)
        self.observation, _ = self.env.reset(seed=seed)
        self.action = np.zeros(self.env.action_space.shape)
        for action in actions:
            self.action = np.asarray(action, np.float64)
            self.tick()

    def tick(self) -> None:
        """Does the action that is commanded.

        Raises:
            ToolError: There were too many.
        """
        if len(self.actions) >= LONGEST:
            raise ToolError(f"the environment has run for {LONGEST:,} actions; robot_reset begins anew")
        low, high = self.env.action_space.low, self.env.action_space.high
        action = np.clip(self.action, low, high)
        self.actions.append(np.array(action, np.float64))
        self.observation, *_ = self.env.step(action.astype(self.env.action_space.dtype))

    def fork(self) -> GymWorld:
        """Returns a copy that goes its own way."""
        return GymWorld(self.environment, self.seed, self.actions)

    def close(self) -> None:
        """Lets go of the environment."""
        self.env.close()

    @property
    def seconds(self) -> float:
        """Simulated time since the beginning."""
        return len(self.actions) * float(getattr(self.env.unwrapped, "dt", 1.0))

    def digest(self) -> str:
        """Returns a hash of the observation, which differs where a single bit of it does."""
        parts = self.observation.values() if isinstance(self.observation, dict) else [self.observation]
        return hashlib.sha256(b"".join(np.asarray(part).tobytes() for part in parts)).hexdigest()[:32]


def _made(environment: str) -> Any:
    gymnasium.register_envs(gymnasium_robotics)
    try:
        made = gymnasium.make(
            environment, max_episode_steps=10 * LONGEST, render_mode="rgb_array", disable_env_checker=True
        )
    except gymnasium.error.Error as error:
        raise ToolError(f"there is no environment '{environment}': {' '.join(str(error).split())}") from error
    if not isinstance(made.action_space, gymnasium.spaces.Box):
        raise ToolError(f"the environment '{environment}' does not take numbers as its actions")
    return made
