"""Many people at once: what the page adds to the engine's own time, whether anybody gets another's words, and memory.

    python -m bench.users [--users 50] [--turns 5000] [--think 4] [--home WORK]

`assistant ui` is started with accounts and an engine that needs a second for each answer and repeats the question. Each
person signs in over HTTP, opens the page, holds its heartbeat open, asks, reads for a few seconds, asks again, begins a
new conversation now and then and loads the page anew now and then, all as a browser does. What a turn takes beyond the
engine's second is the page's: its queue, the agent, the check of the answer, saving, and sending, and also what the
people themselves cost this machine. Every message that comes is searched for anybody else's words.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from assistant.accounts.store import Accounts
from bench.page_client import API, Tab
from bench.report import describe, verdict
from tests.scripted_server import ScriptedServer, SlowText

ROOT = Path(__file__).parents[1]
PASSWORD = "a password for the bench"
LIMIT_MS = 300.0
LIMIT_GROWTH = 5.0
"""Percent of memory that may be added between the first thousand turns and the last."""
CHUNKS, DELAY = 20, 0.05
ENGINE_SECONDS = CHUNKS * DELAY
TURNS_IN_A_CONVERSATION = 10
CONVERSATIONS_IN_A_TAB = 2
MARK = re.compile(r"person(\d+)said(\d+)")


@dataclass(slots=True)
class Measured:
    """What came of the turns.

    Attributes:
        overheads: Milliseconds beyond the engine's time, of each turn.
        firsts: Milliseconds from the question to the first word shown, beyond the engine's.
        mixed: Words of others that somebody was sent.
        failed: Turns that brought no answer.
        memory: Megabytes after so many turns.
    """

    overheads: list[float] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    memory: dict[int, float] = field(default_factory=dict)


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--turns", type=int, default=5000, help="of all of them together")
    parser.add_argument("--think", type=float, default=4.0, help="seconds between an answer and the next question")
    parser.add_argument("--every", type=int, default=1000, help="turns between two looks at the memory")
    parser.add_argument("--home", type=Path, help="a folder that is kept; else one for the time being")
    options = parser.parse_args()
    print(describe("gradio"), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        _enrol(home, options.users)
        with _engine() as url, _page(home, url) as (process, address):
            measured = asyncio.run(_measure(address, process, options))
    return _report(measured, options)


async def _measure(address: str, process: psutil.Process, options: argparse.Namespace) -> Measured:
    measured, left = Measured(), iter(range(options.turns))
    await asyncio.gather(*(_sit_down(address, number) for number in range(2)))  # what loads at first use is loaded
    measured.memory[0] = _megabytes(process)
    people = [
        asyncio.create_task(_person(address, number, left, measured, options.think)) for number in range(options.users)
    ]
    watching = asyncio.create_task(_watch(process, measured, options.every))
    began, cpu = time.perf_counter(), sum(process.cpu_times()[:2])
    await asyncio.gather(*people)
    watching.cancel()
    seconds, used = time.perf_counter() - began, sum(process.cpu_times()[:2]) - cpu
    measured.memory[len(measured.overheads)] = _megabytes(process)
    print(
        f"{seconds:.0f} s, {1000 * used / max(1, len(measured.overheads)):.0f} ms of processor for each turn",
        flush=True,
    )
    return measured


async def _sit_down(address: str, number: int) -> None:
    async with _browser(address, number) as client, _tab(client) as tab:
        await tab.run(tab.layout.event("ask", "submit"), [f"person{number}said0", None, None])


async def _person(address: str, number: int, left: Iterator[int], measured: Measured, think: float) -> None:
    async with _browser(address, number) as client:
        await asyncio.sleep(random.uniform(0, think + ENGINE_SECONDS))
        said = 0
        while True:
            async with _tab(client) as tab:
                for turn in range(TURNS_IN_A_CONVERSATION * CONVERSATIONS_IN_A_TAB):
                    if next(left, None) is None:
                        return
                    if turn == TURNS_IN_A_CONVERSATION:
                        await tab.run(tab.layout.event("new", "click"), [None, None])
                    said += 1
                    await _turn(tab, number, said, measured)
                    await asyncio.sleep(random.uniform(0.5, 1.5) * think)


async def _turn(tab: Tab, number: int, said: int, measured: Measured) -> None:
    question = f"person{number}said{said}"
    began = time.perf_counter()
    try:
        messages = await tab.run(tab.layout.event("ask", "submit"), [question, None, None])
    except httpx.HTTPError as error:
        measured.failed.append(f"{question}: {error!r}")
        return
    took = time.perf_counter() - began
    text = json.dumps(messages)
    measured.mixed += [found[0] for found in MARK.finditer(text) if found[1] != str(number)]
    if f"answer to {question}" not in text or not messages[-2]["success"]:
        measured.failed.append(f"{question}: {text[-600:]}")
    else:
        measured.overheads.append(1000 * (took - ENGINE_SECONDS))


async def _watch(process: psutil.Process, measured: Measured, every: int) -> None:
    while True:
        await asyncio.sleep(0.5)
        turns = len(measured.overheads) // every * every
        if turns not in measured.memory:
            measured.memory[turns] = _megabytes(process)
            recent = measured.overheads[-every:]
            print(f"{turns} turns: {measured.memory[turns]:.0f} MB, {_percentiles(recent)}", flush=True)


def _report(measured: Measured, options: argparse.Namespace) -> int:
    print(
        f"{options.users} people, {len(measured.overheads)} turns, {len(measured.failed)} failed", *measured.failed[:5]
    )
    print("over the engine's own time:", _percentiles(measured.overheads))
    print("memory:", ", ".join(f"{turns} turns {size:.0f} MB" for turns, size in sorted(measured.memory.items())))
    sizes = [size for turns, size in sorted(measured.memory.items()) if turns >= min(options.every, options.turns)]
    p95 = statistics.quantiles(measured.overheads, n=20)[-1]
    held = [
        verdict("95th percentile over the engine's time", p95, LIMIT_MS, "ms"),
        verdict("words of another person", len(measured.mixed), 0),
        verdict("turns without an answer", len(measured.failed), 0),
        verdict("memory added since the first look", 100 * (sizes[-1] / sizes[0] - 1), LIMIT_GROWTH, "%"),
    ]
    return 0 if all(held) else 1


def _percentiles(values: list[float]) -> str:
    cuts = statistics.quantiles(values, n=100) if len(values) > 1 else [0.0] * 99
    return f"median {cuts[49]:.0f} ms, 95th percentile {cuts[94]:.0f} ms, 99th {cuts[98]:.0f} ms"


def _enrol(home: Path, users: int) -> None:
    accounts = Accounts(home)
    known = {account.name for account in accounts.all()}
    for number in range(users):
        if f"person{number}" not in known:
            accounts.add(f"person{number}", PASSWORD)
    accounts.close()


@asynccontextmanager
async def _browser(address: str, number: int) -> Any:
    limits = httpx.Limits(max_keepalive_connections=4)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        answer = await client.post("/signin", data={"name": f"person{number}", "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        yield client


@asynccontextmanager
async def _tab(client: httpx.AsyncClient) -> Any:
    """Opens the page and keeps its heartbeat until it is left, as a browser's tab does."""
    await client.get("/")
    tab = await Tab.opened(client)
    beating = asyncio.create_task(_beat(client, tab.hash))
    loaded = [event for event in tab.layout.config["dependencies"] if any(t[1] == "load" for t in event["targets"])]
    for event in loaded:
        await tab.send(event, [None] * len(event["inputs"]))
    with suppress(httpx.HTTPError):
        _ = [message async for message in tab.messages()]
    try:
        yield tab
    finally:
        beating.cancel()
        await asyncio.wait([beating])


async def _beat(client: httpx.AsyncClient, hash_: str) -> None:
    async with client.stream("GET", f"{API}/heartbeat/{hash_}", timeout=None) as answer:
        async for _ in answer.aiter_bytes():
            pass


@contextmanager
def _engine() -> Iterator[str]:
    """An engine in a process of its own, so that its work is not the bench's."""
    command = [sys.executable, "-c", f"from bench.users import serve_engine; serve_engine({CHUNKS}, {DELAY})"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def serve_engine(chunks: int, delay: float) -> None:
    """Says ``answer to`` and the question, piece by piece, until it is ended."""

    def script(body: dict[str, Any]) -> SlowText:
        said = str(body["messages"][-1]["content"])
        text = f"This is the answer to {said}. Nothing more is known of it here today."
        server.requests.clear()
        return SlowText(text, delay, -(-len(text) // chunks))

    with ScriptedServer() as server:
        server.always(script)
        print(server.url, flush=True)
        while True:
            time.sleep(60)


@contextmanager
def _page(home: Path, engine: str) -> Iterator[tuple[psutil.Process, str]]:
    config = home / "bench.yaml"
    limits = {"questions": 100_000, "requests": 1_000_000}
    config.write_text(json.dumps({"engine": {"url": engine, "model": "scripted"}, "limits": limits}))
    command = [sys.executable, "-m", "assistant", "ui", "--port", "0", "--home", str(home), "--config", str(config)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        try:
            line = next(line for line in process.stdout if "Assistant is at" in line)
            yield psutil.Process(process.pid), line.split()[3]
        finally:
            process.terminate()


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


if __name__ == "__main__":
    sys.exit(main())
