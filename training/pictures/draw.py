"""Draws a scene: flat colours, smooth edges."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageDraw

from training.pictures.landscape import draw_landscape
from training.pictures.scene import BACKGROUNDS, COLOURS, SIDE, Scene, Thing
from training.pictures.shapes import HOLE, outline

SMOOTH = 3  # a picture is drawn this much larger, then reduced
TINT = 8  # how far a colour strays from its own, of 255


def draw(scene: Scene, random: Random, side: int = SIDE) -> Image.Image:
    """Returns an RGB picture of a scene, ``side`` pixels wide and high."""
    if scene.kind == "landscape":
        large = draw_landscape(scene, random, side * SMOOTH)
    else:
        large = Image.new("RGB", (side * SMOOTH,) * 2, tinted(BACKGROUNDS[scene.background], random))
        for thing in scene.things:
            _shape(large, thing, random)
    return large.resize((side, side), Image.Resampling.BOX)


def tinted(colour: tuple[int, int, int], random: Random) -> tuple[int, int, int]:
    """Returns a colour that is nearly the same."""
    red, green, blue = (min(255, max(0, part + random.randint(-TINT, TINT))) for part in colour)
    return red, green, blue


def _shape(picture: Image.Image, thing: Thing, random: Random) -> None:
    side, pen = picture.width, ImageDraw.Draw(picture)
    behind = picture.getpixel((0, 0))
    x, y, half = thing.x * side, thing.y * side, thing.half * side
    points = outline(thing.what)
    pen.polygon(
        [(x + across * half, y + down * half) for across, down in points], tinted(COLOURS[thing.colour], random)
    )
    if thing.what == "ring":
        pen.polygon([(x + across * half * HOLE, y + down * half * HOLE) for across, down in points], behind)
