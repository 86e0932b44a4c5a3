"""The real API over HTTP, with the built-in engine or a scripted server behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from assistant.api.application import make_api
from assistant.api.keys import Keys
from assistant.app import build
from assistant.settings import ServerEngine, Settings
from assistant.web.listen import listen
from tests.scripted_server import ScriptedServer


@asynccontextmanager
async def served(settings: Settings, documents: Path | None = None, keys: Keys | None = None) -> AsyncIterator[str]:
    """Serves the API and yields its base URL."""
    async with build(settings) as assistant:
        if documents:
            assistant.library.add([documents])
        listener = listen("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(make_api(assistant, keys), log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 — uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
            listener.close()


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings(home=home, engine="builtin")


@pytest.fixture
def scripted(settings: Settings, model_server: ScriptedServer) -> Settings:
    return settings.model_copy(update={"engine": ServerEngine(url=model_server.url, model="scripted", timeout=2)})


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "handbook.md").write_text("# Handbook\n\nThe notice period is three months for both sides.\n")
    return folder
