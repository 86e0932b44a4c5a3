"""Reads that a picture is to be made, by its form: what it shows may be anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.engines.builtin.steps import Call

TOOL = "generate_image"
NO_MODEL = (
    "I could draw this with a picture model, and none is set up here, or the tool `generate_image` is off: "
    "`assistant tools list` says why. What it takes is told in docs/making-pictures.md."
)
LEAD = r"(?:(?:please|now|can you|could you|would you|i want you to|i'd like you to|let's) )*"
KIND = r"(?:picture|image|drawing|painting|illustration|sketch|photo(?:graph)?)s?"
COUNTED = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
}
COUNT = rf"(?:{'|'.join(COUNTED)}|\d{{1,3}}(?:,\d{{3}})+\b|\d{{1,6}})"
SOME = rf"(?:an?|the|one|some|several|another|{COUNT})"
ASKED = re.compile(
    rf"^{LEAD}(?:(?:draw|paint|sketch|illustrate)(?: me| us)? (?:{SOME} )?\S"
    rf"|(?:make|create|generate|render|produce)(?: me| us)? {SOME} (?:\w+ ){{0,2}}{KIND}"
    r" (?:of|with|showing|that shows) \S)",
    re.I,
)
# What is drawn of numbers or by rules is for other tools, and so is drawing a conclusion.
OTHERWISE = re.compile(
    r"\b(?:charts?|plots?|graphs?|histograms?|diagrams?|curves?|functions?|tables?|maps?|conclusions?|lots|cards?|numbers?"
    r"|attention|comparisons?|parallels?|lines? between|\w+\.(?:csv|xlsx|tsv)|[xy] ?=|(?:sin|cos|tan|exp|log)\()",
    re.I,
)

# What is said of how it is made, and not of what it shows.
JOINT = r"[,;]?(?: (?:with|and|in|at|using))?(?: (?:the|a))?"
TOLD = (
    ("seed", re.compile(rf"{JOINT} seed(?: of|:)? (\d{{1,18}})\b", re.I)),
    ("steps", re.compile(rf"{JOINT} (\d{{1,6}}) steps\b", re.I)),
    ("guidance", re.compile(rf"{JOINT} guidance(?: of|:)? (\d{{1,3}}(?:\.\d+)?)\b", re.I)),
)
SIZE = re.compile(rf"{JOINT}(?: size)?(?: of)? (\d{{2,5}}) ?(?:x|×|by) ?(\d{{2,5}})(?: pixels)?\b", re.I)
SEVERAL = re.compile(
    rf"{LEAD}(?:make|create|generate|render|produce|draw|paint)(?: me| us)? ({COUNT})"
    rf" (?:\w+ ){{0,2}}{KIND} (?:of|with|showing) ",
    re.I,
)


def drawn(request: str, tools: Mapping[str, Any]) -> Call | None:
    """Returns the call that makes the picture that a request asks for; None where it asks for none."""
    if TOOL not in tools or not asks_for_picture(request):
        return None
    found: dict[str, Any] = {name: _number(told[1]) for name, form in TOLD if (told := form.search(request))}
    if (size := SIZE.search(request)) is not None:
        found["size"] = f"{size[1]}x{size[2]}"
    if (count := SEVERAL.match(request)) is not None:
        found["count"] = number(count[1])
    for form in (SIZE, *(form for _, form in TOLD)):
        request = form.sub("", request)
    return Call(TOOL, {"prompt": request, **found})


def number(said: str) -> int:
    """Returns a count of pictures, in words or digits."""
    return COUNTED.get(said.lower()) or int(said.replace(",", ""))


def _number(digits: str) -> int | float:
    return float(digits) if "." in digits else int(digits)


def asks_for_picture(request: str) -> bool:
    """Whether a request wants a picture to be made, as one may that nothing here can make."""
    return bool(ASKED.match(request)) and not OTHERWISE.search(request)
