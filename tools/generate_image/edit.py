"""The tool ``edit_image``: picture to picture, inpainting, outpainting, enlarging."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageFilter

from assistant.plugin import Context, ToolError

from .checker import held_back, look_of, rule_against
from .generate import keep, noted
from .instruction import Mode, described, mode_of
from .model import Model, card_of
from .pictures import Picture, negative, ready, run
from .policy import Checker, policy_now
from .remote import check_seed, edited
from .request import Request, checked_count, checked_prompt, checked_seed, checked_steps
from .settings import PictureSettings, RemoteSettings
from .source import MOST_PIXELS, chosen, open_picture
from .vocabulary import read_prompt
from .waiting import Stopped

CHANGING_STRENGTH, VARYING_STRENGTH = 0.6, 0.75  # where nobody names one
ENLARGED = 2  # times
ENLARGING_STRENGTH = 0.25  # changes details, keeps what there is
MARGIN = 0.25  # of a side, by which a picture is extended on each


@dataclass(frozen=True, slots=True)
class Task:
    """What is done to a picture.

    Attributes:
        picture: RGB.
        mask: White where something new is to be drawn; None changes all of it.
        strength: How far it may go from the picture, 0 to 1.
    """

    picture: Image.Image
    mask: Image.Image | None
    strength: float


def edit(
    ctx: Context,
    image: str,
    instruction: str,
    mask: str,
    mode: Mode,
    strength: float | None,
    negative_prompt: str,
    seed: int | None,
    steps: int | None,
    guidance: float | None,
    count: int = 1,
) -> dict[str, Any]:
    """Edits a picture as `edit_image` says.

    Raises:
        ToolError: The picture, the mask or a number cannot be used.
    """
    settings: PictureSettings = ctx.settings
    mode = mode_of(instruction, mode)
    said = described(checked_prompt(instruction, "prompt" if mode == "change" else "instruction"), mode)
    policy = policy_now(settings.policy)
    policy.refuse("edit_image", instruction)
    if policy.checker:
        look_of(policy.checker)
    checked_steps(steps, guidance)
    check_seed(settings.remote, seed)
    if strength is None:
        strength = VARYING_STRENGTH if mode == "vary" else CHANGING_STRENGTH
    if not 0 < strength <= 1:
        raise ToolError("The strength goes from above 0 (hardly changed) to 1 (quite another picture).")
    path = chosen(ctx, image)
    picture = open_picture(path)
    task = _task(picture, _mask(ctx, mask, picture), mode, strength)
    request = Request(
        said,
        checked_prompt(negative_prompt, "negative prompt"),
        None,
        None,
        checked_count(count, settings),
        checked_seed(seed, ctx.random),
        steps,
        guidance,
    )
    card, note = card_of(settings), ""
    if card and said:
        reading = read_prompt(said, card)
        request, note = replace(request, prompt=reading.prompt), reading.note
    rows, held = _looked_through(task, request, settings, ctx, mode, policy.checker, path)
    if held and not rows:
        raise ToolError(held_back(held, request.count))
    shown = {"picture": rows[0]} if len(rows) == 1 else {"pictures": rows}
    return {"instruction": request.prompt, **shown, **noted([note, held_back(held, request.count) if held else ""])}


def _looked_through(
    task: Task,
    request: Request,
    settings: PictureSettings,
    ctx: Context,
    mode: Mode,
    checker: Checker | None,
    source: Path,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Makes the pictures; returns those that are kept, and the rules by which others were held back."""
    rows: list[dict[str, Any]] = []
    held: list[str] = []
    try:
        with closing(_results(task, request, settings, ctx, mode)) as results:
            for made in results:
                if rule := rule_against(made.picture, checker, flagged=made.flagged):
                    held.append(rule)
                else:
                    rows.append(keep(ctx, made, "edited", request.prompt, source))
    except Stopped as error:
        first = f"Stopped; {len(rows)} of {request.count} pictures were made, and" if rows else "Stopped;"
        raise ToolError(f"{first} the picture is as it was.") from error
    return rows, held


def _results(
    task: Task, request: Request, settings: PictureSettings, ctx: Context, mode: Mode
) -> Generator[Picture, None, None]:
    if settings.remote:
        for number in range(request.count):
            asked = replace(request, seed=request.seed + number, count=1)
            yield _made_there(settings.remote, task, asked, ctx, mode)
        return
    with ready(settings, ctx) as model:
        for number in range(request.count):
            yield _made(model, task, request, number, settings, ctx, mode)


def _mask(ctx: Context, name: str, picture: Image.Image) -> Image.Image | None:
    if not name.strip():
        return None
    mask = open_picture(chosen(ctx, name)).convert("L")
    if mask.size != picture.size:
        raise ToolError(
            f"The mask is {mask.width}x{mask.height} and the picture {picture.width}x{picture.height}; both have to be "
            "of one size, white where something new is drawn."
        )
    return mask


def _task(picture: Image.Image, mask: Image.Image | None, mode: Mode, strength: float) -> Task:
    if mode == "enlarge":
        size = picture.width * ENLARGED, picture.height * ENLARGED
        _check(size)
        return Task(picture.resize(size, Image.Resampling.LANCZOS), None, ENLARGING_STRENGTH)
    if mode == "extend":
        return _extended(picture)
    return Task(picture, mask, 1.0 if mask else strength)


def _check(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise ToolError(
            f"The picture would become {size[0]}x{size[1]}; up to {MOST_PIXELS // 1_000_000} million pixels work."
        )


def _extended(picture: Image.Image) -> Task:
    """Puts a picture on a larger one whose rim repeats its edges, blurred, for something new to be drawn there."""
    across, down = round(picture.width * MARGIN), round(picture.height * MARGIN)
    size = picture.width + 2 * across, picture.height + 2 * down
    _check(size)
    wider = picture.resize(size).filter(ImageFilter.GaussianBlur(max(size) / 20))
    wider.paste(picture, (across, down))
    mask = Image.new("L", size, 255)
    mask.paste(0, (across, down, across + picture.width, down + picture.height))
    return Task(wider, mask, 1.0)


def _made(
    model: Model, task: Task, request: Request, number: int, settings: PictureSettings, ctx: Context, mode: Mode
) -> Picture:
    wanted = _fitting(model, task.picture.size, settings)
    if mode == "enlarge" and model.card:
        # The starter knows one size only, so that it has nothing to add to a larger picture.
        return _enlarged(task, request.seed + number)
    small = task.picture.resize(wanted, Image.Resampling.LANCZOS)
    given: dict[str, Any] = {"prompt": request.prompt, "image": small, "strength": task.strength}
    if task.mask is None:
        given |= negative(model, request, "image") | _sized(model, wanted, "image")
        made = run(model, "image", given, request, number, settings, ctx)
        return _at(made, made.picture.resize(task.picture.size, Image.Resampling.LANCZOS))
    mask = task.mask.resize(wanted, Image.Resampling.BILINEAR)
    if model.card:
        alter = _kept(model, small, mask, request.seed + number)
        made = run(model, "image", given | negative(model, request, "image"), request, number, settings, ctx, alter)
    else:
        given |= {"mask_image": mask, **negative(model, request, "mask"), **_sized(model, wanted, "mask")}
        made = run(model, "mask", given, request, number, settings, ctx)
    fresh = made.picture.resize(task.picture.size, Image.Resampling.LANCZOS)
    # What is not masked stays as it was, to the last bit.
    return _at(made, Image.composite(fresh, task.picture, task.mask))


def _made_there(remote: RemoteSettings, task: Task, request: Request, ctx: Context, mode: Mode) -> Picture:
    # Servers have no road for enlarging.
    return _enlarged(task, request.seed) if mode == "enlarge" else edited(remote, task.picture, task.mask, request, ctx)


def _enlarged(task: Task, seed: int) -> Picture:
    return Picture(task.picture, seed, 0, 0.0, 0.0, "Lanczos")


def _at(made: Picture, picture: Image.Image) -> Picture:
    return replace(made, picture=picture)


def _sized(model: Model, size: tuple[int, int], task: str) -> dict[str, int]:
    # Pipelines that take a size, such as FLUX's, would squeeze the picture into a square without it.
    return {"width": size[0], "height": size[1]} if model.takes("width", task) else {}


def _fitting(model: Model, size: tuple[int, int], settings: PictureSettings) -> tuple[int, int]:
    """Returns the size nearest to a picture's that the model can work at."""
    if model.card:
        return model.card.side, model.card.side
    scale = min(1.0, settings.largest_side / max(size))
    width, height = (max(model.step, round(side * scale / model.step) * model.step) for side in size)
    return width, height


def _kept(
    model: Model, picture: Image.Image, mask: Image.Image, seed: int
) -> Callable[[Any, int, Any, dict[str, Any]], None]:
    """Returns what puts the unmasked part back after each step, as noisy as the rest.

    Blended latent diffusion (Avrahami et al. 2022, arXiv:2206.02779), for models whose latents the inpainting of
    diffusers does not take.
    """
    pipeline = model.pipeline
    with torch.no_grad():
        pixels = pipeline.image_processor.preprocess(picture).to(model.device, pipeline.vae.dtype)
        known = pipeline.vae.encode(pixels).latent_dist.mean * pipeline.vae.config.scaling_factor
    small = mask.resize((known.shape[-1], known.shape[-2]), Image.Resampling.BOX)
    new = torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8).reshape(1, 1, *known.shape[-2:])
    new = new.to(known) / 255
    noise = torch.randn(known.shape, generator=torch.Generator("cpu").manual_seed(seed)).to(known)

    def alter(pipe: Any, step: int, when: Any, values: dict[str, Any]) -> None:
        later = pipe.scheduler.timesteps[pipe.scheduler.timesteps < when]
        old = pipe.scheduler.add_noise(known, noise, later[:1]) if len(later) else known
        values["latents"] = new * values["latents"] + (1 - new) * old

    return alter
