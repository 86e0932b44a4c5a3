"""How the arm moves: straight or around its shoulder, at a limited speed.

Paths have minimal jerk: Flash and Hogan, The coordination of arm movements, Journal of Neuroscience 5 (1985).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from .fetch import HOME
from .kinematics import AXIS, NEAR_ENOUGH, Target, Unreachable, nearest_turn, said
from .world import WIDEST, World

SPEED, SLOW, PUSHING = 0.5, 0.2, 0.12  # metres a second at most
TURNING = 2.0  # radians a second at most
JOINT_SPEED = 3.0  # radians a second at most
JERK_PEAK = 1.875  # highest speed of a path of minimal jerk over its mean
TRAVEL_HEIGHT = 0.18
FINGER_TICKS, ARRIVAL_TICKS = 25, 100
REACH, THERE = 0.003, 0.004  # metres: of the commanded joints, of the arm itself

Motion = Iterator[None]


def go(world: World, target: Target, speed: float = SPEED, *, exactly: bool = False) -> Motion:
    """Moves the gripper straight to a target, turned exactly so or in the nearest way that grips alike."""
    begin = world.arm.target_of(world.commanded())
    turn = target.turn if exactly else nearest_turn(target.turn, begin.turn)
    start, end = np.array(begin.place), np.array(target.place)
    seconds = JERK_PEAK * max(float(np.linalg.norm(end - start)) / speed, abs(turn - begin.turn) / TURNING)

    def at(share: float) -> Target:
        x, y, z = start + share * (end - start)
        return Target((x, y, z), begin.turn + share * (turn - begin.turn))

    yield from _follow(world, at, seconds)


def swing(world: World, target: Target, speed: float = SPEED) -> Motion:
    """Moves the gripper to a target around the shoulder, so that it never comes too near to it."""
    begin = world.arm.target_of(world.commanded())
    turn = nearest_turn(target.turn, begin.turn)
    start, end = _polar(begin.place), _polar(target.place)
    length = max(abs(end[1] - start[1]) * max(start[0], end[0]) + abs(end[0] - start[0]), abs(end[2] - start[2]))
    seconds = JERK_PEAK * max(length / speed, abs(turn - begin.turn) / TURNING)

    def at(share: float) -> Target:
        radius, angle, height = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        place = (AXIS[0] + radius * math.cos(angle), AXIS[1] + radius * math.sin(angle), height)
        return Target(place, begin.turn + share * (turn - begin.turn))

    yield from _follow(world, at, seconds)


def _polar(place: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y = place[0] - AXIS[0], place[1] - AXIS[1]
    return math.hypot(x, y), math.atan2(y, x), place[2]


def _follow(world: World, at: Callable[[float], Target], seconds: float) -> Motion:
    ticks = max(1, math.ceil(seconds / world.tick_seconds))
    for tick in range(1, ticks + 1):
        share = tick / ticks
        _track(world, at(share**3 * (10 + share * (6 * share - 15))))
        yield
    yield from _arrive(world, at(1.0))


def _track(world: World, target: Target) -> float:
    """One tick towards a target; returns how far the commanded joints are from it."""
    arm = world.arm
    joints, most = world.commanded(), JOINT_SPEED * world.tick_seconds
    goal = joints
    for _ in range(2):
        goal = arm.step(goal, arm.error(goal, target), 0.2)
    change = goal - joints
    joints = joints + change * min(1.0, most / max(1e-9, float(np.abs(change).max())))
    world.command(joints)
    return float(np.linalg.norm(arm.error(joints, target)[:3]))


def _arrive(world: World, target: Target) -> Motion:
    for _ in range(ARRIVAL_TICKS):
        away = _track(world, target)
        yield
        if away < NEAR_ENOUGH and float(np.linalg.norm(world.grip() - np.asarray(target.place))) < THERE:
            return
    if away > REACH:
        raise Unreachable(f"the arm cannot reach {said(target.place)}")


def wait(world: World, seconds: float) -> Motion:
    """Lets time pass."""
    for _ in range(round(seconds / world.tick_seconds)):
        yield


def fingers(world: World, opening: float) -> Motion:
    """Opens or closes the fingers to a width, or until they hold something."""
    world.command_opening(opening)
    last = math.inf
    for tick in range(4 * FINGER_TICKS):
        yield
        now = world.opening()
        if tick > FINGER_TICKS / 2 and abs(now - last) < 2e-5:  # noqa: PLR2004 - they stand still
            return
        last = now


def rise(world: World, height: float = TRAVEL_HEIGHT) -> Motion:
    """Lifts the gripper straight up, where it is lower."""
    now = world.arm.target_of(world.commanded())
    if now.place[2] < height:
        yield from go(world, now.raised(height))


def approach(world: World, target: Target, height: float = TRAVEL_HEIGHT) -> Motion:
    """Goes above a target at a height at which nothing stands in the way."""
    yield from rise(world, height)
    yield from swing(world, target.raised(height))


def home(world: World) -> Motion:
    """Goes to where the arm rests."""
    rest = world.arm.target_of(np.array(HOME))
    yield from approach(world, rest)
    yield from go(world, rest)


__all__ = [
    "PUSHING", "SLOW", "SPEED", "TRAVEL_HEIGHT", "WIDEST", "Motion", "Target", "Unreachable", "approach", "fingers",
    "go", "home", "nearest_turn", "rise", "said", "swing", "wait",
]  # fmt: skip
