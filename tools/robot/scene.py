"""A scene file: what stands on the table, in YAML that anyone can edit.

Lengths are in metres, angles in degrees. ``x`` grows away from the robot, ``y`` to its left, and the table's top is at
height 0, so that ``at: [0.05, 0.2]`` is a little behind the middle and 20 cm to the left.
"""

from __future__ import annotations

import math
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.plugin import ToolError

FOLDER = Path(__file__).parent / "scenes"
COLOURS = {
    "red": (0.82, 0.12, 0.12), "green": (0.13, 0.6, 0.2), "blue": (0.12, 0.3, 0.8), "yellow": (0.93, 0.8, 0.1),
    "orange": (0.95, 0.5, 0.1), "purple": (0.5, 0.2, 0.65), "pink": (0.96, 0.5, 0.7), "white": (0.93, 0.93, 0.93),
    "black": (0.12, 0.12, 0.12), "grey": (0.55, 0.55, 0.57), "brown": (0.45, 0.29, 0.16), "cyan": (0.15, 0.75, 0.8),
}  # fmt: skip
Colour = Literal[
    "red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "black", "grey", "brown", "cyan"
]
Coordinate = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Point = tuple[Coordinate, Coordinate]
Side = Annotated[float, Field(ge=0.05, le=0.6, allow_inf_nan=False)]
# What the robot itself calls so.
RESERVED = ("table", "floor", "gripper", "world")
MAX_THINGS, MAX_BYTES = 40, 100_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Thing(_Part):
    """What all things have.

    Attributes:
        kind: What it is.
        name: How it is called; empty makes it of colour and kind.
        colour: One of ``COLOURS``.
        words: Other names that people may use for it.
        at: Where its middle stands.
        turn: How far it is turned about the vertical, counted against the clock as seen from above, in degrees.
    """

    kind: str
    name: str = Field("", max_length=60, pattern=r"^[\w \-']*$")
    colour: Colour | None = None
    words: tuple[Annotated[str, Field(min_length=1, max_length=60)], ...] = ()
    at: Point = (0.0, 0.0)
    turn: float = Field(0.0, ge=-360, le=360)

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or " ".join(filter(None, (self.colour, self.kind)))


class Cube(Thing):
    """A cube that can be moved; ``size`` is its edge."""

    kind: Literal["cube", "block"] = "cube"
    size: float = Field(0.04, ge=0.02, le=0.07)


class Ball(Thing):
    """A ball that can be moved; ``size`` is its diameter."""

    kind: Literal["ball"] = "ball"
    size: float = Field(0.045, ge=0.03, le=0.07)


class Cylinder(Thing):
    """A standing cylinder that can be moved; ``size`` is its diameter."""

    kind: Literal["cylinder", "can", "cup"] = "cylinder"
    size: float = Field(0.04, ge=0.02, le=0.07)
    height: float = Field(0.06, ge=0.03, le=0.12)


class Plate(Thing):
    """A flat disc that stays where it is; ``size`` is its diameter."""

    kind: Literal["plate"] = "plate"
    size: float = Field(0.14, ge=0.05, le=0.3)


class Tray(Thing):
    """A flat tray with a low rim that stays where it is; ``size`` is its depth and width."""

    kind: Literal["tray"] = "tray"
    size: tuple[Side, Side] = (0.16, 0.2)


class Bin(Thing):
    """An open box that stays where it is; ``size`` is its depth and width inside."""

    kind: Literal["bin", "box"] = "bin"
    size: tuple[Side, Side] = (0.14, 0.16)
    height: float = Field(0.05, ge=0.02, le=0.08)


class Drawer(Thing):
    """A drawer under the table that opens to one side; only ``x`` of ``at`` counts."""

    kind: Literal["drawer"] = "drawer"
    side: Literal["left", "right"] = "left"
    is_open: bool = Field(False, alias="open")


class Cabinet(Thing):
    """A box of two halves with a sliding door on top, which covers the one or the other half."""

    kind: Literal["cabinet"] = "cabinet"
    door: Literal["left", "right"] = "left"
    door_words: tuple[str, ...] = ("door", "sliding door", "slider")


class Lamp(Thing):
    """A lamp, lit by the switch that names it."""

    kind: Literal["lamp"] = "lamp"


class Switch(Thing):
    """A sliding switch; ``lights`` is the name of its lamp."""

    kind: Literal["switch"] = "switch"
    lights: str = ""
    on: bool = False


AnyThing = Annotated[
    Cube | Ball | Cylinder | Plate | Tray | Bin | Drawer | Cabinet | Lamp | Switch, Field(discriminator="kind")
]
MOVABLE = (Cube, Ball, Cylinder)
# What holds things is looked into along the table's edges.
STRAIGHT = (Tray, Bin, Drawer, Cabinet)


class Table(_Part):
    """How far the table's top reaches from the middle to each side."""

    away: float = Field(0.24, gt=0.05, le=0.6)
    near: float = Field(0.2, gt=0.05, le=0.25)
    left: float = Field(0.5, gt=0.1, le=0.8)
    right: float = Field(0.5, gt=0.1, le=0.8)


class Scene(_Part):
    """A table with things on it.

    Attributes:
        name: How the scene is called.
        about: One line.
        table: Its top.
        things: What is there.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    about: str = ""
    table: Table = Table()
    things: tuple[AnyThing, ...] = Field(max_length=MAX_THINGS)

    @model_validator(mode="after")
    def _names(self) -> Scene:
        seen: set[str] = set()
        for thing in self.things:
            if thing.called in seen:
                raise ValueError(f"two things are called '{thing.called}'; give one of them another name")
            if thing.called in RESERVED:
                raise ValueError(f"nothing can be called '{thing.called}'; give it another name")
            if thing.turn and isinstance(thing, STRAIGHT):
                raise ValueError(f"'{thing.called}' cannot be turned; trays, bins, drawers and cabinets stand straight")
            seen.add(thing.called)
        lamps = [thing.called for thing in self.things if isinstance(thing, Lamp)]
        for thing in self.things:
            if isinstance(thing, Switch) and thing.lights in seen.difference(lamps):
                raise ValueError(f"the switch '{thing.called}' lights '{thing.lights}', which is no lamp")
            if isinstance(thing, Switch) and thing.lights and thing.lights not in seen:
                raise ValueError(f"the switch '{thing.called}' lights '{thing.lights}', which is not there")
            if isinstance(thing, MOVABLE) and not self.holds(thing.at):
                raise ValueError(f"'{thing.called}' at {list(thing.at)} does not stand on the table")
        for first, second in _pairs([thing for thing in self.things if isinstance(thing, MOVABLE)]):
            if math.dist(first.at, second.at) < (first.size + second.size) / 2:
                raise ValueError(f"'{first.called}' and '{second.called}' stand in the same place")
        return self

    def holds(self, point: Point) -> bool:
        """Whether a point lies on the table's top."""
        return -self.table.near <= point[0] <= self.table.away and -self.table.right <= point[1] <= self.table.left


def _pairs(things: list[Any]) -> list[tuple[Any, Any]]:
    return [(first, second) for at, first in enumerate(things) for second in things[at + 1 :]]


def scene_files(folders: tuple[Path, ...] = ()) -> dict[str, Path]:
    """Returns every scene file by its name, those of own folders before those that ship."""
    found: dict[str, Path] = {}
    for folder in (FOLDER, *folders):
        found |= {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return found


def load_scene(name: str, folders: tuple[Path, ...] = ()) -> Scene:
    """Reads a scene.

    Args:
        name: Its file's name without the ending.
        folders: Where to look beside the scenes that ship.

    Raises:
        ToolError: There is none of this name, or its file has an error.
    """
    files = scene_files(folders)
    if name not in files:
        near = get_close_matches(name, files, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ToolError(f"there is no scene '{name}'; {hint}there are: {', '.join(sorted(files))}")
    path = files[name]
    if path.stat().st_size > MAX_BYTES:
        raise ToolError(f"the scene file {path.name} is larger than {MAX_BYTES:,} bytes")
    return read_scene(path.read_text(encoding="utf-8", errors="replace"), path.name)


def read_scene(text: str, file: str) -> Scene:
    """Reads a scene from YAML.

    Args:
        text: The YAML.
        file: How to call it in messages.

    Raises:
        ToolError: It has an error; the text names the line or the thing.
    """
    try:
        values = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ToolError(f"the scene file {file} is no valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ToolError(f"the scene file {file} must hold name, table and things")
    try:
        return Scene.model_validate({"name": Path(file).stem, **values})
    except ValidationError as error:
        raise ToolError(f"the scene file {file} has an error: {_explained(error, values)}") from error


def _explained(error: ValidationError, values: dict[str, Any]) -> str:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"] if part not in COLOURS]
    if where[:1] == ["things"] and len(where) > 1 and where[1].isdigit():
        thing = values["things"][int(where[1])]
        named = (thing.get("name") or thing.get("kind")) if isinstance(thing, dict) else thing
        where[:2] = [f"thing {int(where[1]) + 1} ({named})"]
    message = first["msg"].removeprefix("Value error, ")
    return f"{': '.join(where)}: {message}" if where else message
