"""The agent loop over the wire: the language model is scripted, everything else is real."""

import asyncio
import json
import re
import time
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from assistant.app import build
from assistant.endings import end_task
from assistant.events import (
    Answer,
    Began,
    CitationAdded,
    Event,
    Failed,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from assistant.session import Assistant
from assistant.settings import ServerEngine, Settings
from tests.replies import Calls, HalfStream, Hang, Nonsense, SlowText, Status, Text
from tests.scripted_server import ScriptedServer, refused_url

SEARCH = Calls([("search_documents", {"query": "notice period"})])
NOTICE = "The notice period is three months after the trial period. [1]"


async def events(assistant: Assistant, question: str, **options: str) -> list[Event]:
    return [event async for event in assistant.stream(question, **options)]


async def answer(assistant: Assistant, question: str, conversation: str | None = None) -> Answer:
    end = await assistant.ask(question, conversation)
    assert isinstance(end, Answer), end
    return end


async def failure(assistant: Assistant, question: str, conversation: str | None = None) -> Failed:
    end = await assistant.ask(question, conversation)
    assert isinstance(end, Failed), end
    return end


async def test_a_turn_streams_typed_events_and_ends_with_a_checked_answer(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    model_server.say(SEARCH, Text(NOTICE))
    got = await events(assistant, "How long is the notice period?")
    kinds = [type(event) for event in got if not isinstance(event, TextDelta)]
    assert kinds == [Began, ToolStarted, ToolFinished, CitationAdded, Answer]
    assert "".join(event.text for event in got if isinstance(event, TextDelta)) == NOTICE
    end = got[-1]
    assert isinstance(end, Answer)
    (citation,) = end.citations
    assert citation.quote == "The notice period is three months after the trial period."
    assert citation.document.endswith("handbook.md")
    stored = assistant.library.page_text(citation.document_id, citation.page)
    assert stored[citation.start : citation.end] == citation.quote
    assert (end.abstained, end.unsupported, end.confidence) == (False, (), 1.0)
    assert end.tool_calls[0].name == "search_documents"
    row = end.to_json()
    assert list(row)[:8] == [
        "answer", "citations", "tool_calls", "artifacts", "confidence", "abstained", "engine", "conversation",
    ]  # fmt: skip
    assert set(row["citations"][0]) == {"n", "document", "title", "page", "quote", "start", "end", "scores"}
    assert set(row["tool_calls"][0]) == {"name", "arguments", "result", "ok", "seconds"}
    json.dumps(row)


async def test_the_model_is_shown_rules_tools_and_results(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(SEARCH, Text(NOTICE))
    await answer(assistant, "How long is the notice period?")
    first, second = model_server.requests
    assert first.messages[0]["role"] == "system"
    assert {"search_documents", "calculator", "roll_dice"} <= set(first.tools)
    assert second.messages[:2] == first.messages
    fence, _, fenced = second.messages[-1]["content"].partition("\n")
    assert re.fullmatch(r'<data-[0-9a-f]{12} from="search_documents">', fence)
    shown = json.loads(fenced[: fenced.rindex("\n</data-")])
    assert shown[0]["n"] == 1
    assert "notice period" in shown[0]["text"]


async def test_unsupported_sentences_are_marked(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(SEARCH, Text(f"{NOTICE} Managers have to wait 9 months instead. [1]"))
    end = await answer(assistant, "How long is the notice period?")
    assert end.unsupported == ("Managers have to wait 9 months instead.",)
    assert end.confidence == 0.5


async def test_numbers_of_passages_are_not_computed(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(SEARCH, Text("Every employee owns 28 elephants. Unused days expire on 31 March [1]."))
    end = await answer(assistant, "How long is the notice period?")
    assert "Every employee owns 28 elephants." in end.unsupported


async def test_a_declined_question_is_abstained(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(SEARCH, Text("The documents do not answer this. I looked for the canteen's menu."))
    end = await answer(assistant, "What is for lunch?")
    assert end.abstained
    assert end.unsupported == ()


async def test_tools_progress_fail_and_recover(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(
        Calls([("roll_dice", {"count": 1000})]), Calls([("roll_dice", {"count": 2})]), Text("Both show 6.")
    )
    got = await events(assistant, "Roll dice")
    finished = [event.call for event in got if isinstance(event, ToolFinished)]
    assert [(call.ok, call.result) for call in finished] == [(False, "count must be from 1 to 100"), (True, [6, 6])]
    assert ToolProgress(finished[1].id, 0.5, "rolling") in got
    assert isinstance(got[-1], Answer)
    assert got[-1].tool_calls == tuple(finished)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("no_such_tool", {}), "there is no tool 'no_such_tool'"),
        (("roll_dice", "count two"), "not valid JSON"),
        (("roll_dice", {"count": "many"}), "wrong arguments for roll_dice"),
        (("roll_dice", {"count": 1, "colour": "red"}), "colour"),
    ],
)
async def test_malformed_calls_are_told_to_the_model(
    assistant: Assistant, model_server: ScriptedServer, call: tuple[str, object], said: str
) -> None:
    model_server.say(Calls([call]), Text("I could not do that."))  # type: ignore[list-item]
    await answer(assistant, "Roll dice")
    assert said in model_server.requests[-1].messages[-1]["content"]


async def test_a_tool_with_a_bug_fails_the_turn_and_nothing_else(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    model_server.say(Calls([("roll_dice", {"count": -1})]), Text("Hello again to you."))
    failed = await failure(assistant, "Roll dice")
    assert failed.kind == "ToolCrashed"
    assert "'roll_dice' failed" in failed.message
    assert (await answer(assistant, "Hello?", failed.conversation)).text == "Hello again to you."


async def test_a_model_that_never_stops_calling_tools_is_stopped(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    model_server.always(Calls([("roll_dice", {"count": 1})]))
    assert (await failure(assistant, "Roll dice")).kind == "StepLimit"
    assert len(model_server.requests) == assistant.settings.agent.max_steps


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (Status(500), "EngineRefused", "answered 500"),
        (Status(429), "EngineBusy", "answered 429"),
        (Status(404, '{"error": {"message": "no model x"}}'), "EngineRefused", "no model x"),
        (Status(200, "<html>Welcome</html>", "text/html"), "EngineRefused", "a web page"),
        (Nonsense(b"data: {not json\n\n"), "EngineRefused", "no chat completion"),
        (Nonsense(b""), "EngineRefused", ""),
        (Text(""), "EngineRefused", "empty reply"),
        (HalfStream("Half an ans"), "EngineUnreachable", "broke off"),
        (Hang(), "EngineTimeout", "gave no answer for 2 s"),
    ],
)
async def test_a_failing_server_is_one_clear_line_and_the_conversation_goes_on(
    assistant: Assistant, model_server: ScriptedServer, reply: object, kind: str, said: str
) -> None:
    model_server.always(reply)  # type: ignore[arg-type]
    started = time.perf_counter()
    failed = await failure(assistant, "Hello?")
    assert time.perf_counter() - started < 10
    assert failed.kind == kind
    assert said in failed.message
    assert model_server.url in failed.message or kind == "EngineRefused"
    assert "\n" not in failed.message
    model_server.always(Text("Hello there to you."))
    assert (await answer(assistant, "Hello?", failed.conversation)).text == "Hello there to you."


async def test_a_url_that_refuses_is_named(settings: Settings) -> None:
    url = refused_url()
    async with build(settings.model_copy(update={"engine": ServerEngine(url=url)})) as assistant:
        failed = await failure(assistant, "Hello?")
    assert failed.kind == "EngineUnreachable"
    assert url in failed.message
    assert "cannot be reached" in failed.message


async def test_the_key_comes_from_the_environment(
    served: Settings, model_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    model_server.say(Text("Hello there to you."))
    async with build(served) as assistant:
        await answer(assistant, "Hello?")
    assert model_server.requests[0].key == "sk-secret"


async def test_a_missing_model_name_is_asked_for(served: Settings, model_server: ScriptedServer) -> None:
    engine = ServerEngine(url=model_server.url)
    model_server.say(Text("Hello there to you."))
    async with build(served.model_copy(update={"engine": engine})) as assistant:
        await answer(assistant, "Hello?")
    assert model_server.requests[0].body["model"] == "scripted"


async def test_a_conversation_goes_on_after_a_restart(
    served: Settings, documents: Path, model_server: ScriptedServer
) -> None:
    model_server.say(SEARCH, Text(NOTICE), Text("As said, it is three months after the trial period. [1]"))
    async with build(served) as assistant:
        assistant.library.add([documents])
        first = await answer(assistant, "How long is the notice period?")
    async with build(served) as assistant:
        second = await answer(assistant, "Sure?", first.conversation)
        turns = await assistant.conversations.turns(first.conversation, "local")
    roles = [message["role"] for message in model_server.requests[-1].messages]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert second.citations[0].n == 1
    assert [turn.question for turn in turns] == ["How long is the notice period?", "Sure?"]
    assert turns[0].result == first.to_json()


async def test_numbers_are_append_only_within_a_conversation(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    lighthouse = Calls([("search_documents", {"query": "who built the lighthouse", "limit": 1})])
    notice = Calls([("search_documents", {"query": "notice period", "limit": 1})])
    model_server.say(lighthouse, Text("Found it."), notice, Text("Found it."), lighthouse, Text("Found it."))
    conversation = (await answer(assistant, "a?")).conversation
    ends = [await answer(assistant, "b?", conversation), await answer(assistant, "c?", conversation)]
    assert [end.tool_calls[0].result[0]["n"] for end in ends] == [2, 1]


async def test_nobody_continues_or_reads_anothers_conversation(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    model_server.say(Text("Hello there to you."))
    mine = await assistant.ask("Hello?", owner="anna")
    theirs = await assistant.ask("Hello?", mine.conversation, owner="ben")
    assert isinstance(theirs, Failed)
    assert theirs.kind == "UnknownConversation"
    assert await assistant.conversations.list("ben") == []
    assert [c.id for c in await assistant.conversations.list("anna")] == [mine.conversation]


async def test_stopping_ends_the_turn_and_keeps_what_was_shown(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    model_server.always(SlowText("word " * 200, delay=0.02))
    async with aclosing(assistant.stream("Talk")) as stream:  # type: ignore[type-var]
        async for event in stream:
            if isinstance(event, TextDelta):
                break
    (conversation,) = await assistant.conversations.list("local")
    (turn,) = await assistant.conversations.turns(conversation.id, "local")
    assert turn.state == "failed"
    assert turn.result is not None
    assert turn.result["kind"] == "Stopped"
    assert turn.result["shown"].startswith("word")
    model_server.always(Text("Hello there to you."))
    assert (await answer(assistant, "Hello?", conversation.id)).text == "Hello there to you."


async def test_a_cancelled_task_ends_the_turn(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.always(Hang())
    task = asyncio.create_task(assistant.ask("Talk"))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (conversation,) = await assistant.conversations.list("local")
    (turn,) = await assistant.conversations.turns(conversation.id, "local")
    assert turn.state == "failed"


async def test_a_stop_that_is_swallowed_once_is_said_again() -> None:
    async def deaf() -> None:
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        await asyncio.sleep(60)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await asyncio.wait_for(end_task(task), 10)
    assert task.cancelled()


async def test_two_questions_to_one_conversation_wait_for_each_other(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    model_server.say(Text("Hello there to you."))
    conversation = (await answer(assistant, "Hello?")).conversation
    model_server.always(SlowText("one two three", delay=0.05))
    ends = await asyncio.gather(*(answer(assistant, f"{n}?", conversation) for n in range(3)))
    assert len(ends) == 3
    asked = [len([m for m in request.messages if m["role"] == "user"]) for request in model_server.requests]
    assert sorted(asked) == [1, 2, 3, 4]


@pytest.mark.parametrize(("question", "said"), [("", "empty"), (" \n", "empty"), ("x" * 1_000_000, "1,000,000")])
async def test_a_bad_question_is_refused_at_once(assistant: Assistant, question: str, said: str) -> None:
    failed = await failure(assistant, question)
    assert failed.kind == "BadQuestion"
    assert said in failed.message
    assert await assistant.conversations.list("local") == []


async def test_the_model_is_shown_the_newest_turns_that_fit(served: Settings, model_server: ScriptedServer) -> None:
    agent = served.agent.model_copy(update={"history_turns": 3, "history_characters": 60})
    model_server.always(Text("0123456789"))
    async with build(served.model_copy(update={"agent": agent})) as assistant:
        conversation = (await answer(assistant, "first")).conversation
        for _ in range(5):
            await answer(assistant, "next?", conversation)
        await answer(assistant, "last?" + "x" * 40, conversation)
        await answer(assistant, "end", conversation)
    counts = [len(request.messages) for request in model_server.requests if request.tools]
    # Past three turns the older half is summarised; the long one leaves room for nothing else.
    assert counts == [2, 4, 6, 8, 6, 8, 6, 4]
    assert len(model_server.requests) == 8 + 3


async def test_a_document_that_was_removed_is_no_source(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(SEARCH, Text(NOTICE), Text(NOTICE))
    conversation = (await answer(assistant, "How long?")).conversation
    assistant.library.remove("handbook.md")
    again = await answer(assistant, "How long?", conversation)
    assert again.citations == ()
    assert len(again.unsupported) == 1


async def test_deleting_a_conversation_deletes_it(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(SEARCH, Text(NOTICE))
    conversation = (await answer(assistant, "How long?")).conversation
    await assistant.delete(conversation)
    assert await assistant.conversations.list("local") == []
    assert (await failure(assistant, "Hello?", conversation)).kind == "UnknownConversation"


async def test_a_branch_builds_on_the_turns_before_it_and_not_on_its_sisters(
    served: Settings, model_server: ScriptedServer
) -> None:
    model_server.always(Text("So it is."))
    async with build(served) as assistant:
        conversation = (await answer(assistant, "one")).conversation
        await answer(assistant, "two", conversation)
        turns = await assistant.conversations.turns(conversation, "local")
        async for _ in assistant.stream("zwei", conversation, instead_of=turns[1].id):
            pass
        await answer(assistant, "drei", conversation)
    async with build(served) as assistant:  # read from disk as well
        await answer(assistant, "vier", conversation)
        await assistant.conversations.take_branch(conversation, "local", turns[1].id)
        await answer(assistant, "three", conversation)
    asked = [[m["content"] for m in request.messages if m["role"] == "user"] for request in model_server.requests]
    assert asked[2:] == [
        ["one", "zwei"],
        ["one", "zwei", "drei"],
        ["one", "zwei", "drei", "vier"],
        ["one", "two", "three"],
    ]


async def test_a_turn_that_the_end_of_the_server_cuts_off_is_kept_as_far_as_it_came(
    served: Settings, model_server: ScriptedServer
) -> None:
    model_server.always(SlowText("one two three four five six seven eight", delay=0.2))
    async with build(served) as assistant:
        live = assistant.live.start("Count.", assistant.stream("Count."))
        async for _ in live.follow():
            if any(isinstance(event, TextDelta) for event in live.events):
                break
    async with build(served) as assistant:
        (turn,) = await assistant.conversations.turns(live.conversation, "local")
    assert turn.state == "failed"
    assert turn.result is not None
    assert turn.result["kind"] == "Interrupted"
    assert turn.result["shown"].startswith("one")


async def test_what_a_turn_has_shown_is_on_disk_while_it_runs(
    served: Settings, model_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.progress.SECONDS_BETWEEN", 0.05)
    model_server.say(SEARCH, SlowText("one two three four five six seven eight", delay=0.1))
    async with build(served) as assistant, build(served) as another:
        live = assistant.live.start("How long?", assistant.stream("How long?"))
        shown: dict[str, Any] = {}
        while not shown.get("shown"):
            await asyncio.sleep(0.05)
            if live.conversation:
                (turn,) = await another.conversations.turns(live.conversation, "local")
                shown = turn.result or {}
    assert shown["shown"].startswith("one")
    assert shown["calls"][0]["name"] == "search_documents"
