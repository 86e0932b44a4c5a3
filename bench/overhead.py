"""What the agent costs beside the bare openai client, and whether a long conversation gets slower.

Every contestant asks the same scripted server, which answers at once, the same question in its own way: one tool
call, then a sentence, both streamed. They take turns within one run, so that the machine's noise meets all alike.
``ours`` also saves the turn to disk; the others save nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median

from bench.report import describe, verdict

LIMIT_MS = 12.0
LIMIT_RATIO = 1.5
WARM_UP = 10
LATE = 20

TOOL = "evaluate"
PLUGIN = f'''
from assistant.plugin import tool

@tool
def {TOOL}(expression: str) -> str:
    """Evaluate an expression.

    Args:
        expression: The expression.
    """
    return "2"
'''
QUESTION = "What is 1+1?"
ANSWER = "The tool has answered"
KEY = "none"

Contestant = Callable[[], Awaitable[str]]


def evaluate(expression: str) -> str:
    """Evaluate an expression.

    Args:
        expression: The expression.
    """
    return "2"


@contextmanager
def scripted_server() -> Iterator[str]:
    """Runs the server in a process of its own and yields its URL."""
    command = [sys.executable, "-m", "tests.scripted_server", "--call", TOOL]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def bare(url: str) -> Contestant:
    """The floor: the loop that one would write by hand on the openai client."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=url, api_key=KEY)
    parameters = {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}
    function = {"name": TOOL, "description": "Evaluate an expression.", "parameters": parameters}

    async def turn() -> str:
        messages: list[dict] = [{"role": "user", "content": QUESTION}]
        while True:
            text, calls = "", {}
            stream = await client.chat.completions.create(
                model="scripted", messages=messages, tools=[{"type": "function", "function": function}], stream=True
            )
            async for chunk in stream:
                delta = chunk.choices[0].delta
                text += delta.content or ""
                for part in delta.tool_calls or []:
                    call = calls.setdefault(part.index, {"id": part.id, "name": part.function.name, "arguments": ""})
                    call["arguments"] += part.function.arguments or ""
            if not calls:
                return text
            messages += _results(text, list(calls.values()))

    return turn


def _results(text: str, calls: list[dict]) -> list[dict]:
    functions = [{"name": call["name"], "arguments": call["arguments"]} for call in calls]
    asked = [{"id": c["id"], "type": "function", "function": f} for c, f in zip(calls, functions, strict=True)]
    results = [evaluate(**json.loads(call["arguments"])) for call in calls]
    return [
        {"role": "assistant", "content": text, "tool_calls": asked},
        *({"role": "tool", "tool_call_id": c["id"], "content": r} for c, r in zip(calls, results, strict=True)),
    ]


def create_agent(url: str) -> Contestant:
    """LangChain's ready-made agent, streamed, saving nothing."""
    from langchain.agents import create_agent
    from langchain_core.messages import AIMessageChunk
    from langchain_openai import ChatOpenAI

    agent = create_agent(ChatOpenAI(base_url=url, api_key=KEY, model="scripted"), tools=[evaluate])

    async def turn() -> str:
        text = ""
        asked = {"messages": [{"role": "user", "content": QUESTION}]}
        async for message, _ in agent.astream(asked, stream_mode="messages"):
            if isinstance(message, AIMessageChunk):
                text += message.text
        return text

    return turn


def smolagents(url: str) -> Contestant:
    """The agent of smolagents, streamed, saving nothing; it is synchronous and ends with a tool call of its own."""
    from rich.console import Console
    from smolagents import AgentLogger, LogLevel, OpenAIModel, ToolCallingAgent, tool
    from smolagents.memory import FinalAnswerStep

    agent = ToolCallingAgent(
        tools=[tool(evaluate)],
        model=OpenAIModel(model_id="scripted", api_base=url, api_key=KEY),
        stream_outputs=True,
        logger=AgentLogger(LogLevel.OFF, console=Console(quiet=True)),
    )

    async def turn() -> str:
        *_, last = agent.run(QUESTION, stream=True)
        assert isinstance(last, FinalAnswerStep)
        return str(last.output)

    return turn


@asynccontextmanager
async def ours(url: str, home: Path) -> AsyncIterator[Callable[[str | None], Awaitable[tuple[str, str]]]]:
    """Our agent over a fresh home; yields a turn in a conversation, which returns its text and the conversation."""
    from assistant.app import build
    from assistant.events import Answer
    from assistant.settings import Settings

    plugins = home / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "evaluate.py").write_text(PLUGIN)
    values = {"home": home, "engine": {"url": url, "model": "scripted"}, "tools": {"folders": [plugins]}}
    async with build(Settings.model_validate(values)) as assistant:

        async def turn(conversation: str | None) -> tuple[str, str]:
            async for event in assistant.stream(QUESTION, conversation):
                last = event
            assert isinstance(last, Answer), last
            assert [call.result for call in last.tool_calls] == ["2"], last.tool_calls
            return last.text, last.conversation

        yield turn


async def compare(contestants: dict[str, Contestant], rounds: int) -> dict[str, tuple[float, float]]:
    """Runs every contestant once a round, in an order that changes.

    Returns:
        Median milliseconds of wall time and of this process's CPU time, by name.
    """
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    order, shuffle = list(contestants), random.Random(0).shuffle
    for number in range(-WARM_UP, rounds):
        shuffle(order)
        for name in order:
            wall, cpu = time.perf_counter(), time.process_time()
            text = await contestants[name]()
            cost = (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3
            assert text.startswith(ANSWER), f"{name} answered {text!r}"
            if number >= 0:
                spent[name].append(cost)
    return {name: (median(w for w, _ in costs), median(c for _, c in costs)) for name, costs in spent.items()}


async def overhead(url: str, folder: Path, rounds: int) -> bool:
    """Prints the contestants' costs; returns whether ours is within the limit."""
    async with ours(url, folder / "compared") as turn:

        async def fresh() -> str:
            text, _ = await turn(None)
            return text

        contestants = {"bare openai client": bare(url), "ours, saved to disk": fresh}
        contestants |= {"langchain create_agent": create_agent(url), "smolagents": smolagents(url)}
        medians = await compare(contestants, rounds)
    floor, floor_cpu = medians["bare openai client"]
    print(f"One turn with one tool call, streamed; median of {rounds}, milliseconds\n")
    print(f"{'':24}{'wall':>8}{'over bare':>11}{'CPU':>8}{'over bare':>11}")
    for name, (wall, cpu) in medians.items():
        print(f"{name:24}{wall:8.1f}{wall - floor:11.1f}{cpu:8.1f}{cpu - floor_cpu:11.1f}")
    cost = medians["ours, saved to disk"][0] - floor
    return verdict("ours over bare", cost, LIMIT_MS, "ms")


async def long_conversation(url: str, folder: Path, turns: int) -> bool:
    """Prints how the last turns of a long conversation compare with first turns; returns whether within the limit.

    The first turns are those of fresh conversations in a home of their own, taken in between the late ones.
    """
    first, late = [], []
    async with AsyncExitStack() as stack:
        fresh = await stack.enter_async_context(ours(url, folder / "fresh"))
        long = await stack.enter_async_context(ours(url, folder / "long"))
        conversation: str | None = None
        for _ in range(WARM_UP):
            await fresh(None)
        for number in range(1, turns + 1):
            began = time.perf_counter()
            _, conversation = await long(conversation)
            if number <= turns - LATE:
                continue
            late.append((time.perf_counter() - began) * 1e3)
            began = time.perf_counter()
            await fresh(None)
            first.append((time.perf_counter() - began) * 1e3)
    print(f"\nTurns {turns - LATE + 1} to {turns} of one conversation: median {median(late):.1f} ms")
    print(f"First turns of {LATE} fresh conversations: median {median(first):.1f} ms")
    return verdict("ratio", median(late) / median(first), LIMIT_RATIO)


async def run(rounds: int, turns: int) -> bool:
    """Runs both measurements; returns whether both limits held."""
    print(describe("openai", "langchain", "langgraph", "smolagents"))
    with scripted_server() as url, tempfile.TemporaryDirectory() as folder:
        held = [await overhead(url, Path(folder), rounds), await long_conversation(url, Path(folder), turns)]
    return all(held)


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.overhead", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="turns of each contestant")
    parser.add_argument("--turns", type=int, default=500, help="length of the long conversation")
    options = parser.parse_args()
    return 0 if asyncio.run(run(options.rounds, options.turns)) else 1


if __name__ == "__main__":
    sys.exit(main())
