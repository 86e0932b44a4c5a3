"""What is watched while the arm moves: contacts, collisions, speed and force."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from assistant.plugin import ToolError

from .fetch import FINGERS, PREFIX
from .simulator import mujoco
from .world import World

# Newtons. A brush with less is no collision; the fingers press harder on what they hold, and on handles.
BRUSH, HARDEST = 2.0, 80.0
FASTEST = 1.0  # metres a second
ARM, FINGER, FURNITURE = -1, -2, -3


class Collision(ToolError):
    """Something is touched that must not be, or a limit is passed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What no action may pass.

    Attributes:
        speed: Of the gripper, metres a second.
        force: Between the robot, or what it holds, and anything else, newtons.
    """

    speed: float = FASTEST
    force: float = HARDEST


@dataclass(slots=True)
class Monitor:
    """Looks at every tick.

    Attributes:
        world: Where.
        touches: What may be touched.
        limits: What may not be passed.
        fastest: The highest speed so far, metres a second.
        hardest: The greatest force so far, newtons.
        touched: What was touched so far, with the greatest force, newtons.
    """

    world: World
    touches: Collection[str]
    limits: Limits = field(default_factory=Limits)
    fastest: float = 0.0
    hardest: float = 0.0
    touched: dict[str, float] = field(default_factory=dict)
    _owners: np.ndarray[tuple[int, ...], np.dtype[np.int64]] = field(init=False)
    _names: list[str] = field(init=False)
    _force: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = field(init=False)

    def __post_init__(self) -> None:
        self._names = list(self.world.things)
        self._owners = _owners(self.world, self._names)
        self._force = np.zeros(6)

    def look(self) -> None:
        """Judges the tick that has just been simulated.

        Raises:
            Collision: A contact, a force or a speed that may not be.
        """
        speed = self.world.grip_speed()
        self.fastest = max(self.fastest, speed)
        if speed > self.limits.speed:
            raise Collision(
                f"the gripper would move at {speed:.2f} m/s, faster than the limit of {self.limits.speed:g} m/s"
            )
        contacts = self.world.data.contact
        pairs = self._owners[contacts.geom[: self.world.data.ncon]]
        carried = self._names.index(held) if (held := self.world.held()) else None
        moving = (pairs == ARM) | (pairs == FINGER) | (pairs == carried if carried is not None else False)
        for number in np.flatnonzero(moving[:, 0] != moving[:, 1]):
            first = bool(moving[number, 0])
            self._judge(int(number), int(pairs[number, 0 if first else 1]), int(pairs[number, 1 if first else 0]))

    def _judge(self, number: int, mover: int, other: int) -> None:
        mujoco.mj_contactForce(self.world.model, self.world.data, number, self._force)
        force = float(np.linalg.norm(self._force[:3]))
        name = self._names[other] if other >= 0 else "table"
        who = f"the {self._names[mover]}" if mover >= 0 else {ARM: "the arm", FINGER: "a finger"}[mover]
        self.hardest = max(self.hardest, force)
        self.touched[name] = max(self.touched.get(name, 0.0), force)
        allowed = name in self.touches or (name == "table" and mover != ARM and force < self.limits.force / 4)
        if force > BRUSH and (mover == ARM or not allowed):
            raise Collision(f"{who} would collide with the {name} ({force:.0f} N)")
        if force > self.limits.force:
            raise Collision(
                f"{who} would press on the {name} with {force:.0f} N, more than the limit of {self.limits.force:g} N"
            )


def _owners(world: World, names: list[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Returns to what each geom belongs: a thing's number, the arm, a finger, or the furniture."""
    fingers = {f"{PREFIX}{finger}_link" for finger in FINGERS}
    owners = np.full(world.model.ngeom, FURNITURE)
    for geom in range(world.model.ngeom):
        body = int(world.model.geom_bodyid[geom])
        name = world.model.body(body).name
        if name in fingers:
            owners[geom] = FINGER
        elif name.startswith(PREFIX):
            owners[geom] = ARM
        elif name.partition("/")[0] in names:
            owners[geom] = names.index(name.partition("/")[0])
    return owners
