"""Skills that push: things over the table, and drawers, doors and switches along their way."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from . import arm
from .arm import Motion
from .build import DRAWER_LENGTH, KNOB
from .grips import FINGER_HALF_WIDTH, TIP, Refused, radius, reachable
from .handling import _free_to_take
from .kinematics import Target
from .names import stands
from .scene import Cabinet, Cube, Drawer, Plate, Switch
from .skill import CLOSE, Failed, Readings, state_of
from .world import World, travel

WAYS = {"left": (0.0, 1.0), "right": (0.0, -1.0), "away": (1.0, 0.0), "near": (-1.0, 0.0)}
SAID = {"left": "to the left", "right": "to the right", "away": "away from the robot", "near": "towards the robot"}
NEAREST, FURTHEST = 0.02, 0.4
GAP = 0.02
IN_LINE, OVER = 0.04, 0.022  # metres: beside the drawer's middle, beyond the edge
DONE = 0.1


@dataclass(frozen=True, slots=True)
class Push:
    """Pushes a thing over the table.

    Attributes:
        name: What.
        way: One of ``WAYS``.
        distance: How far, metres.
    """

    name: str
    way: str
    distance: float

    def check(self, world: World) -> None:
        """Free gripper, a thing that stands free on the table, both ends of the way in reach and on the table."""
        _free_to_push(world, self.name)
        if not NEAREST <= self.distance <= FURTHEST:
            raise Refused(f"a thing can be pushed by {NEAREST} to {FURTHEST} m, not by {self.distance:g} m")
        start, end = self._ends(world)
        x, y, _ = world.pose(self.name).place
        along = np.array(WAYS[self.way]) * self.distance
        goal = (float(x + along[0]), float(y + along[1]))
        if not world.scene.holds(goal):
            raise Refused(f"pushed {SAID[self.way]} by {self.distance:g} m, the {self.name} would fall from the table")
        reachable(world, start, f"the near side of the {self.name}")
        reachable(world, end, "the end of the way")

    def _ends(self, world: World) -> tuple[Target, Target]:
        return ends(world, self.name, WAYS[self.way], self.distance)

    def motion(self, world: World) -> Motion:
        """Down behind it, along, up."""
        yield from push(world, self.name, *self._ends(world))

    def touches(self, world: World) -> Collection[str]:
        """The thing only."""
        return {self.name, world.under(self.name)}

    def moves(self, world: World) -> Collection[str]:
        """The thing only."""
        return {self.name}

    def verify(self, world: World, before: Readings) -> str:
        """It is as far along as it was to be, and still stands on what it stood on."""
        was, now = before.poses[self.name].place, world.pose(self.name).place
        way = WAYS[self.way]
        off = math.dist(now[:2], (was[0] + way[0] * self.distance, was[1] + way[1] * self.distance))
        if off > CLOSE:
            raise Failed(f"the {self.name} ends {off * 100:.1f} cm from where it was to be pushed")
        if world.pose(self.name).tilt > before.poses[self.name].tilt + 0.3 and not _rolls(world, self.name):
            raise Failed(f"the {self.name} falls over when it is pushed")
        return f"The {self.name} is {math.dist(was, now) * 100:.1f} cm further {SAID[self.way].removeprefix('to the ')}"


@dataclass(frozen=True, slots=True)
class PushInto:
    """Pushes a thing over the table's edge into an open drawer below it."""

    name: str
    drawer: str

    def check(self, world: World) -> None:
        """As for pushing, and the drawer has to be open."""
        _free_to_push(world, self.name)
        if not isinstance(world.things[self.drawer], Drawer):
            raise Refused(f"nothing can be pushed into the {self.drawer}, which stands on the table; place it there")
        if world.slid(self.drawer) < 0.9:  # noqa: PLR2004
            raise Refused(f"the {self.drawer} is closed; open it first")
        for start, end in self._ways(world):
            reachable(world, start, f"the near side of the {self.name}")
            reachable(world, end, "the end of the way")

    def motion(self, world: World) -> Motion:
        """First in line with the drawer, where it is not, then over the edge."""
        for number in range(len(self._ways(world))):
            # Measured again after the first, since a push is never exact.
            yield from push(world, self.name, *self._ways(world)[-1 if number else 0])

    def _ways(self, world: World) -> list[tuple[Target, Target]]:
        """Where the gripper goes, for each push."""
        x, y, _ = world.pose(self.name).place
        middle = world.pose(self.drawer).place
        along, sign = middle[0] - x, math.copysign(1.0, middle[1])
        edge = abs(middle[1]) - DRAWER_LENGTH / 2
        over = ends(world, self.name, (0.0, sign), edge + OVER - sign * y)
        if abs(along) < IN_LINE:
            return [over]
        return [ends(world, self.name, WAYS["away" if along > 0 else "near"], abs(along)), over]

    def touches(self, world: World) -> Collection[str]:
        """The thing and the drawer."""
        return {self.name, self.drawer}

    def moves(self, world: World) -> Collection[str]:
        """The thing and, by its fall, a little the drawer."""
        return {self.name}

    def verify(self, world: World, before: Readings) -> str:
        """It lies in the drawer."""
        if (under := world.under(self.name)) != self.drawer:
            raise Failed(f"the {self.name} ends {stands(world, under)}, not in the {self.drawer}")
        return f"The {self.name} is in the {self.drawer}"


@dataclass(frozen=True, slots=True)
class Slide:
    """Slides a drawer, a door or a switch by its handle.

    Attributes:
        name: Of the drawer, the cabinet or the switch.
        to: How far, 0 to 1.
    """

    name: str
    to: float

    def check(self, world: World) -> None:
        """Free gripper, not there already, and the handle's way within reach."""
        if held := world.held():
            raise Refused(f"the gripper holds the {held}; put that down first")
        if abs(world.slid(self.name) - self.to) < DONE:
            raise Refused(f"the {self.name} is {state_of(world, self.name)} already")
        start, end = self._ends(world)
        reachable(world, start, f"the handle of the {self.name}")
        reachable(world, end, f"the handle of the {self.name}")

    def _ends(self, world: World) -> tuple[Target, Target]:
        handle = world.handle(self.name)
        along = (self.to - world.slid(self.name)) * travel(world.things[self.name])
        # A little further, since the handle has play between the fingers.
        end = handle + world.axis(self.name) * (along + math.copysign(0.004, along))
        return _target(handle), _target(end)

    def motion(self, world: World) -> Motion:
        """Around the handle, along, up."""
        start, end = self._ends(world)
        yield from arm.approach(world, start)
        yield from arm.fingers(world, 2 * KNOB[0] + 0.024)
        yield from arm.go(world, start, arm.SLOW)
        yield from arm.fingers(world, 0.0)
        yield from arm.go(world, end, arm.SLOW)
        yield from arm.fingers(world, 2 * KNOB[0] + 0.024)
        yield from arm.rise(world)

    def touches(self, world: World) -> Collection[str]:
        """What is slid, and what lies in it."""
        return {self.name, *world.on_top(self.name)}

    def moves(self, world: World) -> Collection[str]:
        """What is slid, and what lies in a drawer."""
        return {self.name, *(world.on_top(self.name) if isinstance(world.things[self.name], Drawer) else ())}

    def verify(self, world: World, before: Readings) -> str:
        """It is slid as far as it was to be, and what lay in it still does."""
        if abs(world.slid(self.name) - self.to) > DONE:
            raise Failed(f"the {self.name} is {state_of(world, self.name)} instead of where it was to be")
        for thing, under in before.under.items():
            if under == self.name and world.under(thing) != self.name:
                raise Failed(f"the {thing} falls out of the {self.name}")
        return f"The {self.name} is {self._said(world)}"

    def _said(self, world: World) -> str:
        thing = world.things[self.name]
        if isinstance(thing, Switch) and thing.lights:
            light = "lit" if world.is_on(thing.lights) else "dark"
            return f"{state_of(world, self.name)}, and the {thing.lights} is {light}"
        if isinstance(thing, Drawer):
            centimetres = world.slid(self.name) * travel(thing) * 100
            return f"{state_of(world, self.name)}, slid out by {centimetres:.1f} cm"
        return f"changed: {state_of(world, self.name)}" if isinstance(thing, Cabinet) else state_of(world, self.name)


def _target(handle: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Target:
    return Target((float(handle[0]), float(handle[1]), float(handle[2])), 0.0)


def _free_to_push(world: World, name: str) -> None:
    if held := world.held():
        raise Refused(f"the gripper holds the {held}; put that down first")
    _free_to_take(world, name)
    under = world.under(name)
    if under != "table" and not isinstance(world.things.get(under), Plate):
        raise Refused(f"the {name} is {stands(world, under)}; only what stands on the table can be pushed")


def ends(world: World, name: str, way: tuple[float, float], distance: float) -> tuple[Target, Target]:
    """Returns where the gripper goes down behind a thing, and where it is when the thing has arrived."""
    x, y, z = world.pose(name).place
    height = max(z - world.half_height(name) + TIP, min(z, 0.03))
    turn = math.atan2(way[1], way[0])  # the fingers part across the way
    back = radius(world, name) + FINGER_HALF_WIDTH + GAP
    # What is round lies between the fingers, so that they are a little further on; a cube lies flat against them.
    half = world.width(name) / 2
    depth = half if isinstance(world.things[name], Cube) else math.sqrt(half**2 - (_fork(world, name) / 2) ** 2)
    front = distance - depth - FINGER_HALF_WIDTH
    start = Target((x - back * way[0], y - back * way[1], height), turn)
    return start, Target((x + front * way[0], y + front * way[1], height), turn)


def push(world: World, name: str, start: Target, end: Target) -> Motion:
    """Goes down behind a thing, along to the end, and up."""
    yield from arm.approach(world, start)
    yield from arm.fingers(world, _fork(world, name))
    yield from arm.go(world, start, arm.SLOW)
    yield from arm.go(world, end, arm.PUSHING)
    yield from arm.wait(world, 0.1)
    yield from arm.rise(world)


def _fork(world: World, name: str) -> float:
    return 0.45 * world.width(name)


def _rolls(world: World, name: str) -> bool:
    return world.things[name].kind == "ball"
