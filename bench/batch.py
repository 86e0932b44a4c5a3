"""Batches: throughput beside the bare client, memory, and whether killing one loses or doubles a row.

    python -m bench.batch [--rows 10000] [--concurrency 4] [--processes 1] [--kills 20]

A scripted server in a process of its own answers each question with the question itself, 10 ms after it came. The bare
client is the openai client with as many streams at once. `assistant batch` runs as a process, is then killed (SIGKILL)
at random moments of another run and started again each time; its output must be that of the undisturbed run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.report import describe, verdict

SHARE = 0.9
GROWTH_MB = 50.0
SETTLED = 0.2  # of the rows; by then everything is loaded
SCRIPT = """
from tests.replies import SlowText

def script(body):
    return SlowText("You asked: " + body["messages"][-1]["content"], delay=0.01, chunk=10_000)
"""
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    print(
        describe("openai"),
        f"{options.rows} rows, {options.concurrency} at once, {options.processes} processes",
        sep="\n",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as name, scripted_server(Path(name)) as url:
        folder = Path(name)
        questions = [f"What is said in line {number}?" for number in range(options.rows)]
        source = folder / "in.jsonl"
        source.write_text("".join(json.dumps({"id": n, "question": text}) + "\n" for n, text in enumerate(questions)))
        settings = folder / "settings.yaml"
        settings.write_text(f"home: {folder / 'home'}\nengine: {{url: {url}, model: scripted}}\n")
        used = time.process_time()
        bare = options.rows / asyncio.run(ask_bare(url, questions, options.concurrency))
        used = time.process_time() - used
        whole = folder / "whole.jsonl"
        how = [f"--concurrency={options.concurrency}", f"--processes={options.processes}"]
        spent, worked, memory = run(source, whole, settings, how)
        rate = options.rows / spent
        print(
            f"processor: bare client {used * 1000 / options.rows:.1f} ms a row, assistant batch {worked * 1000:.1f} ms"
        )
        print(f"bare client {bare:.0f} rows/s, assistant batch {rate:.0f} rows/s from its first row on")
        verdict("time beside the bare client", bare / rate, 1 / SHARE, "×")
        print("resident memory by tenths of the rows: " + ", ".join(f"{each:.0f}" for each in memory) + " MB")
        settled = memory[int(len(memory) * SETTLED) :]
        verdict("growth of memory over the last four fifths", settled[-1] - settled[0], GROWTH_MB, "MB")
        killed = folder / "killed.jsonl"
        kill(source, killed, settings, how, options.kills)
        same = content(killed) == content(whole)
        verdict(f"rows that differ after {options.kills} kills", 0.0 if same else 1.0, 0.0)


@contextmanager
def scripted_server(folder: Path) -> Iterator[str]:
    """Runs the server in a process of its own and yields its URL."""
    script = folder / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "tests.scripted_server", "--script", str(script)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def ask_bare(url: str, questions: Sequence[str], concurrency: int) -> float:
    """Returns the seconds that the openai client alone takes."""
    from openai import AsyncOpenAI

    client, waiting = AsyncOpenAI(base_url=url, api_key="none"), iter(questions)

    async def worker() -> None:
        for question in waiting:
            stream = await client.chat.completions.create(
                model="scripted", messages=[{"role": "user", "content": question}], stream=True
            )
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
            assert question in text, text

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return time.perf_counter() - began


def run(source: Path, output: Path, settings: Path, how: Sequence[str]) -> tuple[float, float, list[float]]:
    """Runs a batch to its end.

    Returns:
        Seconds between its first row and its last, seconds of processor for each row of these, and its resident memory
        in MB at each tenth of the rows.
    """
    total = sum(1 for _ in source.open())
    memory: list[float] = []
    began = worked = 0.0
    first = (0, 0.0)
    with start(source, output, settings, how) as process:
        watched = psutil.Process(process.pid)
        written = Lines(output)
        while process.poll() is None:
            done = written.count()
            if done and not began:
                began, first = time.perf_counter(), (done, processor(watched))
            if began and first[0] < done < total:  # at the end it is gone
                worked = (processor(watched) - first[1]) / (done - first[0])
            if done and done * 10 // total >= len(memory) + (not memory):
                memory.append(sum(each.memory_info().rss for each in family(watched)) / 1e6)
            ended = time.perf_counter()
            time.sleep(0.02)
    assert process.returncode == 0, process.returncode
    return ended - began, worked, memory


def kill(source: Path, output: Path, settings: Path, how: Sequence[str], times: int) -> None:
    """Kills a batch at random moments, starts it again each time, and lets it end."""
    chance, total = random.Random(0), sum(1 for _ in source.open())
    for moment in sorted(chance.randrange(total) for _ in range(times)):
        with start(source, output, settings, how) as process:
            written = Lines(output)
            while written.count() <= moment and process.poll() is None:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
    with start(source, output, settings, how) as process:
        process.wait()
    assert process.returncode == 0, process.returncode


def start(source: Path, output: Path, settings: Path, how: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts a batch."""
    where = ["batch", str(source), "-o", str(output), "--config", str(settings), *how]
    return subprocess.Popen([sys.executable, "-m", "assistant", *where], cwd=ROOT, stderr=subprocess.DEVNULL)


def family(process: psutil.Process) -> list[psutil.Process]:
    """Returns a process with those that it started."""
    return [process, *process.children(recursive=True)]


def processor(process: psutil.Process) -> float:
    """Returns the seconds of processor that a process and those that it started have used."""
    return sum(times.user + times.system for times in (each.cpu_times() for each in family(process)))


class Lines:
    """Counts the rows of an output that grows, reading no part of it twice: it is looked at while times are taken.

    Args:
        output: The file.
    """

    def __init__(self, output: Path) -> None:
        self._output, self._read, self._counted = output, 0, 0

    def count(self) -> int:
        """Returns how many there are by now."""
        if self._output.exists():
            with self._output.open("rb") as file:
                file.seek(self._read)
                data = file.read()
            self._read += len(data)
            self._counted += data.count(b"\n")
        return self._counted


def content(output: Path) -> list[tuple[int, str]]:
    """Returns ids and answers, sorted; each id as often as it is there."""
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    return sorted((row["id"], row["answer"]) for row in rows)


if __name__ == "__main__":
    main()
