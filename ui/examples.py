"""Example questions of the first minute, in the language of the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.samples import QUESTIONS
from assistant.schema import Tool
from ui.language import Texts, texts

# Questions of these kinds are shown first, so that the examples show what can be asked.
KINDS = ("answered", "computed", "declined")
# Then an example of the first tool that there is of each kind, by the beginning of its name.
TOOLS = ("code_", "plot", "make_picture", "generate_", "robot_")
# The questions that the catalogues know in every language.
KNOWN = ("notice", "sum", "moons", "code", "plot", "picture", "table")


def examples(tools: Mapping[str, Tool], t: Texts, *, english: bool) -> list[Any]:
    """Returns the example questions as the chat shows them.

    Args:
        tools: Which there are.
        t: What the page says.
        english: Whether questions are asked in English whatever the page speaks, as the built-in engine needs it.
    """
    found = [*example_messages(QUESTIONS), *tool_examples(tools)]
    known = {texts()(f"examples.{name}"): t(f"examples.{name}") for name in KNOWN}
    said = [(each["text"], known.get(each["text"], each["text"])) for each in found]
    return [{"text": asked if english else shown, "display_text": shown} for asked, shown in said]


def example_messages(path: Path) -> list[Any]:
    """Returns one example question for each of ``KINDS`` from the samples' file; none where it is missing."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    chosen: list[dict[str, str]] = []
    for kind in KINDS:
        row = next((row for row in rows if row["expect"] == kind and row not in chosen), None)
        chosen += [row] if row else []
    return [{"text": row["question"], "display_text": row["question"]} for row in chosen]


def tool_examples(tools: Mapping[str, Tool]) -> list[Any]:
    """Returns an example question of one tool of each kind in ``TOOLS`` that is installed."""
    found = []
    for kind in TOOLS:
        named = (tool.options.examples for name, tool in tools.items() if name.startswith(kind))
        if words := next((each[0] for each in named if each), ""):
            question = words[0].upper() + words[1:]
            found.append({"text": question, "display_text": question})
    return found
