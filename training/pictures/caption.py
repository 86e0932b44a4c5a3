"""Says in words what a scene shows, in one of many wordings."""

from __future__ import annotations

from collections import Counter
from random import Random

from training.pictures.scene import Place, Scene, Thing

FRONTS = (
    "",
    "",
    "",
    "",
    "draw ",
    "a picture of ",
    "a drawing of ",
    "please draw ",
    "an image of ",
    "show me ",
    "paint ",
)
SIZES = {
    "small": ("small", "little", "tiny"),
    "medium": ("", "", "", "", "medium"),
    "large": ("large", "big", "huge"),
}
NAMES: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "circle", "disc", "dot"),
    "square": ("square", "square", "box"),
    "triangle": ("triangle",),
    "star": ("star",),
    "heart": ("heart",),
    "diamond": ("diamond", "rhombus"),
    "cross": ("cross", "plus sign"),
    "ring": ("ring",),
}
COLOUR_NAMES: dict[str, tuple[str, ...]] = {"purple": ("purple", "purple", "violet")}
PLACES: dict[Place, tuple[str, ...]] = {
    "top left": ("in the top left corner", "at the top left", "in the upper left"),
    "top": ("at the top", "in the upper part", "near the top"),
    "top right": ("in the top right corner", "at the top right", "in the upper right"),
    "left": ("on the left", "on the left side", "at the left"),
    "centre": ("in the middle", "in the centre", "in the center"),
    "right": ("on the right", "on the right side", "at the right"),
    "bottom left": ("in the bottom left corner", "at the bottom left", "in the lower left"),
    "bottom": ("at the bottom", "in the lower part", "near the bottom"),
    "bottom right": ("in the bottom right corner", "at the bottom right", "in the lower right"),
}
RELATIONS: dict[Place, tuple[str, ...]] = {
    "left": ("left of", "to the left of", "on the left of"),
    "right": ("right of", "to the right of", "on the right of"),
    "top": ("above", "over", "on top of", "higher than"),
    "bottom": ("below", "under", "beneath", "underneath"),
}
PLURALS = {"box": "boxes", "cross": "crosses", "rhombus": "rhombuses"}
COUNTS = {2: ("two", "two", "2", "a pair of"), 3: ("three", "three", "3")}
TIMES = {"day": ("", "", "by day", "during the day"), "dusk": ("at dusk", "at sunset", "in the evening", "at twilight"),
         "night": ("at night", "by night", "in the night")}  # fmt: skip
GROUNDS = {
    "sea": ("the sea", "the ocean", "a calm sea", "the water"),
    "hills": ("green hills", "hills", "rolling hills", "a hilly landscape"),
    "field": ("a field", "a meadow", "a plain", "a green field"),
}


def caption(scene: Scene, random: Random) -> str:
    """Returns one wording of what a scene shows; it leaves out what need not be said."""
    said = _landscape(scene, random) if scene.kind == "landscape" else _shapes(scene, random)
    said = random.choice(FRONTS) + said
    return said[0].upper() + said[1:] + random.choice(("", ".")) if random.random() < 0.3 else said


def named(thing: Thing, random: Random) -> str:
    """Returns a shape with its size and colour, without an article."""
    colour = random.choice(COLOUR_NAMES.get(thing.colour, (thing.colour,)))
    return " ".join(filter(None, (random.choice(SIZES[thing.size]), colour, random.choice(NAMES[thing.what]))))


def a(words: str) -> str:
    """Returns words behind ``a`` or ``an``."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def relation(one: Thing, other: Thing, random: Random) -> str:
    """Says where the first thing stands as seen from the second."""
    return f"{a(named(one, random))} {random.choice(RELATIONS[one.place])} {a(named(other, random))}"


def _shapes(scene: Scene, random: Random) -> str:
    said = _things(scene.things, random)
    if scene.background == "white":
        return said if random.random() < 0.85 else f"{said} on a white background"
    return f"{said} {random.choice(('on a', 'against a', 'on a'))} {scene.background} background"


def _things(things: tuple[Thing, ...], random: Random) -> str:
    if len(things) == 1:
        return " ".join(filter(None, (a(named(things[0], random)), *_placed(things[0], random))))
    if len({(thing.what, thing.colour) for thing in things}) == 1:
        return f"{random.choice(COUNTS[len(things)])} {_plural(named(things[0], random))}"
    if len(things) == 3:
        one, two, last = (a(named(thing, random)) for thing in things)
        return f"{one}, {two} and {last}"
    return _couple(things[0], things[1], random)


def _couple(one: Thing, other: Thing, random: Random) -> str:
    if one.place == "left" and random.random() < 0.2:
        joint = random.choice(("and", "next to", "beside"))
        return f"{a(named(one, random))} {joint} {a(named(other, random))}"
    if random.random() < 0.15:
        where, there = random.choice(PLACES[one.place]), random.choice(PLACES[other.place])
        return f"{a(named(one, random))} {where} and {a(named(other, random))} {there}"
    return relation(one, other, random)


def _placed(thing: Thing, random: Random) -> tuple[str, ...]:
    return () if thing.place == "anywhere" else (random.choice(PLACES[thing.place]),)


def _plural(words: str) -> str:
    before, _, last = words.rpartition(" ")
    if last == "sign":
        return f"{words}s"
    return f"{before} {PLURALS.get(last, f'{last}s')}".strip()


def _landscape(scene: Scene, random: Random) -> str:
    counted = Counter(thing.what for thing in scene.things)
    main = [_counted(what, count, random) for what, count in counted.items() if what not in ("sun", "moon", "cloud")]
    above = [f"the {what}" if what != "cloud" else "a cloud" for what in ("sun", "moon", "cloud") if what in counted]
    ground, time = random.choice(GROUNDS[scene.ground]), random.choice(TIMES[scene.time])
    joint = "on" if scene.ground != "sea" or "boat" in counted else "by"
    said = f"{main[0]} {joint} {ground}" if main else ground
    if above:
        joint = random.choice(("with", "and", "under"))
        said = f"{said} {joint} {' and '.join(above)}"
    said = " ".join(filter(None, (said, time)))
    return f"{said}, {random.choice(('with stars', 'stars in the sky', 'under the stars'))}" if scene.stars else said


def _counted(what: str, count: int, random: Random) -> str:
    return a(what) if count == 1 else f"{random.choice(COUNTS[count])} {what}s"
