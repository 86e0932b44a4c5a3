"""Reads that a picture is to be changed, by its form, and what else is said about how one is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.engines.builtin.drawing import COUNT, number
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
        ("vary", rf"(?:make|draw|create|give me|show me) (?:(?P<count>{COUNT}|an?|some) )?"
                 rf"(?:variations?|variants?|versions) of (?:{PICTURE}|it)"),
        ("enlarge", rf"(?:make {PICTURE} (?:larger|bigger|twice (?:as large|its size))|(?:enlarge|upscale) {PICTURE})"
                    .replace("(?P<file>", "(?P<file2>", 1)),
        ("extend", rf"(?:extend|widen|outpaint) {PICTURE}(?: (?:on|to) all sides| beyond (?:its|the|all) edges)?"),
        ("change", rf"(?:turn|transform) (?:{PICTURE}|it) into "
                   r"(?P<style>(?:an? )?(?:\w+ ){0,3}(?:watercolou?r|comic|cartoon"
                   r"|sketch|painting|photo(?:graph)?|drawing|mosaic|pixel art|style))"),
        ("change", rf"(?:change|edit|alter|redraw) {PICTURE}{MASK}(?=:| so that | such that )"
                   r"(?: so that | such that )?(?P<plain>[^:].*)?"),
    )
)  # fmt: skip
VERIFIER = "verify_image"
ORIGIN = re.compile(
    rf"(?:where (?:does|did) {PICTURE} come from"
    rf"|(?:was|is) {PICTURE.replace('file', 'file2')} "
    r"(?:altered|signed|fake|genuine|(?:made|generated|drawn) by (?:an? )?(?:ai|machine|computer|model))\b.{0,60}"
    rf"|(?:verify|check the origin of) {PICTURE.replace('file', 'file3')})[?.!]*",
    re.I,
)
COUNTS = {"a": 1, "an": 1, "some": 3}


def edited(request: str, tools: Mapping[str, Any]) -> Call | None:
    """Returns the call that makes a picture of another one; None where none is asked for."""
    if TOOL not in tools:
        return None
    for mode, form in ASKED:
        if found := form.fullmatch(request.strip()):
            said = {name: value for name, value in found.groupdict().items() if value}
            file = said.get("file") or said.get("file2")
            words = (said.get("rest") or said.get("plain") or said.get("style") or "").strip()
            arguments: dict[str, Any] = {"instruction": words, "image": file.strip('"') if file else "last"}
            if count := said.get("count"):
                arguments["count"] = COUNTS.get(count.lower()) or number(count)
            if mask := said.get("mask"):
                arguments["mask"] = mask.strip('"')
            return Call(TOOL, arguments | {"mode": mode})
    return None


def verified(request: str, tools: Mapping[str, Any]) -> Call | None:
    """Returns the call that tells where a picture comes from; None where that is not asked."""
    found = ORIGIN.fullmatch(request.strip()) if VERIFIER in tools else None
    if found is None:
        return None
    file = next((name for name in found.groupdict().values() if name), "last")
    return Call(VERIFIER, {"file": file.strip('"')})
