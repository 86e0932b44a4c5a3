"""The tool ``generate_image``: checks, makes, keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.plugin import Context, Made, ToolError

from .checker import held_back, look_of, rule_against
from .model import card_of
from .pictures import Picture, make, ready
from .policy import policy_now
from .remote import check_seed, drawn
from .request import Request, bare, checked_count, checked_prompt, checked_seed, checked_size, checked_steps
from .settings import PictureSettings
from .vocabulary import introduced, read_prompt
from .waiting import Stopped

NAMED = "picture"  # begins the names of pictures that were made from words


def generate(
    ctx: Context,
    prompt: str,
    negative: str,
    size: str,
    count: int,
    seed: int | None,
    steps: int | None,
    guidance: float | None,
    style: str,
) -> dict[str, Any]:
    """Makes pictures as `generate_image` says, and keeps each as soon as it is made.

    Raises:
        ToolError: Something that was asked for cannot be made.
    """
    settings: PictureSettings = ctx.settings
    prompt = bare(checked_prompt(prompt))
    told = f"{prompt}, {checked_prompt(style, 'style')}" if style.strip() else prompt
    policy = policy_now(settings.policy)
    policy.refuse("generate_image", told)
    width, height = checked_size(size, settings)
    checked_steps(steps, guidance)
    check_seed(settings.remote, seed)
    request = Request(
        told,
        checked_prompt(negative, "negative prompt"),
        width,
        height,
        checked_count(count, settings),
        checked_seed(seed, ctx.random),
        steps,
        guidance,
    )
    if policy.checker:
        look_of(policy.checker)  # rather now than after minutes of work
    made: list[dict[str, Any]] = []
    held: list[str] = []
    notes: list[str] = []
    if card := card_of(settings):
        reading = read_prompt(told, card)
        request = replace(request, prompt=reading.prompt)
        notes = [reading.note, *([] if _has_drawn(ctx.folder) else [introduced(card)])]
    try:
        with _source(request, settings, ctx) as pictures:
            for picture in pictures:
                if rule := rule_against(picture.picture, policy.checker, flagged=picture.flagged):
                    held.append(rule)
                else:
                    made.append(keep(ctx, picture, NAMED, request.prompt))
    except Stopped as error:
        raise ToolError(f"Stopped; {len(made)} of {count} pictures were made.") from error
    if held and not made:
        raise ToolError(held_back(held, count))
    if held:
        notes.append(held_back(held, count))
    return {"prompt": request.prompt, "pictures": made, **noted(notes)}


def _has_drawn(folder: Path) -> bool:
    return any(folder.glob(f"{NAMED}-*.png"))


def noted(notes: Sequence[str]) -> dict[str, str]:
    """Returns what a result says beside its pictures."""
    note = " ".join(filter(None, notes))
    return {"note": note} if note else {}


@contextmanager
def _source(request: Request, settings: PictureSettings, ctx: Context) -> Iterator[Iterator[Picture]]:
    """Yields what makes pictures; whoever holds it has the device."""
    if settings.remote:
        yield drawn(settings.remote, request, ctx)
        return
    with ready(settings, ctx) as model:
        yield make(model, request, settings, ctx)


def keep(ctx: Context, made: Picture, name: str, prompt: str, source: Path | None = None) -> dict[str, Any]:
    """Keeps a picture for the person, with its origin signed into it.

    Args:
        ctx: Of the call.
        made: The picture.
        name: Begins the file's name.
        prompt: What the model was told.
        source: The picture that it was made from.

    Returns:
        How it was made.
    """
    tool = "edit_image" if source else "generate_image"
    settings = {"steps": made.steps, "guidance": made.guidance} if made.steps else {}
    settings |= {"server": ctx.settings.remote.url} if ctx.settings.remote else {}
    origin = Made(tool, made.model, prompt, made.seed, settings, (source,) if source else ())
    artifact = ctx.save_made(name if made.seed is None else f"{name}-{made.seed}", made.picture, origin)
    return {
        "file": Path(artifact.path).name,
        "model": made.model,
        "seed": made.seed,
        "steps": made.steps or None,
        "guidance": made.guidance if made.steps else None,
        "size": f"{made.picture.width}x{made.picture.height}",
        "seconds": round(made.seconds, 2),
    }
