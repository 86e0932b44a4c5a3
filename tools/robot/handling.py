"""Skills that take hold of things: pick, place, turn."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from . import arm
from .arm import Motion
from .grips import Refused, grip_of, open_bay, opening_for
from .kinematics import Target
from .names import stands
from .places import Spot
from .scene import Ball, Cabinet, Cylinder, Drawer
from .skill import CLOSE, Failed, Readings, angle
from .world import World

LIFTED, TURNED_ABOVE = 0.03, 0.07
OPENED = 0.03


@dataclass(frozen=True, slots=True)
class Pick:
    """Takes hold of a thing and lifts it."""

    name: str

    def check(self, world: World) -> None:
        """Free gripper, nothing on top, not shut away, reachable with room for the fingers."""
        held = world.held()
        if held == self.name:
            raise Refused(f"the {self.name} is in the gripper already")
        if held:
            raise Refused(f"the gripper holds the {held}; put that down first")
        _free_to_take(world, self.name)
        grip_of(world, self.name)

    def motion(self, world: World) -> Motion:
        """Above it, down, close, up."""
        yield from grasp(world, self.name)
        yield from arm.rise(world)

    def touches(self, world: World) -> Collection[str]:
        """The thing, and what it stands on or in."""
        return {self.name, world.under(self.name)}

    def moves(self, world: World) -> Collection[str]:
        """The thing only."""
        return {self.name}

    def verify(self, world: World, before: Readings) -> str:
        """It is between the fingers and higher than before."""
        lifted = world.pose(self.name).place[2] - before.poses[self.name].place[2]
        if world.held() != self.name or lifted < LIFTED:
            raise Failed(f"the {self.name} slips out of the gripper")
        return f"The gripper holds the {self.name}, {lifted * 100:.0f} cm higher than before"


@dataclass(frozen=True, slots=True)
class Place:
    """Puts down a thing somewhere, having picked it up where the gripper does not hold it yet.

    Attributes:
        name: What.
        spot: Where.
    """

    name: str
    spot: Spot

    def check(self, world: World) -> None:
        """As for picking; that the place is free and in reach was found when it was chosen."""
        if world.held() != self.name:
            Pick(self.name).check(world)

    def motion(self, world: World) -> Motion:
        """Pick, above the place, down, open, up."""
        if world.held() != self.name:
            yield from Pick(self.name).motion(world)
        yield from put_down(world, self.name, self.spot)

    def touches(self, world: World) -> Collection[str]:
        """The thing, what it stood on and what it will stand on."""
        return {self.name, world.under(self.name), self.spot.on}

    def moves(self, world: World) -> Collection[str]:
        """The thing, and a little what it is put on."""
        return {self.name}

    def verify(self, world: World, before: Readings) -> str:
        """It is where it was to be, upright as far as it can be, and the gripper has let go."""
        if world.held() is not None:
            raise Failed(f"the gripper does not let go of the {world.held()}")
        where = self.spot
        under = world.under(self.name)
        if under != where.on:
            raise Failed(f"the {self.name} does not stay {where.words}; it ends {stands(world, under)}")
        pose = world.pose(self.name)
        off = math.dist(pose.place[:2], where.at)
        if off > CLOSE:
            raise Failed(f"the {self.name} ends {off * 100:.1f} cm from its place {where.words}")
        if isinstance(world.things[self.name], Cylinder) and pose.tilt > 0.3:  # noqa: PLR2004
            raise Failed(f"the {self.name} falls over {where.words}")
        return f"The {self.name} is {where.words}, {off * 1000:.1f} mm from the middle of its place"


@dataclass(frozen=True, slots=True)
class Turn:
    """Turns a thing about the vertical; counted against the clock as seen from above, in degrees."""

    name: str
    degrees: float

    def check(self, world: World) -> None:
        """As for picking; something round looks the same from all sides."""
        if isinstance(world.things[self.name], Ball):
            raise Refused(f"the {self.name} is a ball, which looks the same from all sides; turn a cube or a cylinder")
        if not 1 <= abs(self.degrees) <= 180:  # noqa: PLR2004
            raise Refused("a thing can be turned by 1 to 180 degrees")
        if world.held() != self.name:
            Pick(self.name).check(world)
            grip_of(world, self.name, math.radians(self.degrees))

    def motion(self, world: World) -> Motion:
        """Take hold, lift a little, turn the wrist, put down where it was."""
        if world.held() == self.name:
            yield from _turn_by(world, math.radians(self.degrees))
            return
        yield from grasp(world, self.name, math.radians(self.degrees))
        low = world.arm.target_of(world.commanded())
        yield from arm.go(world, low.raised(low.place[2] + TURNED_ABOVE), arm.SLOW)
        yield from _turn_by(world, math.radians(self.degrees))
        now = world.arm.target_of(world.commanded())
        yield from arm.go(world, now.raised(low.place[2] + 0.001), arm.SLOW)
        yield from release(world, self.name)

    def touches(self, world: World) -> Collection[str]:
        """The thing, and what it stands on."""
        return {self.name, world.under(self.name)}

    def moves(self, world: World) -> Collection[str]:
        """The thing only."""
        return {self.name}

    def verify(self, world: World, before: Readings) -> str:
        """It is turned by as much, and where it was."""
        was, now = before.poses[self.name], world.pose(self.name)
        turned = math.degrees(angle(now.turn - was.turn))
        wrong = abs(math.degrees(angle(now.turn - was.turn - math.radians(self.degrees))))
        if wrong > 10:  # noqa: PLR2004
            raise Failed(f"the {self.name} is turned by {turned:.0f}° instead of {self.degrees:.0f}°")
        if before.held != self.name and math.dist(was.place, now.place) > CLOSE:
            raise Failed(f"the {self.name} is moved by {math.dist(was.place, now.place) * 100:.1f} cm")
        way = "left" if self.degrees > 0 else "right"
        return f"The {self.name} is turned to the {way} by {abs(turned):.0f}°"


def grasp(world: World, name: str, turned: float = 0.0) -> Motion:
    """Closes the fingers around a thing that will be turned by so many radians."""
    target = grip_of(world, name, turned)
    yield from arm.approach(world, target)
    yield from arm.fingers(world, opening_for(world, name))
    yield from arm.go(world, target, arm.SLOW)
    yield from arm.fingers(world, 0.0)
    yield from arm.wait(world, 0.05)


def put_down(world: World, name: str, spot: Spot) -> Motion:
    """Lets go of a held thing in its place."""
    height = spot.surface + world.half_height(name) + 0.002
    yield from arm.rise(world)
    # Measured, because a thing is never gripped exactly in its middle.
    above = Target((*spot.at, arm.TRAVEL_HEIGHT), spot.turn)
    yield from arm.swing(world, above)
    offset = [a - b for a, b in zip(world.grip(), world.pose(name).place, strict=True)]
    down = Target((spot.at[0] + offset[0], spot.at[1] + offset[1], height + offset[2]), spot.turn)
    yield from arm.go(world, down, arm.SLOW)
    yield from release(world, name)


def release(world: World, name: str) -> Motion:
    """Opens the fingers and goes up."""
    yield from arm.wait(world, 0.1)
    yield from arm.fingers(world, min(arm.WIDEST, world.width(name) + OPENED))
    yield from arm.rise(world)


def _turn_by(world: World, radians: float) -> Motion:
    now = world.arm.target_of(world.commanded())
    yield from arm.go(world, Target(now.place, now.turn + radians), exactly=True)


def _free_to_take(world: World, name: str) -> None:
    if above := world.on_top(name):
        raise Refused(f"the {above[0]} stands on the {name}; take that away first")
    under = world.under(name)
    if under == "floor":
        raise Refused(f"the {name} has fallen from the table, where the arm cannot reach it; robot_reset puts it back")
    thing = world.things.get(under)
    if isinstance(thing, Drawer) and world.slid(under) < 0.9:  # noqa: PLR2004
        raise Refused(f"the {name} is in the {under}, which is closed; open it first")
    if isinstance(thing, Cabinet):
        bay, y = open_bay(world, under), world.pose(name).place[1]
        if bay is None or abs(y - world.pose(under).place[1] - bay) > 0.09:  # noqa: PLR2004
            side = "right" if y > world.pose(under).place[1] else "left"
            raise Refused(f"the {name} is under the door of the {under}; slide the door to the {side} first")
