"""Which engine is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.engines import choose as choosing
from assistant.engines.choose import choose, make_engine
from assistant.settings import ServerEngine, Settings
from assistant.vllm_settings import VllmEngine
from index.embed import SentenceTransformerEmbedder
from tests.assistant.engines.vllm.conftest import gpu


@pytest.fixture
def _card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "find_gpus", lambda: [gpu()])
    monkeypatch.setattr(choosing, "can_serve", lambda: True)
    monkeypatch.setattr(choosing, "LOCAL_SERVERS", {"vLLM": 1})  # nobody listens there


@pytest.mark.usefixtures("_card")
async def test_a_gpu_with_vllm_is_used(home: Path) -> None:
    choice = await choose(Settings(home=home))
    assert choice.server == VllmEngine(vllm="Qwen/Qwen3-VL-8B-Instruct-FP8")
    assert choice.reason == "there are a GPU and vLLM on this machine"


@pytest.mark.usefixtures("_card")
async def test_a_vllm_that_runs_already_has_the_gpu(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = ServerEngine(url="http://127.0.0.1:8000/v1", model="theirs")

    async def probe(name: str, port: int) -> tuple[str, ServerEngine]:
        return name, running

    monkeypatch.setattr(choosing, "_probe", probe)
    assert (await choose(Settings(home=home))).server == running


@pytest.mark.usefixtures("_card")
@pytest.mark.parametrize("engine", ["vllm", VllmEngine(vllm="auto", gpus=1)])
async def test_vllm_can_be_asked_for(home: Path, engine: VllmEngine) -> None:
    settings = Settings(home=home, engine=engine)
    choice = await choose(settings)
    assert choice.reason == "the settings ask for it"
    made = make_engine(choice, settings, SentenceTransformerEmbedder())
    assert made.name == "Qwen/Qwen3-VL-8B-Instruct-FP8 on vLLM"
    assert made.sees
    assert made.vllm is not None
    await made.close()
