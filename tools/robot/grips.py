"""How to take hold of a thing, and where there is room for the fingers and for what is put down."""

from __future__ import annotations

import math
from collections.abc import Iterator

from assistant.plugin import ToolError

from .arm import TRAVEL_HEIGHT
from .build import CABINET_BAY
from .kinematics import Target, Unreachable, nearest_turn, said
from .scene import Bin, Cabinet, Cube, Lamp, Plate, Switch, Tray
from .world import WIDEST, World, inside

TIP = 0.0205  # from the point between the fingers down to where the tips would touch
FINGER_REACH, FINGER_THICKNESS, FINGER_HALF_WIDTH = 0.018, 0.014, 0.0135
ROOM = 0.03  # how much wider than a thing the fingers open
PALM = 0.06  # height above the grip in which only the fingers are
EDGE = 0.025
Point = tuple[float, float]


class Refused(ToolError):
    """A precondition does not hold."""


def opening_for(world: World, name: str) -> float:
    """Returns how far the fingers open around a thing, metres."""
    return min(WIDEST, world.width(name) + ROOM)


def grip_of(world: World, name: str, turned: float = 0.0) -> Target:
    """Returns where to take hold of a thing: along its sides, where most room is.

    Args:
        world: Where.
        name: Of the thing.
        turned: By how much it will be turned before it is let go, radians; there has to be room then too.

    Raises:
        Refused: There is no room for the fingers, or the arm does not reach it.
    """
    pose = world.pose(name)
    x, y, z = pose.place
    bottom = z - world.half_height(name)
    height = max(min(z, bottom + 2 * world.half_height(name) - 0.02), bottom + TIP)
    turns = turns_of(world, name, pose.turn)
    turn = _roomiest(world, (x, y), height, turns, opening_for(world, name), {name}, turned)
    if turn is None:
        near = _nearest(world, (x, y), but={name})
        raise Refused(f"there is no room for the fingers beside the {name}: the {near} is too near")
    return reachable(world, Target((x, y, height), turn), f"the {name}")


def turns_of(world: World, name: str, turn: float) -> list[float]:
    """Returns the ways in which a thing can be held, radians."""
    if isinstance(world.things[name], Cube):
        return [turn, turn + math.pi / 2]
    return [number * math.pi / 8 for number in range(8)]


def reachable(world: World, target: Target, what: str) -> Target:
    """Returns the target where the arm gets there, from above.

    Raises:
        Refused: It does not.
    """
    try:
        world.arm.solve(target.raised(TRAVEL_HEIGHT), world.arm.solve(target))
    except Unreachable as error:
        raise Refused(f"{what} at {said(target.place)} is out of the arm's reach") from error
    return target


def _roomiest(
    world: World, at: Point, height: float, turns: list[float], opening: float, but: set[str], turned: float = 0.0
) -> float | None:
    now = world.arm.target_of(world.commanded()).turn
    best: tuple[float, float] | None = None
    for turn in (nearest_turn(each, now) for each in turns):
        points = [*_fingers(at, turn, opening), *(_fingers(at, turn + turned, opening) if turned else ())]
        room = min(_room(world, point, height, but) for point in points)
        score = min(room, 0.015) - 0.002 * abs(turn - now)
        if room > 0 and (best is None or score > best[0]):
            best = (score, turn)
    return None if best is None else best[1]


def _fingers(at: Point, turn: float, opening: float) -> Iterator[Point]:
    """Points around the outlines of both fingers."""
    for side in (-1, 1):
        for out in (opening / 2, opening / 2 + FINGER_THICKNESS):
            for across in (-FINGER_HALF_WIDTH, 0.0, FINGER_HALF_WIDTH):
                along = side * out
                yield (
                    at[0] - along * math.sin(turn) + across * math.cos(turn),
                    at[1] + along * math.cos(turn) + across * math.sin(turn),
                )


def _room(world: World, point: Point, height: float, but: set[str]) -> float:
    """How far a point at the fingertips' height is from anything, metres; negative within something."""
    low = height - TIP
    return min((_distance(world, other, point, low) for other in world.things if other not in but), default=1.0)


def _distance(world: World, name: str, point: Point, low: float) -> float:
    thing, place = world.things[name], world.pose(name).place
    x, y = point[0] - place[0], point[1] - place[1]
    if world.is_movable(name):
        far = place[2] + world.half_height(name) < low or place[2] - world.half_height(name) > low + PALM
        return 1.0 if far else _from_outline(world, name, x, y)
    match thing:
        case Bin() | Tray():
            top = thing.height if isinstance(thing, Bin) else 0.012
            return _from_walls(x, y, inside(thing)) if low < top else 1.0
        case Cabinet():
            return 1.0 if low > 0.06 else _from_cabinet(world, name, x, y)  # noqa: PLR2004
        case Lamp():
            return math.hypot(x, y) - 0.024
        case Switch():
            return max(abs(x) - 0.02, abs(y) - 0.045) if low < 0.06 else 1.0  # noqa: PLR2004
    return _from_walls(x, y, inside(thing)) if low < -0.03 and not isinstance(thing, Plate) else 1.0  # noqa: PLR2004


def _from_outline(world: World, name: str, x: float, y: float) -> float:
    if not isinstance(world.things[name], Cube):
        return math.hypot(x, y) - world.width(name) / 2
    turn, half = world.pose(name).turn, world.width(name) / 2
    along = abs(x * math.cos(turn) + y * math.sin(turn)) - half
    across = abs(y * math.cos(turn) - x * math.sin(turn)) - half
    return math.hypot(max(along, 0), max(across, 0)) if max(along, across) > 0 else max(along, across)


def _from_walls(x: float, y: float, half: tuple[float, float], wall: float = 0.008) -> float:
    """From the walls around a room: inside it, or outside of them."""
    within = min(half[0] - abs(x), half[1] - abs(y))
    outside = max(abs(x) - half[0], abs(y) - half[1]) - wall
    return max(within, outside)


def _from_cabinet(world: World, name: str, x: float, y: float) -> float:
    bay = open_bay(world, name)
    if bay is None:
        return -1.0
    return _from_walls(x, y - bay, inside(world.things[name]))


def open_bay(world: World, name: str) -> float | None:
    """Returns where the middle of a cabinet's open half is along ``y``, from its own; None where neither is open."""
    slid = world.slid(name)
    if slid > 0.9:  # noqa: PLR2004
        return -CABINET_BAY - 0.002
    return CABINET_BAY + 0.002 if slid < 0.1 else None  # noqa: PLR2004


def _nearest(world: World, at: Point, but: set[str]) -> str:
    return min((o for o in world.things if o not in but), key=lambda o: math.dist(at, world.pose(o).place[:2]))


def turn_for(world: World, name: str, at: Point, height: float, turns: list[float], but: set[str]) -> float | None:
    """Returns how to turn the gripper where a held thing is put down, None where there is no room."""
    return _roomiest(world, at, height, turns, opening_for(world, name), {name, *but})


def radius(world: World, name: str) -> float:
    """Returns the radius of the circle around a thing's outline, metres."""
    thing = world.things[name]
    if world.is_movable(name):
        return world.width(name) / (math.sqrt(2) if isinstance(thing, Cube) else 2)
    half = (0.02, 0.045) if isinstance(thing, Switch) else (0.024, 0.024) if isinstance(thing, Lamp) else inside(thing)
    return math.hypot(*half) if not isinstance(thing, Plate) else thing.size / 2


def occupied_by(world: World, name: str, at: Point, bottom: float, but: set[str]) -> str | None:
    """Returns what stands where a thing would be put, None where nothing does."""
    own = world.width(name) / 2
    for other in world.things:
        if other == name or other in but:
            continue
        if _distance(world, other, at, bottom + 0.001) < own:
            return other
    return None
