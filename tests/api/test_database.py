"""A database that is lost while the API runs: each request is told so, and asked again it works once it is back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from assistant.api.keys import SCOPES, Keys
from assistant.conversations import Conversations
from assistant.settings import DatabaseSettings, Settings
from tests.api.conftest import served
from tests.postgres import LEFT_OUT, Postgres, binaries

QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello!"}]}


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A server that may be stopped."""
    if (programs := binaries()) is None:
        pytest.skip(LEFT_OUT)
    server = Postgres(programs)
    yield server
    server.close()


async def test_a_database_that_is_lost_is_told_and_used_again_when_it_is_back(
    settings: Settings, own: Postgres, home: Path
) -> None:
    database = DatabaseSettings(url=own.new(), connections=3, timeout=1)
    shared = settings.model_copy(update={"database": database})
    # The second server's keys are not lost, so that what is told is of what comes after them.
    with Keys(database) as keys, Keys(home) as others:
        key, other = keys.add("all", frozenset(SCOPES)), others.add("all", frozenset(SCOPES))
        async with (
            served(shared, keys=keys) as known,
            served(shared, keys=others) as url,
            openai.AsyncOpenAI(base_url=f"{known}/v1", api_key=key, max_retries=20) as client,
        ):
            first = await client.chat.completions.create(model="assistant", **QUESTION)
            conversation = (first.model_extra or {})["evidence"]["conversation"]
            sent = await client.files.create(file=("a.md", b"# A"), purpose="user_data")
            own.stop()
            async with httpx.AsyncClient(timeout=60, headers={"authorization": f"Bearer {other}"}) as plain:
                lost = [
                    await plain.get(f"{known}/v1/models", headers={"authorization": f"Bearer {key}"}),
                    await plain.post(f"{url}/v1/chat/completions", json=QUESTION),
                    await plain.post(f"{url}/v1/responses", json={"input": "Hello!", "stream": True}),
                    await plain.get(f"{url}/v1/conversations/{conversation}"),
                    await plain.get(f"{url}/v1/files/{sent.id}"),
                    await plain.post(
                        f"{url}/v1/files", files={"file": ("b.md", b"# B")}, data={"purpose": "user_data"}
                    ),
                ]
            for answer in lost:
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
                error = answer.json()["error"]
                assert error["type"] == "server_error"
                assert "again" in error["message"]
            assert [path.name for path in (home / "files").iterdir()] == [sent.id]
            own.start()
            again = await client.chat.completions.create(
                model="assistant", **QUESTION, extra_body={"conversation": conversation}
            )
            assert (again.model_extra or {})["evidence"]["conversation"] == conversation
            assert await client.files.retrieve(sent.id) == sent


async def test_a_file_that_cannot_be_used_as_the_database_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Conversations, "list", full)
    monkeypatch.setattr(Conversations, "begin", full)
    async with served(settings) as url, httpx.AsyncClient(base_url=url) as client:
        for answer in (await client.get("/v1/conversations"), await client.post("/v1/chat/completions", json=QUESTION)):
            assert (answer.status_code, answer.json()["error"]["type"]) == (503, "server_error")
            assert "\n" not in answer.json()["error"]["message"]
