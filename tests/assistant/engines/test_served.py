"""What is asked of a server goes by what it offers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.app import build
from assistant.engines.profile import read_profile
from assistant.events import Answer
from assistant.settings import ServerEngine, Settings
from tests.replies import Nonsense, Status, Text
from tests.scripted_server import ScriptedServer

HELLO = Text("Hello there to you.")
VLLM = {"id": "scripted", "owned_by": "vllm", "max_model_len": 4096}


async def bodies(settings: Settings, server: ScriptedServer, **engine: Any) -> list[dict[str, Any]]:
    """What the server is sent for a question."""
    chosen = ServerEngine(url=server.url, timeout=5, **engine)
    async with build(settings.model_copy(update={"engine": chosen})) as assistant:
        assert isinstance(await assistant.ask("Hello?"), Answer)
    return [request.body for request in server.requests]


def strict(body: dict[str, Any]) -> set[bool]:
    return {tool["function"].get("strict", False) for tool in body["tools"]}


@pytest.mark.parametrize(
    ("row", "setting", "sent"),
    [(VLLM, "auto", True), ({"id": "scripted"}, "auto", False), ({"id": "scripted"}, True, True), (VLLM, False, False)],
)
async def test_schemas_are_strict_where_the_server_offers_it(
    settings: Settings, model_server: ScriptedServer, row: dict[str, Any], setting: object, sent: bool
) -> None:
    model_server.models = (row,)
    model_server.say(HELLO)
    (body,) = await bodies(settings, model_server, strict=setting)
    assert strict(body) == {sent}


def refusal(message: str) -> Status:
    return Status(400, json.dumps({"error": {"message": message}}))


async def test_what_a_server_does_not_know_is_left_out(settings: Settings, model_server: ScriptedServer) -> None:
    model_server.models = (VLLM,)
    model_server.say(
        refusal("The provided JSON schema contains features not supported by xgrammar."),
        refusal("Unknown parameter: stream_options"),
        HELLO,
    )
    first, second, third = await bodies(settings, model_server)
    assert [strict(body) for body in (first, second, third)] == [{True}, {False}, {False}]
    assert "stream_options" in second
    assert "stream_options" not in third


def test_what_servers_tell_of_themselves() -> None:
    vllm = read_profile([VLLM, {"id": "law", "parent": "scripted", "owned_by": "vllm"}])
    assert (vllm.vllm, vllm.models, vllm.adapters) == (True, ("scripted", "law"), ("law",))
    assert (vllm.context("scripted"), vllm.context("law")) == (4096, 4096)
    llama = read_profile([{"id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 9, "n_ctx": 2048}}])
    assert (llama.vllm, llama.context("m.gguf")) == (False, 2048)
    assert read_profile([{"object": "model"}]).models == ()
    assert read_profile([{"id": "m"}]).context("m") is None


async def test_a_server_may_leave_out_what_belongs_into_a_piece(
    settings: Settings, model_server: ScriptedServer
) -> None:
    call = {"id": "1", "function": {"name": "calculator", "arguments": '{"expression": "6 * 7"}'}}
    pieces = [{"delta": {"tool_calls": [call]}}, {"finish_reason": "stop"}]
    lines = [f"data: {json.dumps({'choices': [piece]})}\n\n" for piece in pieces]
    model_server.say(Nonsense("".join([*lines, "data: [DONE]\n\n"]).encode()), Text("It is 42."))
    engine = ServerEngine(url=model_server.url, timeout=5)
    async with build(settings.model_copy(update={"engine": engine})) as assistant:
        end = await assistant.ask("What is 6 * 7?")
    assert isinstance(end, Answer), end
    assert [each.result["value"] for each in end.tool_calls if each.ok] == ["42"]
