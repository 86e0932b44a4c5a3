"""Tools that are turned off in a conversation: the model is not offered them, and calls of them find nothing."""

from __future__ import annotations

import pytest

from assistant.app import build
from assistant.errors import UnknownConversation
from assistant.events import Answer
from assistant.settings import Settings
from tests.scripted_server import ScriptedServer, Text


async def test_a_tool_that_is_off_is_not_offered_and_that_is_kept(home, model_server: ScriptedServer) -> None:
    settings = Settings.model_validate({"home": home, "engine": {"url": model_server.url, "model": "scripted"}})
    model_server.say(Text("One."), Text("Two."), Text("Three."))
    async with build(settings) as assistant:
        async for event in assistant.stream("First?", off=["calculator"]):
            end = event
        assert isinstance(end, Answer)
    async with build(settings) as assistant:  # as after a restart
        await assistant.ask("Second?", end.conversation)
        with pytest.raises(UnknownConversation):
            await assistant.conversations.tools.switch(end.conversation, "somebody else", "calculator", on=True)
        await assistant.conversations.tools.switch(end.conversation, "local", "calculator", on=True)
        await assistant.conversations.tools.switch(end.conversation, "local", "solve", on=False)
        await assistant.ask("Third?", end.conversation)
        first, second, third = (set(request.tools) for request in model_server.requests)
        assert "calculator" not in first | second
        assert "calculator" in third
        assert "solve" in first
        assert "solve" not in third
        await assistant.delete(end.conversation)
        assert await assistant.conversations.tools.off(end.conversation) == frozenset()
