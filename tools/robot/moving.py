"""Skills of the arm itself: go somewhere, home, open and close the gripper."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from . import arm
from .arm import Motion
from .fetch import HOME
from .grips import Refused
from .kinematics import Target, Unreachable, said
from .skill import CLOSE, Failed, Readings
from .world import WIDEST, World

LOWEST, HIGHEST = 0.02, 0.4


@dataclass(frozen=True, slots=True)
class Move:
    """Takes the gripper to a point, at a height at which nothing stands in the way, then down or up."""

    place: tuple[float, float, float]
    words: str

    def check(self, world: World) -> None:
        """The point has to be above the table and in reach."""
        lowest = LOWEST if world.held() is None else LOWEST + 0.03
        if not lowest <= self.place[2] <= HIGHEST:
            heights = f"the gripper goes {lowest:g} to {HIGHEST:g} m above the table"
            raise Refused(f"the point {said(self.place)} is outside the workspace: {heights}")
        try:
            world.arm.solve(Target(self.place))
        except Unreachable as error:
            raise Refused(f"the point {said(self.place)} is out of the arm's reach") from error

    def motion(self, world: World) -> Motion:
        """Up, around, down."""
        now = world.arm.target_of(world.commanded())
        target = Target(self.place, now.turn)
        yield from arm.approach(world, target)
        yield from arm.go(world, target, arm.SLOW)

    def touches(self, world: World) -> Collection[str]:
        """What it holds."""
        return _held(world)

    def moves(self, world: World) -> Collection[str]:
        """What it holds."""
        return _held(world)

    def verify(self, world: World, before: Readings) -> str:
        """The gripper is there, and holds what it held."""
        off = math.dist(world.grip(), self.place)
        if off > CLOSE:
            raise Failed(f"the gripper ends {off * 100:.1f} cm from {said(self.place)}")
        _still_held(world, before)
        return f"The gripper is {self.words}, at {said(tuple(float(value) for value in world.grip()))}"


@dataclass(frozen=True, slots=True)
class GoHome:
    """Takes the arm to where it rests."""

    def check(self, world: World) -> None:
        """Nothing has to hold."""

    def motion(self, world: World) -> Motion:
        """Up, around, into the rest posture."""
        yield from arm.home(world)

    def touches(self, world: World) -> Collection[str]:
        """What it holds."""
        return _held(world)

    def moves(self, world: World) -> Collection[str]:
        """What it holds."""
        return _held(world)

    def verify(self, world: World, before: Readings) -> str:
        """The gripper is there."""
        off = float(np.linalg.norm(world.grip() - np.asarray(world.arm.target_of(np.array(HOME)).place)))
        if off > CLOSE:
            raise Failed(f"the arm ends {off * 100:.1f} cm from home")
        _still_held(world, before)
        return "The arm is at home" + (f" and holds the {before.held}" if before.held else "")


@dataclass(frozen=True, slots=True)
class Fingers:
    """Opens or closes the gripper."""

    opens: bool

    def check(self, world: World) -> None:
        """What is held may be let go only a little above what is below it."""
        held = world.held()
        if self.opens and held and world.pose(held).place[2] - world.half_height(held) > 0.05 + _surface(world, held):
            raise Refused(f"the {held} would fall out of the gripper; put it down with robot_place")

    def motion(self, world: World) -> Motion:
        """The fingers only."""
        yield from arm.fingers(world, WIDEST if self.opens else 0.0)

    def touches(self, world: World) -> Collection[str]:
        """What it holds."""
        return _held(world)

    def moves(self, world: World) -> Collection[str]:
        """What it holds."""
        return _held(world)

    def verify(self, world: World, before: Readings) -> str:
        """The fingers are apart, or they are not."""
        opening = world.opening()
        if self.opens != (opening > 0.09) and world.held() is None:  # noqa: PLR2004
            raise Failed(f"the gripper stays {opening * 100:.1f} cm open")
        return f"The gripper is {'open' if self.opens else 'closed'}, the fingers {opening * 100:.1f} cm apart"


def _surface(world: World, held: str) -> float:
    x, y, _ = world.pose(held).place
    tops = [
        world.pose(n).place[2] + world.half_height(n)
        for n in world.movable()
        if n != held and math.dist((x, y), world.pose(n).place[:2]) < world.width(n) / 2
    ]
    return max(tops, default=0.0)


def _held(world: World) -> Collection[str]:
    held = world.held()
    return {held} if held else set()


def _still_held(world: World, before: Readings) -> None:
    if world.held() != before.held:
        raise Failed(f"the {before.held} falls out of the gripper")
