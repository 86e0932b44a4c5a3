"""The world drawn from above with Pillow, for machines without OpenGL."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .build import CABINET_BAY, CABINET_HALF, DRAWER_HALF, DRAWER_LENGTH
from .scene import COLOURS, Bin, Cabinet, Cube, Drawer, Lamp, Plate, Switch, Thing, Tray
from .world import World, inside

Colour = tuple[int, int, int]
GROUND, TABLE, LINE, METAL = (92, 102, 112), (219, 204, 178), (40, 40, 40), (70, 74, 80)
SEEN = (-0.62, 0.32, -0.72, 0.72)  # x from, x to, y from, y to in metres
TALLEST = 0.25


class _Paper:
    """Metres to pixels: away from the robot is up, its left is left."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.picture = Image.new("RGB", size, GROUND)
        self.draw = ImageDraw.Draw(self.picture)
        self.scale = min(size[0] / (SEEN[3] - SEEN[2]), size[1] / (SEEN[1] - SEEN[0]))
        self.middle = (size[0] / 2, size[1] / 2)

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.middle[0] - y * self.scale, self.middle[1] - (x - (SEEN[0] + SEEN[1]) / 2) * self.scale

    def box(self, x: float, y: float, half: tuple[float, float], turn: float, fill: Colour | None) -> None:
        corners = [(half[0] * a, half[1] * b) for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
        cosine, sine = math.cos(turn), math.sin(turn)
        points = [self.at(x + a * cosine - b * sine, y + a * sine + b * cosine) for a, b in corners]
        self.draw.polygon(points, fill=fill, outline=LINE)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        left, top = self.at(x, y)
        size = max(1.5, radius * self.scale)
        self.draw.ellipse((left - size, top - size, left + size, top + size), fill=fill, outline=LINE)

    def line(self, points: list[tuple[float, float]], width: float, fill: Colour) -> None:
        self.draw.line(
            [self.at(*point) for point in points], fill=fill, width=max(2, round(width * self.scale)), joint="curve"
        )


def top_view(world: World, size: tuple[int, int], view: str = "colour") -> NDArray[np.uint8]:
    """Draws the table, what is on it and the arm.

    Args:
        world: As it is.
        size: Width and height in pixels.
        view: ``colour``, ``depth`` (height above the table: high is light) or ``segmentation``.
    """
    paper = _Paper(size)
    table = world.scene.table
    middle = ((table.away - table.near) / 2, (table.left - table.right) / 2)
    half = ((table.away + table.near) / 2, (table.left + table.right) / 2)
    paper.box(*middle, half, 0.0, TABLE if view == "colour" else (0, 0, 0))
    for name in sorted(
        world.things, key=lambda name: (not isinstance(world.things[name], Drawer), _height(world, name))
    ):
        _thing(paper, world, name, _colour(world, name, view))
    if view == "colour":
        _arm(paper, world)
    return np.asarray(paper.picture, np.uint8)


def _height(world: World, name: str) -> float:
    return world.pose(name).place[2] if world.is_movable(name) else -0.05


def _colour(world: World, name: str, view: str) -> Colour:
    from .studio import tone

    thing = world.things[name]
    if view == "segmentation":
        names = list(world.things)
        return _bytes(tone(names.index(name), len(names)))
    if view == "depth":
        grey = round(255 * min(1.0, max(0.0, 0.1 + world.pose(name).place[2] / TALLEST)))
        return grey, grey, grey
    if isinstance(thing, Lamp):
        return (255, 240, 130) if world.is_on(name) else (110, 110, 100)
    return _bytes(COLOURS[thing.colour]) if thing.colour else _otherwise(thing)


def _otherwise(thing: Thing) -> Colour:
    return (150, 112, 75) if isinstance(thing, Drawer | Cabinet) else (170, 170, 170)


def _bytes(colour: tuple[float, float, float]) -> Colour:
    red, green, blue = (round(255 * part) for part in colour)
    return red, green, blue


def _thing(paper: _Paper, world: World, name: str, fill: Colour) -> None:
    thing, pose = world.things[name], world.pose(name)
    x, y, _ = pose.place
    match thing:
        case Cube():
            paper.box(x, y, (thing.size / 2, thing.size / 2), pose.turn, fill)
        case Plate():
            paper.disc(x, y, thing.size / 2, fill)
        case Tray() | Bin():
            paper.box(x, y, inside(thing), 0.0, fill)
        case Drawer():
            paper.box(x, y, (DRAWER_HALF, DRAWER_LENGTH / 2), 0.0, fill)
            _handle(paper, world, name)
        case Cabinet():
            paper.box(x, y, (CABINET_HALF, 2 * CABINET_BAY), 0.0, fill)
            lid = world.data.body(f"{name}/door").xpos
            paper.box(float(lid[0]), float(lid[1]), (CABINET_HALF, CABINET_BAY), 0.0, (191, 153, 107))
            _handle(paper, world, name)
        case Switch():
            paper.box(x, y, (0.02, 0.045), 0.0, METAL)
            _handle(paper, world, name)
        case Lamp():
            paper.disc(x, y, 0.022, fill)
        case _:
            paper.disc(x, y, world.width(name) / 2, fill)


def _handle(paper: _Paper, world: World, name: str) -> None:
    place = world.handle(name)
    paper.box(float(place[0]), float(place[1]), (0.012, 0.008), 0.0, (240, 240, 240))


ARM_LINKS = (
    "torso_lift_link",
    "shoulder_pan_link",
    "shoulder_lift_link",
    "elbow_flex_link",
    "wrist_flex_link",
    "gripper_link",
)


def _arm(paper: _Paper, world: World) -> None:
    points = [world.data.body(f"robot0:{link}").xpos for link in ARM_LINKS]
    paper.line([(float(point[0]), float(point[1])) for point in points], 0.03, (96, 125, 160))
    for finger in ("r_gripper_finger_link", "l_gripper_finger_link"):
        body = world.data.body(f"robot0:{finger}")
        across = body.xmat.reshape(3, 3)[:, 1]
        paper.box(float(body.xpos[0]), float(body.xpos[1]), (0.0135, 0.007), math.atan2(-across[0], across[1]), METAL)
