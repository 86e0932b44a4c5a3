"""What the settings may say to the pictures' tools, under ``tools.settings.generate_image``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

STARTER = Path(__file__).parent / "starter"
KEYS = ("PICTURES_API_KEY", "OPENAI_API_KEY")  # environment variables that may hold a server's key
CARD = "starter.json"  # in the folder of a starter model: what it was trained for


class RemoteSettings(BaseModel):
    """A server with OpenAI-compatible ``/v1/images/generations`` and, for edits, ``/v1/images/edits``.

    Attributes:
        url: The base URL, usually ending in ``/v1``.
        model: The model's name there.
        api_key_env: Name of the environment variable that holds the key; None where the server wants none.
        timeout: Seconds that a picture may take.
        parameters: What the server takes beside the prompt and the size, by its name there.
        also: What is sent with each request, such as ``quality``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://\S+$")
    model: str = Field(min_length=1)
    api_key_env: Literal["PICTURES_API_KEY", "OPENAI_API_KEY"] | None = None
    timeout: float = Field(120, gt=0)
    parameters: dict[Literal["seed", "steps", "guidance", "negative_prompt"], str] = {}
    also: dict[str, Any] = {}


class PictureSettings(BaseModel):
    """Of all tools that make pictures.

    Attributes:
        model: A folder as diffusers keeps pipelines, or a name on the Hugging Face hub, which downloads it at first
            use; without one the starter model that ships.
        device: Where it runs; ``auto`` takes a GPU where there is one.
        precision: Of its numbers; ``auto`` is bf16 on a GPU, else fp32.
        offload: Whether parts that do not run lie in ordinary memory; ``auto`` does so where the GPU is too small.
        memory_share: Of the GPU's memory, what pictures may take at most, since a language model may own the rest;
            without it what is free.
        loras: Files or folders of LoRA weights that are put on the model, each with its strength.
        steps: Where a request names none; without it as the model's kind wants.
        guidance: Likewise.
        largest_side: Pixels of a picture's side at most.
        most_pictures: In one request.
        remote: A server that makes the pictures in place of a model on this machine.
        policy: File that says what is refused and what needs approval; without one the policy that ships.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = ""
    device: str = Field("auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    offload: Literal["auto", "never", "always"] = "auto"
    memory_share: float | None = Field(None, gt=0, le=1)
    loras: dict[Path, float] = {}
    steps: int | None = Field(None, ge=1, le=200)
    guidance: float | None = Field(None, ge=0, le=50)
    largest_side: int = Field(2048, ge=64, le=8192)
    most_pictures: int = Field(8, ge=1, le=64)
    remote: RemoteSettings | None = None
    policy: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> PictureSettings:
        if self.remote and self.model:
            raise ValueError("model and remote exclude each other: pictures are made in one place")
        return self
