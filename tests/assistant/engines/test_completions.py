"""Pieces of a reply are put together where nobody reads along, and nothing of them is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage

from assistant.app import build
from assistant.engines.chunks import AGAIN
from assistant.engines.completions import PlainCompletions, gathered
from assistant.engines.openai import serve
from assistant.engines.wire import Piece
from assistant.errors import EngineUnreachable
from assistant.events import Answer
from assistant.settings import ServerEngine, Settings
from tests.replies import Calls, HalfStream, Text
from tests.scripted_server import ScriptedServer

LONG = "Every word of this is wanted, in its order. " * 20
ARGUMENTS = {"expression": "1 + " * 50 + "1"}


async def heard(server: ScriptedServer, *, watched: bool) -> list[AIMessageChunk]:
    model = serve(ServerEngine(url=server.url, model="scripted", timeout=5))
    try:
        return [chunk async for chunk in model.astream([HumanMessage("Hello?")], conversation="c", watched=watched)]
    finally:
        await model.aclose()


def whole(chunks: list[AIMessageChunk]) -> tuple[Any, ...]:
    made = chunks[0] + chunks[1:]
    calls = [(call["name"], call["args"], call["id"]) for call in made.tool_calls]
    return made.content, made.additional_kwargs, calls, made.usage_metadata, made.response_metadata["finish_reason"]


@pytest.mark.parametrize("reply", [Text(LONG, thoughts=LONG), Calls([("a", ARGUMENTS), ("b", ARGUMENTS)], text=LONG)])
async def test_nothing_is_lost_where_nobody_reads_along(model_server: ScriptedServer, reply: Text | Calls) -> None:
    model_server.say(reply, reply)
    apart, together = await heard(model_server, watched=True), await heard(model_server, watched=False)
    assert len(together) < len(apart) / 5
    found = [whole(each) for each in (apart, together)]
    ids = [[call[2] for call in each[2]] for each in found]
    assert len(set(ids[1])) == len(ids[0])
    assert [(*each[:2], [call[:2] for call in each[2]], *each[3:]) for each in found[:1]] == [
        (*each[:2], [call[:2] for call in each[2]], *each[3:]) for each in found[1:]
    ]


async def test_a_stream_that_breaks_off_is_had_anew_where_nobody_reads_along(model_server: ScriptedServer) -> None:
    model_server.say(HalfStream(LONG), HalfStream(LONG), Text(LONG))
    with pytest.raises(EngineUnreachable, match="broke off in the middle"):
        await heard(model_server, watched=True)
    chunks = await heard(model_server, watched=False)
    begin = max((at for at, chunk in enumerate(chunks) if AGAIN in chunk.response_metadata), default=-1)
    assert whole(chunks[begin + 1 :])[0] == LONG


async def test_a_row_whose_answer_broke_off_is_answered(settings: Settings, model_server: ScriptedServer) -> None:
    model_server.say(HalfStream("Not all of it."), Text("All of it."))
    engine = ServerEngine(url=model_server.url, timeout=5)
    async with build(settings.model_copy(update={"engine": engine})) as assistant:
        end = await assistant.ask("What is it?")
    assert isinstance(end, Answer)
    assert end.text == "All of it."


class Told:
    """A stream of given pieces that can be slept over."""

    def __init__(self, *pieces: Piece) -> None:
        self.pieces = iter(pieces)
        self.slept: list[float] = []

    def __aiter__(self) -> Told:
        return self

    async def __anext__(self) -> Piece:
        for piece in self.pieces:
            return piece
        raise StopAsyncIteration

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


def says(finish: str | None = None, **delta: Any) -> Piece:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call(index: int, arguments: str, name: str | None = None) -> Piece:
    head = {"id": name, "type": "function"} if name else {}
    return says(tool_calls=[{"index": index, **head, "function": {"name": name, "arguments": arguments}}])


async def test_only_what_is_of_one_kind_is_put_together() -> None:
    usage = {"choices": [], "usage": {"total_tokens": 3}}
    pieces = Told(
        says(role="assistant", content=""),  # the first one is passed on at once
        says(reasoning="So "),
        says(reasoning="what?"),
        says(content="Well"),
        says(content="!"),
        call(0, "", "a"),
        call(0, "{}"),
        call(1, "", "b"),
        call(1, "{"),
        call(1, "}"),
        says("tool_calls"),
        usage,
    )
    assert [piece async for piece in gathered(pieces, 3600)] == [
        says(role="assistant", content=""),
        says(reasoning="So what?", content="Well!"),
        call(0, "{}", "a"),
        call(1, "{}", "b"),
        says("tool_calls"),
        usage,
    ]


def test_it_takes_the_place_of_the_clients_own() -> None:
    (replica,) = serve(ServerEngine(url="http://127.0.0.1:1/v1", model="m")).replicas
    assert isinstance(replica.model.async_client, PlainCompletions)


class Slow(Told):
    """A stream of pieces that have to be waited for."""

    async def __anext__(self) -> Piece:
        await asyncio.sleep(0)
        return await super().__anext__()


async def test_pieces_that_cannot_be_put_together_are_not_slept_over(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = [says(content="a") | {"usage": {"total_tokens": n}} for n in range(50)]
    monkeypatch.setattr("assistant.engines.completions.SHORTEST", 0)
    told = Told(*counted)
    assert [piece async for piece in gathered(told, 3600)] == counted
    assert len(told.slept) == 1


async def test_each_sleep_is_a_small_part_of_what_the_reply_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.engines.completions.SHORTEST", 0)
    waited = Slow(*[says(content="a") for _ in range(20)])
    began = asyncio.get_running_loop().time()
    assert "".join([piece["choices"][0]["delta"]["content"] async for piece in gathered(waited, 3600)]) == "a" * 20
    assert waited.slept
    assert max(waited.slept) <= 0.02 * (asyncio.get_running_loop().time() - began)


async def test_a_short_reply_is_not_slept_over() -> None:
    waited = Slow(*[says(content="a") for _ in range(20)])
    assert len([piece async for piece in gathered(waited, 3600)]) == 20
    assert not waited.slept
