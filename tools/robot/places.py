"""Where something is to be put: from words to a point, a surface and what may be touched there."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .grips import Refused, occupied_by, open_bay, radius, reachable, turn_for, turns_of
from .kinematics import Target, said
from .names import find, plain, preposition
from .scene import Ball, Bin, Cabinet, Cube, Cylinder, Drawer, Lamp, Plate, Switch, Tray
from .world import World, inside

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?nan|[-+]?inf(?:inity)?"
POINT = re.compile(
    r"^\s*(?:(?:at|to|on|onto) )?(?:the )?(?:(?:point|position|coordinates?|location) )?[(\[]?\s*"
    rf"(?:x\s*[=:]?\s*)?(?P<x>{NUMBER})\s*(?P<xu>cm|m|mm)?\s*(?:,|;|\s|and|by)\s*(?:y\s*[=:]?\s*)?"
    rf"(?P<y>{NUMBER})\s*(?P<yu>cm|m|mm)?(?:\s*(?:,|;|\s|and)\s*(?:z\s*[=:]?\s*)?(?P<z>{NUMBER})\s*(?P<zu>cm|m|mm)?)?\W*$",
    re.I,
)
BESIDE = re.compile(
    r"^(?:to |at |on )?(?:the )?(?P<side>left|right|front|back|rear|behind|in front|near|next|beside|close)"
    r"(?: hand)?(?: side)?(?: of| to| from)?\s+(?P<what>.+)$",
    re.I,
)
ON = re.compile(
    r"^(?:(?:back|down|away) )?(?P<how>on top of|onto|on|upon|over|into|inside of|inside|within|in|to"
    r"|at)\s+(?P<what>.+)$",
    re.I,
)
# Places that the name of a thing in them does not tell.
NEITHER = re.compile(
    r"^(?:(?:somewhere|right|directly|halfway) )?(?:between|under|underneath|below|beneath|around|against|opposite"
    r"|outside|away from|far from|off|out of|through|past)\b",
    re.I,
)
SIDES = {
    "left": (0.0, 1.0), "right": (0.0, -1.0), "behind": (1.0, 0.0), "back": (1.0, 0.0), "rear": (1.0, 0.0),
    "front": (-1.0, 0.0), "in front": (-1.0, 0.0),
}  # fmt: skip
TABLE = {"table", "desk", "table top", "tabletop", "ground", "surface", "down", "aside", "somewhere", "somewhere else"}
WORKSPACE = "which reaches about 0.15 m away from the robot, 0.18 m to it and 0.5 m to either side"
UNITS = {"cm": 0.01, "mm": 0.001, "m": 1.0}
GAP = 0.03
LIMIT = 1.0
SPACING = 0.035
CLOSE = 0.01


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is to be put.

    Attributes:
        at: Where its middle shall be, metres.
        surface: The height of what it will stand on, metres.
        on: What that is: a thing's name or ``table``.
        turn: How the gripper is turned there, radians.
        words: The place in words.
    """

    at: tuple[float, float]
    surface: float
    on: str
    turn: float
    words: str


def point_in(text: str) -> tuple[float, float, float | None] | None:
    """Returns the point that a text is, metres; None where it is none.

    Raises:
        Refused: One of its numbers is none, or it is nowhere near the table.
    """
    found = POINT.match(text)
    if not found:
        return None
    values = _metres(found)
    for value in values:
        if value is not None and not math.isfinite(value):
            raise Refused(f"'{text.strip()}' is no point: each coordinate has to be a number of metres")
        if value is not None and abs(value) > LIMIT:
            point = said(tuple(each for each in values if each is not None))
            raise Refused(f"the point {point} is outside the workspace, {WORKSPACE}")
    x, y, z = values
    assert x is not None and y is not None
    return x, y, z


def _metres(found: re.Match[str]) -> list[float | None]:
    """Each number in its own unit; one without takes that of the others, as in "5, 20 cm"."""
    units = [found[f"{key}u"] for key in "xyz"]
    said_once = next((unit for unit in units if unit), "m")
    scales = [UNITS[(unit or said_once).lower()] for unit in units]
    return [float(found[key]) * scale if found[key] else None for key, scale in zip("xyz", scales, strict=True)]


def spot_for(world: World, name: str, where: str, last: str | None = None) -> Spot:
    """Finds where a thing goes.

    Args:
        world: Where it is.
        name: What is put.
        where: As a person says it: "on the blue plate", "left of the green cube", "0.05, 0.2".
        last: What was spoken of last.

    Raises:
        Refused: It cannot be put there; the text says why.
        Unknown: There is no such place.
    """
    if point := point_in(where):
        return _at_point(world, name, (point[0], point[1]), point[2])
    if plain(ON.sub(r"\g<what>", where.strip())) in TABLE or plain(where) in TABLE:
        return _on_table(world, name)
    if (beside := BESIDE.match(where.strip())) and not plain(beside["what"]).startswith("of nothing"):
        return _beside(world, name, beside["side"].lower(), find(world, beside["what"], last=last, but=[name]))
    if NEITHER.match(where.strip()):
        raise Refused(
            f"'{where.strip()[:80]}' is no place to put something; it goes on, in or beside a thing, or to a point"
        )
    found = ON.match(where.strip())
    target = find(world, found["what"] if found else where, last=last, but=[name])
    return _onto(world, name, target)


def _at_point(world: World, name: str, at: tuple[float, float], height: float | None = None) -> Spot:
    if not world.scene.holds(at):
        raise Refused(f"the point {said(at)} is not on the table")
    if other := occupied_by(world, name, at, 0.0, _flat(world)):
        raise Refused(f"the point {said(at)} is occupied by the {other}")
    on = next((n for n in _flat(world) if _over(world, n, at)), "table")
    surface = 0.006 if on != "table" else 0.0
    if height is not None and not surface - CLOSE <= height <= surface + 2 * world.half_height(name) + CLOSE:
        raise Refused(f"nothing carries the {name} {height * 100:.0f} cm above the table at {said(at)}")
    return _spot(world, name, at, surface, on, f"at {said(at)}")


def _flat(world: World) -> set[str]:
    return {name for name, thing in world.things.items() if isinstance(thing, Plate)}


def _over(world: World, plate: str, at: tuple[float, float]) -> bool:
    return math.dist(at, world.pose(plate).place[:2]) < radius(world, plate)


def _onto(world: World, name: str, target: str) -> Spot:
    thing, place = world.things[target], world.pose(target).place
    match thing:
        case Cube() | Cylinder():
            return _stacked(world, name, target)
        case Ball():
            raise Refused(f"nothing stays on the {target}, which is a ball")
        case Lamp() | Switch():
            raise Refused(f"nothing can be put on the {target}; {_holders(world)}")
        case Drawer() if world.slid(target) < 0.9:  # noqa: PLR2004
            raise Refused(f"the {target} is closed; open it first")
        case Cabinet():
            bay = open_bay(world, target)
            if bay is None:
                raise Refused(f"the door of the {target} stands half open; slide it to the left or the right first")
            return _among(world, name, target, (place[0], place[1] + bay), 0.003)
    surface = {Plate: 0.006, Tray: 0.003, Bin: 0.003}.get(type(thing), 0.003 + place[2])
    return _among(world, name, target, place[:2], surface)


def _holders(world: World) -> str:
    able = [n for n, thing in world.things.items() if not isinstance(thing, Ball | Lamp | Switch)]
    return f"what can hold things is: {', '.join(able)}, table"


def _stacked(world: World, name: str, target: str) -> Spot:
    if above := [n for n in world.on_top(target) if n != name]:
        raise Refused(f"the {target} is occupied: the {above[0]} stands on it")
    pose = world.pose(target)
    if pose.tilt > 0.2:  # noqa: PLR2004
        raise Refused(f"the {target} lies on its side, so that nothing stays on it")
    if world.held() == target:
        raise Refused(f"the {target} is in the gripper; nothing can be put on it")
    surface = pose.place[2] + world.half_height(target)
    return _spot(world, name, pose.place[:2], surface, target, f"on the {target}", pose.turn)


def _among(world: World, name: str, target: str, middle: tuple[float, float], surface: float) -> Spot:
    """A free place inside a thing or on it, the middle first."""
    half = inside(world.things[target])
    room = [max(0.0, side - world.width(name) / 2 - 0.004) for side in half]
    words = f"{preposition(world.things[target])} the {target}"
    problem: Refused | None = None
    for x, y in _around(room[0], room[1]):
        at = (middle[0] + x, middle[1] + y)
        if occupied_by(world, name, at, surface, {target}):
            continue
        try:
            return _spot(world, name, at, surface, target, words)
        except Refused as error:
            problem = problem or error
    if problem:
        raise problem
    raise Refused(f"the {target} is occupied: there is no room left beside the {', the '.join(world.on_top(target))}")


def _around(depth: float, width: float) -> Iterator[tuple[float, float]]:
    """Points of a grid, the nearest to the middle first."""
    xs = [n * SPACING for n in range(-int(depth / SPACING), int(depth / SPACING) + 1)]
    ys = [n * SPACING for n in range(-int(width / SPACING), int(width / SPACING) + 1)]
    yield from sorted(((x, y) for x in xs for y in ys), key=lambda point: (round(math.hypot(*point), 6), point))


def _on_table(world: World, name: str) -> Spot:
    """A free place on the table, near to where the thing is."""
    start = world.pose(name).place
    grid = [(x * 0.03, y * 0.03) for x in range(-5, 5) for y in range(-12, 13)]
    own = radius(world, name)
    for at in sorted(grid, key=lambda point: (math.dist(point, start[:2]), point)):
        if not world.scene.holds((at[0], at[1])) or math.dist(at, start[:2]) < 2 * own:
            continue
        if abs(at[1]) > min(world.scene.table.left, world.scene.table.right) - 0.05:
            continue
        if _crowded(world, name, at, own + GAP):
            continue
        try:
            return _spot(world, name, at, 0.0, "table", "on the table")
        except Refused:
            continue
    raise Refused("there is no free place left on the table")


def _crowded(world: World, name: str, at: tuple[float, float], room: float) -> bool:
    from .grips import _distance

    others = [n for n in world.things if n != name]
    plates = any(_over(world, plate, at) for plate in _flat(world))
    return plates or any(_distance(world, other, at, 0.001) < room for other in others)


def _beside(world: World, name: str, side: str, target: str) -> Spot:
    away = radius(world, name) + radius(world, target) + GAP
    x, y, _ = world.pose(target).place
    ways = [SIDES[side]] if side in SIDES else [(0.0, 1.0), (0.0, -1.0), (-1.0, 0.0), (1.0, 0.0)]
    problem: Refused | None = None
    said_side = {"left": "left of", "right": "right of", "front": "in front of", "in front": "in front of"}
    words = said_side.get(side, "behind" if side in SIDES else "next to")
    for along, across in ways:
        at = (x + away * along, y + away * across)
        try:
            if other := occupied_by(world, name, at, 0.0, _flat(world)):
                raise Refused(f"the place {words} the {target} is occupied by the {other}")
            if not world.scene.holds(at):
                raise Refused(f"the place {words} the {target} is not on the table")
            return _spot(world, name, at, 0.0, "table", f"{words} the {target}")
        except Refused as error:
            problem = error
    assert problem is not None
    raise problem


def _spot(
    world: World, name: str, at: tuple[float, float], surface: float, on: str, words: str, turn: float | None = None
) -> Spot:
    height = surface + world.half_height(name) + 0.002
    turns = [turn, turn + math.pi / 2] if turn is not None else turns_of(world, name, 0.0)
    turns += [n * math.pi / 8 for n in range(8)] if turn is None else []
    chosen = turn_for(world, name, at, height, turns, {on})
    if chosen is None:
        raise Refused(f"there is no room for the fingers {words}")
    reachable(world, Target((at[0], at[1], height), chosen), f"the place {words}")
    return Spot((float(at[0]), float(at[1])), surface, on, chosen, words)
