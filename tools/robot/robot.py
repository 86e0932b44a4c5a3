"""The robot of one conversation: it rehearses, acts, is watched, and is kept."""

from __future__ import annotations

import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.plugin import Context, ToolError

from . import record as records
from .action import Action
from .backend import Backend
from .film import film, pair
from .look import seen_in
from .monitor import Limits
from .record import LIVE, Entry, Record, digest, folder_of, replace, stop_asked
from .rehearsal import MAX_STEPS, Outcome, Rehearsal, Stopped, perform, rehearse
from .scene import Scene, load_scene
from .settings import RobotSettings
from .studio import LARGE, Camera, Pixels, Studio, View, encoded, studio
from .world import Diverged, World

FRAME_TICKS = 8  # a picture every 80 ms of simulated time
WORLDS = 8  # kept in memory; the others are read again from their files
MOST_FRAMES = 3000
BRAKE_STEPS, BRAKING_STEPS, BRAKING = 100, 50, 0.08  # steps of the simulation, the same, seconds
STILL = 0.01  # metres a second


@dataclass(slots=True)
class Camerawork:
    """Looks after each tick: takes pictures, obeys a stop, keeps the pace.

    Attributes:
        context: Of the call; tells whether it was cancelled.
        take: Takes a picture of a world.
        pace: Times real time at most; 0 for no limit.
        frames: What was taken.
        ticks: How many ticks there were.
    """

    context: Context
    take: Callable[[World], Pixels]
    pace: float
    film: bool = True
    frames: list[Pixels] = field(default_factory=list)
    ticks: int = 0
    _begun: float = field(default_factory=time.monotonic)

    def __call__(self, world: World) -> None:
        """Called after each tick.

        Raises:
            Stopped: The person wants it to stop.
        """
        self.ticks += 1
        if self.context.cancelled or stop_asked(self.context.folder):
            raise Stopped("the robot was stopped")
        if self.film and self.ticks % FRAME_TICKS == 0 and len(self.frames) < MOST_FRAMES:
            self.frames.append(self.take(world))
            replace(folder_of(self.context.folder) / LIVE, encoded(self.frames[-1], "JPEG"))
        if self.pace:
            ahead = self.ticks * world.tick_seconds / self.pace - (time.monotonic() - self._begun)
            if ahead > 0:
                time.sleep(ahead)


class Robot:
    """One conversation's robot; one thread at a time may use it.

    Args:
        conversation: The conversation's folder.
        settings: Of the tool.
    """

    def __init__(self, conversation: Path, settings: RobotSettings) -> None:
        self.lock = threading.Lock()
        self.settings = settings
        self._conversation = conversation
        self._world: World | None = None
        self._record: Record | None = None
        self._limits = Limits(settings.speed_limit, settings.force_limit)

    @property
    def world(self) -> World:
        """The world as it is: that of the file, else one that begins with the scene of the settings."""
        if self._world is None:
            if (kept := records.load(self._conversation)) is not None:
                self._world, self._record = World(kept.scene).load(kept.state), kept
            else:
                self.reset(self.settings.scene)
        assert self._world is not None
        return self._world

    @property
    def record(self) -> Record:
        """What is kept of it."""
        assert self.world is not None and self._record is not None
        return self._record

    def reset(self, name: str = "") -> World:
        """Begins anew, with a scene of this name or the one there is.

        Raises:
            ToolError: There is no such scene, or its file has an error; the world is left as it is.
        """
        scene: Scene | None = None if name or self._record is None else self._record.scene
        world = World(scene or load_scene(name or self.settings.scene, self.settings.scenes)).begin()
        self._world, self._record = world, Record(world.scene, world.state())
        self._save()
        return world

    def _save(self) -> None:
        assert self._record is not None
        records.save(self._record, self._conversation)

    def act(self, plan: Sequence[Action], context: Context, name: str) -> dict[str, Any]:
        """Rehearses a plan and carries it out where the rehearsal holds.

        Args:
            plan: The steps.
            context: Of the call.
            name: How to call its pictures.

        Returns:
            What is told of it.

        Raises:
            ToolError: The rehearsal failed, and nothing has moved; or it was stopped, and the world is as it was then.
        """
        if not plan:
            raise ToolError("the plan has no steps")
        if len(plan) > MAX_STEPS:
            raise ToolError(f"the plan has {len(plan):,} steps, more than {MAX_STEPS}; give the first ones only")
        world, record = self.world, self.record
        context.progress("rehearsing in a copy of the world")
        rehearsal = rehearse(world, plan, record.last, self._limits, _obeying(context))
        if rehearsal.problem:
            raise ToolError(refused(plan, rehearsal))
        return self._carry_out(plan, rehearsal, context, name)

    def preview(self, plan: Sequence[Action], context: Context) -> dict[str, Any]:
        """Rehearses a plan and tells what it would do, with a film of the rehearsal.

        Raises:
            ToolError: The plan has no steps or too many.
        """
        if not 1 <= len(plan) <= MAX_STEPS:
            raise ToolError(f"the plan has {len(plan):,} steps; it has to have 1 to {MAX_STEPS}")
        frames = [self.picture(self.world)]
        watch = _obeying(context, lambda each: self._film(each, frames))
        rehearsal = rehearse(self.world, plan, self.record.last, self._limits, watch)
        context.save_video("rehearsal", film(frames))
        words = [outcome.words for outcome in rehearsal.outcomes]
        if rehearsal.problem:
            words.append(f"It would not be carried out, because {rehearsal.problem}")
        return {"text": f"Rehearsed: {'. '.join(words)}."}

    def _carry_out(self, plan: Sequence[Action], rehearsal: Rehearsal, context: Context, name: str) -> dict[str, Any]:
        world, record = self.world, self.record
        before = self.picture(world)
        camera = Camerawork(context, self.picture, self.settings.pace, self.settings.film, [before])
        outcomes: list[Outcome] = []
        try:
            for number, (action, choice) in enumerate(zip(plan, rehearsal.choices, strict=True), 1):
                context.progress(f"{number} of {len(plan)}: {action}", number / len(plan))
                outcomes.append(self._step(world, record, action, choice, camera))
        except Stopped:  # what was done until then is seen too
            self._artifacts(context, name, before, self.picture(world), camera.frames)
            raise
        saved = self._artifacts(context, name, before, self.picture(world), camera.frames)
        exact = digest(world.state()) == digest(rehearsal.world.state())
        return told(plan, outcomes, rehearsal, exact=exact, files=saved)

    def _step(self, world: World, record: Record, action: Action, choice: int, camera: Camerawork) -> Outcome:
        """One action, kept where it ends well; where it does not, the world goes back to the last good state."""
        good, last, begun = world.state(), record.last, camera.ticks
        try:
            outcome = perform(world, action, last, self._limits, camera, choice)
        except Stopped as error:
            milliseconds = brake(world)
            self._keep(world, record, Entry(action, last, choice, camera.ticks - begun, digest(world.state())))
            raise Stopped(
                f"{error} during '{action}'; the arm stood still {milliseconds:.0f} ms of simulated time later, "
                f"and the gripper holds {_the(world.held())}. Go on only if the person says so."
            ) from error
        except BaseException:  # a full disk too: what is in memory has to be what is kept
            world.load(good)
            raise
        record.last = outcome.name or last
        self._keep(world, record, Entry(action, last, choice, None, digest(world.state())))
        return outcome

    def _keep(self, world: World, record: Record, entry: Entry) -> None:
        record.log.append(entry)
        record.state = world.state()
        self._save()

    def picture(self, world: World, camera: Camera | None = None) -> Pixels:
        """Takes a picture."""
        return self._studio().picture(world, camera or self.settings.camera)

    def _studio(self) -> Studio:
        return studio(self.settings.opengl)

    def _artifacts(
        self, context: Context, name: str, before: Pixels, after: Pixels, frames: Sequence[Pixels]
    ) -> list[str]:
        saved = [context.save(f"{name}.png", pair(before, after), "image/png")]
        if self.settings.film and len(frames) > 1:
            saved.append(context.save_video(name, film(frames)))
        return [Path(artifact.path).name for artifact in saved]

    def look(self, context: Context, camera: Camera = "front", view: View = "colour") -> dict[str, Any]:
        """Returns what is where, and saves a picture of it."""
        seen = self._studio()
        name, pixels = f"robot-{camera}.png", seen.picture(self.world, camera, LARGE, view)
        saved = context.save(name, encoded(pixels), "image/png")
        note = {"note": seen.problem} if seen.problem else {}
        return {**seen_in(self.world), "files": [Path(saved.path).name], **note}

    def replay(self, context: Context) -> dict[str, Any]:
        """Does everything in the log once more from the beginning, in a world of its own.

        Raises:
            ToolError: Nothing was done yet.
        """
        record = self.record
        if not record.log:
            raise ToolError("there is nothing to replay: nothing was done yet in this world")
        world = World(record.scene, self.world.model).begin()
        frames: list[Pixels] = [self.picture(world)]
        matched = 0
        watch = _obeying(
            context, lambda each: self._film(each, frames), "the replay was stopped. Go on only if the person says so."
        )
        for entry in record.log:
            repeat(world, entry, self._limits, watch)
            matched += digest(world.state()) == entry.state
        exact = matched == len(record.log)
        saved = context.save_video("replay", film(frames))
        steps = f"{len(record.log)} action{'s' * (len(record.log) > 1)}"
        how = "bit for bit as they were" if exact else f"but only {matched} of them ended exactly as they had"
        if not exact and record.mujoco != records.mujoco.__version__:
            how += f" (they were simulated by MuJoCo {record.mujoco})"
        return {"text": f"Replayed {steps}, {how}.", "exact": exact, "files": [Path(saved.path).name]}

    def _film(self, world: World, frames: list[Pixels]) -> None:
        if round(world.seconds / world.tick_seconds) % FRAME_TICKS == 0 and len(frames) < MOST_FRAMES:
            frames.append(self.picture(world))


def repeat(world: World, entry: Entry, limits: Limits, watch: Callable[[World], None]) -> None:
    """Does what an entry of the log says, and stops where it was stopped.

    Raises:
        Stopped: The watch wants it to stop before.
    """
    ticks = 0

    def count(each: World) -> None:
        nonlocal ticks
        ticks += 1
        watch(each)
        if entry.ticks is not None and ticks >= entry.ticks:
            raise Stopped("as in the log")

    try:
        perform(world, entry.action, entry.last, limits, count, entry.choice)
    except Stopped:
        if entry.ticks is None or ticks < entry.ticks:
            raise
        brake(world)


def brake(world: World) -> float:
    """Stops the arm where it is; returns how long that took, in milliseconds of simulated time."""
    stood, begun = 0.0, world.seconds
    for step in range(BRAKE_STEPS):
        # Commanded anew while it moves, since a joint that is drawn back to where it was would swing back.
        if step < BRAKING_STEPS:
            world.hold_still(BRAKING)
        world.tick(1)
        if not stood and world.grip_speed() < STILL:
            stood = world.seconds - begun
    return 1000 * (stood or world.seconds - begun)


def _obeying(
    context: Context,
    also: Callable[[World], None] | None = None,
    reason: str = "the rehearsal was stopped, and nothing has moved. Go on only if the person says so.",
) -> Callable[[World], None]:
    """Returns what looks after each tick whether the person wants it to stop."""

    def watch(world: World) -> None:
        if context.cancelled or stop_asked(context.folder):
            raise Stopped(reason)
        if also:
            also(world)

    return watch


def _the(name: str | None) -> str:
    return f"the {name}" if name else "nothing"


def refused(plan: Sequence[Action], rehearsal: Rehearsal) -> str:
    """Why a plan is not carried out, for the model."""
    where = f"step {rehearsal.step} ('{plan[rehearsal.step - 1]}')" if len(plan) > 1 else f"'{plan[0]}'"
    if rehearsal.simulated == 0:
        return f"nothing was moved, because {where} cannot be done: {rehearsal.problem}"
    return (
        f"nothing was moved, because the rehearsal of {where} failed after {rehearsal.simulated:.1f} s of simulated "
        f"time: {rehearsal.problem}. Plan it otherwise."
    )


def told(
    plan: Sequence[Action], outcomes: Sequence[Outcome], rehearsal: Rehearsal, *, exact: bool, files: list[str]
) -> dict[str, Any]:
    """What the model is told of a plan that was carried out."""
    touched: dict[str, float] = {}
    for outcome in outcomes:
        for name, force in outcome.touched.items():
            touched[name] = max(force, touched.get(name, 0.0))
    return {
        "text": ". ".join(outcome.words for outcome in outcomes) + ".",
        "changed": [line for outcome in outcomes for line in outcome.changed],
        "rehearsal": {
            "predicted": [outcome.words for outcome in rehearsal.outcomes],
            "came true": exact,
            "touched with newtons": touched,
            "collisions": [],
            "fastest m/s": round(max(outcome.fastest for outcome in outcomes), 2),
            "simulated s": round(rehearsal.simulated, 1),
        },
        "files": files,
    }


class Robots:
    """The robots of this process, by their conversations' folders."""

    def __init__(self) -> None:
        self._robots: OrderedDict[tuple[Path, RobotSettings], Backend] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, conversation: Path, settings: RobotSettings) -> Backend:
        """Returns a conversation's robot; what was not used for long is let go, since it is kept in its file."""
        key = (conversation.absolute(), settings)
        with self._lock:
            robot = self._robots.pop(key, None)
            if robot is None or not folder_of(conversation).exists():
                robot = _made(conversation, settings)
            self._robots[key] = robot
            idle = [each for each, other in self._robots.items() if not other.lock.locked() and other is not robot]
            for each in idle[: max(0, len(self._robots) - WORLDS)]:
                del self._robots[each]
            return robot


def _made(conversation: Path, settings: RobotSettings) -> Backend:
    if not settings.environment:
        return Robot(conversation, settings)
    from .gym_robot import GymRobot  # gymnasium is loaded only where it is used

    return GymRobot(conversation, settings)


@functools.cache
def robots() -> Robots:
    """Returns the robots of this process."""
    return Robots()


__all__ = ["Diverged", "Robot", "Robots", "brake", "repeat", "robots"]
