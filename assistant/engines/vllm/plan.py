"""From the settings, the machine and the model to the command that serves it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.engines.vllm.checkpoint import GB, Checkpoint, look_at
from assistant.engines.vllm.families import as_flags, table, without
from assistant.engines.vllm.gpus import Gpu
from assistant.engines.vllm.memory import available
from assistant.errors import SettingsError
from assistant.vllm_settings import VllmEngine

PORT = 8000
# What a GPU holds besides weights and conversations: CUDA itself, the graphs, what a step works with. Bytes.
RESERVE = 2e9
# Online quantisation to eight bits, which vLLM can do with any 16-bit weights: what is left of them.
EIGHT_BITS, LEFT = "fp8_per_tensor", 0.55
EIGHT_BITS_FROM = 7.5
BFLOAT16_FROM = 8.0
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
# Without a GPU: how much memory conversations get, in GB, and which share of what is free at most.
CPU_CACHE_GB, CPU_CACHE_SHARE = 4, 0.25
CPU_CACHE = "VLLM_CPU_KVCACHE_SPACE"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model is to be served.

    Attributes:
        command: What is run.
        environ: The environment it is run in.
        url: Where it will answer.
        name: The model's name at the server.
        about: One line for people: the family, and what was chosen.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str]
    url: str
    name: str
    about: str


def chosen_model(engine: VllmEngine, gpus: Sequence[Gpu]) -> str:
    """Returns the model that the settings mean on this machine."""
    return engine.vllm if engine.vllm != "auto" else table().default(sum(gpu.total for gpu in gpus)).model


def find_program(engine: VllmEngine) -> Path:
    """Returns the ``vllm`` command: as the settings say, beside this Python, or on the path.

    Raises:
        SettingsError: There is none.
    """
    beside = Path(sys.executable).parent / engine.program
    named = Path(engine.program).expanduser()
    found = named if named.parent != Path() else beside if beside.exists() else shutil.which(engine.program)
    if found is None or not Path(found).exists():
        raise SettingsError(
            f"There is no command {engine.program}: install vLLM (pip install 'assistant[gpu]'), or name its command "
            "in engine.program."
        )
    return Path(found)


def make_plan(engine: VllmEngine, gpus: Sequence[Gpu]) -> Plan:
    """Returns how to serve the model that the settings mean.

    Args:
        engine: The settings.
        gpus: Those that there are.

    Raises:
        SettingsError: It cannot be served so; the text names the reason and what to do.
    """
    program = find_program(engine)
    used = list(gpus)[: engine.gpus]
    model = look_at(chosen_model(engine, used))
    port = _port(engine.port)
    family = table().family(model)
    flags: dict[str, Any] = {"host": "127.0.0.1", "port": port, "served-model-name": _name(engine, model)}
    flags |= dict(table().always) | dict(family.flags) | _sizes(engine, model, used) | _parallel(model, len(used))
    command = [str(program), "serve", model.model, *as_flags(without(flags, engine.flags))]
    command += [*_adapters(engine), *engine.flags]
    about = f"{_name(engine, model)} ({family.name}) on {_hardware(used)}"
    return Plan(
        tuple(command), _environ(program, used, gpus), f"http://127.0.0.1:{port}/v1", _name(engine, model), about
    )


def _name(engine: VllmEngine, model: Checkpoint) -> str:
    return model.name if Path(model.model).is_absolute() else model.model


def _sizes(engine: VllmEngine, model: Checkpoint, gpus: Sequence[Gpu]) -> dict[str, Any]:
    """Flags by which model and conversations fit the memory."""
    flags: dict[str, Any] = {"max-model-len": engine.context or "auto"}
    if engine.sequences:
        flags["max-num-seqs"] = engine.sequences
    if not gpus:
        _fit_machine(model)
        return flags
    flags["gpu-memory-utilization"] = engine.memory
    if min(gpu.capability for gpu in gpus) < BFLOAT16_FROM:
        flags["dtype"] = "half"
    if (method := _quantisation(engine, model, gpus)) is not None:
        flags["quantization"] = method
    return flags


def _quantisation(engine: VllmEngine, model: Checkpoint, gpus: Sequence[Gpu]) -> str | None:
    """Returns the method by which weights have to be made smaller; None where they stay as they are."""
    if engine.quantize not in ("auto", "none"):
        return engine.quantize
    room = sum(gpu.total * engine.memory - RESERVE for gpu in gpus)
    if model.size is None or model.size <= room:
        return None
    can = not model.quantised and engine.quantize == "auto" and min(gpu.capability for gpu in gpus) >= EIGHT_BITS_FROM
    if can and model.size * LEFT <= room:
        return EIGHT_BITS
    small = table().default(sum(gpu.total for gpu in gpus)).model
    eight = f", {model.size * LEFT / GB:.0f} GB in eight bits" if can else ""
    raise SettingsError(
        f"{model.name} has {model.size / GB:.0f} GB of weights{eight}, and {_hardware(gpus)} leaves "
        f"{max(room, 0) / GB:.0f} GB for them: take a smaller one, such as {small} (engine.vllm: auto)."
    )


def _fit_machine(model: Checkpoint) -> None:
    free = available()
    if model.size and model.size + RESERVE > free:
        raise SettingsError(
            f"{model.name} has {model.size / GB:.0f} GB of weights, and {free / GB:.0f} GB of this machine's memory "
            f"are free: take a smaller one, such as {table().default(0).model}."
        )


def _parallel(model: Checkpoint, count: int) -> dict[str, Any]:
    """Flags that spread a model: each layer over as many GPUs as divide its heads, the layers over the rest."""
    if count <= 1:
        return {}
    heads = model.heads or 2**count
    tensor = max(size for size in range(1, count + 1) if count % size == 0 and heads % size == 0)
    flags = {"tensor-parallel-size": tensor, "pipeline-parallel-size": count // tensor}
    return {key: value for key, value in flags.items() if value > 1}


def _adapters(engine: VllmEngine) -> list[str]:
    if not engine.adapters:
        return []
    rank = max(_rank(name, path) for name, path in engine.adapters.items())
    named = [f"{name}={_adapter_path(path)}" for name, path in engine.adapters.items()]
    fitting = next((each for each in RANKS if each >= rank), rank)
    loaded = min(len(named), 4)
    return ["--enable-lora", f"--max-lora-rank={fitting}", f"--max-loras={loaded}", "--lora-modules", *named]


def _adapter_path(path: str) -> str:
    folder = Path(path).expanduser()
    return str(folder.resolve()) if folder.exists() else path


def _rank(name: str, path: str) -> int:
    """Returns the rank of an adapter; one on the hub may have the usual 64 at most."""
    folder = Path(path).expanduser()
    if not folder.exists() and not path.startswith(("/", "~", ".")):
        return 64
    config = folder / "adapter_config.json"
    found = re.search(r'"r"\s*:\s*(\d+)', config.read_text()) if config.exists() else None
    if not found:
        raise SettingsError(f"The adapter {name} is not in {path}: adapter_config.json with its rank is missing.")
    return int(found[1])


def _port(wanted: int | None) -> int:
    """Returns a port that is free at this moment.

    Raises:
        SettingsError: The one that is wanted is not.
    """
    for port in (wanted or PORT, *([] if wanted else [0])):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SettingsError(
        f"Port {wanted} is in use by another program: choose another engine.port, or leave it out to take a free one."
    )


def _environ(program: Path, used: Sequence[Gpu], gpus: Sequence[Gpu]) -> dict[str, str]:
    environ = {**os.environ, "VLLM_NO_USAGE_STATS": "1", "NO_COLOR": "1"}
    if Path(sys.prefix).resolve() not in program.resolve().parents:
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):  # they are for this environment, not for that
            environ.pop(name, None)
    if not used:
        share = int(available() * CPU_CACHE_SHARE / 2**30)
        environ.setdefault(CPU_CACHE, str(max(1, min(CPU_CACHE_GB, share))))
    elif len(used) < len(gpus):
        environ["CUDA_VISIBLE_DEVICES"] = ",".join(gpu.uuid for gpu in used)
    return environ


def _hardware(gpus: Sequence[Gpu]) -> str:
    if not gpus:
        return "the processor"
    names = {gpu.name for gpu in gpus}
    memory = sum(gpu.total for gpu in gpus) / GB
    return (
        f"{len(gpus)} × {', '.join(sorted(names))} ({memory:.0f} GB)"
        if len(gpus) > 1
        else f"{gpus[0].name} ({memory:.0f} GB)"
    )
