"""Skills for the stock Fetch environments, behind the same protocol as the others.

Their actions are four numbers: how far the gripper moves in each direction, a step being 5 cm at most, and the
fingers'. Their observations begin with the place of the gripper and, where there is one, that of the object.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from assistant.plugin import ToolError

from .action import Action
from .gym_world import GymWorld
from .kinematics import Vector, said
from .names import Unknown, plain
from .places import point_in
from .skill import Failed

STEP, NEAR, LONGEST = 0.05, 0.01, 120
OPEN, CLOSE = 1.0, -1.0
ABOVE, BEHIND = 0.12, 0.09
OBJECTS = {"object", "block", "cube", "box", "puck", "it", "", "thing"}
GOALS = {"goal", "target", "red dot", "goal position"}
UP = np.array([0.0, 0.0, 1.0])
MIDDLE = np.array([1.34, 0.75, 0.0])  # of the table, in the environment's own coordinates
CLOSE_ENOUGH = 0.02
WAYS = {"left": (0.0, 1.0), "right": (0.0, -1.0), "forward": (1.0, 0.0), "away": (1.0, 0.0), "back": (-1.0, 0.0)}
WITH_OBJECT = 25  # numbers in the observation


def grip(world: GymWorld) -> Vector:
    """Returns where the gripper is."""
    return np.asarray(world.observation["observation"][:3], np.float64)


def thing(world: GymWorld) -> Vector:
    """Returns where the object is.

    Raises:
        Unknown: There is none.
    """
    if len(world.observation["observation"]) < WITH_OBJECT:
        raise Unknown(f"there is no object in {world.environment}; it has the gripper and the goal")
    return np.asarray(world.observation["observation"][3:6], np.float64)


def goal(world: GymWorld) -> Vector:
    """Returns where the environment wants it."""
    return np.asarray(world.observation["desired_goal"], np.float64)


def go(world: GymWorld, target: Vector, fingers: float) -> Iterator[None]:
    """Moves the gripper to a place.

    Raises:
        Failed: It does not arrive.
    """
    for _ in range(LONGEST):
        away = target - grip(world)
        if float(np.linalg.norm(away)) < NEAR:
            return
        world.action = np.array([*np.clip(away / STEP, -1, 1), fingers])
        yield
    raise Failed(f"the gripper does not get to {said(tuple(target))}")


def still(world: GymWorld, fingers: float, ticks: int = 10) -> Iterator[None]:
    """Only opens or closes the fingers."""
    for _ in range(ticks):
        world.action = np.array([0.0, 0.0, 0.0, fingers])
        yield


@dataclass(frozen=True, slots=True)
class FetchSkill:
    """One of ``move``, ``pick``, ``place``, ``push``, ``open``, ``close``.

    Attributes:
        kind: Which.
        target: Where to.
    """

    kind: str
    target: tuple[float, float, float]

    def check(self, world: GymWorld) -> None:
        """The place has to be above the table; what takes hold needs an object."""
        offset = np.asarray(self.target) - MIDDLE
        if math.hypot(offset[0], offset[1]) > 0.35 or not 0.39 <= self.target[2] <= 0.9:  # noqa: PLR2004
            raise ToolError(
                f"{said(self.target)} is outside the workspace, which lies around {said((1.34, 0.75, 0.45))}"
            )
        if self.kind in ("pick", "place", "push"):
            thing(world)
        if self.kind == "pick" and "PickAndPlace" not in world.environment:
            raise ToolError(f"the fingers are locked in {world.environment}; its object can be pushed only")

    def motion(self, world: GymWorld) -> Iterator[None]:
        """Yields once for each action."""
        yield from MOTIONS[self.kind](world, np.asarray(self.target))

    def touches(self, world: GymWorld) -> Collection[str]:
        """The environment tells of no contacts."""
        return ("object",)

    def moves(self, world: GymWorld) -> Collection[str]:
        """There is only one object."""
        return ("object",)

    def verify(self, world: GymWorld, before: Vector) -> str:
        """What was to be moved is where it was to be."""
        if self.kind in ("open", "close"):
            return f"The gripper is {'open' if self.kind == 'open' else 'closed'}"
        what = "gripper" if self.kind == "move" else "object"
        place = grip(world) if self.kind == "move" else thing(world)
        off = float(np.linalg.norm(place - np.asarray(self.target)))
        if off > (CLOSE_ENOUGH if self.kind != "push" else 2 * CLOSE_ENOUGH):
            raise Failed(f"the {what} ends {off * 100:.1f} cm from {said(self.target)}")
        where = said(tuple(float(value) for value in place))
        return f"The {what} is at {where}, {off * 1000:.0f} mm from where it was to be"


def _move(world: GymWorld, target: Vector) -> Iterator[None]:
    yield from go(world, target, CLOSE)


def _pick(world: GymWorld, target: Vector) -> Iterator[None]:
    above = thing(world) + ABOVE * UP
    yield from go(world, above, OPEN)
    yield from go(world, thing(world), OPEN)
    yield from still(world, CLOSE)
    yield from go(world, target, CLOSE)
    yield from still(world, CLOSE)


def _place(world: GymWorld, target: Vector) -> Iterator[None]:
    if float(np.linalg.norm(thing(world) - grip(world))) > 0.03:  # noqa: PLR2004 - it is not held
        yield from _pick(world, thing(world) + ABOVE * UP)
    yield from go(world, np.array([target[0], target[1], max(target[2], grip(world)[2])]), CLOSE)
    yield from go(world, target, CLOSE)
    yield from still(world, CLOSE)
    on_the_table = target[2] < 0.44  # noqa: PLR2004 - else it is held where it was to be
    if on_the_table:
        yield from still(world, OPEN)
        yield from go(world, target + ABOVE * UP, OPEN)


def _push(world: GymWorld, target: Vector) -> Iterator[None]:
    along = target[:2] - thing(world)[:2]
    way = np.array([*(along / max(1e-9, float(np.linalg.norm(along)))), 0.0])
    start = thing(world) - BEHIND * way
    yield from go(world, start + ABOVE * UP, CLOSE)
    yield from go(world, start, CLOSE)
    for _ in range(LONGEST):
        left = target[:2] - thing(world)[:2]
        if float(np.linalg.norm(left)) < NEAR:
            break
        # Behind the object as seen from where it shall be, and through it.
        aim = thing(world)[:2] + 0.3 * left - 0.02 * left / np.linalg.norm(left)
        step = np.array([*(aim - grip(world)[:2]), start[2] - grip(world)[2]])
        world.action = np.array([*np.clip(step / STEP, -0.5, 0.5), CLOSE])
        yield
    yield from still(world, CLOSE, 3)


def _open(world: GymWorld, target: Vector) -> Iterator[None]:
    yield from still(world, OPEN)


def _close(world: GymWorld, target: Vector) -> Iterator[None]:
    yield from still(world, CLOSE)


MOTIONS = {"move": _move, "pick": _pick, "place": _place, "push": _push, "open": _open, "close": _close}


def settle(world: GymWorld, action: Action) -> FetchSkill:
    """Finds out where an action's target is.

    Raises:
        ToolError: The environment knows no such action, thing or place.
    """
    kind = "move" if action.skill == "home" else action.skill
    if kind not in MOTIONS:
        raise ToolError(f"{world.environment} knows no '{action.skill}'; it knows {', '.join(MOTIONS)} and home")
    named = plain(action.object)
    if kind in ("pick", "place", "push") and named.split(" ")[-1:] and named.split(" ")[-1] not in OBJECTS:
        raise Unknown(f"there is no '{action.object}' in {world.environment}; there is: object, goal")
    place = tuple(float(value) for value in _target(world, action, kind))
    return FetchSkill(kind, (place[0], place[1], place[2]))


def _target(world: GymWorld, action: Action, kind: str) -> Vector:
    if action.skill == "home":
        return MIDDLE + 0.55 * UP
    if kind in ("open", "close"):
        return grip(world)
    return thing(world) + ABOVE * UP if kind == "pick" else _said(world, action, kind)


def _said(world: GymWorld, action: Action, kind: str) -> Vector:
    """The place that a person names."""
    words = plain(action.to.removeprefix("to ").removeprefix("at ").removeprefix("on "))
    if point := point_in(action.to):
        height = point[2] if point[2] is not None else (0.025 if kind != "move" else 0.15)
        return MIDDLE + np.array([point[0], point[1], 0.4 + height])
    if words in GOALS:
        return goal(world)
    if way := next((WAYS[word] for word in words.split() if word in WAYS), None):
        distance = 0.1 if action.amount is None else action.amount
        return (grip(world) if kind == "move" else thing(world)) + distance * np.array([*way, 0.0])
    if words.split(" ")[-1] in OBJECTS:
        return thing(world) + ABOVE * UP
    raise Unknown(f"there is no '{action.to}' in {world.environment}; there is: object, goal, or a point on the table")
