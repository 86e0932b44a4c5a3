"""Replies that a real vLLM gave (tests/serving/cassettes.py), taken in by the client."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage

from assistant.engines.openai import serve
from assistant.engines.reasoning import thoughts_of
from assistant.errors import EngineError
from assistant.settings import ServerEngine
from tests.replies import Nonsense, Status
from tests.scripted_server import ScriptedServer
from tests.serving.cassettes import REQUESTS, read
from tests.serving.tiny_model import OTHER, SENTENCE, THOUGHT


async def hear(server: ScriptedServer, name: str) -> AIMessageChunk:
    """Returns the whole of a recorded reply as the client gives it."""
    status, said = read(name)
    ok = status == 200
    server.say(Nonsense(said.encode()) if ok else Status(status, said))
    model = serve(ServerEngine(url=server.url, model="tiny", timeout=20))
    try:
        pieces = [chunk async for chunk in model.astream([HumanMessage("Hello")])]
    finally:
        await model.aclose()
    first, *others = pieces
    assert isinstance(first, AIMessageChunk)
    whole = first + others if others else first
    assert isinstance(whole, AIMessageChunk)
    return whole


async def test_words_and_thoughts_come_apart(model_server: ScriptedServer) -> None:
    reply = await hear(model_server, "answer")
    assert (reply.text, thoughts_of(reply)) == (SENTENCE, THOUGHT)
    assert reply.usage_metadata
    assert reply.usage_metadata["output_tokens"] > 10


async def test_an_adapter_speaks_in_its_own_words(model_server: ScriptedServer) -> None:
    assert (await hear(model_server, "adapter")).text == OTHER


@pytest.mark.parametrize(("name", "count"), [("call", 1), ("two-calls", 2), ("required", 1), ("named", 1)])
async def test_calls_are_whole(model_server: ScriptedServer, name: str, count: int) -> None:
    reply = await hear(model_server, name)
    calls: list[Any] = [(call["name"], call["args"]) for call in reply.tool_calls]
    assert calls == [("roll_dice", {"count": 2})] * count
    assert len({call["id"] for call in reply.tool_calls}) == count
    assert reply.text.strip() == ""


async def test_a_form_is_filled_in(model_server: ScriptedServer) -> None:
    assert (await hear(model_server, "schema")).text == '{"count":2}'


async def test_a_reply_that_was_cut_says_so(model_server: ScriptedServer) -> None:
    reply = await hear(model_server, "cut")
    assert SENTENCE.startswith(reply.text)
    assert reply.response_metadata["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("name", "said"), [("no-such-model", "`nothing` does not exist"), ("too-long", "32768 tokens")]
)
async def test_what_is_refused_is_told(model_server: ScriptedServer, name: str, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        await hear(model_server, name)


def test_every_recording_is_there() -> None:
    assert {name: read(name)[0] for name in REQUESTS} == {
        name: {"no-such-model": 404, "too-long": 400}.get(name, 200) for name in REQUESTS
    }
