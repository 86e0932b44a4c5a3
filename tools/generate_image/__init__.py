"""The tools that make pictures by diffusion: ``generate_image`` and ``edit_image``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Literal

from assistant.plugin import Context, Unavailable, tool

from .policy import policy_now, policy_of
from .settings import CARD, KEYS, STARTER, PictureSettings

MINUTES = 60


def need_model(settings: PictureSettings) -> None:
    """Looks whether there is a model, diffusers to run it, and a policy.

    Raises:
        Unavailable: There is not.
    """
    policy_of(settings.policy)
    if settings.remote:
        return
    if importlib.util.find_spec("diffusers") is None:
        raise Unavailable("diffusers is missing; get it with: pip install diffusers")
    if not settings.model and not (STARTER / CARD).is_file():
        raise Unavailable("no picture model; name one in the settings, see docs/making-pictures.md")


def reaches(settings: PictureSettings) -> list[Literal["network"]]:
    """Returns what is touched: prompts go to a server, or a model comes from the hub."""
    return ["network"] if settings.remote or (settings.model and not Path(settings.model).is_dir()) else []


def asks_to_draw(settings: PictureSettings, prompt: str, style: str = "", **_: Any) -> str:
    """Returns why a person has to approve a drawing; empty where nobody has to."""
    return policy_now(settings.policy).asks("generate_image", f"{prompt}, {style}")


def asks_to_edit(settings: PictureSettings, instruction: str, **_: Any) -> str:
    """Returns why a person has to approve an edit; empty where nobody has to."""
    return policy_now(settings.policy).asks("edit_image", instruction)


def diagnose(settings: PictureSettings) -> str:
    """Returns which model makes pictures, where, and with how much of its memory."""
    if settings.remote:
        return f"pictures by {settings.remote.model} at {settings.remote.url}"
    who = f"pictures by {settings.model or 'the starter model that ships'}"
    if settings.memory_share is None:  # nothing that is worth to load torch for
        return f"{who} on {settings.device if settings.device != 'auto' else 'whatever there is'}"
    from .memory import told
    from .model import device_of

    device = device_of(settings)
    memory = told(device, settings)
    return f"{who} on {device}, which {memory}" if memory else f"{who} on {device}"


def look_at_memory(settings: PictureSettings) -> None:
    """Tells in the log where less memory is free than the settings let pictures take."""
    if settings.remote or settings.memory_share is None:
        return
    from .memory import check
    from .model import device_of

    check(device_of(settings), settings)


@tool(
    examples=[
        "Draw a lighthouse at dusk",
        "Make a picture of a red circle above a blue square",
        "Paint three trees on green hills",
        "Generate an image of a boat on the sea at night",
        "Draw a portrait of an old man",
        "Create a picture of a cat in a garden",
        "Draw a green star and a dog",
    ],
    timeout=30 * MINUTES,
    trusted=True,
    settings=PictureSettings,
    requires=need_model,
    asks=asks_to_draw,
    reaches=reaches,
    secrets=KEYS,
    prepare=look_at_memory,
    diagnose=diagnose,
)
def generate_image(
    prompt: str,
    ctx: Context,
    negative_prompt: str = "",
    size: str = "",
    count: int = 1,
    seed: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    style: str = "",
) -> dict[str, Any]:
    """Make new pictures from words by diffusion; the person gets them with the seed and the settings that made them.

    Args:
        prompt: What the picture shows.
        negative_prompt: What it must not show.
        size: Width and height in pixels such as 1024x768; without it as the model likes.
        count: How many pictures.
        seed: The same seed and settings make the same picture; without it one is drawn.
        steps: How many steps of diffusion; more take longer.
        guidance: How closely the words are followed, 0 to 50.
        style: Such as watercolour, comic or photograph.
    """
    from .generate import generate

    return generate(ctx, prompt, negative_prompt, size, count, seed, steps, guidance, style)


@tool(
    examples=[
        "Make the picture larger",
        "Change the last picture: make the circle green",
        "Extend the drawing on all sides",
        "Edit picture-5.png so that it is night",
        "Make 3 variations of picture-5.png",
    ],
    timeout=30 * MINUTES,
    trusted=True,
    settings=PictureSettings,
    requires=need_model,
    asks=asks_to_edit,
    reaches=reaches,
    secrets=KEYS,
)
def edit_image(
    instruction: str,
    ctx: Context,
    image: str = "last",
    mask: str = "",
    mode: Literal["auto", "change", "extend", "enlarge", "vary"] = "auto",
    count: int = 1,
    strength: float | None = None,
    negative_prompt: str = "",
    seed: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
) -> dict[str, Any]:
    """Edit a picture by diffusion: change all of it or a masked part, vary it, extend it, or enlarge it.

    Args:
        instruction: What the picture shows afterwards, or what is done to it.
        image: Name of a file of the conversation or of a document with a picture, or "library:7" with the number of a
            picture that search_pictures returned; "last" is the conversation's newest picture.
        mask: Name of a picture of the same size, white where something new is drawn; without it all is changed.
        mode: "change" draws anew, "extend" draws on beyond all edges, "enlarge" makes it twice as large, "vary" makes
            others like it; "auto" goes by the instruction.
        count: How many pictures.
        strength: How far it may go from the picture, above 0 to 1; without it as suits the mode.
        negative_prompt: What it must not show.
        seed: The same seed and settings make the same picture.
        steps: How many steps of diffusion.
        guidance: How closely the words are followed, 0 to 50.
    """
    from .edit import edit

    return edit(ctx, image, instruction, mask, mode, strength, negative_prompt, seed, steps, guidance, count)
