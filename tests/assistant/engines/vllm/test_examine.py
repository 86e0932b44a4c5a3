"""What the doctor tells of GPUs, vLLM and the model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.engines.vllm import examine as examining
from assistant.engines.vllm.examine import examine, gpu_finding, version_of
from assistant.engines.vllm.gpus import find_gpus
from assistant.engines.vllm.shared import Claim
from assistant.settings import ServerEngine
from assistant.vllm_settings import VllmEngine
from tests.assistant.engines.vllm.conftest import MakeModel, gpu

SMI = """#!/bin/sh
if [ $# = 0 ]; then echo "| NVIDIA-SMI 580.95  Driver Version: 580.95  CUDA Version: 13.0 |"; exit; fi
echo "0, GPU-8f6d, NVIDIA L4, 23034, 22000, 8.9, 580.95"
echo "1, GPU-77aa, [Unknown Error], [N/A], [N/A], [N/A], 580.95"
"""


@pytest.fixture
def _driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver's program, which tells of a card and of one that is lost."""
    folder = tmp_path / "driver"
    folder.mkdir()
    (folder / "nvidia-smi").write_text(SMI)
    (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(examining, "_torch_cuda", lambda: "13.0")


@pytest.mark.usefixtures("_driver")
def test_the_driver_is_asked_for_the_cards() -> None:
    (card,) = find_gpus()
    assert (card.name, card.total, card.capability, card.driver) == ("NVIDIA L4", 23034 * 2**20, 8.9, "580.95")
    assert find_gpus({"CUDA_VISIBLE_DEVICES": ""}) == []


@pytest.mark.usefixtures("_driver")
def test_all_is_well(home: Path, make_model: MakeModel, engine: VllmEngine) -> None:
    site = Path(engine.program).parent.parent / "lib" / "python3.11" / "site-packages"
    (site / "vllm-0.32.0.dist-info").mkdir(parents=True, exist_ok=True)
    chosen = engine.model_copy(update={"vllm": str(make_model())})
    card, vllm, model = examine(chosen, home)
    assert str(card) == (
        "✓ GPU: NVIDIA L4, 23 of 24 GB free; driver 580.95, which knows CUDA 13.0; torch is built for 13.0 CUDA"
    )
    assert str(vllm) == f"✓ vLLM: 0.32.0 at {engine.program}"
    assert str(model).startswith(f"✓ model: tiny (Qwen3 by its kind) on NVIDIA L4 (24 GB): {engine.program} serve ")


def test_what_is_missing_is_told_with_what_to_do(home: Path, tmp_path: Path) -> None:
    engine = VllmEngine(vllm=str(tmp_path / "none"), program="/nowhere/vllm")
    _, vllm, model = examine(engine, home)
    assert (vllm.state, vllm.advice[:31]) == ("broken", "There is no command /nowhere/vllm"[:31])
    assert model.state == "broken"
    assert "install vLLM" in model.advice


def test_a_port_in_use_and_a_model_in_use_are_told(home: Path, make_model: MakeModel, engine: VllmEngine) -> None:
    import socket

    chosen = engine.model_copy(update={"vllm": str(make_model())})
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        *_, model = examine(chosen.model_copy(update={"port": port}), home)
    assert (model.state, model.advice[:30]) == ("broken", f"Port {port} is in use by another program"[:30])
    claim = Claim(home)
    assert claim.take()
    with claim:
        claim.tell(ServerEngine(url="http://127.0.0.1:9/v1", model="tiny"))
        *_, model = examine(chosen, home)
    assert model.detail == "served already by another assistant of this home folder, tiny at http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("driver", "torch", "capability", "state", "advice"),
    [
        ("12.4", "13.0", 8.9, "broken", "Install an NVIDIA driver of 580 or newer"),
        ("13.0", None, 8.9, "missing", "torch cannot use it: on a machine with"),
        ("13.0", "13.0", 7.0, "broken", "compute capability 7.5"),
        ("13.0", "13.0", 8.9, "ok", "set engine.memory to 0.48"),
    ],
)
def test_what_is_wrong_with_a_card_is_told(
    monkeypatch: pytest.MonkeyPatch, driver: str, torch: str | None, capability: float, state: str, advice: str
) -> None:
    monkeypatch.setattr(examining, "_driver_cuda", lambda: driver)
    monkeypatch.setattr(examining, "_torch_cuda", lambda: torch)
    card = gpu(capability=capability)
    half = type(card)(*(getattr(card, name) if name != "free" else card.total // 2 for name in card.__slots__))
    found = gpu_finding([half], VllmEngine(vllm="auto"))
    assert found.state == state
    assert advice in found.advice


def test_a_command_that_belongs_to_no_vllm_has_no_version(program: Path) -> None:
    assert version_of(program / "x" / "y") is None
