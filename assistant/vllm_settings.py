"""The settings of a vLLM server that the assistant starts itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class VllmEngine(BaseModel):
    """A chat model served by a ``vllm serve`` of our own; see docs/vllm.md.

    Attributes:
        vllm: The model, by its name on the Hugging Face hub or by folder; ``auto`` takes the one that
            ``configs/models.yaml`` names for the memory of the GPUs that are found.
        program: The ``vllm`` command: a path where it lives in an environment of its own.
        port: Where it listens on this machine; None takes 8000, or a free one where that is taken.
        context: Longest conversation with its answer, in tokens; None takes what the table says or what fits.
        memory: Share of each GPU's memory that vLLM may fill.
        quantize: How weights are made smaller as they are loaded: ``auto`` where they would not fit else, ``none``, or
            one of vLLM's names.
        gpus: How many GPUs at most; None takes all.
        sequences: Answers that are written at the same time; None leaves it to vLLM.
        adapters: LoRA adapters, by a name of one's own: each a folder or a name on the hub.
        flags: Further flags of ``vllm serve``, as they would be typed; they win over all others.
        patience: Seconds without a word from vLLM while it loads, after which it is given up.
        restarts: How often in a row it is started again after it has ended by itself.
        timeout: Seconds to wait for the next byte of an answer.
        temperature: Sampling temperature.
        vision: Whether the model is sent the pictures that are found; ``auto`` goes by its name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    vllm: str = Field(min_length=1)
    program: str = "vllm"
    port: int | None = Field(None, ge=1, le=65535)
    context: int | None = Field(None, ge=512)
    memory: float = Field(0.9, gt=0.1, le=0.99)
    quantize: str = "auto"
    gpus: int | None = Field(None, ge=1)
    sequences: int | None = Field(None, ge=1)
    adapters: Mapping[str, str] = {}
    flags: tuple[str, ...] = ()
    patience: float = Field(900, gt=0)
    restarts: int = Field(5, ge=0)
    timeout: float = Field(60, gt=0)
    temperature: float = Field(0, ge=0, le=2)
    vision: bool | Literal["auto"] = "auto"
