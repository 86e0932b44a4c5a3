"""Several servers behind one engine, and servers that are busy or away for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from assistant.app import build
from assistant.engines.openai import serve
from assistant.engines.reasoning import THOUGHTS
from assistant.events import Answer, EngineProgress, Failed
from assistant.session import Assistant
from assistant.settings import ServerEngine, Settings
from tests.replies import HalfStream, Status, Text
from tests.scripted_server import ScriptedServer

HELLO = Text("Hello there to you.")
BUSY = Status(429, headers=[("retry-after", "0.3")])


async def ask(assistant: Assistant, conversation: str | None = None) -> Answer:
    end = await assistant.ask("Hello?", conversation)
    assert isinstance(end, Answer), end
    return end


@pytest.fixture
def servers() -> Iterator[list[ScriptedServer]]:
    with ExitStack() as stack:
        made = [stack.enter_context(ScriptedServer()) for _ in range(2)]
        for server in made:
            server.always(HELLO)
        yield made


@pytest.fixture
async def both(settings: Settings, servers: list[ScriptedServer]) -> AsyncIterator[Assistant]:
    engine = ServerEngine(url=tuple(server.url for server in servers), timeout=20)
    async with build(settings.model_copy(update={"engine": engine})) as assistant:
        yield assistant


def counts(servers: list[ScriptedServer]) -> list[int]:
    return [len(server.requests) for server in servers]


async def test_conversations_are_spread_and_stay_where_they_are(both: Assistant, servers: list[ScriptedServer]) -> None:
    assert both.engine.name.endswith(" and 1 more")
    begun = []
    while min(counts(servers)) < 1 and len(begun) < 100:  # where it goes depends on its random id
        begun.append((await ask(both)).conversation)
    assert min(counts(servers)) >= 1
    for conversation in begun[-4:]:
        before = counts(servers)
        await ask(both, conversation)
        await ask(both, conversation)
        after = counts(servers)
        assert sorted(new - old for new, old in zip(after, before, strict=True)) == [0, 2]


async def test_a_new_conversation_goes_where_the_least_is_done() -> None:
    model = serve(ServerEngine(url=("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1")))
    first, second = model.replicas
    first.running = 1
    assert {model._choose(f"talk {n}", set()) for n in range(20)} == {second}
    first.running = 0
    assert model._choose("talk 3", set()) is second
    assert model._choose("talk 3", {second}) is first
    assert {model._choose(f"new {n}", set()) for n in range(50)} == {first, second}
    again = serve(ServerEngine(url=("http://127.0.0.1:2/v1", "http://127.0.0.1:1/v1")))
    places = [model._choose(f"new {n}", set()).model.url for n in range(50)]
    assert [again._choose(f"new {n}", set()).model.url for n in range(50)] == places
    await model.aclose()
    await again.aclose()


async def test_a_dead_one_is_left_out_until_it_is_back(both: Assistant, servers: list[ScriptedServer]) -> None:
    talk = (await ask(both)).conversation
    home = next(server for server in servers if server.requests)
    (other,) = (server for server in servers if server is not home)
    home.__exit__()
    for _ in range(3):
        await ask(both, talk)
        await ask(both)
    assert len(other.requests) == 6
    up = {server.url: server is other for server in servers}
    assert [(state.url, state.up, state.running) for state in both.engine.servers()] == [
        (*each, 0) for each in up.items()
    ]
    with ScriptedServer(port=home.port) as back:
        back.always(HELLO)
        for _ in range(200):
            if back.requests:
                break
            await ask(both)
        assert back.requests
        seen = len(other.requests)
        await ask(both, talk)  # what it has said is in the cache of the other one now
        assert len(other.requests) == seen + 1


async def test_a_busy_one_sends_on_to_the_other(both: Assistant, servers: list[ScriptedServer]) -> None:
    servers[0].always(Status(429, headers=[("retry-after", "30")]))
    for _ in range(6):
        await ask(both)
    assert counts(servers)[1] == 6


async def test_a_server_says_when_to_ask_again(served: Settings, model_server: ScriptedServer) -> None:
    model_server.say(BUSY, Status(500), HELLO)
    async with build(served) as assistant:
        events = [event async for event in assistant.stream("Hello?")]
    told = [event.message for event in events if isinstance(event, EngineProgress)]
    assert "busy, it answered 429" in told[0]
    assert "answered 500" in told[1]
    assert isinstance(events[-1], Answer)


async def test_a_wait_beyond_the_limit_is_told_at_once(served: Settings, model_server: ScriptedServer) -> None:
    model_server.say(Status(429, headers=[("retry-after", "120")]))
    async with build(served) as assistant:
        end = await assistant.ask("Hello?")
    assert isinstance(end, Failed)
    assert end.kind == "EngineBusy"
    assert "it asks to wait 120 s" in end.message


async def test_thoughts_that_broke_off_are_thought_again(served: Settings, model_server: ScriptedServer) -> None:
    model_server.say(HalfStream("", thoughts="They gr"), Text(HELLO.text, thoughts="They greet me."))
    async with build(served.model_copy(update={"engine": ServerEngine(url=model_server.url, timeout=20)})) as assistant:
        end = await ask(assistant)
    assert (end.text, end.reasoning) == (HELLO.text, "They greet me.")


async def test_a_server_that_answered_before_is_waited_for(settings: Settings) -> None:
    with ScriptedServer() as first:
        first.always(HELLO)
        engine = ServerEngine(url=first.url, timeout=30)
        async with build(settings.model_copy(update={"engine": engine})) as assistant:
            await ask(assistant)
            first.__exit__()
            stream = assistant.stream("Hello?")
            async for event in stream:
                if isinstance(event, EngineProgress):
                    break
            assert "Waiting until it answers again" in event.message  # type: ignore[union-attr]
            with ScriptedServer(port=first.port) as second:
                second.always(HELLO)
                events = [event async for event in stream]
                assert isinstance(events[-1], Answer)


async def test_a_reply_can_be_had_whole(model_server: ScriptedServer) -> None:
    model_server.say(HalfStream("", thoughts="They gr"), Text(HELLO.text, thoughts="They greet me."))
    model = serve(ServerEngine(url=model_server.url, timeout=20))
    reply = await model.ainvoke("Hello?")
    await model.aclose()
    assert (reply.text, reply.additional_kwargs[THOUGHTS]) == (HELLO.text, "They greet me.")
