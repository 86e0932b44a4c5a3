"""What is wrong with a model is told before vLLM is started with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assistant.engines.vllm.checkpoint import look_at
from assistant.errors import SettingsError
from tests.assistant.engines.vllm.conftest import MakeModel


def test_a_folder_tells_what_it_holds(make_model: MakeModel) -> None:
    model = make_model("Mine-3B", size=5000, text_config={"num_attention_heads": 16})
    (model / "tokenizer_config.json").write_text('{"chat_template": "<tool_call>"}')
    found = look_at(str(model))
    assert (found.model, found.name, found.kind, found.size) == (str(model), "Mine-3B", "qwen3", 5000)
    assert "<tool_call>" in found.template
    assert not found.quantised


def test_what_is_wrong_with_a_folder_is_told(tmp_path: Path, make_model: MakeModel) -> None:
    def said(folder: Path) -> str:
        with pytest.raises(SettingsError) as error:
            look_at(str(folder))
        return str(error.value)

    assert said(tmp_path / "none") == f"There is no folder {tmp_path / 'none'}: check engine.vllm."
    (tmp_path / "empty").mkdir()
    assert "holds no model: config.json is missing" in said(tmp_path / "empty")
    model = make_model()
    (model / "model.safetensors").unlink()
    assert "holds no weights: it needs *.safetensors" in said(model)
    (model / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1")
    assert "is no file of weights but a pointer" in said(model)
    model = make_model("part")
    (model / "model.safetensors.index.json").write_text('{"weight_map": {"a": "b.safetensors", "c": "d.safetensors"}}')
    assert "b.safetensors is missing in" in said(model)
    (model / "model.safetensors.index.json").unlink()
    (model / "config.json").write_text("{")
    assert "config.json cannot be read" in said(model)


def test_a_word_is_no_model() -> None:
    with pytest.raises(SettingsError, match="gpt5 is neither a folder nor a name on the Hugging Face hub"):
        look_at("gpt5")


class Hub(BaseHTTPRequestHandler):
    """A hub that has no model, or does not give it out."""

    def do_GET(self) -> None:
        self.do_HEAD()

    def do_HEAD(self) -> None:
        gated = "secret" in self.path
        self.send_response(403 if gated else 404)
        self.send_header("X-Error-Code", "GatedRepo" if gated else "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Is silent."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    from huggingface_hub import constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", url, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("hub")
def test_what_the_hub_says_is_told() -> None:
    with pytest.raises(SettingsError, match="There is no model acme/nothing on the Hugging Face hub"):
        look_at("acme/nothing", {})
    with pytest.raises(SettingsError, match="does not give out acme/secret without permission"):
        look_at("acme/secret", {})


def test_a_model_that_is_not_here_and_cannot_be_asked_for_is_told() -> None:
    with pytest.raises(SettingsError, match="acme/nothing is not on this machine and HF_HUB_OFFLINE is set"):
        look_at("acme/nothing", {"HF_HUB_OFFLINE": "1"})
