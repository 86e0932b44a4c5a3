"""Several servers on one PostgreSQL: a conversation goes on anywhere, and no kill or lost database tears it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assistant import conversations as log
from assistant.app import build
from assistant.approval import Decision
from assistant.errors import SettingsError
from assistant.events import Answer, ApprovalNeeded, Failed, TextDelta
from assistant.session import Assistant
from assistant.settings import DatabaseSettings, ServerEngine, Settings
from tests.postgres import Postgres, binaries
from tests.replies import Calls, SlowText, Text
from tests.scripted_server import ScriptedServer


@pytest.fixture
def shared(served: Settings, postgres_url: str) -> Settings:
    return served.model_copy(update={"database": DatabaseSettings(url=postgres_url, connections=4, timeout=3)})


@asynccontextmanager
async def servers(settings: Settings, documents: Path) -> AsyncIterator[tuple[Assistant, Assistant]]:
    """Two servers with one state and one home folder."""
    async with build(settings) as one, build(settings) as two:
        one.library.add([documents])
        yield one, two


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 — what is waited for tells nobody
        await asyncio.sleep(0.02)


async def test_a_conversation_goes_on_at_another_server(
    shared: Settings, model_server: ScriptedServer, documents: Path
) -> None:
    search = Calls([("search_documents", {"query": "notice period"})])
    async with servers(shared, documents) as (one, two):
        model_server.say(search, Text("The notice period is three months after the trial period [1]."))
        first = await one.ask("How long is the notice period?")
        assert isinstance(first, Answer)
        model_server.say(Text("During the trial period it is two weeks [1]."))
        second = await two.ask("And during the trial period?", first.conversation)
        assert isinstance(second, Answer)
        assert "How long is the notice period?" in str(model_server.requests[-1].body)
        assert second.citations[0].quote in documents.joinpath("handbook.md").read_text()
        model_server.say(Text("You asked twice."))
        await one.ask("How often did I ask?", first.conversation)
        assert "And during the trial period?" in str(model_server.requests[-1].body)
        turns = await two.conversations.turns(first.conversation, "local")
        assert [turn.state for turn in turns] == ["answered"] * 3
        found = await two.conversations.shelf.search("local", "WEEKS trial")
        assert [each.id for each in found] == [first.conversation]
        assert not list(shared.home.glob("conversations.sqlite*"))


async def test_a_call_that_waits_at_one_server_is_decided_at_another(
    shared: Settings, model_server: ScriptedServer, documents: Path, tool_folder: Path
) -> None:
    (tool_folder / "mail.py").write_text(
        "from assistant.plugin import tool\n\n"
        '@tool(approval="always")\ndef send(to: str) -> str:\n    """Send.\n\n    Args:\n        to: To whom."""\n'
        '    return f"sent to {to}"\n'
    )
    async with servers(shared, documents) as (one, two):
        model_server.say(Calls([("send", {"to": "Ada"})]), Text("It is sent."))
        waiting = [event async for event in one.stream("Write to Ada")][-1]
        assert isinstance(waiting, ApprovalNeeded)
        decisions = {each.id: Decision(approved=True) for each in waiting.requests}
        ends = await asyncio.gather(*(_last(each.resume(waiting.conversation, decisions)) for each in (one, two)))
        assert sorted(type(end).__name__ for end in ends) == ["Answer", "Failed"]
        answer = next(end for end in ends if isinstance(end, Answer))
        assert [call.result for call in answer.tool_calls] == ["sent to Ada"]


async def test_turns_of_one_conversation_run_one_after_the_other(
    shared: Settings, model_server: ScriptedServer, documents: Path
) -> None:
    async with servers(shared, documents) as (one, two):
        model_server.say(Text("Begun."))
        begun = await one.ask("Hello")
        model_server.say(SlowText("One two three four five.", delay=0.1), Text("After that."))
        events: list[object] = []

        async def slow() -> None:
            async for event in one.stream("Slowly", begun.conversation):
                events.append(event)

        running = asyncio.create_task(slow())
        await until(lambda: any(isinstance(event, TextDelta) for event in events))
        after = await two.ask("And then?", begun.conversation)
        assert isinstance(after, Answer)
        assert isinstance(events[-1], Answer)
        assert "One two three four five." in str(model_server.requests[-1].body)
        await running


async def test_what_a_killed_server_has_shown_is_there_and_its_lock_is_not(
    shared: Settings, model_server: ScriptedServer, documents: Path
) -> None:
    engine = shared.engine
    assert isinstance(engine, ServerEngine)
    assert shared.database
    config = shared.home.parent / "shared.yaml"
    config.write_text(
        f"home: {shared.home / 'killed'}\nengine: {{url: {engine.url}, model: scripted, timeout: 60}}\n"
        f"database: {{url: {shared.database.url}}}\n"
    )
    async with build(shared) as other:
        other.library.add([documents])
        model_server.say(SlowText("It was shown before the end came. " * 400, delay=0.02))
        command = [sys.executable, "-m", "assistant", "ask", "Tell me all", "--config", str(config)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: ASYNC220
            while not (kept := await _shown(other)):
                assert server.poll() is None
                await asyncio.sleep(0.05)
            server.send_signal(signal.SIGKILL)
        conversation = (await other.conversations.list("local"))[0].id
        last = (await other.conversations.turns(conversation, "local"))[-1]
        assert last.state == "running"
        assert last.result is not None
        assert last.result["shown"].startswith(kept)
        model_server.say(Text("Here it is."))
        assert isinstance(await other.ask("Tell me again", conversation), Answer)


async def test_a_lost_database_is_told_and_nothing_is_half_written(
    served: Settings, model_server: ScriptedServer, documents: Path, monkeypatch: pytest.MonkeyPatch, own: Postgres
) -> None:
    monkeypatch.setattr(log, "AGAIN", (0.05,))
    settings = served.model_copy(update={"database": DatabaseSettings(url=own.new(), connections=3, timeout=1)})
    async with build(settings) as assistant:
        assistant.library.add([documents])
        model_server.say(Text("One."))
        first = await assistant.ask("First?")
        assert isinstance(first, Answer)
        own.stop()
        refused = await assistant.ask("While it is away?", first.conversation)
        assert isinstance(refused, Failed)
        assert refused.kind == "StorageError"
        assert "cannot be reached" in refused.message
        own.start()
        model_server.say(SlowText("Two three four five six.", delay=0.05))
        events = []
        async for event in assistant.stream("Second?", first.conversation):
            events.append(event)
            if isinstance(event, TextDelta) and own.running:
                own.stop()
        assert isinstance(events[-1], Failed)
        assert events[-1].kind == "StorageError"
        own.start()
        turns = await assistant.conversations.turns(first.conversation, "local")
        assert [(turn.question, turn.state) for turn in turns] == [("First?", "answered"), ("Second?", "running")]
        model_server.say(Text("Two."))
        again = await assistant.ask("Second?", first.conversation)
        assert isinstance(again, Answer)


async def test_an_answer_is_not_lost_for_a_moments_absence(
    served: Settings, model_server: ScriptedServer, own: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "AGAIN", (0.05,) * 100)
    settings = served.model_copy(update={"database": DatabaseSettings(url=own.new(), connections=3, timeout=60)})
    async with build(settings) as assistant:
        model_server.say(SlowText("One two three four.", delay=0.05))
        restarted = None
        async for event in assistant.stream("Well?"):
            if isinstance(event, TextDelta) and restarted is None:
                own.stop()
                restarted = asyncio.create_task(asyncio.to_thread(own.start))
        assert isinstance(event, Answer)
        assert restarted
        await restarted
        turns = await assistant.conversations.turns(event.conversation, "local")
        assert [turn.state for turn in turns] == ["answered"]


async def test_a_database_that_is_not_there_is_named_without_its_password(served: Settings) -> None:
    url = "postgresql://me:hidden@127.0.0.1:1/notes"
    with pytest.raises(SettingsError, match=r"The database notes at 127\.0\.0\.1 cannot be used") as raised:
        async with build(served.model_copy(update={"database": DatabaseSettings(url=url)})):
            pass
    assert "hidden" not in str(raised.value)


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A server that may be stopped."""
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL")
    server = Postgres(programs)
    yield server
    server.close()


async def _last(events: AsyncIterator[object]) -> object:
    end = None
    async for event in events:
        end = event
    return end


async def _shown(assistant: Assistant) -> str:
    for each in await assistant.conversations.list("local"):
        last = (await assistant.conversations.turns(each.id, "local"))[-1]
        if last.result and last.result.get("shown"):
            return str(last.result["shown"])
    return ""
