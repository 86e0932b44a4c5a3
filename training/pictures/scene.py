"""What a drawn scene is: its background, and the things in it with their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["shapes", "landscape"]
Time = Literal["day", "dusk", "night"]
Ground = Literal["sea", "hills", "field"]
Place = Literal[
    "anywhere", "top left", "top", "top right", "left", "centre", "right", "bottom left", "bottom", "bottom right"
]
Size = Literal["small", "medium", "large"]

SIDE = 128  # pixels of a picture
SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "cross", "ring")
LANDMARKS = ("sun", "moon", "tree", "house", "lighthouse", "boat", "cloud")
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 32, 36),
    "orange": (245, 132, 20),
    "yellow": (248, 214, 36),
    "green": (40, 150, 62),
    "blue": (36, 84, 208),
    "purple": (128, 48, 160),
    "pink": (246, 128, 178),
    "black": (24, 24, 26),
}
BACKGROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (250, 250, 248),
    "grey": (186, 188, 190),
    "light blue": (196, 224, 244),
}
# Centre of a place as a share of the picture's side: across, down.
CENTRES: dict[Place, tuple[float, float]] = {
    "top left": (0.25, 0.25),
    "top": (0.5, 0.25),
    "top right": (0.75, 0.25),
    "left": (0.25, 0.5),
    "centre": (0.5, 0.5),
    "right": (0.75, 0.5),
    "bottom left": (0.25, 0.75),
    "bottom": (0.5, 0.75),
    "bottom right": (0.75, 0.75),
}
# Half of a thing's height, as a share of the picture's side, where it stands alone.
HALVES: dict[Size, float] = {"small": 0.11, "medium": 0.19, "large": 0.3}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in a scene.

    Attributes:
        what: One of ``SHAPES`` or ``LANDMARKS``.
        colour: One of ``COLOURS``; empty for what has a colour of its own.
        size: As the caption may say it.
        place: As the caption may say it; ``anywhere`` where it is free.
        x: Centre, as a share of the picture's side from the left.
        y: Centre, as a share of the picture's side from the top.
        half: Half its height, as a share of the picture's side.
    """

    what: str
    colour: str
    size: Size
    place: Place
    x: float
    y: float
    half: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture before it is drawn.

    Attributes:
        kind: ``shapes`` on a plain background, or a ``landscape``.
        things: In the order in which the caption tells them.
        background: One of ``BACKGROUNDS``; empty in a landscape.
        time: Of a landscape.
        ground: Of a landscape.
        stars: Whether a landscape's sky has stars.
    """

    kind: Kind
    things: tuple[Thing, ...]
    background: str = ""
    time: Time = "day"
    ground: Ground = "field"
    stars: bool = False
