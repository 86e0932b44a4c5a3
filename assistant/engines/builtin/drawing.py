"""Reads that a picture is to be made, by its form: what it shows may be anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.engines.builtin.steps import Call

TOOL = "generate_image"
NO_MODEL = (
    "I could draw this with a picture model, and none is set up here: `tools.settings.generate_image.model` in the "
    "settings names one. What it takes is told in docs/making-pictures.md."
)
LEAD = r"(?:(?:please|now|can you|could you|would you|i want you to|i'd like you to|let's) )*"
KIND = r"(?:picture|image|drawing|painting|illustration|sketch|photo(?:graph)?)s?"
SOME = r"(?:an?|the|one|two|three|four|five|some|several|another|\d+)"
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


def drawn(request: str, tools: Mapping[str, Any]) -> Call | None:
    """Returns the call that makes the picture that a request asks for; None where it asks for none."""
    return Call(TOOL, {"prompt": request}) if TOOL in tools and asks_for_picture(request) else None


def asks_for_picture(request: str) -> bool:
    """Whether a request wants a picture to be made, as one may that nothing here can make."""
    return bool(ASKED.match(request)) and not OTHERWISE.search(request)
