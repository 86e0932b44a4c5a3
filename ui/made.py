"""What is told of a picture that was made, and the buttons for what can be made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import PurePath
from typing import Any

from assistant.events import Answer
from ui.language import Texts

TOOLS = frozenset({"generate_image", "edit_image"})
DEEDS = ("vary", "larger", "retouch")


@dataclass(frozen=True, slots=True)
class MadePicture:
    """How a picture was made.

    Attributes:
        name: Of its file.
        prompt: What it shows, as the model was told.
        size: In pixels, such as ``1024x768``.
        model: That made it.
        seed: Of its noise.
        steps: None were taken where it was only enlarged.
        guidance: How closely the prompt was followed.
        seconds: That it took.
    """

    name: str
    prompt: str
    size: str
    model: str
    seed: int
    steps: int
    guidance: float
    seconds: float


def made_in(answer: Answer) -> dict[str, MadePicture]:
    """Returns the pictures that an answer's calls made or edited, by the names of their files."""
    found = {}
    for call in answer.tool_calls:
        if call.ok and call.name in TOOLS and isinstance(call.result, dict):
            prompt = str(call.result.get("prompt") or call.result.get("instruction") or "")
            for row in call.result.get("pictures") or [call.result.get("picture")]:
                if made := _made(row, prompt):
                    found[made.name] = made
    return found


def _made(row: Any, prompt: str) -> MadePicture | None:
    try:
        told: Mapping[str, Any] = {
            name: row[name] for name in ("size", "model", "seed", "steps", "guidance", "seconds")
        }
        return MadePicture(str(row["file"]), prompt, **told)
    except (KeyError, TypeError):  # a tool of the same name that is not ours
        return None


def facts(made: MadePicture, t: Texts) -> str:
    """Returns how a picture was made, in one line."""
    model = PurePath(made.model).name if PurePath(made.model).is_absolute() else made.model
    told = {"size": made.size.replace("x", "×"), "model": model}
    if not made.steps:
        return t("making.enlarged", **told)
    numbers = {"guidance": f"{t.number(made.guidance, 1)}", "seconds": t.number(made.seconds, 1)}
    return t("making.facts", seed=made.seed, steps=made.steps, **numbers, **told)


def deeds_html(made: MadePicture, turn: int, t: Texts) -> str:
    """Returns the buttons for what can be made of a picture."""
    about = f'data-turn="{turn}" data-name="{escape(made.name)}"'
    buttons = "".join(
        f'<button type="button" data-deed="{deed}" {about}>{t.html(f"making.{deed}")}</button>' for deed in DEEDS
    )
    return f'<span class="making">{buttons}</span>'
