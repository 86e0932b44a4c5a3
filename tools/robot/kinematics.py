"""Where the gripper is for given joints, and which joints take it somewhere.

Damped least squares with the rest posture in the null space: Wampler, Manipulator inverse kinematic solutions based on
vector formulations and damped least-squares methods, IEEE Transactions on Systems, Man and Cybernetics 16 (1986).
"""

from __future__ import annotations

import functools
import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.plugin import ToolError

from .fetch import BASE, GRIP, HOME, JOINTS, load_arm
from .simulator import mujoco

Vector = NDArray[np.float64]

DAMPING, POSTURE = 1e-3, 0.02
NEAR_ENOUGH, TURNED_ENOUGH = 0.0005, 0.01  # metres, radians
AXIS = (BASE[0] - 0.0869 + 0.1195, 0.0)  # of the shoulder
MAX_ITERATIONS, LARGEST_STEP = 120, 0.3


class Unreachable(ToolError):
    """The arm cannot get there."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the gripper shall be, pointing down.

    Attributes:
        place: The point between the fingertips, metres.
        turn: Of the line between the fingers, from the ``y`` axis, radians.
    """

    place: tuple[float, float, float]
    turn: float = 0.0

    def raised(self, height: float) -> Target:
        """The same at another height."""
        return Target((self.place[0], self.place[1], height), self.turn)


class Kinematics:
    """The arm alone, to compute with: it is the same in every scene. Only one thread at a time may use it."""

    def __init__(self) -> None:
        self._model = _model()
        self._data = mujoco.MjData(self._model)
        self._site = self._model.site(GRIP).id
        self._count = len(JOINTS)
        self._low, self._high = self._model.jnt_range[: self._count].T
        self._limited = self._model.jnt_limited[: self._count].astype(bool)
        self._jacobian = np.zeros((6, self._model.nv))
        self.home = np.array(HOME)

    def forward(self, joints: Vector) -> tuple[Vector, Vector]:
        """Returns the grip's place, metres, and its rotation matrix."""
        self._data.qpos[: self._count] = joints
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)
        return np.array(self._data.site_xpos[self._site]), np.array(self._data.site_xmat[self._site]).reshape(3, 3)

    def target_of(self, joints: Vector) -> Target:
        """Returns where the gripper would be."""
        place, matrix = self.forward(joints)
        return Target((float(place[0]), float(place[1]), float(place[2])), math.atan2(-matrix[0, 1], matrix[1, 1]))

    def error(self, joints: Vector, target: Target) -> Vector:
        """Returns how far joints are from a target: three of place, metres, and three of rotation, radians."""
        place, matrix = self.forward(joints)
        wanted = _downward(target.turn)
        turned = 0.5 * (
            _cross(matrix[:, 0], wanted[:, 0]) + _cross(matrix[:, 1], wanted[:, 1]) + _cross(matrix[:, 2], wanted[:, 2])
        )
        return np.concatenate([np.asarray(target.place) - place, turned])

    def step(self, joints: Vector, error: Vector, most: float) -> Vector:
        """Returns joints that are nearer to the target, none moved by more than ``most`` radians."""
        mujoco.mj_jacSite(self._model, self._data, self._jacobian[:3], self._jacobian[3:], self._site)
        jacobian = self._jacobian[:, : self._count]
        inverse = jacobian.T @ np.linalg.inv(jacobian @ jacobian.T + DAMPING * DAMPING * np.eye(6))
        rest = self.home - joints
        rest[4:] = 0.0  # the wrist follows
        change = inverse @ error + POSTURE * (rest - inverse @ (jacobian @ rest))
        change *= min(1.0, most / max(1e-9, float(np.abs(change).max())))
        return np.where(self._limited, np.clip(joints + change, self._low, self._high), joints + change)

    def solve(self, target: Target, start: Vector | None = None) -> Vector:
        """Returns joints that take the gripper to a target.

        Raises:
            Unreachable: There are none.
        """
        joints = np.array(self.home if start is None else start)
        # Turned towards it at once, since the arm is the same all around its shoulder.
        joints[0] = math.atan2(target.place[1] - AXIS[1], target.place[0] - AXIS[0])
        for _ in range(MAX_ITERATIONS):
            error = self.error(joints, target)
            if np.linalg.norm(error[:3]) < NEAR_ENOUGH and np.linalg.norm(error[3:]) < TURNED_ENOUGH:
                return joints
            joints = self.step(joints, error, LARGEST_STEP)
        raise Unreachable(f"the arm cannot reach {said(target.place)}")


@functools.cache
def _model() -> mujoco.MjModel:
    arm = load_arm()
    root = ET.Element("mujoco")
    ET.SubElement(root, "compiler", meshdir=str(arm.folder), angle="radian", autolimits="true")
    ET.SubElement(root, "asset").extend(arm.assets)
    ET.SubElement(root, "worldbody").append(arm.body)
    return mujoco.MjModel.from_xml_string(ET.tostring(root, encoding="unicode"))


def _downward(turn: float) -> Vector:
    """The gripper's axes as columns where it points down and its fingers part along ``turn``."""
    sine, cosine = math.sin(turn), math.cos(turn)
    return np.array([[0.0, -sine, cosine], [0.0, cosine, sine], [-1.0, 0.0, 0.0]])


def _cross(first: Vector, second: Vector) -> Vector:
    """NumPy's own takes ten times as long for a single pair."""
    a, b, c = first
    d, e, f = second
    return np.array([b * f - c * e, c * d - a * f, a * e - b * d])


def said(place: tuple[float, ...]) -> str:
    """A point in words."""
    return f"({', '.join(f'{value:.2f}' for value in place)}) m"


def nearest_turn(turn: float, now: float, every: float = math.pi) -> float:
    """Returns the turn that grips alike and is nearest to ``now``."""
    return turn + every * round((now - turn) / every)
