"""The page while the model of a vLLM of our own is loaded, and when it cannot be."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.assistant.engines.vllm import stand_in
from tests.ports import free_port
from tests.ui.browser import person, serving

pytestmark = pytest.mark.browser

TOO_SMALL = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that is half loaded until a file lets it go on, and then does not fit."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "qwen3"}')
    (folder / "model.safetensors").write_bytes(bytes(2000))
    behave = {"lines": stand_in.LINES[:4], "gate": "go", "then": TOO_SMALL, "code": 1}
    (folder / "behave.json").write_text(json.dumps(behave))
    return folder


def test_a_person_sees_how_far_the_model_is_and_why_it_does_not_run(
    tmp_path: Path, model: Path, browser: Browser
) -> None:
    program = tmp_path / "vllm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {stand_in.__file__} "$@"\n')
    program.chmod(0o755)
    config = f"engine: {{vllm: {model}, program: {program}, port: {free_port()}}}\n"
    with serving(tmp_path / "home", config) as url, person(browser, url) as someone:
        page = someone.page
        header = page.locator(".bar .engine")
        expect(header).to_contain_text("tiny on vLLM is being loaded: loading the weights 50%")
        someone.send("How long is the notice period?")
        expect(page.locator(".thinking")).to_contain_text("The model is being loaded: loading the weights 50%")
        expect(someone.box).to_have_value("")
        (model / "go").touch()
        failed = page.locator(".note.failed")
        expect(failed).to_contain_text("The GPU's memory is too small. Take a smaller or quantised model")
        expect(header).to_contain_text("tiny on vLLM does not run")
        header.click()
        expect(page.locator(".popover").first).to_contain_text("The language model does not run")
        expect(page.get_by_text("How long is the notice period?").first).to_be_visible()
    assert "Error: The GPU's memory is too small." in (tmp_path / "home" / "server.log").read_text()
