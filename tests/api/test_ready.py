"""Whether the server is ready, as a load balancer asks."""

import asyncio
from typing import Any

import httpx
import pytest

from assistant.api import ready
from assistant.api.ready import Readiness
from assistant.app import build
from assistant.errors import StorageError
from assistant.settings import ArtifactSettings, Settings
from tests.api.conftest import served
from tests.s3_server import CREDENTIALS
from tests.scripted_server import refused_url


async def test_a_server_with_all_that_it_needs_is_ready(settings: Settings) -> None:
    async with served(settings) as url, httpx.AsyncClient(base_url=url) as client:
        for where in ("/healthz", "/readyz"):
            assert (await client.get(where)).json() == {"status": "ok"}


async def test_without_its_bucket_it_is_not_ready(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    away = ArtifactSettings(bucket="notes", endpoint=refused_url().removesuffix("/v1"))
    async with (
        served(settings.model_copy(update={"artifacts": away})) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as client,
    ):
        answer = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
    assert "bucket" in answer.json()["error"]["message"]


async def test_the_database_is_looked_at_once_and_not_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, back = [], asyncio.Event()

    async def away(*_: Any) -> None:
        looked.append(1)
        raise StorageError("The database is away.")

    async def hangs(*_: Any) -> None:
        looked.append(1)
        await back.wait()

    async with build(settings) as assistant:
        assistant.wait_for(loading := asyncio.get_running_loop().create_future())
        assert "being loaded" in await Readiness(assistant).lacks()
        loading.set_result(None)
        monkeypatch.setattr(assistant.conversations, "list", away)
        readiness = Readiness(assistant)
        monkeypatch.setattr(ready, "HOLDS", 1000)
        assert [await readiness.lacks() for _ in range(3)] == ["The database cannot be reached at the moment."] * 3
        assert len(looked) == 1
        monkeypatch.setattr(assistant.conversations, "list", hangs)
        monkeypatch.setattr(ready, "PATIENCE", 0.01)
        readiness = Readiness(assistant)
        assert ["does not answer" in await readiness.lacks() for _ in range(3)] == [True] * 3
        back.set()
        monkeypatch.setattr(ready, "PATIENCE", 60)
        assert await readiness.lacks() == ""
        assert len(looked) == 2
