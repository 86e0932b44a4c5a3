"""Thoughts are told from the answer, whichever way the server sends them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from assistant.engines.reasoning import THOUGHTS, Splitter, settled
from assistant.events import Answer, Event, ReasoningDelta, TextDelta
from assistant.export import Exported, export
from assistant.session import Assistant
from assistant.terminal import show
from tests.replies import Calls, Text
from tests.scripted_server import ScriptedServer

THOUGHT, SAID = "The person greets me.\nI greet back.", "Hello there to you."


def split(text: str, size: int, *, inside: bool = False) -> tuple[str, str, Splitter]:
    splitter = Splitter(inside=inside)
    found = [splitter.feed(text[at : at + size]) for at in range(0, len(text), size)] + [splitter.close()]
    return "".join(each for each, _ in found), "".join(each for _, each in found), splitter


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "inside", "thoughts", "said"),
    [
        ("Plain words.", False, "", "Plain words."),
        ("<think>a < b</think>\n\nYes.", False, "a < b", "Yes."),
        ("\n<think>\n</think>\n\nYes.", False, "\n", "Yes."),
        ("[THINK]hm[/THINK]Yes.", False, "hm", "Yes."),
        ("<thing> is XML, and <think> too", False, "", "<thing> is XML, and <think> too"),
        ("a < b</think>Yes.", True, "a < b", "Yes."),
        ("<think>twice</think>Yes.", True, "twice", "Yes."),
        ("<think>cut o", False, "cut o", ""),
        ("<thi", False, "", "<thi"),
    ],
)
def test_tags(text: str, size: int, inside: bool, thoughts: str, said: str) -> None:
    assert split(text, size, inside=inside)[:2] == (thoughts, said)


@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_lone_tag_is_noticed_and_its_absence_too(size: int) -> None:
    assert split("so it is</think>Yes.", size)[2].lone
    assert split("Yes. I never think.", size, inside=True)[2].mistaken == "Yes. I never think."
    assert split("so it is</think>Yes.", size, inside=True)[2].mistaken == ""


def test_a_whole_reply_is_settled() -> None:
    lone = settled(AIMessage("so it is</think>Yes."))
    assert (lone.text, lone.additional_kwargs[THOUGHTS]) == ("Yes.", "so it is")
    assert settled(AIMessage("Yes.", additional_kwargs={THOUGHTS: "Yes."})).additional_kwargs[THOUGHTS] == ""


async def turn(assistant: Assistant, question: str, conversation: str | None = None) -> list[Event]:
    return [event async for event in assistant.stream(question, conversation)]


def told(events: list[Event]) -> tuple[str, str]:
    thoughts = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    return thoughts, "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    "reply",
    [
        Text(SAID, thoughts=THOUGHT),
        Text(SAID, thoughts=THOUGHT, field="reasoning_content"),
        Text(f"<think>{THOUGHT}</think>\n\n{SAID}"),
    ],
    ids=["vllm", "others", "tags"],
)
async def test_thoughts_are_streamed_apart_kept_apart_and_never_sent_back(
    assistant: Assistant, model_server: ScriptedServer, reply: Text
) -> None:
    model_server.say(reply, Text("Gladly."))
    events = await turn(assistant, "Hello?")
    assert told(events) == (THOUGHT, SAID)
    end = events[-1]
    assert isinstance(end, Answer)
    assert (end.text, end.reasoning, end.unsupported) == (SAID, THOUGHT, ())
    await turn(assistant, "Go on", end.conversation)
    assert "greets me" not in json.dumps(model_server.requests[-1].body)
    stored = (await assistant.conversations.turns(end.conversation, "local"))[0].result or {}
    assert stored["reasoning"] == THOUGHT


async def test_thoughts_before_a_call_are_kept_in_order(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(Calls([("roll_dice", {"count": 1})], thoughts="Roll first."), Text("6", thoughts="Then tell."))
    end = (await turn(assistant, "Roll a die"))[-1]
    assert isinstance(end, Answer)
    assert end.reasoning == "Roll first.\n\nThen tell."
    assert "Roll first" not in json.dumps(model_server.requests[-1].body)


async def test_a_template_that_begins_the_thoughts_is_learnt(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    reply = f"{THOUGHT}</think>{SAID}"
    model_server.say(Text(reply), Text(reply), Text(SAID), Text(SAID))
    first, second, third, fourth = [await turn(assistant, f"Hello {n}?") for n in range(4)]
    for events in (first, second):
        assert isinstance(events[-1], Answer)
        assert (events[-1].text, events[-1].reasoning) == (SAID, THOUGHT)
    assert told(second) == (THOUGHT, SAID)
    assert isinstance(third[-1], Answer)
    assert (third[-1].text, third[-1].reasoning) == (SAID, "")
    assert told(fourth) == ("", SAID)


async def test_nothing_but_thoughts_is_told(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(Text("", thoughts=THOUGHT))
    end = (await turn(assistant, "Hello?"))[-1]
    assert "thought and then gave no answer" in getattr(end, "message", "")


async def test_the_terminal_shows_thoughts_beside_the_answer(
    assistant: Assistant, model_server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    model_server.say(Text(SAID, thoughts=f"{THOUGHT}\x1b[31m"))
    await show(assistant.stream("Hello?"))
    out, err = capsys.readouterr()
    assert "greets me" not in out
    assert SAID in out
    assert THOUGHT in err
    assert "\x1b[31m" not in err


@pytest.mark.parametrize("kind", ["md", "html", "json", "pdf"])
async def test_thoughts_leave_only_where_they_are_asked_for(
    assistant: Assistant, model_server: ScriptedServer, kind: str, tmp_path: Path
) -> None:
    model_server.say(Text(SAID, thoughts=THOUGHT))
    end = (await turn(assistant, "Hello?"))[-1]
    turns = await assistant.conversations.turns(getattr(end, "conversation", ""), "local")
    without, within = (export(Exported("Talk", turns, tmp_path, given), kind) for given in (False, True))
    if kind == "pdf":
        assert len(within) > len(without)
    else:
        assert b"greets me" not in without
        assert b"greets me" in within
