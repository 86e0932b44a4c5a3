"""Which NVIDIA GPUs this machine has, as their driver tells; no CUDA is loaded for it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FIELDS = ("index", "uuid", "name", "memory.total", "memory.free", "compute_cap", "driver_version")
SECONDS = 20.0
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU.

    Attributes:
        index: Its number at the driver.
        uuid: Its lasting name.
        name: What it is called.
        total: Its memory in bytes.
        free: How much of that nobody uses at the moment.
        capability: CUDA's number for what it can do, such as 8.9.
        driver: The driver's version.
    """

    index: int
    uuid: str
    name: str
    total: int
    free: int
    capability: float
    driver: str


def find_gpus(environ: Mapping[str, str] | None = None) -> list[Gpu]:
    """Returns the GPUs that a program of this process may use; none where there is no driver.

    Args:
        environ: Holds ``CUDA_VISIBLE_DEVICES``; None is this process's own.
    """
    command = ["nvidia-smi", f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return []
    found = [gpu for line in done.stdout.splitlines() if (gpu := _gpu(line)) is not None]
    return _visible(found, (os.environ if environ is None else environ).get("CUDA_VISIBLE_DEVICES"))


def _gpu(line: str) -> Gpu | None:
    try:
        index, uuid, name, total, free, capability, driver = (field.strip() for field in line.split(","))
        return Gpu(int(index), uuid, name, int(total) * MIB, int(free) * MIB, float(capability), driver)
    except ValueError:  # as where the driver says that a card is lost
        return None


def _visible(gpus: Sequence[Gpu], named: str | None) -> list[Gpu]:
    """Returns those that CUDA is told of, in the order in which it is told; after an unknown one it sees no more."""
    if named is None:
        return list(gpus)
    chosen: list[Gpu] = []
    for name in (each.strip() for each in named.split(",")):
        fit = [gpu for gpu in gpus if name and (name == str(gpu.index) or gpu.uuid.startswith(name))]
        if not fit:
            break
        chosen.append(fit[0])
    return chosen


def can_serve() -> bool:
    """Whether this machine has a GPU and vLLM is installed beside us."""
    return importlib.util.find_spec("vllm") is not None and bool(find_gpus())
