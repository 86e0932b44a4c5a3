"""What an answer took: tokens as the server counts them, times as they are measured."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage

from assistant.app import build
from assistant.events import Answer, Failed, Usage
from assistant.meter import Meter, Spread
from assistant.session import Assistant
from assistant.settings import Settings
from assistant.terminal import ending
from assistant.usage import TIMING, spent
from tests.replies import Calls, SlowText
from tests.scripted_server import ScriptedServer


async def answer(assistant: Assistant, question: str) -> Answer:
    end = await assistant.ask(question)
    assert isinstance(end, Answer), end
    return end


async def test_tokens_and_times_are_in_each_answer(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(Calls([("roll_dice", {"count": 1})], cached=1), SlowText("6 was rolled.", delay=0.02))
    end = await answer(assistant, "Roll a die")
    usage = end.usage
    assert usage
    assert (usage.requests, usage.completion_tokens, usage.cached_tokens) == (2, 4, 1)
    assert usage.prompt_tokens
    assert usage.first_token_seconds is not None
    assert 0 < usage.first_token_seconds < end.seconds
    assert usage.tokens_per_second
    assert end.to_json()["usage"]["completion_tokens"] == 4
    assert f"{usage.prompt_tokens:,} tokens in (1 cached), 4 out, first after" in ending(end)
    meter = assistant.meter
    assert (meter.requests, meter.tokens["completion"], meter.tokens["cached"]) == (2, 4, 1)
    assert sum(meter.first_token.counts) == sum(meter.speed.counts) == 1


async def test_the_builtin_engine_takes_no_tokens(settings: Settings) -> None:
    async with build(settings) as assistant:
        end = await answer(assistant, "What is 2 + 2?")
    assert end.usage is None
    assert end.to_json()["usage"] is None


def test_what_a_server_does_not_tell_is_not_made_up() -> None:
    silent = AIMessage("x", response_metadata={TIMING: {"first": 0.25, "rest": 0.5}})
    assert spent([silent]) == Usage(1, first_token_seconds=0.25)


def test_values_are_counted_between_limits() -> None:
    spread = Spread((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        spread.add(value)
    assert (spread.counts, spread.total) == ([2, 1, 1], 12.0)


@pytest.mark.parametrize("kind", ["EngineTimeout", "Stopped"])
def test_failures_are_counted_by_kind(kind: str) -> None:
    meter = Meter()
    meter.take(Failed("no", "", kind))
    assert meter.failures == {kind: 1}
