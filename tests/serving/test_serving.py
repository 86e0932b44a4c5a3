"""The whole agent against a real vLLM."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest
from openai import AsyncOpenAI

from assistant.app import build
from assistant.events import Answer, Event, Failed, TextDelta
from assistant.session import Assistant
from assistant.settings import ServerEngine, Settings, ToolSettings
from assistant.settings_file import load_settings
from index.embed import SentenceTransformerEmbedder
from tests.serving.conftest import ROOT, Served
from tests.serving.tiny_model import ENDLESS, SENTENCE, TWICE

# The first test waits for the environment, which may have to be installed, and for the model.
pytestmark = [pytest.mark.xdist_group("vllm"), pytest.mark.timeout(1500), pytest.mark.slow]

DICE = '''
from assistant.plugin import tool

@tool
def roll_dice(count: int, sides: int = 6) -> list[int]:
    """Roll dice.

    Args:
        count: How many.
        sides: Faces of each.
    """
    return [sides] * count
'''


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture
async def assistant(
    served: Served, home: Path, monkeypatch: pytest.MonkeyPatch, embedder: SentenceTransformerEmbedder
) -> AsyncIterator[Assistant]:
    """An assistant of its own before the server that runs."""
    monkeypatch.setattr("assistant.app.make_embedder", lambda settings: embedder)
    (home / "tools").mkdir()
    (home / "tools" / "dice.py").write_text(DICE)
    engine = ServerEngine(url=served.url, model="tiny", timeout=120)
    async with build(Settings(home=home, engine=engine, tools=ToolSettings(folders=(home / "tools",)))) as made:
        yield made


async def ask(assistant: Assistant, question: str) -> Answer:
    """Asks with the dice as the only tool."""
    off = assistant.toolbox.tools.keys() - {"roll_dice"}
    end = await assistant.ask(question, off=off)
    assert isinstance(end, Answer), end
    return end


async def test_an_answer_is_streamed(assistant: Assistant) -> None:
    off = assistant.toolbox.tools.keys()
    got: list[Event] = [event async for event in assistant.stream("Hello", off=off)]
    pieces = [event.text for event in got if isinstance(event, TextDelta)]
    assert "".join(pieces) == SENTENCE
    assert len(pieces) > 3
    assert isinstance(got[-1], Answer)


async def test_a_tool_is_called_and_its_result_answered(assistant: Assistant) -> None:
    answer = await ask(assistant, "Roll two dice")
    assert [(call.name, call.arguments, call.result) for call in answer.tool_calls] == [
        ("roll_dice", {"count": 2}, [6, 6])
    ]
    assert answer.text == SENTENCE


async def test_two_tools_are_called_in_one_reply(assistant: Assistant) -> None:
    answer = await ask(assistant, f"Roll dice {TWICE}")
    assert [(call.name, call.ok) for call in answer.tool_calls] == [("roll_dice", True)] * 2


async def test_what_was_said_before_is_in_the_servers_cache(assistant: Assistant) -> None:
    first = await ask(assistant, "Roll dice")
    then = await assistant.ask("And again", first.conversation)
    assert isinstance(then, Answer)
    assert then.usage
    assert (then.usage.cached_tokens or 0) > (then.usage.prompt_tokens or 0) / 2


async def test_sixteen_conversations_at_once(assistant: Assistant) -> None:
    answers = await asyncio.gather(*(ask(assistant, f"Roll dice number {n}") for n in range(16)))
    assert {answer.text for answer in answers} == {SENTENCE}
    assert len({answer.conversation for answer in answers}) == 16


def running(served: Served) -> float:
    """How many requests the server works on."""
    with urllib.request.urlopen(f"{served.url.removesuffix('/v1')}/metrics", timeout=30) as reply:
        return sum(float(n) for n in re.findall(r"^vllm:num_requests_running\{.*\} (.*)$", reply.read().decode(), re.M))


async def test_a_stopped_answer_frees_its_place_at_the_server(assistant: Assistant, served: Served) -> None:
    async with aclosing(assistant.stream(f"Speak {ENDLESS}", off=assistant.toolbox.tools.keys())) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
        assert await asyncio.to_thread(running, served) == 1
    while await asyncio.to_thread(running, served):  # noqa: ASYNC110 — the server tells nobody
        await asyncio.sleep(0.1)


def test_another_assistant_of_the_home_uses_the_same_server(served: Served) -> None:
    starts = served.log.count("=== ")
    command = [sys.executable, "-m", "assistant", "ask", "--config", str(served.config), "Hello"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert SENTENCE in done.stdout
    assert served.log.count("=== ") == starts


def programs(served: Served) -> list[psutil.Process]:
    """vLLM with all that it has started, and the assistant's watch over it."""
    children = psutil.Process(served.process.pid).children()
    keepers = [each for each in children if any("keeper.py" in word for word in each.cmdline())]
    return [each for keeper in keepers for each in (keeper, *keeper.children(recursive=True))]


async def test_a_killed_server_is_back_within_the_same_turn(
    served: Served, monkeypatch: pytest.MonkeyPatch, embedder: SentenceTransformerEmbedder
) -> None:
    monkeypatch.setattr("assistant.app.make_embedder", lambda settings: embedder)
    before = programs(served)
    _, server, *_ = before
    assert "serve" in server.cmdline()
    async with build(load_settings(served.config)) as other:
        # An answer of which words were shown is not written a second time below them.
        events = [event async for event in until_killed(other, server)]
        end = events[-1]
        assert isinstance(end, Failed)
        assert "broke off in the middle of the answer" in end.message
        # A question of another assistant, in the same conversation, and one to the assistant whose server it is.
        again, reply = await asyncio.gather(other.ask("Hello", end.conversation, off=[]), ask_api(served))
    assert isinstance(again, Answer), again
    assert SENTENCE in again.text
    assert SENTENCE in reply
    assert not [each for each in before if each.is_running()], "some of the killed server lives on"


async def until_killed(assistant: Assistant, server: psutil.Process) -> AsyncIterator[Event]:
    """Asks for an endless answer, and kills the server when it has begun."""
    async with aclosing(assistant.stream(f"Speak {ENDLESS}", off=assistant.toolbox.tools.keys())) as events:
        async for event in events:
            if isinstance(event, TextDelta) and server.is_running():
                server.kill()
            yield event


async def ask_api(served: Served) -> str:
    """Asks the assistant that has started the server."""
    asked: Any = [{"role": "user", "content": "Are you there?"}]
    async with AsyncOpenAI(base_url=served.api, api_key="none", max_retries=0, timeout=600) as client:
        reply = await client.chat.completions.create(model="assistant", messages=asked)
    return reply.choices[0].message.content or ""


def test_nothing_outlives_a_killed_assistant(served: Served) -> None:
    started = programs(served)
    assert started
    served.process.kill()
    _, alive = psutil.wait_procs(started, timeout=60)
    assert alive == []
