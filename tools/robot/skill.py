"""What a skill is: preconditions, a motion, and postconditions that are measured in the simulator."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from assistant.plugin import ToolError

from .arm import Motion
from .names import stands
from .world import Pose, World, slides

CLOSE = 0.02  # metres within which a thing is where it was to be
MOVED, TURNED, SLID = 0.008, math.radians(8), 0.15


class Failed(ToolError):
    """A postcondition does not hold."""


class Skill(Protocol):
    """Something that the robot can do. One object stands for one action with its arguments settled."""

    def check(self, world: World) -> None:
        """Looks at the preconditions.

        Raises:
            ToolError: One of them does not hold.
        """
        ...

    def motion(self, world: World) -> Motion:
        """Yields once for each tick of the simulation; what it commands is in force for the tick that follows."""
        ...

    def touches(self, world: World) -> Collection[str]:
        """Returns what the fingers and the held thing may touch."""
        ...

    def moves(self, world: World) -> Collection[str]:
        """Returns what may be somewhere else afterwards."""
        ...

    def verify(self, world: World, before: Readings) -> str:
        """Measures the postconditions.

        Returns:
            What was reached, in words and numbers.

        Raises:
            Failed: One of them does not hold.
        """
        ...


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything that may change, as it was measured.

    Attributes:
        poses: Of all that can be moved.
        slid: How far drawers, doors and switches are slid, 0 to 1.
        held: What the gripper holds.
        under: What each thing stands on.
        seconds: Simulated time.
    """

    poses: dict[str, Pose]
    slid: dict[str, float]
    held: str | None
    under: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def read(world: World) -> Readings:
    """Measures the world."""
    names = world.movable()
    return Readings(
        {name: world.pose(name) for name in names},
        {name: world.slid(name) for name, thing in world.things.items() if slides(thing)},
        world.held(),
        {name: world.under(name) for name in names},
        world.seconds,
    )


def disturbed(before: Readings, after: Readings, but: Collection[str]) -> list[str]:
    """Returns what was moved or knocked over that should have stayed, in words."""
    found = []
    for name, pose in after.poses.items():
        if name in but:
            continue
        was = before.poses[name]
        moved, tilted = math.dist(was.place, pose.place), abs(pose.tilt - was.tilt)
        if moved > 0.015:  # noqa: PLR2004
            found.append(f"the {name} would be moved by {moved * 100:.0f} cm")
        elif tilted > math.radians(20):
            found.append(f"the {name} would be knocked over")
    for name, slid in after.slid.items():
        if name not in but and abs(slid - before.slid[name]) > SLID:
            found.append(f"the {name} would be moved")
    return found


def changes(world: World, before: Readings, after: Readings) -> list[str]:
    """Returns what is otherwise than before, in words and numbers."""
    found = []
    for name, pose in after.poses.items():
        was = before.poses[name]
        moved = math.dist(was.place, pose.place)
        if moved > MOVED or before.under[name] != after.under[name]:
            where = f"({pose.place[0]:.3f}, {pose.place[1]:.3f}, {pose.place[2]:.3f}) m"
            found.append(f"{name}: moved {moved * 100:.1f} cm to {where}, {stands(world, after.under[name])}")
        elif abs(angle(pose.turn - was.turn)) > TURNED and pose.tilt < 0.2:  # noqa: PLR2004
            found.append(f"{name}: turned by {math.degrees(angle(pose.turn - was.turn)):.0f}°")
    for name, slid in after.slid.items():
        if abs(slid - before.slid[name]) > SLID:
            found.append(f"{name}: {state_of(world, name)}")
    if before.held != after.held:
        found.append(f"gripper: holds the {after.held}" if after.held else "gripper: holds nothing")
    return found


def state_of(world: World, name: str) -> str:
    """Returns the state of a drawer, a door or a switch in words."""
    slid, kind = world.slid(name), world.things[name].kind
    if kind == "switch":
        return "on" if world.is_on(name) else "off"
    if kind == "drawer":
        return "open" if slid > 0.9 else "closed" if slid < 0.1 else f"{slid * 100:.0f} % open"  # noqa: PLR2004
    return "door at the left" if slid > 0.9 else "door at the right" if slid < 0.1 else "door half open"  # noqa: PLR2004


def angle(radians: float) -> float:
    """Returns the same angle between -π and π."""
    return (radians + math.pi) % (2 * math.pi) - math.pi
