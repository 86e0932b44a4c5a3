"""A real vLLM on the processor, started and watched by `assistant serve`, once for all tests of this folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.ports import free_port
from tests.serving import environment
from tests.serving.tiny_model import make_adapter, make_model

ROOT = Path(__file__).parents[2]
SECONDS_TO_LOAD = 300
# Why it could not be started, so that not each test and each second try waits for the same again.
_broken: list[str] = []


@dataclass(frozen=True)
class Served:
    """What runs.

    Attributes:
        process: The assistant's.
        api: Its API.
        home: Its home folder.
        config: Its settings file.
        model: The model's folder.
    """

    process: subprocess.Popen[str]
    api: str
    home: Path
    config: Path
    model: Path

    @property
    def record(self) -> dict[str, str]:
        """Where vLLM is, as the assistant tells other assistants."""
        file = self.home / "vllm.json"
        return json.loads(file.read_text() or "{}") if file.exists() else {}

    @property
    def url(self) -> str:
        """Where vLLM answers."""
        return self.record["url"]

    @property
    def log(self) -> str:
        """All that vLLM has said."""
        file = self.home / "logs" / "vllm.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def is_ready(self) -> bool:
        """Whether vLLM answers."""
        try:
            with urllib.request.urlopen(f"{self.url.removesuffix('/v1')}/health", timeout=5) as reply:
                return reply.status == 200
        except (OSError, KeyError, urllib.error.URLError):
            return False

    def wait(self) -> None:
        """Waits until it answers."""
        until = time.monotonic() + SECONDS_TO_LOAD
        while not self.is_ready():
            assert self.process.poll() is None, "the assistant has ended"
            assert time.monotonic() < until, self.log[-3000:]
            time.sleep(0.25)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out what needs vLLM where it is not to be installed."""
    if environment.wanted():
        return
    for item in items:
        if "served" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason=environment.LEFT_OUT))


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The assistant with vLLM behind it, ready for questions."""
    if _broken:
        pytest.fail(_broken[0], pytrace=False)
    try:
        with _started(tmp_path_factory) as running:
            yield running
    except Exception as error:
        _broken.append(f"vLLM could not be started for the tests: {error}")
        raise


@contextmanager
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    environment.make()
    folder = tmp_path_factory.mktemp("vllm")
    model = make_model(folder / "tiny")
    adapter = make_adapter(folder / "other", model)
    engine = {
        "vllm": str(model),
        "program": str(environment.program()),
        "context": 32768,
        "sequences": 16,
        "adapters": {"other": str(adapter)},
        "timeout": 120,
        # Not the usual one, where the engine of a test beside these would find it.
        "port": free_port(),
        "flags": ["--enforce-eager"],
    }
    config, home = folder / "vllm.yaml", folder / "home"
    config.write_text(yaml.safe_dump({"home": str(home), "engine": engine}))
    command = [sys.executable, "-m", "assistant", "serve", "--port", "0", "--config", str(config)]
    environ = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    with (folder / "said").open("w") as said, subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=said, text=True
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "The API is at" in line, (folder / "said").read_text()
            running = Served(process, line.split()[4], home, config, model)
            running.wait()
            yield running
        finally:
            process.terminate()
            process.wait(60)
