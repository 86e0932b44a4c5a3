"""Makes pictures with a model: step by step, to be stopped at each, one request at a time on a device."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image

from assistant.plugin import Context, ToolError

from .memory import free
from .model import Model, device_of, model_of
from .preview import Preview
from .request import Request
from .settings import PictureSettings
from .waiting import Stopped, queue_of

log = logging.getLogger(__name__)
NO_MEMORY = "The memory was not enough for this picture; a smaller size or fewer pictures would work."
STEPS, GUIDANCE = 28, 5.0  # where neither the request nor the model says anything
# Names of models that were distilled to few steps, and what they want.
FEW_STEPS, FEW = ("turbo", "schnell", "lightning", "lcm", "hyper", "dmd"), 4


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with how it was made.

    Attributes:
        picture: RGB.
        seed: Of its noise; None where it is not known.
        steps: That were taken; 0 where that is not known.
        guidance: That was used.
        seconds: That it took.
        model: Its name.
        flagged: Whether the pipeline's own checker holds it back.
    """

    picture: Image
    seed: int | None
    steps: int
    guidance: float
    seconds: float
    model: str
    flagged: bool = False


@contextmanager
def ready(settings: PictureSettings, ctx: Context) -> Iterator[Model]:
    """Waits for the device, loads the model, and holds both.

    Raises:
        ToolError: The model cannot be loaded, or memory ends.
        Stopped: The request was stopped.
    """

    def place(before: int) -> None:
        ctx.progress(f"waiting: {before} before you")

    with queue_of(device_of(settings)).turn(lambda: ctx.cancelled, place), _memory_kept():
        ctx.progress("loading the model")
        yield model_of(settings)


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Says in words when memory ends, and gives back what a failed or stopped request held."""
    try:
        yield
    except BaseException as error:
        ended = _memory_ended(error)
        # The frames of what failed hold what it had in memory.
        traceback.clear_frames(error.__traceback__)
        free()
        if ended:
            log.warning("memory ended while a picture was made: %s", error)
            raise ToolError(NO_MEMORY) from None
        raise


def _memory_ended(error: BaseException) -> bool:
    told = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in told or "can't allocate memory" in told)
    )


def make(model: Model, request: Request, settings: PictureSettings, ctx: Context) -> Iterator[Picture]:
    """Yields pictures from text, one by one.

    Raises:
        ToolError: The model cannot make this size.
        Stopped: The request was stopped.
    """
    given: dict[str, Any] = {"prompt": request.prompt, **negative(model, request, "text"), **_size(model, request)}
    for number in range(request.count):
        yield run(model, "text", given, request, number, settings, ctx)


def run(
    model: Model,
    task: str,
    given: dict[str, Any],
    request: Request,
    number: int,
    settings: PictureSettings,
    ctx: Context,
    alter: Callable[[Any, int, Any, dict[str, Any]], None] | None = None,
) -> Picture:
    """Makes one picture.

    Args:
        model: The model.
        task: ``text``, ``image`` or ``mask``.
        given: What its pipeline is given beside seed, steps and guidance.
        request: What was asked for.
        number: Which of its pictures, from 0.
        settings: Of the tools.
        ctx: Of the call.
        alter: Changes the latents after each step: it is given the pipeline, the step, the time and what diffusers
            hands to callbacks.
    """
    pipeline, steps, guidance = (
        model.of(task),
        steps_of(model, request, settings),
        guidance_of(model, request, settings),
    )
    seed, start = request.seed + number, time.perf_counter()
    preview = Preview(model.colours, _shape(given), ctx.preview)

    def after(pipe: Any, step: int, when: Any, values: dict[str, Any]) -> dict[str, Any]:
        if ctx.cancelled:
            raise Stopped
        many = f", picture {number + 1} of {request.count}" if request.count > 1 else ""
        taken = int(getattr(pipe, "num_timesteps", steps))
        ctx.progress(f"step {step + 1} of {taken}{many}", (number + (step + 1) / taken) / request.count)
        if alter:
            alter(pipe, step, when, values)
        preview.look(pipe.scheduler, when, values["latents"], (step + 1) / taken)
        return values

    if ctx.cancelled:
        raise Stopped
    try:
        with _threads(model):
            made = pipeline(
                **given,
                num_inference_steps=steps,
                **({"guidance_scale": guidance} if model.takes("guidance_scale", task) else {}),
                generator=torch.Generator("cpu").manual_seed(seed),
                callback_on_step_end=after,
            )
    finally:
        if hasattr(pipeline, "maybe_free_model_hooks"):
            pipeline.maybe_free_model_hooks()
    seconds, flagged = time.perf_counter() - start, any(getattr(made, "nsfw_content_detected", None) or ())
    return Picture(made.images[0].convert("RGB"), seed, steps, guidance, seconds, model.name, flagged)


@contextmanager
def _threads(model: Model) -> Iterator[None]:
    """Runs the starter model on one thread: more gain little with it, and lose much where they wait for each other."""
    if model.card is None or model.device != "cpu":
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _shape(given: Mapping[str, Any]) -> tuple[int, int]:
    """Width beside height of what a pipeline is to make; pipelines that are told neither make squares."""
    if "width" in given:
        return given["width"], given["height"]
    return given["image"].size if "image" in given else (1, 1)


def steps_of(model: Model, request: Request, settings: PictureSettings) -> int:
    """Returns how many steps are taken."""
    if request.steps or settings.steps:
        return request.steps or settings.steps or STEPS
    if model.card:
        return model.card.steps
    return FEW if _few(model) else int(model.default("num_inference_steps") or STEPS)


def guidance_of(model: Model, request: Request, settings: PictureSettings) -> float:
    """Returns how closely the prompt is followed."""
    for said in (request.guidance, settings.guidance, model.card.guidance if model.card else None):
        if said is not None:
            return said
    if _few(model):
        return 0.0
    default = model.default("guidance_scale")
    return GUIDANCE if default is None else float(default)


def _few(model: Model) -> bool:
    return any(name in model.name.lower() for name in FEW_STEPS)


def negative(model: Model, request: Request, task: str) -> dict[str, Any]:
    """Returns what a pipeline is given for a negative prompt.

    Raises:
        ToolError: It takes none.
    """
    if not request.negative:
        return {}
    if not model.takes("negative_prompt", task):
        raise ToolError(f"The model {model.name} takes no negative prompt; leave it out.")
    # Models that were distilled with guidance built in, such as FLUX, look at a negative prompt only with this.
    true = {"true_cfg_scale": 4.0} if model.takes("true_cfg_scale", task) else {}
    return {"negative_prompt": request.negative, **true}


def _size(model: Model, request: Request) -> dict[str, int]:
    if model.card:
        if {request.width, request.height} - {None, model.card.side}:
            raise ToolError(
                f"The starter model draws pictures of {model.card.side}x{model.card.side} pixels only; leave the size "
                "out, enlarge the picture afterwards with edit_image, or configure a larger model."
            )
        return {}
    if not request.width or not request.height:
        return {}
    wrong = [side for side in (request.width, request.height) if side % model.step]
    if wrong:
        width, height = (
            max(model.step, round(side / model.step) * model.step) for side in (request.width, request.height)
        )
        raise ToolError(
            f"This model cannot make {request.width}x{request.height}: sides are multiples of {model.step}. "
            f"{width}x{height} would work."
        )
    return {"width": request.width, "height": request.height}
