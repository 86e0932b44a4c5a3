"""What the agent leaves of a vLLM's speed: `assistant batch` beside the bare server, with the same prompts.

    python -m bench.serving [--rows 200] [--concurrency 16] [--rounds 2] [--words 256] [--turns 20] [--program vllm]
                            [--dummy]

A vLLM is started as the assistant starts it. A batch runs once through a proxy that writes down each request of the
agent: rules, tools, results. Then the same requests go to the bare server, those of a row one after the other and as
many rows at once, and the batch runs straight at the server; both in turns. Tokens and time are the server's own: of
its counter of tokens made, from its first step to its last. So is what its prefix cache had of the prompts, of the
batches and of one long conversation at the end.

The model is a two-layer one of the tests, which calls a tool and then speaks on, or with --dummy one of the shape of
Qwen3-8B (its vocabulary apart) with weights that vLLM makes up, which needs a GPU and no download.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import yaml

from assistant.app import build
from assistant.engines.vllm.gpus import find_gpus
from assistant.engines.vllm.server import VllmServer
from assistant.events import Failed
from assistant.settings import ServerEngine, Settings
from assistant.vllm_settings import VllmEngine
from bench.recorder import Body, recording
from bench.report import describe, verdict
from tests.ports import free_port
from tests.serving.tiny_model import ENDLESS, make_model

SHARE = 0.9
ROOT = Path(__file__).parents[1]
SECONDS_BETWEEN_LOOKS = 0.1
MADE, ASKED, CACHED = NAMES = "generation_tokens", "prefix_cache_queries", "prefix_cache_hits"
COUNTER = re.compile(rf"^vllm:({'|'.join(NAMES)})_total\{{[^}}]*\}} ([\d.e+]+)$", re.M)
SHAPE = {
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "dtype": "bfloat16",
}


@dataclass
class Work:
    """What a server has made in a run.

    Attributes:
        tokens: How many.
        seconds: From the first to the last.
        prompts: Tokens of the prompts.
        cached: Those that its prefix cache had.
    """

    tokens: float = 0
    seconds: float = 0
    prompts: float = 0
    cached: float = 0

    @property
    def rate(self) -> float:
        """Tokens per second."""
        return self.tokens / self.seconds

    def line(self, what: str) -> str:
        """Returns it for people."""
        made = f"{what:16}{self.tokens:9.0f} tokens{self.seconds:8.1f} s{self.rate:9.0f} tokens/s"
        return f"{made}, {self.cached / self.prompts:6.1%} of {self.prompts:.0f} prompt tokens from the prefix cache"


def main() -> int:
    """Prints the figures; returns 1 where the limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--words", type=int, default=256, help="tokens of a reply at most")
    parser.add_argument("--turns", type=int, default=20, help="of the long conversation")
    parser.add_argument("--program", default="vllm", help="the vllm command")
    parser.add_argument(
        "--flag", action="append", default=[], help="a further flag of vllm serve: --flag=--stream-interval=8"
    )
    parser.add_argument("--dummy", action="store_true", help="an 8B shape with made-up weights")
    return asyncio.run(run(parser.parse_args()))


async def run(options: argparse.Namespace) -> int:
    """Measures; returns 1 where the limit was missed."""
    gpus = ", ".join(gpu.name for gpu in find_gpus()) or "no GPU"
    print(describe("langgraph", "openai"), gpus, sep=", ", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        questions = [f"Question {n}: speak {ENDLESS}" for n in range(options.rows)]
        source = folder / "in.jsonl"
        source.write_text("".join(json.dumps({"id": n, "question": text}) + "\n" for n, text in enumerate(questions)))
        async with served(options, folder) as url:
            async with recording(url) as (proxy, bodies):
                await batch(source, proxy, folder, options)
            rows = [each for question in questions if (each := bodies.get(question))]
            requests = sum(map(len, rows))
            print(f"{len(rows)} rows, {requests} requests, {options.concurrency} at once", flush=True)
            assert len(rows) == options.rows, "some rows made no request"
            bare, ours = [], []
            for _ in range(options.rounds):
                bare.append(await metered(url, replay(url, rows, options.concurrency)))
                ours.append(await metered(url, batch(source, url, folder, options)))
                print(bare[-1].line("bare server"), ours[-1].line("assistant batch"), sep="\n", flush=True)
            talk = await metered(url, converse(url, folder, options.turns))
            print(talk.line(f"{options.turns} turns"), flush=True)
    share = median(work.rate for work in ours) / median(work.rate for work in bare)
    print(f"the agent keeps {share:.0%} of the bare server's tokens per second")
    return 0 if verdict("time beside the bare server", 1 / share, 1 / SHARE, "×") else 1


@asynccontextmanager
async def served(options: argparse.Namespace, folder: Path) -> AsyncIterator[str]:
    """Runs the server and yields its URL."""
    model = make_model(folder / "model")
    flags = [f'--override-generation-config={{"max_new_tokens": {options.words}}}']
    if options.dummy:
        config = json.loads((model / "config.json").read_text()) | SHAPE
        (model / "config.json").write_text(json.dumps(config))
        flags.append("--load-format=dummy")
    elif not find_gpus():
        flags.append("--enforce-eager")
    engine = VllmEngine(
        vllm=str(model),
        program=options.program,
        port=free_port(),  # not the usual one, where every assistant of this machine would find it
        context=32768,
        sequences=max(16, options.concurrency),
        flags=(*flags, *options.flag),
    )
    server = VllmServer(engine, folder / "server")
    try:
        async for state in server.follow():
            if state.phase == "failed":
                raise SystemExit(str(state.progress))
            if state.engine:
                yield str(state.engine.url)
                return
    finally:
        await server.close()


async def batch(source: Path, url: str, folder: Path, options: argparse.Namespace) -> None:
    """Runs a batch in a home folder of its own."""
    home = Path(tempfile.mkdtemp(dir=folder))
    settings = {"home": str(home), "engine": {"url": url, "model": "model", "timeout": 600}}
    (home / "settings.yaml").write_text(yaml.safe_dump(settings))
    where = ["batch", str(source), "-o", str(home / "out.jsonl"), "--config", str(home / "settings.yaml")]
    command = [sys.executable, "-m", "assistant", *where, "--concurrency", str(options.concurrency)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=subprocess.PIPE)
    _, said = await process.communicate()
    if process.returncode:
        raise SystemExit(said.decode()[-3000:])


async def converse(url: str, folder: Path, turns: int) -> None:
    """Asks one question after the other in one conversation, with one tool, so that it need not be shortened."""
    settings = Settings(home=folder / "talk", engine=ServerEngine(url=url, model="model", timeout=600))
    async with build(settings) as assistant:
        conversation, off = None, assistant.toolbox.tools.keys() - {"calculator"}
        for n in range(turns):
            end = await assistant.ask(f"Question {n}: speak {ENDLESS}", conversation, off=off)
            if isinstance(end, Failed):
                raise SystemExit(end.message)
            conversation = end.conversation


async def replay(url: str, rows: Sequence[Sequence[Body]], concurrency: int) -> None:
    """Sends the requests to the bare server, and reads what comes."""
    waiting = iter(rows)
    limits = httpx.Limits(max_connections=concurrency)
    async with httpx.AsyncClient(timeout=600, trust_env=False, limits=limits) as client:

        async def worker() -> None:
            for row in waiting:
                for body in row:
                    async with client.stream("POST", f"{url}/chat/completions", json=body) as reply:
                        reply.raise_for_status()
                        async for _ in reply.aiter_lines():
                            pass

        await asyncio.gather(*(worker() for _ in range(concurrency)))


async def metered(url: str, doing: Any) -> Work:
    """Awaits something and returns what the server made meanwhile."""
    work, task = Work(), asyncio.ensure_future(doing)
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:

        async def counted() -> dict[str, float]:
            text = (await client.get(f"{url.removesuffix('/v1')}/metrics")).text
            found = dict.fromkeys(NAMES, 0.0)
            for name, value in COUNTER.findall(text):
                found[name] += float(value)
            return found

        start = last = await counted()
        began = 0.0
        while not task.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(task), SECONDS_BETWEEN_LOOKS)
            now = await counted()
            if now[MADE] > last[MADE]:
                began = began or time.perf_counter()
                work.seconds, last = time.perf_counter() - began, now
        await task
        last = await counted()
    work.tokens, work.prompts, work.cached = (last[name] - start[name] for name in (MADE, ASKED, CACHED))
    return work


if __name__ == "__main__":
    sys.exit(main())
