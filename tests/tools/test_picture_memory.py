"""How much of a GPU's memory pictures take beside a language model; the GPU is played."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from assistant.loader import builtin_folder, load_file
from assistant.settings import Settings

TOOLS = load_file(builtin_folder() / "generate_image" / "__init__.py", {"generate_image": {"model": "any"}})
PLUGIN = TOOLS[0].function.__module__
MEMORY: Any = importlib.import_module(f"{PLUGIN}.memory")
Pictures: Any = importlib.import_module(f"{PLUGIN}.settings").PictureSettings
GIB = 1 << 30


class Pipeline:
    """Notes where it is put; its weights take two GiB."""

    def __init__(self) -> None:
        part = torch.nn.Module()
        part.weight = torch.nn.Parameter(torch.empty(GIB // 2, device="meta"))
        self.components = {"unet": part, "scheduler": object()}
        self.done: list[str] = []

    def to(self, device: str) -> None:
        self.done.append(device)

    def enable_model_cpu_offload(self, device: str) -> None:
        self.done.append(f"offload {device}")

    def enable_attention_slicing(self) -> None:
        self.done.append("slices")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Has 40 GiB, of which ``free`` are free; ``limit`` is what torch was told."""
    state: dict[str, float] = {"free": 36.0}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(state["free"] * GIB), 40 * GIB))
    monkeypatch.setattr(
        torch.cuda,
        "set_per_process_memory_fraction",
        lambda share, device: state.update(limit=share, card=device.index),
    )
    return state


@pytest.mark.parametrize(
    ("asked", "free", "done"),
    [
        ({}, 36, ["cuda:1"]),
        ({}, 2, ["offload cuda:1", "slices"]),
        ({"memory_share": 0.05}, 36, ["offload cuda:1", "slices"]),
        ({"memory_share": 0.3}, 36, ["cuda:1"]),
        ({"memory_share": 0.3}, 1, ["offload cuda:1", "slices"]),
        ({"offload": "always"}, 36, ["offload cuda:1", "slices"]),
        ({"offload": "never"}, 1, ["cuda:1"]),
    ],
)
def test_a_model_is_put_where_there_is_room(gpu, asked, free, done):
    gpu["free"] = free
    pipeline = Pipeline()
    MEMORY.place(pipeline, "cuda:1", Pictures(**asked))
    assert pipeline.done == done
    assert gpu.get("limit") == asked.get("memory_share")


def test_it_is_told_at_the_start_where_something_else_has_the_memory(gpu, caplog):
    settings = Pictures(memory_share=0.5)
    with caplog.at_level(logging.INFO):
        MEMORY.check("cuda", settings)
        assert caplog.records[-1].levelname == "INFO"
        gpu["free"] = 3
        MEMORY.check("cuda", settings)
    assert caplog.records[-1].levelname == "WARNING"
    assert "may take 20.0 GiB of 40.0 GiB; 3.0 GiB is free, which is less" in caplog.text
    assert MEMORY.told("cpu", settings) == ""


def test_more_than_the_whole_gpu_is_no_setting():
    pictures = {"generate_image": {"memory_share": 0.3}}
    with pytest.raises(ValidationError, match=r"0.9 and .*memory_share 0.3 are more than the whole GPU.*memory to 0.7"):
        Settings.model_validate({"engine": {"vllm": "auto"}, "tools": {"settings": pictures}})
    Settings.model_validate({"engine": {"vllm": "auto", "memory": 0.7}, "tools": {"settings": pictures}})
    Settings.model_validate({"engine": "builtin", "tools": {"settings": {"generate_image": {"memory_share": 1.0}}}})
