"""An action: a skill's name with arguments in words, and how it becomes a skill in a world."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.plugin import ToolError

from .grips import Refused
from .handling import Pick, Place, Turn
from .moving import Fingers, GoHome, Move
from .names import Unknown, find, find_all, listed, plain, slider
from .places import ON, point_in, spot_for
from .scene import Cabinet, Drawer, Lamp, Switch
from .skill import Skill
from .sliding import WAYS, Push, PushInto, Slide
from .world import World

SkillName = Literal["pick", "place", "push", "turn", "open", "close", "switch", "home", "move"]
DIRECTIONS = {
    "left": "left", "right": "right", "forward": "away", "forwards": "away", "away": "away", "back": "near",
    "backward": "near", "backwards": "near", "near": "near", "nearer": "near", "towards": "near", "toward": "near",
    "closer": "near", "up": "up", "down": "down", "upwards": "up", "downwards": "down", "higher": "up", "lower": "down",
}  # fmt: skip
GRIPPER = {"gripper", "hand", "fingers", "claw", "grip", "robot hand"}
INTO = re.compile(r"^(?:in|into|inside)\s+(?P<what>.+)$", re.I)
ABOVE = re.compile(r"^(?:to )?(?:right )?(?:above|over|on top of|to|at|near|next to)\s+(?P<what>.+)$", re.I)
AGAINST_THE_CLOCK = {"counterclockwise", "anticlockwise", "counter", "anti"}
HOVER, HOVERING, HALF = 0.06, 0.15, 0.5


class Action(BaseModel):
    """One step of a plan.

    Attributes:
        skill: What to do.
        object: With what, as a person would call it.
        to: Where to: a place for ``place`` and ``move``, a direction for ``push`` and ``turn``.
        amount: How far to push, in metres, or to turn, in degrees.
        on: Whether to switch on or off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    skill: SkillName
    object: str = Field("", max_length=200)
    to: str = Field("", max_length=200)
    amount: float | None = None
    on: bool = True

    def __str__(self) -> str:
        how = {"switch": "on" if self.on else "off", "turn": self.to, "push": self.to}.get(self.skill, "")
        said = f"{self.skill} {how}".strip()
        what = f" the {self.object.removeprefix('the ')}" if self.object else ""
        where = f" {self.to}" if self.to and self.skill in ("place", "move") else ""
        return f"{said}{what}{where}"


@dataclass(frozen=True, slots=True)
class Settled:
    """An action with its arguments settled.

    Attributes:
        skill: What to do.
        name: With which thing; None where with none.
    """

    skill: Skill
    name: str | None


def settle(world: World, action: Action, last: str | None) -> list[Settled]:
    """Finds out which things and places an action may mean: those that can be tried, the likeliest first.

    Args:
        world: As it is before the action.
        action: In words.
        last: The thing that was spoken of last, for "it".

    Raises:
        ToolError: There is no such thing or place.
    """
    if action.amount is not None and not math.isfinite(action.amount):
        raise Refused(f"{action.amount} is no number of metres or degrees")
    problem: ToolError | None = None
    able: list[Settled] = []
    for settled in _SETTLERS[action.skill](world, action, last):
        try:
            settled.skill.check(world)
        except ToolError as error:
            problem = problem or error
            continue
        able.append(settled)
    if not able:
        assert problem is not None
        raise problem
    return able


Settler = Callable[[World, Action, str | None], Iterator[Settled]]


def _things(world: World, action: Action, last: str | None) -> list[str]:
    """The things that may be meant: of several alike, the first that it can be done with is taken."""
    if not action.object.strip() and not (world.held() or last):
        raise Unknown(f"say which thing is meant; there is: {listed(world, world.movable())}")
    return find_all(world, action.object or "it", movable=True, last=last)


def _pick(world: World, action: Action, last: str | None) -> Iterator[Settled]:
    for name in _things(world, action, last):
        yield Settled(Pick(name), name)


def _place(world: World, action: Action, last: str | None) -> Iterator[Settled]:
    where = action.to or "on the table"
    held, problem, found = world.held(), None, False
    if not action.object.strip() or plain(action.object) == "it":
        if held is None and last is None:
            raise Refused("the gripper holds nothing; name what is to be put there, or pick it up first")
        names = [held or str(last)]
    else:
        names = _to_place(world, action.object, where, last)
    for name in names:
        try:
            spot = spot_for(world, name, where, last)
        except ToolError as error:
            problem = problem or error
            continue
        found = True
        yield Settled(Place(name, spot), name)
    if problem and not found:
        raise problem


def _to_place(world: World, text: str, where: str, last: str | None) -> list[str]:
    """Of several that are called so, those that are not there already, nor the place itself."""
    found = ON.match(where.strip())
    try:
        target = find(world, found["what"] if found else where, last=last)
    except Unknown:
        return find_all(world, text, movable=True, last=last)
    there = [*world.on_top(target), target]
    names = find_all(world, text, movable=True, last=last)
    return [name for name in names if name not in there] or names


def _push(world: World, action: Action, last: str | None) -> Iterator[Settled]:
    way = _way(action.to)
    door = slider(world, action.object)
    if door and way in ("left", "right"):
        yield Settled(Slide(door, _slid(world, door, way)), door)
        return
    if door and isinstance(world.things[door], Drawer):
        yield Settled(Slide(door, 0.0 if way in (None, "near") else 1.0), door)
        return
    if way is None and (into := INTO.match(action.to.strip())):
        target = find(world, into["what"], last=last)
        for name in _to_place(world, action.object, action.to, last):
            yield Settled(PushInto(name, target), name)
        return
    if way not in WAYS:
        raise Refused(
            f"'{action.to}' is no direction to push in; there are: left, right, forward, back, or into a drawer"
        )
    for name in _things(world, action, last):
        yield Settled(Push(name, way, 0.1 if action.amount is None else action.amount), name)


def _slid(world: World, name: str, way: str) -> float:
    return 1.0 if (way == "left") == (world.axis(name)[1] > 0) else 0.0


def _way(text: str) -> str | None:
    words = re.findall(r"[a-z]+", text.lower())
    if words[:1] and words[0] in ("in", "into", "inside"):
        return None
    return next((DIRECTIONS[word] for word in words if word in DIRECTIONS), None)


def _turn(world: World, action: Action, last: str | None) -> Iterator[Settled]:
    words = set(re.findall(r"[a-z]+", action.to.lower()))
    right = bool(words & {"right", "clockwise"}) and not words & {
        "counterclockwise",
        "anticlockwise",
        "counter",
        "anti",
    }
    degrees = abs(90.0 if action.amount is None else action.amount)
    negative = action.amount is not None and action.amount < 0
    for name in _things(world, action, last):
        yield Settled(Turn(name, -degrees if right != negative else degrees), name)


def _open(world: World, action: Action, last: str | None) -> Iterator[Settled]:
    opens = action.skill == "open"
    if not action.object.strip() or plain(action.object) in GRIPPER:
        yield Settled(Fingers(opens), None)
        return
    door = slider(world, action.object)
    if door is None:
        able = [name for name, thing in world.things.items() if isinstance(thing, Drawer | Cabinet)]
        named = find(world, action.object, last=last)
        how = "opened" if opens else "closed"
        raise Refused(f"the {named} cannot be {how}; what can be is: {listed(world, [*able, 'gripper'])}")
    if isinstance(world.things[door], Drawer):
        yield Settled(Slide(door, 1.0 if opens else 0.0), door)
    else:  # a sliding door always covers one half: to open is to uncover the other
        yield Settled(Slide(door, 0.0 if world.slid(door) > HALF else 1.0), door)


def _switch(world: World, action: Action, last: str | None) -> Iterator[Settled]:
    able = [name for name, thing in world.things.items() if isinstance(thing, Lamp | Switch)]
    if not able:
        raise Unknown(f"there is nothing to switch here; there is: {listed(world)}")
    others = [name for name in world.things if name not in able]
    try:
        names = find_all(world, action.object, but=others, last=last) if action.object.strip() else able
    except Unknown as error:
        reason = f"there is no '{action.object[:80]}' to switch here; what can be is: {listed(world, able)}"
        raise Unknown(reason) from error
    for name in names:
        switches = world.switches_of(name) if isinstance(world.things[name], Lamp) else [name]
        if not switches:
            raise Refused(f"the {name} has no switch")
        # Of several switches of a lamp, those count that light it.
        for switch in [each for each in switches if world.is_on(each)] or switches:
            yield Settled(Slide(switch, 1.0 if action.on else 0.0), switch)


def _home(world: World, action: Action, last: str | None) -> Iterator[Settled]:
    yield Settled(GoHome(), None)


def _move(world: World, action: Action, last: str | None) -> Iterator[Settled]:
    text = action.to or action.object
    way = _way(text)
    found = ABOVE.match(text.strip())
    if plain(text) in ("home", "home position", "rest", "start"):
        yield Settled(GoHome(), None)
    elif point := point_in(text):
        height = HOVERING if point[2] is None else point[2]
        yield Settled(Move((point[0], point[1], height), "there"), None)
    elif way and not (found and plain(found["what"]) not in DIRECTIONS):
        yield _moved_by(world, way, 0.1 if action.amount is None else action.amount)
    else:
        yield _above(world, find(world, found["what"] if found else text, last=last))


def _above(world: World, name: str) -> Settled:
    x, y, z = world.pose(name).place
    top = z + world.half_height(name) if world.is_movable(name) else max(z, 0.0) + 0.06
    held = world.held()
    carried = world.half_height(held) * 2 if held and held != name else 0.0
    return Settled(Move((x, y, top + HOVER + carried), f"above the {name}"), name)


def _moved_by(world: World, way: str, distance: float) -> Settled:
    step = {**{key: (*value, 0.0) for key, value in WAYS.items()}, "up": (0.0, 0.0, 1.0), "down": (0.0, 0.0, -1.0)}[way]
    now = world.arm.target_of(world.commanded()).place
    x, y, z = (a + distance * b for a, b in zip(now, step, strict=True))
    return Settled(Move((x, y, z), f"{distance * 100:.0f} cm further {way}"), None)


_SETTLERS: dict[str, Settler] = {
    "pick": _pick, "place": _place, "push": _push, "turn": _turn, "open": _open, "close": _open, "switch": _switch,
    "home": _home, "move": _move,
}  # fmt: skip
