"""The words of a robot's table: what may be meant by a thing, a place, a direction or an amount.

What a command is about must be of a kind that lies on such a table, or have a colour: "turn off the kitchen lights" is
no business of the robot's.
"""

from __future__ import annotations

import re

ARTICLES = frozenset("the a an that this your my its both two all any one some of".split())
COLOURS = frozenset(
    "red green blue yellow orange purple pink white black grey gray brown cyan rose violet golden silver".split()
)
QUALITIES = frozenset(
    "small big large little tiny top upper topmost lower bottom other another second first sliding led light left "
    "right middle nearest closest furthest wooden coloured colored standing lying bulb toy".split()
)
NOUNS = frozenset(
    "cube cubes block blocks ball balls sphere cylinder cylinders can cup plate dish disc tray bin box boxes basket "
    "container drawer cabinet cupboard door slider lamp light lightbulb bulb led diode switch button object objects "
    "thing things item items one ones stack tower".split()
)
LIGHTS = frozenset("lamp lamps light lights lightbulb bulb led diode switch button".split())
OPENABLE = frozenset("drawer cabinet cupboard slider".split())
PRONOUNS = frozenset(("it", "that", "this", "them", "this one", "that one", "what you hold", "what you are holding"))
ARM = frozenset("arm gripper hand claw fingers manipulator robot".split())
TABLE = frozenset(("table", "desk", "table top", "tabletop", "surface", "ground"))

NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)"
POINT = re.compile(
    rf"(?:point |position |coordinates? |location )?\(?{NUMBER} ?(?:m|cm|mm)?(?: ?, ?| and | )+{NUMBER} ?(?:m|cm|mm)?"
    rf"(?:(?: ?, ?| and | ){NUMBER} ?(?:m|cm|mm)?)?\)?"
)
WORDS = {"five": 5, "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30, "forty-five": 45, "ninety": 90}
AMOUNT = re.compile(
    rf"\b(?:by |for |about |around |through |exactly )*(?P<number>{NUMBER}|{'|'.join(WORDS)})[ -]?"
    r"(?P<unit>cm|centimet(?:er|re)s?|mm|millimet(?:er|re)s?|met(?:er|re)s?|m|°|degrees?)(?=\s|$|,)",
    re.I,
)
QUARTER = re.compile(
    r"\b(?:by |through )?(?:(?P<half>half)|(?P<quarter>a quarter)) (?:a |of a )?(?:turn|circle)\b", re.I
)
WAYS = (
    ("left", "left"), ("right", "right"), ("forward", "forward"), ("away", "forward"), ("back", "back"),
    ("toward", "back"), ("closer", "back"), ("nearer", "back"), ("up", "up"), ("down", "down"),
)  # fmt: skip
WAY_WORDS = frozenset(
    "to towards toward in the its your side hand over a bit little further left right forward forwards back backward "
    "backwards away from you me robot yourself closer nearer front upward upwards up down downwards direction".split()
)
CLOCK = re.compile(r"\b(?P<against>counter-? ?|anti-? ?)?clockwise\b")
BESIDE = (
    r"(?:(?:to |on )?(?:the )?(?:left|right)(?: hand)?(?: side)? of|in front of|behind|next to|beside|near|close to)"
)
ON = r"(?:on top of|on to|onto|on|upon|into|inside of|inside|in|over|to|at|above)"
PLACE = re.compile(rf"\b(?P<how>{BESIDE}|(?:back |down |away )?{ON}) (?P<what>.+)$")
WITHIN = re.compile(
    r"^(?P<what>.+?) (?:that is |which is |that's |lying |sitting |standing )?"
    r"(?:inside of|inside|in|on top of|on|from|out of|off of|off) (?P<where>.+)$"
)


def bare(text: str) -> list[str]:
    """Returns the words that tell something."""
    return [word for word in re.findall(r"[a-z0-9'-]+", text.lower()) if word not in ARTICLES]


def is_thing(text: str) -> bool:
    """Whether a text names a thing of the table's, with the place that it is in or without."""
    if found := WITHIN.match(text):
        return _is_named(found["what"]) and (_is_named(found["where"]) or is_table(found["where"]))
    return _is_named(text)


def _is_named(text: str) -> bool:
    words = bare(text)
    if not words or len(words) > 4:  # noqa: PLR2004 - a longer one is a description of something else
        return text.lower().strip() in ("one", "this one", "that one")
    unknown = [word for word in words if word not in COLOURS | QUALITIES | NOUNS]
    coloured = bool(set(words) & COLOURS)
    kind = words[-1] in NOUNS or (words[-1] in ("light", "led", "bulb"))
    # A colour makes it a thing even where the kind is unknown: the robot says what there is.
    named = coloured and unknown == words[-1:] and unknown[0] not in WAY_WORDS | {"around", "about", "on", "off", "out"}
    return named or (not unknown and (kind or coloured))


def is_it(text: str) -> bool:
    """Whether a text stands for what was spoken of."""
    return text.lower().strip() in PRONOUNS


def is_arm(text: str) -> bool:
    """Whether a text means the arm, or a part of it."""
    words = [word.removesuffix("'s") for word in bare(text)]
    return bool(words) and all(word in ARM or word == "robotic" for word in words)


def is_table(text: str) -> bool:
    """Whether a text means the table itself."""
    return " ".join(bare(text.removesuffix(" again"))) in TABLE


def is_light(text: str) -> bool:
    """Whether a text names a single lamp or its switch."""
    words = bare(text)
    return bool(words) and words[-1] in LIGHTS and all(word in COLOURS | QUALITIES | LIGHTS for word in words)


def is_openable(text: str) -> bool:
    """Whether a text names a drawer or a sliding door."""
    words = bare(text)
    door = words[-1:] == ["door"] and bool({"sliding", "cabinet", "cupboard"} & set(words))
    known = COLOURS | QUALITIES | OPENABLE | {"door", "cabinet"}
    return bool(words) and (words[-1] in OPENABLE or door) and all(word in known for word in words)


def way_of(text: str) -> str:
    """Returns the direction that a text is, empty where it is none."""
    words = re.findall(r"[a-z]+", text.lower())
    if not words or not set(words) <= WAY_WORDS:
        return ""
    return next((way for word, way in WAYS if any(each.startswith(word) for each in words)), "")


def place_in(text: str) -> tuple[str, str] | None:
    """Parts "the cube on the plate" into what and where, None where there is no place in it."""
    for found in PLACE.finditer(text):
        what = found["what"]
        if is_thing(what) or is_it(what) or is_table(what) or POINT.fullmatch(re.sub(r"^the ", "", what)):
            where = re.sub(r"^(?:back|down|away) ", "", text[found.start() :].strip())
            return text[: found.start()].strip(), where
    return None


def amount_in(text: str) -> tuple[str, float | None]:
    """Returns a text without the amount in it, and the amount in metres or degrees."""
    if found := AMOUNT.search(text):
        unit, number = found["unit"].lower(), found["number"].lower()
        scale = 0.01 if unit.startswith("c") else 0.001 if unit.startswith(("mm", "milli")) else 1.0
        value = float(WORDS.get(number, 0) or number) * scale
    elif found := QUARTER.search(text):
        value = 180.0 if found["half"] else 90.0
    else:
        return text, None
    return " ".join((text[: found.start()] + text[found.end() :]).split()), round(value, 6)
