"""The simulated world of one conversation: a MuJoCo model with its state, and what is where in it.

All that the robot knows between two actions is in MuJoCo's state, the commanded joints included, so that a state that
is loaded again goes on bit for bit as the one that was saved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant.plugin import ToolError

from .build import (
    CABINET_BAY,
    CABINET_HALF,
    DRAWER_HALF,
    DRAWER_LENGTH,
    DRAWER_TRAVEL,
    SWITCH_TRAVEL,
    WALL,
    build,
)
from .fetch import FINGERS, GRIP, HOME, JOINTS, PREFIX
from .kinematics import Kinematics, Vector
from .scene import MOVABLE, Ball, Bin, Cabinet, Cube, Cylinder, Drawer, Lamp, Plate, Scene, Switch, Thing, Tray
from .simulator import mujoco

TICK_STEPS = 5
# Openings of the gripper in metres: the most it does, and what its position actuators are set to when it closes.
WIDEST, FINGER_OFFSET = 0.1, 0.0009
SETTLE_SECONDS = 1.0
OPPOSITE = 0.9  # cosine between a contact and the way the fingers close
UNSTABLE = (mujoco.mjtWarning.mjWARN_BADQPOS, mujoco.mjtWarning.mjWARN_BADQVEL, mujoco.mjtWarning.mjWARN_BADQACC)
STATE = mujoco.mjtState.mjSTATE_INTEGRATION


class Diverged(ToolError):
    """The simulation gave numbers that no world can have."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a thing is.

    Attributes:
        place: Its middle, metres.
        turn: About the vertical, radians.
        tilt: Between its own vertical and the world's, radians.
    """

    place: tuple[float, float, float]
    turn: float
    tilt: float


class World:
    """A scene in MuJoCo.

    Args:
        scene: What is there.
        model: Its compiled model; None compiles it.
        arm: Computes the arm's joints; None makes one. A world and its copies share it, so that only one thread at a
            time may use them.
    """

    def __init__(self, scene: Scene, model: mujoco.MjModel | None = None, arm: Kinematics | None = None) -> None:
        self.arm = arm or Kinematics()
        self.scene = scene
        self.model = model if model is not None else build(scene)
        self.data = mujoco.MjData(self.model)
        self.things: dict[str, Thing] = {thing.called: thing for thing in scene.things}
        self.tick_seconds = TICK_STEPS * self.model.opt.timestep
        self._joints = [self.model.joint(f"{PREFIX}{name}_joint").qposadr[0] for name in (*JOINTS, *FINGERS)]
        self._speeds = [self.model.joint(f"{PREFIX}{name}_joint").dofadr[0] for name in JOINTS]
        self._fingers = [self.model.body(f"{PREFIX}{finger}_link").id for finger in FINGERS]
        self._grip = self.model.site(GRIP).id
        self._scratch = np.empty(6)

    def begin(self) -> World:
        """Puts everything where the scene says and lets it come to rest."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[self._joints] = [*HOME, 0.04, 0.04]
        self.data.ctrl[:] = [*HOME, 0.04, 0.04]
        for thing in self.scene.things:
            if (start := _start(thing)) is not None:
                self.data.qpos[self.model.joint(f"{thing.called}/slide").qposadr[0]] = start
        for _ in range(round(SETTLE_SECONDS / self.tick_seconds)):
            self.tick()
        return self

    def tick(self, steps: int = TICK_STEPS) -> None:
        """Simulates 10 ms, or so many steps of 2 ms.

        Raises:
            Diverged: The state is no state any more.
        """
        mujoco.mj_step(self.model, self.data, steps)
        if any(self.data.warning[kind].number for kind in UNSTABLE) or not math.isfinite(float(self.data.qpos.sum())):
            raise Diverged("the simulation diverged")

    def state(self) -> Vector:
        """Returns everything that decides how the world goes on."""
        state = np.empty(mujoco.mj_stateSize(self.model, STATE))
        mujoco.mj_getState(self.model, self.data, state, STATE)
        return state

    def load(self, state: Vector) -> World:
        """Goes on from a state.

        Raises:
            ToolError: It is of another scene, or holds what is no number.
        """
        if state.shape != (mujoco.mj_stateSize(self.model, STATE),) or not np.isfinite(state).all():
            raise ToolError("the saved state does not fit the scene")
        mujoco.mj_resetData(self.model, self.data)
        mujoco.mj_setState(self.model, self.data, state, STATE)
        mujoco.mj_forward(self.model, self.data)
        # Forward dynamics begins from the saved solution and replaces it; the next step has to begin from it again.
        mujoco.mj_setState(self.model, self.data, state, STATE)
        return self

    def fork(self) -> World:
        """Returns a copy that goes its own way; the model is shared."""
        return World(self.scene, self.model, self.arm).load(self.state())

    @property
    def seconds(self) -> float:
        """Simulated time since the beginning."""
        return float(self.data.time)

    # --- what is where

    def pose(self, name: str) -> Pose:
        """Returns where a thing is; of a drawer or a cabinet, where its body is."""
        body = self.data.body(name)
        matrix = body.xmat.reshape(3, 3)
        x, y, z = (float(value) for value in body.xpos)
        turn = math.atan2(matrix[1, 0], matrix[0, 0])
        return Pose((x, y, z), turn, math.acos(max(-1.0, min(1.0, float(matrix[2, 2])))))

    def movable(self) -> list[str]:
        """Returns the names of what can be moved."""
        return [name for name, thing in self.things.items() if isinstance(thing, MOVABLE)]

    def is_movable(self, name: str) -> bool:
        """Whether a thing can be picked up."""
        return isinstance(self.things.get(name), MOVABLE)

    def half_height(self, name: str) -> float:
        """Returns half the height of something that can be moved, standing."""
        thing = self.things[name]
        return thing.height / 2 if isinstance(thing, Cylinder) else thing.size / 2  # type: ignore[attr-defined, no-any-return]

    def width(self, name: str) -> float:
        """Returns how far apart the fingers are when they hold it."""
        return float(self.things[name].size)  # type: ignore[attr-defined]

    def slid(self, name: str) -> float:
        """Returns how far a drawer, a door or a switch has been slid, 0 to 1."""
        return float(self.data.joint(f"{name}/slide").qpos[0]) / travel(self.things[name])

    def handle(self, name: str) -> Vector:
        """Returns where the handle of a drawer, a door or a switch is, metres."""
        return np.array(self.data.site(f"{name}/handle").xpos)

    def axis(self, name: str) -> Vector:
        """Returns in which direction it slides."""
        return np.array(self.data.joint(f"{name}/slide").xaxis)

    def is_on(self, name: str) -> bool:
        """Whether a switch is on, or a lamp is lit."""
        if isinstance(self.things[name], Switch):
            return self.slid(name) > 0.5  # noqa: PLR2004
        return any(self.is_on(switch) for switch in self.switches_of(name))

    def switches_of(self, lamp: str) -> list[str]:
        """Returns the switches of a lamp."""
        return [name for name, thing in self.things.items() if isinstance(thing, Switch) and thing.lights == lamp]

    def grip(self) -> Vector:
        """Returns the point between the fingertips, metres."""
        return np.array(self.data.site_xpos[self._grip])

    def grip_speed(self) -> float:
        """Returns how fast that point moves, metres a second."""
        mujoco.mj_objectVelocity(self.model, self.data, mujoco.mjtObj.mjOBJ_SITE, self._grip, self._scratch, 0)
        return float(np.linalg.norm(self._scratch[3:]))

    def opening(self) -> float:
        """Returns how far apart the fingers are, metres."""
        return float(sum(self.data.qpos[self._joints[-2:]])) + 2 * FINGER_OFFSET

    def held(self) -> str | None:
        """Returns what both fingers press from opposite sides, None where they hold nothing."""
        touched: list[set[int]] = [set(), set()]
        contacts = self.data.contact
        bodies = self.model.geom_bodyid[contacts.geom[: self.data.ncon]]
        across = self.data.xmat[self._fingers[0]].reshape(3, 3)[:, 1]
        for at, finger in enumerate(self._fingers):
            for number in np.flatnonzero((bodies == finger).any(axis=1)):
                if abs(float(contacts.frame[number, :3] @ across)) > OPPOSITE:
                    touched[at].add(int(bodies[number].sum()) - finger)
        both = touched[0] & touched[1]
        names = [self.model.body(body).name for body in both]
        return next((name for name in names if self.is_movable(name)), None)

    def under(self, name: str) -> str:
        """Returns what a thing stands on or in: a thing, ``table``, ``floor``, or ``gripper`` where it is held."""
        if self.held() == name:
            return "gripper"
        x, y, z = self.pose(name).place
        bottom = z - self.half_height(name)
        for other in self.things:
            if other != name and self._carries(other, x, y, bottom):
                return other
        return "table" if bottom > -0.01 else "floor"  # noqa: PLR2004

    def _carries(self, other: str, x: float, y: float, bottom: float) -> bool:
        thing, place = self.things[other], self.pose(other).place
        along = abs(x - place[0]), abs(y - place[1])
        near = math.hypot(*along)
        match thing:
            case Cube() | Ball() | Cylinder():
                return near < self.width(other) / 2 + 0.005 and abs(bottom - place[2] - self.half_height(other)) < 0.01  # noqa: PLR2004
            case Plate():
                return near < thing.size / 2 and -0.01 < bottom < 0.02  # noqa: PLR2004
            case Tray() | Bin():
                return along[0] < thing.size[0] / 2 and along[1] < thing.size[1] / 2 and bottom < 0.03  # noqa: PLR2004
            case Drawer():
                return along[0] < DRAWER_HALF and along[1] < DRAWER_LENGTH / 2 and -0.1 < bottom < -0.03  # noqa: PLR2004
            case Cabinet():
                return along[0] < CABINET_HALF and along[1] < 2 * CABINET_BAY and bottom < 0.03  # noqa: PLR2004
        return False

    def on_top(self, name: str) -> list[str]:
        """Returns what stands on or in a thing."""
        return [other for other in self.movable() if other != name and self.under(other) == name]

    # --- the robot

    def commanded(self) -> Vector:
        """Returns the joints that the arm is told to take, radians."""
        return np.array(self.data.ctrl[: len(JOINTS)])

    def command(self, joints: Vector) -> None:
        """Tells the arm which joints to take."""
        self.data.ctrl[: len(JOINTS)] = joints

    def command_opening(self, metres: float) -> None:
        """Tells the fingers how far apart to be."""
        self.data.ctrl[len(JOINTS) :] = max(-0.01, min(WIDEST, metres) / 2 - FINGER_OFFSET)

    def hold_still(self, braking: float = 0.0) -> None:
        """Tells the arm to stay where it is now, or so many seconds of its movement behind, which brakes it harder."""
        joints = self._joints[: len(JOINTS)]
        speeds = self.data.qvel[self._speeds]
        self.data.ctrl[: len(JOINTS)] = self.data.qpos[joints] - braking * speeds


def travel(thing: Thing) -> float:
    """Returns how far a drawer, a door or a switch can be slid, metres."""
    return {Drawer: DRAWER_TRAVEL, Cabinet: 2 * CABINET_BAY, Switch: SWITCH_TRAVEL}[type(thing)]


def slides(thing: Thing | None) -> bool:
    """Whether something of a thing slides."""
    return isinstance(thing, Drawer | Cabinet | Switch)


def _start(thing: Thing) -> float | None:
    match thing:
        case Drawer():
            return DRAWER_TRAVEL if thing.is_open else 0.0
        case Cabinet():
            return 2 * CABINET_BAY if thing.door == "left" else 0.0
        case Switch():
            return SWITCH_TRAVEL if thing.on else 0.0
    return None


def inside(thing: Thing) -> tuple[float, float]:
    """Returns half the depth and width of the room inside a thing or on it, metres."""
    match thing:
        case Plate():
            return thing.size / 2 * 0.7, thing.size / 2 * 0.7
        case Tray() | Bin():
            return thing.size[0] / 2, thing.size[1] / 2
        case Drawer():
            return DRAWER_HALF - WALL, DRAWER_LENGTH / 2 - WALL
        case Cabinet():
            return CABINET_HALF, CABINET_BAY - WALL
    return 0.0, 0.0


Watch = Callable[[World], None]
__all__ = ["Diverged", "Lamp", "Pose", "Vector", "Watch", "World", "inside", "slides", "travel"]
