"""What an instruction to edit a picture says: what is done to it, and what is to be seen afterwards."""

from __future__ import annotations

import re
from typing import Literal

Mode = Literal["auto", "change", "extend", "enlarge", "vary"]
ENLARGE = re.compile(
    r"\b(?:larger|bigger|enlarge|upscale|higher resolution|more pixels|twice (?:the|its) size)\b", re.I
)
EXTEND = re.compile(r"\b(?:extend|outpaint|widen|continue|draw on|beyond (?:its|the|all) edges?)\b", re.I)
VARY = re.compile(r"\b(?:variations?|variants?|(?:more|others?) like|versions? of)\b", re.I)
# What asks for a change, without what is to be seen.
ASKING = re.compile(
    r"^(?:please )?(?:(?:change|edit|alter|redraw|turn|make|extend|outpaint|widen) )?(?:(?:the|this|that|my) )?"
    r"(?:last |new )?(?:(?:[\w.-]+\.(?:png|jpe?g|webp)|picture|image|drawing|photo|it(?! is)) ?)?"
    r"(?:(?:on|to) all sides ?)?(?:(?:so that|such that|to show|to|into|with|:|,) ?)*",
    re.I,
)


def mode_of(instruction: str, mode: Mode) -> Mode:
    """Returns what is done to the picture; ``auto`` goes by the instruction."""
    if mode != "auto":
        return mode
    before = instruction.partition(":")[0]  # what follows tells of the picture
    found: tuple[tuple[re.Pattern[str], Mode], ...] = ((ENLARGE, "enlarge"), (EXTEND, "extend"), (VARY, "vary"))
    return next((kind for words, kind in found if words.search(before)), "change")


def described(instruction: str, mode: Mode) -> str:
    """Returns what the picture is to show, where an instruction tells more than what is done to it."""
    before, colon, after = instruction.partition(":")
    if mode in ("enlarge", "vary"):
        asks = (ENLARGE if mode == "enlarge" else VARY).search(before)
        return (after if asks else instruction).strip()
    if mode == "extend" and colon and EXTEND.search(before):
        return after.strip()
    return ASKING.sub("", instruction) or ("" if mode == "extend" else instruction)
