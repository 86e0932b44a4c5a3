"""Loads a pipeline of diffusers and puts it where there is memory for it."""

from __future__ import annotations

import inspect
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import torch

from assistant.plugin import ToolError, guard_torchvision

from .memory import free, place
from .preview import Colours, colours_of
from .settings import CARD, STARTER, PictureSettings

guard_torchvision()

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
# The settings by which a model is loaded; the others hold for a request.
LOADING = {"model", "device", "precision", "offload", "memory_share", "loras"}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Card:
    """What a starter model was trained for.

    Attributes:
        side: Of its pictures, in pixels.
        steps: That it needs.
        guidance: That suits it.
        words: That it knows.
        things: Those of them that name what can be drawn.
        draws: In a sentence, what it can draw.
    """

    side: int
    steps: int
    guidance: float
    words: frozenset[str]
    things: frozenset[str]
    draws: str


@dataclass(slots=True)
class Model:
    """A pipeline that is ready.

    Attributes:
        name: Folder or name on the hub.
        pipeline: Of diffusers; makes pictures from text.
        device: Where it runs.
        card: Of a starter model.
        colours: Gives previews; None where it has none.
        others: Pipelines of the same parts for other tasks, made when they are needed.
    """

    name: str
    pipeline: Any
    device: str
    card: Card | None
    colours: Colours | None = None
    others: dict[str, Any] = field(default_factory=dict)

    def takes(self, name: str, task: str = "text") -> bool:
        """Whether the pipeline of a task has a parameter."""
        return name in inspect.signature(self.of(task).__call__).parameters

    def default(self, name: str) -> Any:
        """What a parameter is where nobody names it."""
        parameters = inspect.signature(self.pipeline.__call__).parameters
        return parameters[name].default if name in parameters else None

    def of(self, task: str) -> Any:
        """Returns the pipeline for ``text``, ``image`` (picture to picture) or ``mask`` (inpainting).

        Raises:
            ToolError: This kind of model has none.
        """
        if task == "text":
            return self.pipeline
        if task not in self.others:
            self.others[task] = _other(self, task)
        return self.others[task]

    @property
    def step(self) -> int:
        """Sides of a picture are multiples of it."""
        factor = int(getattr(self.pipeline, "vae_scale_factor", 8))
        # Transformers such as FLUX's take latents in pieces of 2x2.
        return factor if getattr(self.pipeline, "unet", None) is not None else 2 * factor


def _other(model: Model, task: str) -> Any:
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

    maker = AutoPipelineForImage2Image if task == "image" else AutoPipelineForInpainting
    try:
        other = maker.from_pipe(model.pipeline)
    except ValueError as error:
        kind = type(model.pipeline).__name__
        raise ToolError(
            f"The model {model.name} ({kind}) makes pictures from text only; choose another model."
        ) from error
    other.set_progress_bar_config(disable=True)
    return other


def device_of(settings: PictureSettings) -> str:
    """Returns where pictures are made."""
    if settings.device != "auto":
        return settings.device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


_loaded: dict[str, Model] = {}
_lock = Lock()


def model_of(settings: PictureSettings) -> Model:
    """Returns the model of the settings, loaded when it is first asked for; one model is kept.

    Raises:
        ToolError: It cannot be loaded.
    """
    key = settings.model_dump_json(include=LOADING)
    with _lock:
        for other in [each for each in _loaded if each != key]:
            del _loaded[other]
            free()
        if key not in _loaded:
            _loaded[key] = load(settings)
        return _loaded[key]


def card_of(settings: PictureSettings) -> Card | None:
    """Returns the card of a starter model, without loading the model; None of any other.

    Raises:
        ToolError: It is damaged.
    """
    if settings.remote:
        return None
    name = settings.model or str(STARTER)
    try:
        return _card(Path(name))
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.exception("the card of the picture model %s cannot be read", name)
        raise _damaged(name, error) from error


def load(settings: PictureSettings) -> Model:
    """Loads a model.

    Raises:
        ToolError: It is damaged, missing, or no pipeline that makes pictures from text.
    """
    name = settings.model or str(STARTER)
    if not Path(name).is_dir() and (Path(name).is_absolute() or name.startswith(".")):
        raise ToolError(f"There is no folder {name}; mend tools.settings.generate_image.model in the configuration.")
    device = device_of(settings)
    try:
        pipeline, card = _pipeline(name, _precision(settings, device))
        _put_on(pipeline, settings.loras)
        place(pipeline, device, settings)
    except ToolError:
        raise
    except Exception as error:  # whatever a damaged folder makes diffusers raise
        log.exception("the picture model %s cannot be loaded", name)
        raise _damaged(name, error) from error
    pipeline.set_progress_bar_config(disable=True)
    return Model(settings.model or "starter", pipeline, device, card, colours_of(pipeline))


def _damaged(name: str, error: Exception) -> ToolError:
    return ToolError(
        f"The picture model {name} cannot be loaded: {_first_line(error)} Look at the folder, or name another one in "
        "tools.settings.generate_image.model."
    )


def _pipeline(name: str, precision: torch.dtype) -> tuple[Any, Card | None]:
    from diffusers import DiffusionPipeline
    from diffusers.utils import logging as told

    told.set_verbosity_error()  # it warns of each part that is not of the usual class
    told.disable_progress_bar()
    given: dict[str, Any] = {}
    card = _card(Path(name))
    if card:
        precision = torch.float32  # it is small, and its parts are made here

        from .autoencoder import PatchAutoencoder
        from .text_encoder import load_text_encoder

        given["text_encoder"], given["tokenizer"] = load_text_encoder(Path(name) / "text_encoder")
        given["vae"] = PatchAutoencoder.from_pretrained(Path(name) / "vae", local_files_only=True)
        given["safety_checker"] = None
    pipeline = DiffusionPipeline.from_pretrained(
        name, dtype=precision, local_files_only=Path(name).is_dir(), use_safetensors=True, **given
    )
    if "prompt" not in inspect.signature(pipeline.__call__).parameters:
        raise ToolError(f"{name} holds a {type(pipeline).__name__}, which does not make pictures from text.")
    return pipeline, card


def _card(folder: Path) -> Card | None:
    path = folder / CARD
    if not path.is_file():
        return None
    told = json.loads(path.read_text())
    words = frozenset(told["words"]), frozenset(told["things"])
    return Card(told["side"], told["steps"], told["guidance"], *words, told["draws"])


def _precision(settings: PictureSettings, device: str) -> torch.dtype:
    if settings.precision != "auto":
        return PRECISIONS[settings.precision]
    return torch.bfloat16 if device.startswith("cuda") else torch.float32


def _put_on(pipeline: Any, loras: dict[Path, float]) -> None:
    """Puts LoRA weights on a pipeline.

    Raises:
        ToolError: A file is missing, or does not fit.
    """
    names = [f"lora_{number}" for number in range(len(loras))]
    for name, path in zip(names, loras, strict=True):
        if not path.exists():
            raise ToolError(f"There is no LoRA {path}; mend tools.settings.generate_image.loras in the configuration.")
        folder, file = (path, None) if path.is_dir() else (path.parent, path.name)
        try:
            pipeline.load_lora_weights(str(folder), weight_name=file, adapter_name=name)
        except Exception as error:
            log.exception("the LoRA %s cannot be put on", path)
            raise ToolError(f"The LoRA {path} does not fit the model: {_first_line(error)}") from error
    if names:
        pipeline.set_adapters(names, list(loras.values()))


def _first_line(error: Exception) -> str:
    told = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    line = (told.strip().splitlines() or [type(error).__name__])[0]
    return f"{line[:200]}{'' if line[:200].endswith('.') else '.'}"
