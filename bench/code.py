"""The code interpreter: what it costs, whether it computes, and whether attacks get out of it.

``speed`` needs nothing. ``humaneval FILE`` takes the problems of OpenAI's HumanEval (MIT) as JSON lines with
``task_id``, ``prompt``, ``canonical_solution``, ``test`` and ``entry_point``. ``attacks FILE`` takes those of
RedCode-Exec (AI-secure, CC BY 4.0) as JSON lines with ``id``, ``lang`` (``py`` or ``bash``) and ``Code``.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, cast

import psutil

from assistant.loader import builtin_folder, load_file
from assistant.plugin import Context, LibraryView, ToolError
from bench.decoy import CONTROL, VARIABLE, Decoy, decoy_host
from bench.report import describe, verdict

WARM_LIMIT_MS = 20.0
COLD_LIMIT_S = 1.5
CONVERSATIONS = 20
MEMORY_LIMIT_GB = 24.0
WORK = "import numpy, pandas, matplotlib.pyplot as plt\nplt.plot(pandas.Series(numpy.arange(10.0)).cumsum())\n6 * 7"


@contextmanager
def interpreter(**limits: Any) -> Iterator[Any]:
    """Yields an interpreter as the tool uses it, with some limits changed."""
    (tool,) = load_file(builtin_folder() / "code_interpreter" / "__init__.py")
    package = tool.function.__module__
    defaults = importlib.import_module(f"{package}.limits").Limits()
    made = importlib.import_module(f"{package}.interpreter").Interpreter(replace(defaults, **limits))
    try:
        yield made
    finally:
        made.close()


def context(folder: Path) -> Context:
    """Returns the context of a call in the conversation that has this folder."""
    return Context(cast("LibraryView", None), lambda hit: 0, folder)


# --- speed


async def speed(rounds: int) -> bool:
    """Prints the figures; returns whether all limits held."""
    print(describe("ipykernel", "jupyter_client"))
    with tempfile.TemporaryDirectory() as folder:
        return all([await _cold(Path(folder), 10), await _warm(Path(folder), rounds), await _many(Path(folder))])


async def _cold(folder: Path, rounds: int) -> bool:
    taken = []
    for number in range(rounds):
        with interpreter(spares=0) as made:
            began = time.perf_counter()
            assert await made.run("6 * 7", context(folder / f"cold{number}")) == {"value": "42"}
            taken.append(time.perf_counter() - began)
    print(f"First call of a process, median and worst of {rounds}: {median(taken):.2f} s, {max(taken):.2f} s")
    return verdict("cold start", median(taken), COLD_LIMIT_S, "s")


async def _warm(folder: Path, rounds: int) -> bool:
    from jupyter_client.manager import start_new_async_kernel

    manager, client = await start_new_async_kernel(kernel_name="python3")
    with interpreter(spares=0) as made:
        ours = context(folder / "warm")
        contestants: dict[str, Callable[[], Awaitable[Any]]] = {
            "plain kernel": lambda: client.execute_interactive("6 * 7", output_hook=lambda message: None),
            "ours": lambda: made.run("6 * 7", ours),
        }
        taken: dict[str, list[float]] = {name: [] for name in contestants}
        for number in range(-10, rounds):
            for name, call in contestants.items():
                began = time.perf_counter()
                await call()
                if number >= 0:
                    taken[name].append((time.perf_counter() - began) * 1e3)
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    medians = {name: median(times) for name, times in taken.items()}
    print(f"A call, median of {rounds}: " + ", ".join(f"{name} {value:.1f} ms" for name, value in medians.items()))
    return verdict("warm call over plain kernel", medians["ours"] - medians["plain kernel"], WARM_LIMIT_MS, "ms")


async def _many(folder: Path) -> bool:
    with interpreter() as made:
        began = time.perf_counter()
        calls = [made.run(WORK, context(folder / str(number))) for number in range(CONVERSATIONS)]
        results = await asyncio.gather(*calls)
        assert {result["value"] for result in results} == {"42"}, results
        processes = psutil.Process().children(recursive=True)
        held = sum(process.memory_full_info().pss for process in processes) / 1e9
        print(
            f"{CONVERSATIONS} conversations with numpy, pandas and a plot at once: {time.perf_counter() - began:.1f} s,"
            f" {len(made.processes())} kernels, {len(processes)} processes"
        )
    _, left = psutil.wait_procs(processes, timeout=0)
    return all([
        verdict("memory of all, shared pages counted once,", held, MEMORY_LIMIT_GB, "GB"),
        verdict("processes left after the end", len(left), 0),
    ])  # fmt: skip


# --- HumanEval


def rows(file: Path) -> list[dict[str, str]]:
    """Reads JSON lines."""
    return [json.loads(line) for line in file.read_text().splitlines()]


async def humaneval(problems: list[dict[str, str]]) -> bool:
    """Runs the reference solutions in one conversation and each in its own; returns whether all passed."""
    with tempfile.TemporaryDirectory() as folder, interpreter(kernels=3) as made:
        held = []
        for name in ("one conversation", f"{len(problems)} conversations"):
            began, failed = time.perf_counter(), []
            for number, problem in enumerate(problems):
                own = Path(folder, "one" if name == "one conversation" else str(number))
                if trouble := await _solve(made, problem, own):
                    failed.append(f"{problem['task_id']}: {trouble}")
            print(f"In {name}, {time.perf_counter() - began:.0f} s:", *failed, sep="\n  ")
            held.append(verdict(f"of {len(problems)}, failed", len(failed), 0))
    return all(held)


async def _solve(made: Any, problem: dict[str, str], folder: Path) -> str:
    code = problem["prompt"] + problem["canonical_solution"] + "\n" + problem["test"]
    code += f"\ncheck({problem['entry_point']})\n'passed'"
    try:
        result = await made.run(code, context(folder))
    except ToolError as error:
        return str(error)
    return "" if result.get("value") == "'passed'" else str(result)


# --- attacks


def controls(decoy: Decoy) -> dict[str, str]:
    """Returns harm that this bench must notice, done without a sandbox to its own decoy."""
    return {
        "writing": f"open({str(decoy.home / 'notes.txt')!r}, 'a').write('x')",
        "making a file": f"open({str(CONTROL)!r}, 'w')",
        "removing": f"import os; os.remove({str(decoy.home / 'deeper/customers.csv')!r})",
        "reading": f"print(open({str(decoy.home / '.bashrc')!r}).read())",
        "the environment": f"import os; print(os.environ[{VARIABLE!r}])",
        "the accounts": "print(open('/etc/passwd').read())",
        "connecting": f"import socket; socket.create_connection(('127.0.0.1', {decoy.ports[0]}))",
        "stopping": f"import os; os.kill({decoy.process.pid}, 19)",
    }


async def attacks(items: list[dict[str, str]], at_once: int, seconds: float) -> bool:
    """Runs every attack in a kernel of its own and looks at the decoy after each; returns whether nothing happened."""
    with tempfile.TemporaryDirectory() as home, decoy_host(Path(home), [item["Code"] for item in items]) as decoy:
        if missed := [name for name, code in controls(decoy).items() if not await _control(decoy, code)]:
            print("MISSED: the bench does not notice", *missed)
            return False
        print(f"{len(controls(decoy))} of {len(controls(decoy))} kinds of harm are noticed when there is no sandbox")
        ended, lost, breaches = await _attack_all(items, decoy, at_once, seconds)
    print(f"{len(items)} attacks ended:", ", ".join(f"{name} {count}" for name, count in ended.most_common()))
    print(*lost, *breaches, sep="\n")
    return all([verdict("breaches", len(breaches), 0), verdict("next calls that failed", len(lost), 0)])


async def _control(decoy: Decoy, code: str) -> list[str]:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    await asyncio.sleep(0.3)
    harm = decoy.harm([done.stdout])
    CONTROL.unlink(missing_ok=True)
    psutil.Process(decoy.process.pid).resume()
    decoy.harm()
    return harm


async def _attack_all(
    items: list[dict[str, str]], decoy: Decoy, at_once: int, seconds: float
) -> tuple[Counter[str], list[str], list[str]]:
    """Returns how often attacks ended in each way, whose next call failed and why, and what harm was done."""
    ended: Counter[str] = Counter()
    lost, breaches = [], []
    others = psutil.Process().children(recursive=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        interpreter(seconds=seconds, grace=1, kernels=at_once, spares=0) as made,
    ):
        for start in range(0, len(items), at_once):
            batch = items[start : start + at_once]
            outcomes = await asyncio.gather(*(_attack(made, item, Path(folder, item["id"])) for item in batch))
            ended.update(how for how, _, _ in outcomes)
            told = [text for _, text, _ in outcomes]
            lost += [f"{item['id']}: {why}" for item, (_, _, why) in zip(batch, outcomes, strict=True) if why]
            names = ", ".join(item["id"] for item in batch)
            breaches += [f"BREACH by one of {names}: {harm}" for harm in decoy.harm(told)]
            if sys.stderr.isatty():
                print(f"\r{start + len(batch)} of {len(items)}", end="", file=sys.stderr)
        running = psutil.Process().children(recursive=True)
    _, left = psutil.wait_procs([process for process in running if process not in others], timeout=0)
    return ended, lost, breaches + [f"BREACH: {process} is left" for process in left]


async def _attack(made: Any, item: dict[str, str], folder: Path) -> tuple[str, str, str]:
    """Returns how an attack ended, everything that came out of it, and why the next call failed, if it did."""
    call = context(folder)
    code = f"%%bash\n{item['Code']}" if item["lang"] == "bash" else item["Code"]
    try:
        told, how = str(await made.run(code, call)), "with a result"
    except ToolError as error:
        told = str(error)
        how = "stopped or ended" if told.startswith("The ") else "with an error"
    told += await asyncio.to_thread(_contents, call)
    why = await next_call(made, call)
    return ("next call failed" if why else how), told, why


async def next_call(made: Any, call: Context) -> str:
    """Returns why a call after an attack failed; empty where it did not."""
    try:
        result = await made.run("6 * 7", call)
    except ToolError as error:
        kind = "timed out" if "was stopped after" in str(error) else "failed"
        return f"the next call {kind}: {' '.join(str(error).split())}"
    return "" if result.get("value") == "42" else f"the next call returned {result}"


def _contents(call: Context) -> str:
    return "".join(Path(artifact.path).read_text(errors="replace") for artifact in call.artifacts)


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.code", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("speed").add_argument("--rounds", type=int, default=200, help="warm calls")
    commands.add_parser("humaneval").add_argument("file", type=Path)
    attack = commands.add_parser("attacks")
    attack.add_argument("file", type=Path)
    attack.add_argument("--at-once", type=int, default=4, help="kernels at once")
    attack.add_argument("--seconds", type=float, default=5, help="limit of a call")
    options = parser.parse_args()
    if options.command == "speed":
        held = asyncio.run(speed(options.rounds))
    elif options.command == "humaneval":
        held = asyncio.run(humaneval(rows(options.file)))
    else:
        held = asyncio.run(attacks(rows(options.file), options.at_once, options.seconds))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
