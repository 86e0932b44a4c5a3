"""Makes up scenes, and keeps some combinations out of training."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from random import Random

from training.pictures.scene import (
    BACKGROUNDS,
    CENTRES,
    COLOURS,
    HALVES,
    SHAPES,
    Ground,
    Place,
    Scene,
    Size,
    Thing,
    Time,
)

# Shapes in these colours are never seen in training: each shape and each colour is left out once.
KEPT_OUT = frozenset(zip(SHAPES, ("purple", "orange", "pink", "blue", "green", "red", "yellow", "black"), strict=True))
# One in this many couples of coloured shapes is never seen together in training, whatever the relation.
COUPLES = 8
OPPOSITE: dict[Place, Place] = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
PAIRED = 0.15  # half the height of a thing that is not alone
PAIRED_HALVES: dict[Size, float] = {"small": 0.095, "medium": PAIRED, "large": 0.205}
SHIFT = 0.04  # how far a thing strays from its place
KINDS = {"single": 0.33, "couple": 0.38, "several": 0.06, "three": 0.07, "landscape": 0.16}

Look = tuple[str, str]  # shape, colour


def kept_out(*looks: Look) -> bool:
    """Whether these shapes in their colours may not stand together in a picture of the training."""
    return any(look in KEPT_OUT for look in looks) or any(
        _kept_out_couple(one, other) for place, one in enumerate(looks) for other in looks[place + 1 :]
    )


def _kept_out_couple(one: Look, other: Look) -> bool:
    if one == other:
        return False
    named = "+".join(sorted(" ".join(reversed(look)) for look in (one, other)))
    return sha256(named.encode()).digest()[0] % COUPLES == 0


def scenes(random: Random) -> Iterator[Scene]:
    """Yields scenes of the training without end."""
    kinds, weights = list(KINDS), list(KINDS.values())
    while True:
        yield MAKERS[random.choices(kinds, weights)[0]](random)


def single(random: Random) -> Scene:
    """One shape: near the middle, or in a place."""
    look = _look(random)
    place: Place = random.choice(list(CENTRES)) if random.random() < 0.45 else "anywhere"
    return plain(random, (alone(look, some_size(random), place, random),))


def alone(look: Look, size: Size, place: Place, random: Random) -> Thing:
    """A shape that stands alone, at its place."""
    half = HALVES[size] * random.uniform(0.92, 1.08)
    x, y = CENTRES["centre" if place == "anywhere" else place]
    margin = half * 1.12 + 0.01
    x, y = (min(1 - margin, max(margin, at + random.uniform(-SHIFT, SHIFT))) for at in (x, y))
    return Thing(*look, size, place, x, y, half)


def couple(random: Random) -> Scene:
    """Two shapes in one of four relations."""
    one, other = _looks(random, 2)
    place: Place = random.choice(list(OPPOSITE))
    return plain(random, related(one, other, place, random, _paired_size(random), _paired_size(random)))


def related(
    one: Look, other: Look, place: Place, random: Random, size: Size = "medium", other_size: Size = "medium"
) -> tuple[Thing, Thing]:
    """The first shape at ``place``, and the second at the opposite."""
    return _paired(one, size, place, random), _paired(other, other_size, OPPOSITE[place], random)


def several(random: Random) -> Scene:
    """Two or three of the same shape side by side."""
    look, count = _look(random), random.choice((2, 3))
    return plain(random, _row([look] * count, random))


def three(random: Random) -> Scene:
    """Three shapes side by side."""
    return plain(random, _row(_looks(random, 3), random))


def _row(looks: list[Look], random: Random) -> tuple[Thing, ...]:
    places: list[Place] = ["left", "right"] if len(looks) == 2 else ["left", "centre", "right"]
    half = PAIRED if len(looks) == 2 else 0.125
    spread = 0.0 if len(looks) == 2 else 0.07
    things = []
    for look, place in zip(looks, places, strict=True):
        x, y = CENTRES[place]
        x += (x > 0.5) * spread - (x < 0.5) * spread + random.uniform(-0.02, 0.02)
        size = half * random.uniform(0.94, 1.06)
        things.append(Thing(*look, "medium", place, x, y + random.uniform(-SHIFT, SHIFT), size))
    return tuple(things)


def _paired(look: Look, size: Size, place: Place, random: Random) -> Thing:
    x, y = (at + random.uniform(-SHIFT, SHIFT) for at in CENTRES[place])
    return Thing(*look, size, place, x, y, PAIRED_HALVES[size] * random.uniform(0.93, 1.07))


def landscape(random: Random) -> Scene:
    """A landscape with up to five things in it."""
    time: Time = random.choice(("day", "dusk", "night"))
    ground: Ground = random.choice(("sea", "hills", "field"))
    things = [*_sky(time, random), *_on_ground(ground, random)]
    return Scene("landscape", tuple(things), time=time, ground=ground, stars=time == "night" and random.random() < 0.6)


def _sky(time: Time, random: Random) -> Iterator[Thing]:
    x = random.uniform(0.18, 0.82)
    if time == "dusk" and random.random() < 0.6:
        yield Thing("sun", "", "medium", "anywhere", x, random.uniform(0.5, 0.57), 0.1)
    elif time == "day" and random.random() < 0.6:
        yield Thing("sun", "", "medium", "anywhere", x, random.uniform(0.14, 0.24), 0.09)
    elif time == "night" and random.random() < 0.6:
        yield Thing("moon", "", "medium", "anywhere", x, random.uniform(0.14, 0.26), 0.085)
    if time == "day" and random.random() < 0.4:
        away = x + 0.5 if x < 0.5 else x - 0.5
        yield Thing("cloud", "", "medium", "anywhere", min(0.84, max(0.16, away)), random.uniform(0.14, 0.3), 0.075)


def _on_ground(ground: Ground, random: Random) -> Iterator[Thing]:
    if ground == "sea":
        what = random.choice(("boat", "lighthouse", "nothing", "boat"))
        count = 1
    else:
        what = random.choice(("tree", "house", "lighthouse", "nothing", "tree", "house"))
        count = random.choice((1, 2, 3)) if what == "tree" else random.choice((1, 1, 2)) if what == "house" else 1
    if what == "nothing":
        return
    half = {"boat": 0.12, "lighthouse": 0.25, "tree": 0.17, "house": 0.15}[what] * random.uniform(0.92, 1.08)
    foot = random.uniform(0.78, 0.86)
    for number in range(count):
        x = (number + 0.5) / count if count > 1 else random.uniform(0.3, 0.7)
        yield Thing(what, "", "medium", "anywhere", x + random.uniform(-0.03, 0.03), foot - half, half)


def plain(random: Random, things: tuple[Thing, ...]) -> Scene:
    """Shapes on a plain background."""
    background = random.choices(list(BACKGROUNDS), (0.6, 0.2, 0.2))[0]
    return Scene("shapes", things, background=background)


def _look(random: Random) -> Look:
    while kept_out(look := (random.choice(SHAPES), random.choice(list(COLOURS)))):
        pass
    return look


def _looks(random: Random, count: int) -> list[Look]:
    while kept_out(*(looks := [_look(random) for _ in range(count)])):
        pass
    return looks


def some_size(random: Random) -> Size:
    """A size for a shape that stands alone."""
    sizes: tuple[Size, ...] = ("small", "medium", "large")
    return random.choices(sizes, (0.25, 0.5, 0.25))[0]


def _paired_size(random: Random) -> Size:
    sizes: tuple[Size, ...] = ("small", "medium", "large")
    return random.choices(sizes, (0.15, 0.7, 0.15))[0]


MAKERS = {"single": single, "couple": couple, "several": several, "three": three, "landscape": landscape}
