"""Models as folders, and a stand-in for the program that would serve them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.engines.vllm import plan
from assistant.engines.vllm.gpus import Gpu
from assistant.vllm_settings import VllmEngine
from tests.assistant.engines.vllm import stand_in

GIB = 2**30
MakeModel = Callable[..., Path]


def gpu(index: int = 0, gib: float = 24, capability: float = 8.9, name: str = "RTX 4090") -> Gpu:
    return Gpu(index, f"GPU-{index}", f"NVIDIA {name}", int(gib * GIB), int(gib * GIB), capability, "580.10")


@pytest.fixture(autouse=True)
def _no_port_that_others_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test beside this one must not take the stand-in for the server of the person who runs the tests."""
    monkeypatch.setattr(plan, "PORT", 0)


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Makes the folder of a model that holds what vLLM would look at, and says how the stand-in is to behave."""

    def make(name: str = "tiny", *, size: int = 2000, behave: dict[str, Any] | None = None, **config: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"model_type": "qwen3", "num_attention_heads": 32, **config}))
        with (folder / "model.safetensors").open("wb") as file:
            file.truncate(size)
        (folder / "behave.json").write_text(json.dumps(behave or {}))
        return folder

    return make


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The stand-in as a command."""
    path = tmp_path / "vllm"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {stand_in.__file__} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def engine(program: Path) -> VllmEngine:
    return VllmEngine(vllm="auto", program=str(program))
