"""A question that the engine left unanswered is gone on with: calls that were made are not made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.again import retry
from assistant.app import build
from assistant.events import Answer, Event, Failed, TextDelta, ToolFinished
from assistant.session import LOCAL, Assistant
from assistant.settings import Settings
from tests.replies import Calls, HalfStream, Hang, Status, Text
from tests.scripted_server import ScriptedServer

SEARCH = Calls([("search_documents", {"query": "notice period"})])
NOTICE = "The notice period is three months after the trial period. [1]"


async def events(assistant: Assistant, conversation: str) -> list[Event]:
    return [event async for event in retry(assistant, conversation, LOCAL)]


@pytest.mark.parametrize("trouble", [HalfStream("Half an ans"), Status(400), Hang()], ids=["half", "refused", "silent"])
async def test_calls_that_were_made_are_kept(
    assistant: Assistant, model_server: ScriptedServer, trouble: object
) -> None:
    model_server.say(SEARCH, trouble)  # type: ignore[arg-type]
    # Whoever does not read along is not told of half an answer: the model is simply asked once more.
    *_, failed = [event async for event in assistant.stream("How long is the notice period?")]
    assert isinstance(failed, Failed)
    model_server.say(Text(NOTICE))
    got = await events(assistant, failed.conversation)
    assert len(model_server.requests) == 3
    before, after = (request.messages for request in model_server.requests[1:])
    assert before == after
    assert "Half" not in "".join(event.text for event in got if isinstance(event, TextDelta))
    assert [event.call.name for event in got if isinstance(event, ToolFinished)] == ["search_documents"]
    end = got[-1]
    assert isinstance(end, Answer)
    assert end.citations[0].n == 1
    assert [call.name for call in end.tool_calls] == ["search_documents"]
    again = await events(assistant, failed.conversation)
    assert isinstance(again[-1], Failed)
    assert "was answered" in again[-1].message


async def test_it_is_gone_on_with_after_a_restart(
    served: Settings, documents: Path, model_server: ScriptedServer
) -> None:
    model_server.say(SEARCH, Status(400), Text(NOTICE))
    async with build(served) as assistant:
        assistant.library.add([documents])
        failed = await assistant.ask("How long is the notice period?")
    assert isinstance(failed, Failed)
    async with build(served) as assistant:
        end = (await events(assistant, failed.conversation))[-1]
    assert isinstance(end, Answer)
    assert len(end.citations) == 1


async def test_other_words_and_failures_of_the_turns_own_begin_anew(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    model_server.say(Calls([("roll_dice", {"count": 1})]), Status(400), Text("Hello there to you."))
    failed = await assistant.ask("Roll a die")
    assert isinstance(failed, Failed)
    (turn,) = await assistant.conversations.turns(failed.conversation, LOCAL)
    got = [event async for event in assistant.stream("Hello?", failed.conversation, instead_of=turn.id)]
    assert not any(isinstance(event, ToolFinished) for event in got)
    assert len(model_server.requests[-1].messages) == 2
    model_server.say(Calls([("roll_dice", {"count": -1})]), Text("I shall not."))
    crashed = await assistant.ask("Roll a die")
    assert isinstance(crashed, Failed)
    await events(assistant, crashed.conversation)
    assert len(model_server.requests[-1].messages) == 2


async def test_nobody_goes_on_with_anothers(assistant: Assistant) -> None:
    (end,) = await events(assistant, "none")
    assert isinstance(end, Failed)
    assert end.kind == "UnknownConversation"
