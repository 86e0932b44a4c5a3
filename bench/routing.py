"""How long the built-in engine takes to decide what to do with a request: ``python -m bench.routing``."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

from assistant.app import make_embedder
from assistant.engines.builtin.route import Router
from assistant.evaluate.suite import DATA
from assistant.loader import builtin_folder
from assistant.settings import Settings
from assistant.toolbox import load_tools
from bench.report import describe, verdict

LIMIT_MS = 30.0
PLUGINS = ("roll_dice", "set_timer", "translate_text", "word_count")


def main() -> None:
    """Prints medians over requests that the router has not seen before, its tools being known to it."""
    folders = [builtin_folder(), DATA / "requests" / "tools"]
    tools: dict[str, Any] = {name: tool.for_model["function"] for name, tool in load_tools(folders).tools.items()}
    router = Router(make_embedder(Settings()))
    router.choose("set a timer for the tools to be read", tools)
    print(describe())
    rows = [json.loads(line) for line in (DATA / "requests" / "held_out.jsonl").read_text().splitlines()]
    for what, wanted in (("questions to documents", ("search_documents",)), ("requests for plugins", PLUGINS)):
        times = [_milliseconds(router, row["request"], tools) for row in rows if row["tool"] in wanted]
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        verdict(f"deciding on {what}, median", wall, LIMIT_MS, "ms")
        print(f"  CPU time {cpu:.1f} ms, {len(times)} requests")


def _milliseconds(router: Router, request: str, tools: dict[str, Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    router.choose(request, tools)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


if __name__ == "__main__":
    main()
