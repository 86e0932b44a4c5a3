"""The API beside the agent: what a request costs more, and many streams at once.

    python -m bench.api [--rounds 200] [--streams 200]

A scripted server in a process of its own answers at once. The API runs in another process; its client, the official
one, and the agent that it is compared with take turns in this one.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.batch import ROOT
from bench.overhead import scripted_server
from bench.report import describe, verdict

LIMIT_MS = 10.0
WARM_UP = 20
QUESTION = "What is said in line 1?"


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--streams", type=int, default=200)
    options = parser.parse_args()
    print(describe("fastapi", "uvicorn", "openai"), flush=True)
    with tempfile.TemporaryDirectory() as name, scripted_server() as url, served(url, Path(name)) as api:
        asyncio.run(measure(url, api, Path(name), options.rounds, options.streams))


@contextmanager
def served(url: str, folder: Path) -> Iterator[str]:
    """Runs `assistant serve` with the scripted server as its engine and yields the API's base URL."""
    settings = folder / "settings.yaml"
    settings.write_text(
        f"home: {folder / 'served'}\nengine: {{url: {url}, model: scripted}}\nlimits: {{requests: 1000000}}\n"
    )
    command = [sys.executable, "-m", "assistant", "serve", "--port", "0", "--config", str(settings)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield next(word for word in line.split() if word.startswith("http"))
        finally:
            process.terminate()


async def measure(url: str, api: str, folder: Path, rounds: int, streams: int) -> None:
    """Prints what a request costs over the agent, and how many of many streams fail."""
    from openai import AsyncOpenAI

    from assistant.app import build
    from assistant.settings import Settings

    client = AsyncOpenAI(base_url=api, api_key="none", max_retries=0, timeout=300)
    values = {"home": folder / "compared", "engine": {"url": url, "model": "scripted"}}
    spent: dict[str, list[float]] = {"agent": [], "API": []}
    async with build(Settings.model_validate(values)) as assistant:
        for number in range(-WARM_UP, rounds):
            for name, times in spent.items():
                began = time.perf_counter()
                if name == "agent":
                    await assistant.ask(QUESTION)
                else:
                    await client.chat.completions.create(
                        model="assistant", messages=[{"role": "user", "content": QUESTION}]
                    )
                if number >= 0:
                    times.append(1e3 * (time.perf_counter() - began))
    costs = {name: median(times) for name, times in spent.items()}
    print(", ".join(f"{name} {cost:.1f} ms" for name, cost in costs.items()))
    verdict("median of a request over the agent", costs["API"] - costs["agent"], LIMIT_MS, "ms")
    began = time.perf_counter()
    ends = await asyncio.gather(*(stream(client, n) for n in range(streams)), return_exceptions=True)
    failed = [end for end in ends if isinstance(end, BaseException)]
    print(f"{streams} streams at once in {time.perf_counter() - began:.1f} s", *failed[:3], sep="\n")
    verdict("streams that failed", len(failed), 0)


async def stream(client: object, number: int) -> str:
    """Streams one answer."""
    from openai import AsyncOpenAI

    assert isinstance(client, AsyncOpenAI)
    chunks = await client.chat.completions.create(
        model="assistant", messages=[{"role": "user", "content": f"What is said in line {number}?"}], stream=True
    )
    return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])


if __name__ == "__main__":
    main()
