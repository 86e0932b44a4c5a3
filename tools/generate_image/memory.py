"""Where a pipeline is put, by the memory there is and the share of it that pictures may take."""

from __future__ import annotations

import gc
import logging
from typing import Any

import torch

from .settings import PictureSettings

ROOM = 1.25  # a pipeline takes so many times the memory of its weights while it runs
GIB = 1 << 30
log = logging.getLogger(__name__)


def place(pipeline: Any, device: str, settings: PictureSettings) -> None:
    """Puts a pipeline on its device; what does not run lies in ordinary memory where the device's is too small."""
    if device.startswith("cuda"):
        allowed, free_bytes, all_bytes = _bytes_of(device, settings)
        if settings.memory_share is not None:
            torch.cuda.set_per_process_memory_fraction(settings.memory_share, torch.device(device))
        log.info("%s: %s of %s is free, pictures may take %s", device, *map(_gib, (free_bytes, all_bytes, allowed)))
        needed = _weights(pipeline) * ROOM
        if settings.offload == "always" or (settings.offload == "auto" and needed > min(allowed, free_bytes)):
            pipeline.enable_model_cpu_offload(device=device)
            pipeline.enable_attention_slicing()
            return
    pipeline.to(device)


def told(device: str, settings: PictureSettings) -> str:
    """Says how much of a device's memory pictures may take; empty where there is nothing to share."""
    if not device.startswith("cuda") or not torch.cuda.is_available():
        return ""
    allowed, free_bytes, all_bytes = _bytes_of(device, settings)
    short = ", which is less" if free_bytes < allowed else ""
    return f"may take {_gib(allowed)} of {_gib(all_bytes)}; {_gib(free_bytes)} is free{short}"


def check(device: str, settings: PictureSettings) -> None:
    """Warns in the log where less memory is free than pictures may take: something else has it."""
    if said := told(device, settings):
        log.log(logging.WARNING if said.endswith("less") else logging.INFO, "pictures on %s: %s", device, said)


def free() -> None:
    """Gives memory back that nobody uses."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _bytes_of(device: str, settings: PictureSettings) -> tuple[int, int, int]:
    """What pictures may take, what is free, and all there is; in bytes."""
    free_bytes, all_bytes = torch.cuda.mem_get_info(device)
    share = settings.memory_share
    return (free_bytes if share is None else int(all_bytes * share)), free_bytes, all_bytes


def _weights(pipeline: Any) -> int:
    parts = [each for each in pipeline.components.values() if isinstance(each, torch.nn.Module)]
    return sum(value.numel() * value.element_size() for part in parts for value in part.parameters())


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
