"""What a person calls things, and which thing is meant."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches

from assistant.plugin import ToolError

from .scene import Cabinet, Drawer, Thing
from .world import World

ARTICLES = re.compile(r"\b(?:the|a|an|that|this|my|your|one|of|all|some)\b", re.I)
PLURAL = {"cubes": "cube", "blocks": "block", "balls": "ball", "cylinders": "cylinder", "lights": "light"}
KINDS = {"cube": ("block",), "block": ("cube",), "ball": ("sphere",), "cylinder": ("can", "tube")}
ANYTHING = {"object", "thing", "item", "it", "something", "anything"}
WITHIN = re.compile(
    r"^(?P<what>.+?)\s+(?:that is |which is |lying |standing )?(?:in|inside|inside of|on|on top of|from|out of|off)\s+"
    r"(?P<place>.+)$",
    re.I,
)
LEADING = ("top", "upper", "other", "another", "second", "lower", "bottom")


class Unknown(ToolError):
    """Nothing in the world is called so."""


def plain(text: str) -> str:
    """Returns a name as it is compared."""
    words = re.findall(r"[a-z0-9]+", ARTICLES.sub(" ", text.lower()))
    return " ".join(PLURAL.get(word, word) for word in words) or text.lower().strip()


def words_of(thing: Thing) -> list[str]:
    """Returns all that a thing may be called."""
    colour = thing.colour or ""
    kinds = [thing.kind, *KINDS.get(thing.kind, ())]
    named = [thing.called, *thing.words, *(f"{colour} {kind}".strip() for kind in kinds), *kinds]
    return list(dict.fromkeys(plain(name) for name in named if name))


def listed(world: World, names: Sequence[str] | None = None) -> str:
    """Returns names as a list in words."""
    return ", ".join(names if names is not None else world.things) or "nothing"


def find(world: World, text: str, *, movable: bool = False, last: str | None = None, but: Sequence[str] = ()) -> str:
    """Returns the name of the thing that is meant; of several that are called so, the first of ``find_all``."""
    return find_all(world, text, movable=movable, last=last, but=but)[0]


def find_all(
    world: World, text: str, *, movable: bool = False, last: str | None = None, but: Sequence[str] = ()
) -> list[str]:
    """Returns the names of the things that may be meant, the likeliest first.

    Args:
        world: Where.
        text: As a person says it: "the red cube", "a block in the drawer", "the top block".
        movable: Whether it has to be something that can be picked up.
        last: What was spoken of last, for "it".
        but: What is not meant.

    Raises:
        Unknown: There is nothing like it; the text lists what there is.
    """
    wanted = plain(text)
    having = [name for name in (world.movable() if movable else world.things) if name not in but]
    if wanted in ("it", "") and (last or world.held()):
        return [str(world.held() or last)]
    exact = [name for name in having if wanted in words_of(world.things[name])]
    if not exact and (found := WITHIN.match(text.strip())):
        return _within(world, found["what"], found["place"], movable=movable, last=last)
    if not exact and (first := wanted.split(" ")[0]) in LEADING:
        return _which(world, first, wanted.partition(" ")[2], having)
    if not exact and wanted in ANYTHING:
        exact = having
    if not exact:
        exact = [name for name in having if _likely(wanted, world.things[name])]
    if not exact:
        raise Unknown(_nothing(world, text, wanted, having, movable=movable))
    return _ordered(world, exact)


def _likely(wanted: str, thing: Thing) -> bool:
    """Whether a name is one of a thing's with a word more, such as "small red cube", or all but misspelt."""
    names = words_of(thing)
    words = set(wanted.split())
    if words <= {thing.colour, "one", "ones", "coloured"}:  # "the green one"
        return thing.colour in words
    # A colour that the thing has not got means another one.
    from .scene import COLOURS

    if words & COLOURS.keys() and thing.colour not in words:
        return False
    return any(set(name.split()) <= words for name in names) or bool(
        len(wanted) > 4 and get_close_matches(wanted, names, n=1, cutoff=0.85)  # noqa: PLR2004
    )


def _within(world: World, what: str, place: str, *, movable: bool, last: str | None) -> list[str]:
    holder = "table" if plain(place) == "table" else find(world, place, last=last)
    there = [name for name in world.movable() if world.under(name) == holder]
    words = plain(what)
    fitting = [name for name in there if words in words_of(world.things[name]) or words in ANYTHING]
    if not fitting:
        named = find(world, what, movable=movable, last=last)
        where = stands(world, world.under(named)) if world.is_movable(named) else "where it always is"
        having = f"{stands(world, holder)} there is: {listed(world, there)}"
        raise Unknown(f"the {named} is not {stands(world, holder)}; it is {where}, and {having}")
    return _ordered(world, fitting)


def _which(world: World, which: str, rest: str, having: Sequence[str]) -> list[str]:
    fitting = [name for name in having if not rest or rest in words_of(world.things[name]) or rest in ANYTHING]
    held = world.held()
    if which in ("other", "another", "second"):
        fitting = [name for name in fitting if name != held]
    else:
        stacked = [name for name in fitting if world.is_movable(name) and world.is_movable(world.under(name))]
        lower = [world.under(name) for name in stacked]
        fitting = [n for n in stacked if n not in lower] if which in ("top", "upper") else lower
        if not fitting:
            raise Unknown(f"nothing stands on anything else, so that there is no {which} one")
    if not fitting:
        raise Unknown(f"there is no {which} {rest or 'thing'}; there is: {listed(world)}")
    return _ordered(world, fitting)


def _ordered(world: World, names: Sequence[str]) -> list[str]:
    """What is held first, then what has nothing on it and is on the table, the nearest to the table's middle first."""
    held = world.held()

    def order(name: str) -> tuple[bool, bool, bool, float, str]:
        x, y, _ = world.pose(name).place
        movable = world.is_movable(name)
        apart = movable and world.under(name) != "table"
        return (name != held, bool(movable and world.on_top(name)), apart, math.hypot(x, y), name)

    return sorted(names, key=order)


def _nothing(world: World, text: str, wanted: str, having: Sequence[str], *, movable: bool) -> str:
    other = [name for name in world.things if name not in having and wanted in words_of(world.things[name])]
    if movable and other:
        return f"the {other[0]} cannot be picked up; what can be is: {listed(world, having)}"
    known = {word: name for name in having for word in words_of(world.things[name])}
    near = get_close_matches(wanted, known, n=1, cutoff=0.75)
    hint = f" Did you mean the {known[near[0]]}?" if near else ""
    return f"there is no '{text.strip()[:80]}' here.{hint} There is: {listed(world, having)}"


def slider(world: World, text: str, kinds: tuple[type[Thing], ...] = (Drawer, Cabinet)) -> str | None:
    """Returns which drawer or sliding door is meant, None where it is something else."""
    wanted = plain(text)
    for name, thing in world.things.items():
        if isinstance(thing, kinds):
            words = [*words_of(thing), *(plain(word) for word in getattr(thing, "door_words", ()))]
            if wanted in words or wanted in [f"{word} door" for word in words]:
                return name
    return None


def stands(world: World, under: str) -> str:
    """Where something is that stands on this, in words."""
    if under == "gripper":
        return "in the gripper"
    thing = world.things.get(under)
    return f"{preposition(thing) if thing else 'on'} the {under}"


def preposition(thing: Thing) -> str:
    """Returns "on" or "in", as one says of a thing."""
    return "in" if thing.kind in ("drawer", "cabinet", "bin", "box") else "on"
