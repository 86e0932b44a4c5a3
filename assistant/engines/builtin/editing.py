"""Reads that a picture is to be changed, by its form, and what else is said about how one is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.engines.builtin.steps import Call

TOOL = "edit_image"
KIND = r"(?:picture|image|drawing|painting|illustration|sketch|photo(?:graph)?)"
NAME = r"(?:[\w./-]+|\"[^\"]+\")"
# A file by its name, else what was made or given last.
PICTURE = (
    rf"(?:(?P<file>[\w.-]+\.(?:png|jpe?g|webp|gif|bmp|tiff?)|\"[^\"]+\")|(?:the|this|that|my) (?:last |new )?{KIND})"
)
LEAD = r"(?:(?:please|now|can you|could you|would you) )*"
MASK = rf"(?: where (?P<mask>{NAME}) is white)?"
ASKED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (mode, re.compile(rf"{LEAD}{words}\W*(?::\s*(?P<rest>.+))?", re.I | re.S))
    for mode, words in (
        ("vary", rf"(?:make|draw|create|give me|show me) (?:(?P<count>\d{{1,6}}|an?|two|three|four|some) )?"
                 rf"(?:variations?|variants?|versions) of {PICTURE}"),
        ("enlarge", rf"(?:make {PICTURE} (?:larger|bigger|twice (?:as large|its size))|(?:enlarge|upscale) {PICTURE})"
                    .replace("(?P<file>", "(?P<file2>", 1)),
        ("extend", rf"(?:extend|widen|outpaint) {PICTURE}(?: (?:on|to) all sides| beyond (?:its|the|all) edges)?"),
        ("change", rf"(?:change|edit|alter|redraw) {PICTURE}{MASK}(?=:| so that | such that )"
                   r"(?: so that | such that )?(?P<plain>[^:].*)?"),
    )
)  # fmt: skip
COUNTS = {"a": 1, "an": 1, "two": 2, "three": 3, "four": 4, "some": 3}


def edited(request: str, tools: Mapping[str, Any]) -> Call | None:
    """Returns the call that makes a picture of another one; None where none is asked for."""
    if TOOL not in tools:
        return None
    for mode, form in ASKED:
        if found := form.fullmatch(request.strip()):
            said = {name: value for name, value in found.groupdict().items() if value}
            file = said.get("file") or said.get("file2")
            words = (said.get("rest") or said.get("plain") or "").strip()
            arguments: dict[str, Any] = {"instruction": words, "image": file.strip('"') if file else "last"}
            if count := said.get("count"):
                arguments["count"] = COUNTS.get(count.lower()) or int(count)
            if mask := said.get("mask"):
                arguments["mask"] = mask.strip('"')
            return Call(TOOL, arguments | {"mode": mode})
    return None
