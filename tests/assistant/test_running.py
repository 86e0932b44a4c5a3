"""Turns that are stopped from elsewhere, deleted under way, or cut off by the end of their process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assistant.app import build
from assistant.errors import StorageError, UnknownConversation
from assistant.events import Began, Event, Failed, TextDelta
from assistant.session import Assistant
from assistant.settings import Settings
from tests.replies import SlowText, Text
from tests.scripted_server import ScriptedServer

LONG = SlowText("It goes on and on and on. " * 400, delay=0.02)


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 — what is waited for tells nobody
        await asyncio.sleep(0.02)


@asynccontextmanager
async def asked(assistant: Assistant) -> AsyncIterator[tuple[str, list[Event], asyncio.Task[None]]]:
    """Asks something that takes long; yields the conversation, its events and the task that reads them."""
    events: list[Event] = []

    async def read() -> None:
        async for event in assistant.stream("What is in it?"):
            events.append(event)

    reading = asyncio.create_task(read())
    await until(lambda: any(isinstance(event, TextDelta) for event in events))
    assert isinstance(events[0], Began)
    yield events[0].conversation, events, reading
    await reading


async def nothing_left(assistant: Assistant, conversation: str) -> bool:
    with pytest.raises(UnknownConversation):
        await assistant.conversations.turns(conversation, "local")
    checkpoints = [each async for each in assistant._saver.alist({"configurable": {"thread_id": conversation}})]
    return not checkpoints and not assistant.files.folder(conversation).exists()


async def test_deleting_a_conversation_stops_what_runs_in_it(served: Settings, model_server: ScriptedServer) -> None:
    async with build(served) as assistant:
        model_server.say(LONG)
        async with asked(assistant) as (conversation, events, reading):
            await assistant.delete(conversation)
            await reading
        assert isinstance(events[-1], Failed)
        assert await nothing_left(assistant, conversation)


async def test_a_turn_whose_conversation_another_server_has_deleted_leaves_nothing(
    served: Settings, model_server: ScriptedServer
) -> None:
    async with build(served) as one, build(served) as other:
        model_server.say(SlowText("One two three four five.", delay=0.1))
        async with asked(one) as (conversation, events, reading):
            await other.delete(conversation)
            one.files.folder(conversation).mkdir(parents=True)
            (one.files.folder(conversation) / "made.txt").write_text("made")
            await reading
        assert isinstance(events[-1], Failed)
        assert "was deleted" in events[-1].message
        assert await nothing_left(one, conversation)


async def test_a_conversation_whose_bucket_is_away_can_be_deleted_later(
    served: Settings, model_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with build(served) as assistant:
        model_server.say(Text("Yes."))
        end = await assistant.ask("Is it?")

        async def away(_: str) -> None:
            raise StorageError("The bucket is away.")

        with monkeypatch.context() as patched:
            patched.setattr(assistant.files, "forget", away)
            with pytest.raises(StorageError):
                await assistant.delete(end.conversation)
        assert len(await assistant.conversations.turns(end.conversation, "local")) == 1
        await assistant.delete(end.conversation)
        assert await nothing_left(assistant, end.conversation)


async def test_turns_that_run_when_the_process_ends_are_saved_and_told(
    served: Settings, model_server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with build(served) as assistant:
        model_server.say(LONG)
        async with asked(assistant) as (conversation, events, reading):
            await assistant.running.close()
            await reading
        assert isinstance(events[-1], Failed)
        assert events[-1].kind == "Interrupted"
    assert "was not saved" not in caplog.text
    async with build(served) as assistant:
        (turn,) = await assistant.conversations.turns(conversation, "local")
        assert turn.state == "failed"
        assert turn.result
        assert turn.result["shown"].startswith("It ")


async def test_a_turn_whose_process_was_killed_is_told_as_interrupted(
    served: Settings, model_server: ScriptedServer
) -> None:
    async with build(served) as assistant:
        dead = await assistant.conversations.begin(None, "local", "Who runs this?")
        await assistant.conversations.keep(dead, {"shown": "Nobo", "calls": [], "reasoning": ""})
        model_server.say(LONG)
        async with asked(assistant) as (alive, _, reading):
            async with build(served) as after:
                (turn,) = await after.conversations.turns(dead.conversation, "local")
                assert (turn.state, turn.result and turn.result["kind"]) == ("failed", "Interrupted")
                assert turn.result
                assert turn.result["shown"] == "Nobo"
                assert (await after.conversations.turns(alive, "local"))[0].state == "running"
            await assistant.running.close()
            await reading


def test_no_file_tells_of_turns_that_have_ended(home: Path) -> None:
    from assistant.database.turn_files import TurnFiles

    turns = TurnFiles(home / "turns")
    with turns.held("one") as first, turns.held("one") as second:
        assert (first, second) == (True, False)
    with turns.held("one") as again:
        assert again
    assert not list((home / "turns").iterdir())
