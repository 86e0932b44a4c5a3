"""Draws landscapes: a sky, the ground, and what stands, floats or hangs in it."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sin
from random import Random

from PIL import Image, ImageDraw

from training.pictures.scene import Scene, Thing, Time

Colour = tuple[int, int, int]
HORIZON = 0.6  # share of the height from the top
SKIES: dict[Time, tuple[Colour, Colour]] = {
    "day": (((104, 176, 236)), (206, 232, 248)),
    "dusk": ((94, 62, 130), (250, 150, 82)),
    "night": ((10, 14, 44), (34, 44, 92)),
}
GROUNDS: dict[str, dict[Time, Colour]] = {
    "sea": {"day": (30, 104, 176), "dusk": (70, 56, 116), "night": (12, 26, 66)},
    "hills": {"day": (74, 156, 66), "dusk": (66, 80, 64), "night": (20, 44, 40)},
    "field": {"day": (124, 184, 74), "dusk": (98, 96, 60), "night": (30, 52, 38)},
}
DIM: dict[Time, float] = {"day": 1.0, "dusk": 0.72, "night": 0.5}


def draw_landscape(scene: Scene, random: Random, side: int) -> Image.Image:
    """Returns an RGB picture of a landscape, ``side`` pixels wide and high, with edges that are not smoothed."""
    picture = _sky(scene.time, side)
    pen = ImageDraw.Draw(picture)
    if scene.stars:
        _stars(pen, random, side)
    behind = [thing for thing in scene.things if thing.what in ("sun", "moon", "cloud")]
    for thing in behind:
        THINGS[thing.what](pen, thing, scene.time, side)
    _ground(pen, scene, random, side)
    for thing in sorted((thing for thing in scene.things if thing not in behind), key=lambda each: each.y):
        THINGS[thing.what](pen, thing, scene.time, side)
    return picture


def _sky(time: Time, side: int) -> Image.Image:
    top, low = SKIES[time]
    column = Image.new("RGB", (1, side))
    for row in range(side):
        share = min(1.0, row / (HORIZON * side))
        column.putpixel((0, row), _mixed(top, low, share))
    return column.resize((side, side))


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _stars(pen: ImageDraw.ImageDraw, random: Random, side: int) -> None:
    for _ in range(14):
        x, y, size = random.random() * side, random.random() * HORIZON * 0.8 * side, side * 0.008
        pen.ellipse((x - size, y - size, x + size, y + size), (240, 240, 220))


def _ground(pen: ImageDraw.ImageDraw, scene: Scene, random: Random, side: int) -> None:
    colour, line = GROUNDS[scene.ground][scene.time], HORIZON * side
    if scene.ground == "hills":
        for depth, lift in ((0.75, 0.1), (1.0, 0.0)):
            _hills(pen, _mixed(SKIES[scene.time][1], colour, depth), (HORIZON - lift) * side, random, side)
        return
    pen.rectangle((0, line, side, side), colour)
    if scene.ground == "sea":
        for row in (0.72, 0.82, 0.92):
            pen.rectangle((0, row * side, side, (row + 0.012) * side), _mixed(colour, (255, 255, 255), 0.18))


def _hills(pen: ImageDraw.ImageDraw, colour: Colour, line: float, random: Random, side: int) -> None:
    shift, waves = random.random() * 2 * pi, random.uniform(1.0, 1.8)
    ridge = [(side * step / 40, line - 0.06 * side * sin(shift + waves * 2 * pi * step / 40)) for step in range(41)]
    pen.polygon([*ridge, (side, side), (0, side)], colour)


def _dimmed(colour: Colour, time: Time) -> Colour:
    return _mixed((14, 16, 40), colour, DIM[time])


def _box(pen: ImageDraw.ImageDraw, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
    """Fills a rectangle around a centre."""
    pen.rectangle((x - wide, y - high, x + wide, y + high), colour)


def _sun(pen: ImageDraw.ImageDraw, thing: Thing, time: Time, side: int) -> None:
    x, y, half = thing.x * side, thing.y * side, thing.half * side
    pen.ellipse((x - half, y - half, x + half, y + half), (255, 218, 60) if time == "day" else (255, 120, 50))


def _moon(pen: ImageDraw.ImageDraw, thing: Thing, time: Time, side: int) -> None:
    x, y, half = thing.x * side, thing.y * side, thing.half * side
    pen.ellipse((x - half, y - half, x + half, y + half), (244, 242, 220))


def _cloud(pen: ImageDraw.ImageDraw, thing: Thing, time: Time, side: int) -> None:
    x, y, half = thing.x * side, thing.y * side, thing.half * side
    for across, down, size in ((-1.0, 0.2, 0.7), (0.0, -0.1, 1.0), (1.0, 0.2, 0.7)):
        left, top, radius = x + across * half, y + down * half, size * half
        pen.ellipse((left - radius, top - radius, left + radius, top + radius), _dimmed((250, 250, 252), time))


def _tree(pen: ImageDraw.ImageDraw, thing: Thing, time: Time, side: int) -> None:
    x, y, half = thing.x * side, thing.y * side, thing.half * side
    _box(pen, x, y + 0.6 * half, 0.14 * half, 0.4 * half, _dimmed((112, 72, 40), time))
    top = y - 0.3 * half
    radius = 0.7 * half
    pen.ellipse((x - radius, top - radius, x + radius, top + radius), _dimmed((26, 110, 44), time))


def _house(pen: ImageDraw.ImageDraw, thing: Thing, time: Time, side: int) -> None:
    x, y, half = thing.x * side, thing.y * side, thing.half * side
    _box(pen, x, y + 0.4 * half, 0.8 * half, 0.6 * half, _dimmed((236, 220, 188), time))
    roof = [(x - half, y - 0.2 * half), (x, y - half), (x + half, y - 0.2 * half)]
    pen.polygon(roof, _dimmed((188, 52, 40), time))
    _box(pen, x - 0.35 * half, y + 0.65 * half, 0.18 * half, 0.35 * half, _dimmed((110, 66, 36), time))
    pane = (120, 180, 220) if time == "day" else (255, 226, 110)
    _box(pen, x + 0.35 * half, y + 0.3 * half, 0.2 * half, 0.2 * half, pane)


def _lighthouse(pen: ImageDraw.ImageDraw, thing: Thing, time: Time, side: int) -> None:
    x, y, half = thing.x * side, thing.y * side, thing.half * side
    if time != "day":
        for way in (-1, 1):
            beam = [(x, y - 0.8 * half), (x + way * 1.8 * half, y - half), (x + way * 1.8 * half, y - 0.55 * half)]
            pen.polygon(beam, (255, 232, 140))
    for band in range(5):
        high, low = 0.32 + 0.03 * band, 0.32 + 0.03 * (band + 1)
        top = y + (-0.6 + 0.32 * band) * half
        colour = _dimmed((206, 40, 40) if band % 2 == 0 else (246, 246, 244), time)
        corners = [(x - high * half, top), (x + high * half, top)]
        pen.polygon([*corners, (x + low * half, top + 0.33 * half), (x - low * half, top + 0.33 * half)], colour)
    _box(pen, x, y - 0.75 * half, 0.2 * half, 0.15 * half, (255, 236, 120))
    pen.polygon(
        [(x - 0.3 * half, y - 0.88 * half), (x, y - 1.1 * half), (x + 0.3 * half, y - 0.88 * half)], (60, 40, 44)
    )


def _boat(pen: ImageDraw.ImageDraw, thing: Thing, time: Time, side: int) -> None:
    x, y, half = thing.x * side, thing.y * side, thing.half * side
    hull = [
        (x - half, y + 0.4 * half),
        (x + half, y + 0.4 * half),
        (x + 0.6 * half, y + half),
        (x - 0.6 * half, y + half),
    ]
    pen.polygon(hull, _dimmed((134, 70, 34), time))
    pen.polygon([(x, y - half), (x + 0.8 * half, y + 0.3 * half), (x, y + 0.3 * half)], _dimmed((248, 246, 238), time))


THINGS: dict[str, Callable[[ImageDraw.ImageDraw, Thing, Time, int], None]] = {
    "sun": _sun,
    "moon": _moon,
    "cloud": _cloud,
    "tree": _tree,
    "house": _house,
    "lighthouse": _lighthouse,
    "boat": _boat,
}
