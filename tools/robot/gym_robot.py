"""A robot that is an environment of gymnasium, behind the same tools: rehearsed, filmed, kept and replayed alike."""

from __future__ import annotations

import atexit
import contextlib
import copy
import importlib.util
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from assistant.plugin import Context, ToolError

from . import gym_fetch
from .action import Action
from .film import film, pair
from .gym_world import GymWorld
from .record import LIVE, folder_of, replace, stop_asked
from .rehearsal import MAX_STEPS, Stopped
from .settings import RobotSettings
from .simulator import mujoco
from .studio import Camera, Pixels, Studio, View, encoded, studio

FILE = "environment.json"
FRAME_TICKS = 2


class GymRobot:
    """One conversation's environment.

    Args:
        conversation: The conversation's folder.
        settings: Of the tools; ``environment`` says which one.
    """

    def __init__(self, conversation: Path, settings: RobotSettings) -> None:
        self.lock = threading.Lock()
        self.settings = settings
        self._conversation = conversation
        self._world: GymWorld | None = None
        self._log: list[dict[str, Any]] = []

    @property
    def world(self) -> GymWorld:
        """The environment as it is: what was done in it before is done again after a restart."""
        if self._world is None:
            path = folder_of(self._conversation) / FILE
            kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            if kept.get("environment") == self.settings.environment:
                self._world = GymWorld(kept["environment"], kept["seed"], [np.array(each) for each in kept["actions"]])
                self._log = kept["log"]
            else:
                self.reset()
        assert self._world is not None
        return self._world

    def reset(self, name: str = "") -> GymWorld:
        """Begins anew; a name that is a number is the seed.

        Raises:
            ToolError: There is no such environment, or the name is none.
        """
        if name and not name.isdigit():
            raise ToolError(f"{self.settings.environment} has no scenes; name a number, which is the seed")
        self._world, self._log = GymWorld(self.settings.environment, int(name or 0)), []
        self._save()
        return self._world

    def _save(self) -> None:
        world = self.world
        actions = [action.tolist() for action in world.actions]
        kept = {"environment": world.environment, "seed": world.seed, "actions": actions, "log": self._log}
        folder = folder_of(self._conversation)
        folder.mkdir(parents=True, exist_ok=True)
        replace(folder / FILE, json.dumps(kept).encode())

    def act(self, plan: Sequence[Action], context: Context, name: str) -> dict[str, Any]:
        """Rehearses a plan in a copy of the environment and carries it out where the rehearsal holds.

        Raises:
            ToolError: The rehearsal failed, and nothing has moved; or it was stopped.
        """
        if not 1 <= len(plan) <= MAX_STEPS:
            raise ToolError(f"the plan has {len(plan):,} steps; it has to have 1 to {MAX_STEPS}")
        predicted, ends, took = self._rehearsed(plan, context)
        world = self.world
        frames = [self.picture(world)]
        words = [self._step(world, action, context, frames) for action in plan]
        self._save()
        frames.append(self.picture(world))
        saved = [context.save(f"{name}.png", pair(frames[0], frames[-1]), "image/png")]
        if self.settings.film:
            saved.append(context.save_video(name, film(frames)))
        rehearsal = {"predicted": predicted, "came true": world.digest() == ends, "took s": round(took, 2)}
        files = [Path(artifact.path).name for artifact in saved]
        return {"text": ". ".join(words) + ".", "rehearsal": rehearsal, "files": files}

    def preview(self, plan: Sequence[Action], context: Context) -> dict[str, Any]:
        """Rehearses a plan and tells what it would do.

        Raises:
            ToolError: It would fail.
        """
        return {"text": f"Rehearsed: {'. '.join(self._rehearsed(plan, context)[0])}."}

    def _rehearsed(self, plan: Sequence[Action], context: Context) -> tuple[list[str], str, float]:
        started, copy = time.process_time(), self.world.fork()
        words: list[str] = []

        def watch(each: GymWorld) -> None:
            if stop_asked(self._conversation):
                raise Stopped("the rehearsal was stopped, and nothing has moved. Go on only if the person says so.")

        try:
            for action in plan:
                words.append(self._perform(copy, action, context, watch))
        except Stopped:
            raise
        except ToolError as error:
            step = f"step {len(words) + 1} ('{plan[len(words)]}')"
            raise ToolError(f"nothing was moved, because the rehearsal of {step} failed: {error}") from error
        finally:
            copy.close()
        return words, copy.digest(), time.process_time() - started

    def _step(self, world: GymWorld, action: Action, context: Context, frames: list[Pixels]) -> str:
        folder = folder_of(self._conversation)

        def watch(each: GymWorld) -> None:
            if stop_asked(self._conversation):
                raise Stopped(f"the robot was stopped during '{action}'")
            if self.settings.film and len(each.actions) % FRAME_TICKS == 0:
                frames.append(self.picture(each))
                replace(folder / LIVE, encoded(frames[-1], "JPEG"))

        begun = len(world.actions)
        try:
            words = self._perform(world, action, context, watch)
        finally:  # what was done before a stop was done too
            self._log.append({"action": action.model_dump(), "from": begun, "state": world.digest()})
            self._save()
        return words

    def _perform(self, world: GymWorld, action: Action, context: Context, watch: Callable[[GymWorld], None]) -> str:
        skill = _skills(self.settings).settle(world, action)
        skill.check(world)
        before = np.asarray(world.observation["observation"]) if isinstance(world.observation, dict) else None
        for _ in skill.motion(world):
            world.tick()
            if context.cancelled:
                raise Stopped("the robot was stopped")
            watch(world)
        return str(skill.verify(world, before))

    def look(self, context: Context, camera: Camera = "front", view: View = "colour") -> dict[str, Any]:
        """Returns what the environment observes, and saves a picture of it."""
        world = self.world
        saved = context.save("robot.png", encoded(self.picture(world)), "image/png")
        seen = world.observation if isinstance(world.observation, dict) else {"observation": world.observation}
        numbers = {name: [round(float(value), 3) for value in np.ravel(part)[:10]] for name, part in seen.items()}
        text = f"{world.environment} after {len(world.actions)} actions, {world.seconds:.1f} s of simulated time."
        return {"text": text, "observation": numbers, "files": [Path(saved.path).name]}

    def replay(self, context: Context) -> dict[str, Any]:
        """Does all actions once more from the beginning.

        Raises:
            ToolError: Nothing was done yet.
        """
        if not self.world.actions:
            raise ToolError("there is nothing to replay: nothing was done yet in this environment")
        again = self.world.fork()
        exact = again.digest() == self.world.digest()
        again.close()
        how = "bit for bit as they were" if exact else "but not as they were"
        return {"text": f"Replayed {len(self.world.actions)} actions, {how}.", "exact": exact, "files": []}

    def picture(self, world: GymWorld) -> Pixels:
        """Takes a picture; a grey one where there is no OpenGL."""
        place = studio(self.settings.opengl)
        if place.problem:
            return np.full((240, 320, 3), 128, np.uint8)
        pixels = place.there(lambda: _rendered(world, place.opengl.name))
        if not world.seen:
            world.seen = True
            atexit.register(partial(_let_go, place, world))
        return np.asarray(pixels, np.uint8)[:: max(1, pixels.shape[0] // 240), :: max(1, pixels.shape[1] // 320)]


def _let_go(place: Studio, world: GymWorld) -> None:
    """Frees what OpenGL holds, while there still is an OpenGL."""
    with contextlib.suppress(Exception):
        place.there(world.close)


def _rendered(world: GymWorld, opengl: str) -> Any:
    before = os.environ.get("MUJOCO_GL")
    os.environ["MUJOCO_GL"] = opengl  # gymnasium looks nowhere else
    inside = world.env.unwrapped
    # The stock environments compute anew what they draw, which would let them go on otherwise than a copy.
    kept = copy.copy(inside.data) if isinstance(getattr(inside, "data", None), mujoco.MjData) else None
    try:
        return world.env.render()
    finally:
        if kept is not None:
            mujoco.mj_copyData(inside.data, inside.model, kept)
        if before is None:
            del os.environ["MUJOCO_GL"]
        else:
            os.environ["MUJOCO_GL"] = before


def _skills(settings: RobotSettings) -> ModuleType:
    """The module with the function ``settle`` that makes skills of actions in this environment."""
    if settings.environment_skills is None:
        if settings.environment.startswith("Fetch"):
            return gym_fetch
        raise ToolError(f"there are no skills for {settings.environment}; name a file with them in environment_skills")
    spec = importlib.util.spec_from_file_location("robot_environment_skills", settings.environment_skills)
    if spec is None or spec.loader is None:
        raise ToolError(f"{settings.environment_skills} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ToolError(f"{settings.environment_skills} cannot be loaded: {error}") from error
    if not hasattr(module, "settle"):
        raise ToolError(f"{settings.environment_skills} has no function settle(world, action)")
    return module
