"""LoRA adapters: named or listed, chosen for each conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from assistant.app import build
from assistant.events import Answer, Failed
from assistant.session import LOCAL, Assistant
from assistant.settings import ServerEngine, Settings
from tests.replies import Text
from tests.scripted_server import ScriptedServer, refused_url

ROWS = ({"id": "base", "owned_by": "vllm"}, {"id": "law", "owned_by": "vllm", "parent": "base"})


@pytest.fixture
async def tuned(settings: Settings, model_server: ScriptedServer) -> AsyncIterator[Assistant]:
    model_server.models = ROWS
    model_server.always(Text("Hello there to you."))
    engine = ServerEngine(url=model_server.url, adapters=("medicine",), timeout=5)
    async with build(settings.model_copy(update={"engine": engine})) as assistant:
        yield assistant


async def test_adapters_are_those_of_the_settings_and_of_the_server(tuned: Assistant) -> None:
    assert await tuned.engine.adapters() == ("medicine", "law")


async def test_a_conversation_keeps_its_adapter(
    tuned: Assistant, settings: Settings, model_server: ScriptedServer
) -> None:
    first = await tuned.ask("Hello?", adapter="law")
    assert isinstance(first, Answer)
    assert first.engine.startswith("law, an adapter of ")
    await tuned.ask("And?", first.conversation)
    async with build(tuned.settings) as again:
        await again.ask("Still?", first.conversation)
        await again.ask("Another conversation?")
        back = await again.ask("Back?", first.conversation, adapter="")
    assert isinstance(back, Answer)
    assert back.engine.startswith("model at ")
    assert [request.body["model"] for request in model_server.requests] == ["law", "law", "law", "base", "base"]


async def test_an_adapter_that_there_is_not_is_refused(tuned: Assistant, model_server: ScriptedServer) -> None:
    end = await tuned.ask("Hello?", adapter="cooking")
    assert isinstance(end, Failed)
    assert end.message == "The engine has no adapter 'cooking'; there are: medicine, law."
    assert model_server.requests == []
    assert await tuned.conversations.list(LOCAL) == []


async def test_a_server_that_is_down_has_those_of_the_settings(settings: Settings) -> None:
    engine = ServerEngine(url=refused_url(), adapters=("medicine",))
    async with build(settings.model_copy(update={"engine": engine})) as assistant:
        assert await assistant.engine.adapters() == ("medicine",)
    async with build(settings) as builtin:
        assert await builtin.engine.adapters() == ()
