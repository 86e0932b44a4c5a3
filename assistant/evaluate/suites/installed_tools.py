"""Whether requests reach the right one of the tools that are installed, or none."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from assistant.engines.builtin.route import NONE, Router
from assistant.engines.builtin.steps import Ask, Later, Plan, Talk
from assistant.evaluate.suite import DATA, Cases, Figure, Row, Suite, figure, mean
from assistant.loader import builtin_folder
from assistant.toolbox import load_tools

FOLDER = DATA / "requests"


def reached(step: Talk | Ask | Plan) -> str:
    """Returns the tool that a decision reaches, ``talk``, or ``none`` where no tool fits."""
    if isinstance(step, Talk):
        return "none" if step.text.startswith(NONE) else "talk"
    if isinstance(step, Ask):
        return step.tool
    return "calculator" if isinstance(step[0], Later) else step[0].tool


def _measure(cases: Cases, *, file: str) -> Sequence[Figure]:
    tools: dict[str, Any] = {
        name: tool.for_model["function"]
        for name, tool in load_tools([builtin_folder(), FOLDER / "tools"]).tools.items()
    }
    router = Router(cases.embedder)
    router.choose("warm up the embedder with a sentence", tools)
    right: dict[str, list[Row]] = defaultdict(list)
    took: list[Row] = []
    for row in cases.rows(f"requests/{file}.jsonl"):
        started = time.perf_counter()
        step = router.choose(row["request"], tools)
        milliseconds = 1000 * (time.perf_counter() - started)
        tool = reached(step)
        took.append(Row(row["request"], row["request"], tool, milliseconds))
        right[row["tool"]].append(Row(row["request"], row["request"], tool, float(tool == row["tool"])))
    return [
        mean("right tool", [one for some in right.values() for one in some], 0.95),
        *(mean(f"… {name}", some) for name, some in sorted(right.items())),
        figure("time to decide, median", took, "median", at_most=True, unit="ms"),
    ]


METRIC = (
    "share of requests that reach the expected tool, by a call or by a question for its missing arguments; `talk` is a "
    "reply about the assistant, `none` one that says that no tool fits"
)
SOURCE = "written for this project, Apache-2.0"
SUITES = (
    Suite(
        "tools",
        "which of the installed tools does a request reach, or none?",
        METRIC,
        "200 requests that were written before the rules, of which only the figures have been looked at; four plugins "
        "among the tools are known to the router by their own descriptions alone",
        SOURCE,
        partial(_measure, file="held_out"),
    ),
    Suite(
        "tools-development",
        "the same on the requests that the rules were written with",
        METRIC,
        "not held out: only for those who change the rules",
        SOURCE,
        partial(_measure, file="development"),
    ),
)
