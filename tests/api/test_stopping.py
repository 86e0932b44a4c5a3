"""A server that is told to stop while a turn runs that takes longer than it waits."""

from __future__ import annotations

import asyncio
import json
import socket

import httpx
import pytest
import uvicorn

from assistant.api import serve
from assistant.api.application import make_api
from assistant.api.keys import LOCAL
from assistant.app import build
from assistant.settings import Settings
from tests.replies import SlowText
from tests.scripted_server import ScriptedServer


async def test_turns_that_outlive_the_grace_are_told_and_saved(
    scripted: Settings, model_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serve, "GRACE", 0.2)
    model_server.say(SlowText("It goes on and on and on. " * 400, delay=0.02))
    async with build(scripted) as assistant:
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            make_api(assistant, None), log_config=None, lifespan="off", timeout_graceful_shutdown=60
        )
        server = serve.Server(config, assistant)
        serving = asyncio.create_task(server.serve([listener]))
        asked = {"messages": [{"role": "user", "content": "What is in it?"}], "stream": True}
        lines: list[str] = []
        async with httpx.AsyncClient(timeout=60) as client:
            while not server.started:  # noqa: ASYNC110 — uvicorn has no event for it
                await asyncio.sleep(0.01)
            async with client.stream("POST", f"{url}/v1/chat/completions", json=asked) as response:
                async for line in response.aiter_lines():
                    if line:
                        lines.append(line)
                    if "goes" in line:
                        server.should_exit = True
        await serving
        told = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
        assert "error" in told[-1]
        (conversation,) = await assistant.conversations.list(LOCAL.owner)
        (turn,) = await assistant.conversations.turns(conversation.id, LOCAL.owner)
        assert (turn.state, turn.result and turn.result["kind"]) == ("failed", "Interrupted")
    assert "Traceback" not in caplog.text
    assert "was not saved" not in caplog.text
