"""Whatever is said and found, a request fits into the model's context."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from assistant import trim
from assistant.app import build
from assistant.compaction import FORGOTTEN
from assistant.engines.room import MOST, Room
from assistant.events import Answer, EngineProgress
from assistant.prompts import prompt
from assistant.reply import SUMMARISED, SUMMARISING, TRIMMED
from assistant.session import Assistant
from assistant.settings import ServerEngine, Settings
from tests.replies import Calls, Json, Reply, Status, Text
from tests.scripted_server import ScriptedServer

# The scripted server counts words for tokens, from which more bytes a token are learnt than there may be at most.
BYTES_PER_TOKEN = MOST
NOTICE = "The notice period is three months after the trial period. [1]"
SEARCH = Calls([("search_documents", {"query": "notice period"})])


class Small:
    """A server with a small context that refuses what does not fit, as vLLM does.

    Args:
        room: Tokens beside rules and tools.
    """

    def __init__(self, server: ScriptedServer, room: int, *, told: bool = True) -> None:
        self.refused = 0
        self.summaries: list[str] = []
        self._room, self._told, self._server, self._replies = room, told, server, list[Reply]()
        self._limit = 0
        server.always(self.reply)

    def say(self, *replies: Reply) -> None:
        self._replies += replies

    def learn(self, fixed: int) -> None:
        """Takes a context that leaves the wanted room, a quarter of it being for the reply."""
        self._limit = int((fixed / BYTES_PER_TOKEN + self._room) * 4 / 3)
        if self._told:
            self._server.models = ({"id": "scripted", "max_model_len": self._limit},)

    def reply(self, body: Json) -> Reply:
        tokens = len(json.dumps([body["messages"], body.get("tools")], ensure_ascii=False).encode()) / BYTES_PER_TOKEN
        if tokens >= self._limit:
            self.refused += 1
            message = (
                f"This model's maximum context length is {self._limit} tokens. However, your request has {tokens:.0f} "
                "input tokens. Please reduce the length of the input messages."
            )
            return Status(400, json.dumps({"error": {"message": message, "code": 400}}))
        if body["messages"][0]["content"] == prompt("summary"):
            self.summaries.append(body["messages"][1]["content"])
            return Text("They asked how long the notice period is: three months [1].")
        return self._replies.pop(0) if self._replies else Text("As I said before, and at some length. " * 20)


async def start(assistant: Assistant, small: Small) -> None:
    tools = sum(tool.size for tool in assistant.toolbox.tools.values())
    small.learn(trim.size([SystemMessage(prompt("system"))]) + tools)


def settings_for(served: Settings, server: ScriptedServer) -> Settings:
    return served.model_copy(update={"engine": ServerEngine(url=server.url, model="scripted", timeout=20)})


async def ask(assistant: Assistant, question: str, conversation: str | None = None) -> Answer:
    end = await assistant.ask(question, conversation)
    assert isinstance(end, Answer), end
    return end


@pytest.mark.parametrize("told", [True, False], ids=["told", "learnt"])
async def test_a_long_conversation_goes_on_and_keeps_its_evidence(
    served: Settings, model_server: ScriptedServer, documents: Path, told: bool
) -> None:
    small = Small(model_server, 2_000, told=told)
    small.say(SEARCH, Text(NOTICE))
    settings = settings_for(served, model_server)
    async with build(settings) as assistant:
        assistant.library.add([documents])
        await start(assistant, small)
        first = await ask(assistant, "How long is the notice period?")
        for n in range(18):
            last = await ask(assistant, f"Tell me more, part {n}. " + "Please. " * 60, first.conversation)
        assert small.summaries
        assert small.refused <= (0 if told else 2)
        assert SUMMARISED in last.notes
        assert SUMMARISED not in first.notes
    async with build(settings) as assistant:
        small.say(Text(NOTICE))
        again = await ask(assistant, "How long was it?", first.conversation)
    assert again.citations[0].quote == first.citations[0].quote
    shown = model_server.requests[-1].messages
    assert [message["role"] for message in shown[:2]] == ["system", "user"]
    assert "three months [1]" in shown[1]["content"]
    assert "The notice period is three months after the trial period. During the trial" in shown[1]["content"]
    assert shown[-1]["content"].endswith("How long was it?")


async def test_passages_that_fit_less_well_are_left_out(
    served: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(30):
        filler = f"The warehouse number {n} stores goods of every kind in long rows of shelves. " * 12
        (folder / f"{n}.md").write_text(f"# Report {n}\n\n{filler}")
    (folder / "best.md").write_text("# Notice\n\nThe notice period of warehouse workers is nine weeks.")
    small = Small(model_server, 2_000)
    small.say(
        Calls([("search_documents", {"query": "notice period of warehouse workers", "limit": 30})]),
        Text("The notice period of warehouse workers is nine weeks. [1]"),
    )
    async with build(settings_for(served, model_server)) as assistant:
        assistant.library.add([folder])
        await start(assistant, small)
        end = await ask(assistant, "How long is the notice period?")
    assert small.refused == 0
    assert TRIMMED in end.notes
    assert end.citations[0].quote == "The notice period of warehouse workers is nine weeks."
    assert len(end.tool_calls[0].result) == 30  # what was found is kept whole
    sent = model_server.requests[-1].messages[-1]["content"]
    assert "nine weeks" in sent
    assert "that fit less well were left out" in sent


async def test_a_question_longer_than_the_context_loses_its_middle(
    served: Settings, model_server: ScriptedServer
) -> None:
    small = Small(model_server, 1_000)
    async with build(settings_for(served, model_server)) as assistant:
        await start(assistant, small)
        await ask(assistant, "Begin. " + "blah " * 3_000 + "What is the end?")
    sent = model_server.requests[-1].messages[-1]["content"]
    assert sent.startswith("Begin.")
    assert sent.endswith("What is the end?")
    assert "characters left out" in sent


async def test_a_summary_that_cannot_be_made_stops_nobody(served: Settings, model_server: ScriptedServer) -> None:
    def script(body: Json) -> Reply:
        return Status(400) if body["messages"][0]["content"] == prompt("summary") else Text("Hello there to you.")

    model_server.always(script)
    agent = served.agent.model_copy(update={"history_turns": 1})
    async with build(served.model_copy(update={"agent": agent})) as assistant:
        talk = (await ask(assistant, "My name is Ada.")).conversation
        await ask(assistant, "Hello?", talk)
        events = [event async for event in assistant.stream("And?", talk)]
    assert SUMMARISING in [event.message for event in events if isinstance(event, EngineProgress)]
    assert isinstance(events[-1], Answer)
    assert FORGOTTEN in model_server.requests[-1].messages[1]["content"]
    assert "- My name is Ada." in model_server.requests[-1].messages[1]["content"]


def found(*rows: tuple[float | None, str]) -> ToolMessage:
    result = [
        {"n": n, "text": text} | ({} if score is None else {"score": score}) for n, (score, text) in enumerate(rows)
    ]
    return ToolMessage(json.dumps(result), tool_call_id="c")


def rows(message: AnyMessage) -> list[Any]:
    return [row.get("text") for row in json.loads(message.text) if "text" in row]


def test_trimming_goes_by_rank_over_all_results() -> None:
    long = "x" * 300
    messages: list[AnyMessage] = [
        HumanMessage("?"), AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "c"}]),
        found((0.9, long + "a"), (0.2, long + "b"), (None, long + "c")),
        found((0.5, long + "d"), (0.4, long + "e")),
    ]  # fmt: skip
    assert trim.trimmed(messages, 10_000) == messages
    shorter = trim.trimmed(messages, trim.size(messages) - 500)
    assert [rows(shorter[2]), rows(shorter[3])] == [[long + "a"], [long + "d", long + "e"]]
    least = trim.trimmed(messages, 1_100)
    assert [rows(least[2]), rows(least[3])] == [[long + "a"], [long + "d"]]
    assert trim.size(trim.trimmed([HumanMessage("ü" * 5_000)], 2_000)) <= 2_000


async def test_room_is_learnt_from_what_the_server_tells() -> None:
    async def context(model: str) -> int | None:
        return 10_000 if model == "known" else None

    room = Room(context)
    assert await room.bytes("") is None
    before = await room.bytes("known")
    room.took("known", 40_000, 10_000)
    after = await room.bytes("known")
    assert before
    assert after
    assert after > before
    room.overflowed("", 10_000, None)
    assert await room.bytes("") == 7_500
    room.overflowed("", 10_000, 1_000)
    assert (await room.bytes("") or 0) < 4_000
