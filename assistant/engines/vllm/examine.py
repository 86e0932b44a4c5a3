"""What ``assistant doctor`` tells of GPUs, vLLM and the model."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.engines.vllm.checkpoint import GB
from assistant.engines.vllm.gpus import SECONDS, Gpu, find_gpus
from assistant.engines.vllm.plan import EIGHT_BITS_FROM, find_program, make_plan
from assistant.engines.vllm.shared import Claim
from assistant.errors import SettingsError
from assistant.finding import Finding, State
from assistant.vllm_settings import VllmEngine

# Of vLLM: the first release whose flags and parsers are those of configs/models.yaml, and the first that is not tried.
FROM, BELOW = (0, 32), (0, 33)
# Of the driver: what CUDA 13's programs need, which the vLLM of PyPI is built for.
DRIVER = 580
INSTALL = "On a machine with an NVIDIA GPU: pip install -e '.[gpu]'"


def examine(engine: VllmEngine | None, home: Path) -> Iterator[Finding]:
    """Looks at everything that a vLLM of our own depends on.

    Args:
        engine: What is to be served; None where something else answers.
        home: The home folder.

    Yields:
        What was found, with what to change.
    """
    gpus = find_gpus()
    yield gpu_finding(gpus, engine)
    yield vllm_finding(engine)
    if engine:
        yield model_finding(engine, gpus, home)


def gpu_finding(gpus: Sequence[Gpu], engine: VllmEngine | None) -> Finding:
    """Looks at driver, CUDA and memory."""
    if not gpus:
        return Finding(
            "GPU", "missing", "no NVIDIA driver tells of one", "None is needed; with one, a model can run here."
        )
    cuda, build = _driver_cuda(), _torch_cuda()
    cards = "; ".join(f"{gpu.name}, {gpu.free / GB:.0f} of {gpu.total / GB:.0f} GB free" for gpu in gpus)
    detail = (
        f"{cards}; driver {gpus[0].driver}, which knows CUDA {cuda or '?'}; torch is built for {build or 'no'} CUDA"
    )
    if build is None:
        return Finding("GPU", "missing", detail, f"torch cannot use it: {INSTALL[0].lower()}{INSTALL[1:]}")
    if cuda and _number(cuda) < _number(build):
        advice = f"Install an NVIDIA driver of {DRIVER} or newer: this torch needs CUDA {build}."
        return Finding("GPU", "broken", detail, advice)
    if min(gpu.capability for gpu in gpus) < EIGHT_BITS_FROM:
        return Finding("GPU", "broken", detail, "vLLM needs a card of compute capability 7.5 (Turing) or newer.")
    if engine and any(gpu.free < gpu.total * engine.memory for gpu in gpus):
        share = min(gpu.free / gpu.total for gpu in gpus) - 0.02
        lower = f"set engine.memory to {max(share, 0.11):.2f}"
        advice = f"Others use its memory: end them, or {lower}. Our own vLLM, where it runs already, is one of them."
        return Finding("GPU", "ok", detail, advice)
    return Finding("GPU", "ok", detail)


def vllm_finding(engine: VllmEngine | None) -> Finding:
    """Looks at vLLM's version, in the environment of its command."""
    wanted: State = "broken" if engine else "missing"
    try:
        program = find_program(engine or VllmEngine(vllm="auto"))
    except SettingsError as error:
        return Finding("vLLM", wanted, "not installed", str(error) if engine else INSTALL)
    found = version_of(program)
    if found is None:
        return Finding("vLLM", wanted, f"{program} belongs to no installed vLLM", "Install vLLM there again.")
    detail = f"{found} at {program}"
    if not FROM <= _number(found) < BELOW:
        return Finding("vLLM", "ok", detail, "Flags and parsers are those of vLLM 0.32: pip install 'vllm>=0.32,<0.33'")
    return Finding("vLLM", "ok", detail)


def model_finding(engine: VllmEngine, gpus: Sequence[Gpu], home: Path) -> Finding:
    """Looks at the model's files, whether they fit, and at the port."""
    claim = Claim(home)
    try:
        if home.is_dir() and not claim.free():
            server = claim.told(engine)
            where = f"{server.model} at {server.url}" if server else "and is starting"
            return Finding("model", "ok", f"served already by another assistant of this home folder, {where}")
        plan = make_plan(engine, gpus)
    except SettingsError as error:
        return Finding("model", "broken", f"{engine.vllm} cannot be served", str(error))
    return Finding("model", "ok", f"{plan.about}: {' '.join(plan.command)}")


def version_of(program: Path) -> str | None:
    """Returns the version of the vLLM that a command belongs to; that takes no start of it, which lasts ten seconds."""
    homes = {program.parent.parent, program.resolve().parent.parent}
    found = [path for home in homes for path in home.glob("lib/python3*/site-packages/vllm-*.dist-info")]
    return found[0].name.removeprefix("vllm-").removesuffix(".dist-info") if found else None


def _driver_cuda() -> str | None:
    """Returns the newest CUDA that the driver can run, as it says itself."""
    try:
        done = subprocess.run(["nvidia-smi"], capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S607
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"CUDA(?: UMD)? Version:\s*([\d.]+)", done.stdout)
    return found[1] if found else None


def _torch_cuda() -> str | None:
    import torch

    return torch.version.cuda


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
