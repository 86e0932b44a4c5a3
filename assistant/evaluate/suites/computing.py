"""What the calculator computes, and whether the code interpreter runs programs as Python does."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from assistant.evaluate.errors import EvalError
from assistant.evaluate.suite import Cases, Figure, Row, Suite, mean
from assistant.loader import builtin_folder
from assistant.plugin import Context
from assistant.runner import run_tool
from assistant.schema import Tool
from assistant.testing import make_context
from assistant.toolbox import load_tools


def _tool(name: str) -> Tool:
    found = load_tools([builtin_folder()]).tools
    if name not in found:
        raise EvalError(f"The tool {name} cannot be loaded here; `assistant tools list` says why.")
    return found[name]


def _calculations(cases: Cases) -> Sequence[Figure]:
    tool = _tool("calculator")
    rows = [_computed(tool, row) for row in cases.rows("gsm8k/expressions.jsonl")]
    return [mean("right, to the last digit", rows, 1.0)]


def _computed(tool: Tool, row: dict[str, Any]) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        call = asyncio.run(run_tool(tool, "eval", {"expression": row["expression"]}, make_context(Path(folder))))
    exact = str(call.result.get("exact") or "") if isinstance(call.result, dict) else ""
    right = bool(exact) and Fraction(exact) == Fraction(str(row["expected"]).replace(",", ""))
    return Row(row["id"], row["expression"], str(call.result)[:200], float(right))


def _programs(cases: Cases) -> Sequence[Figure]:
    return asyncio.run(_run(_tool("code_interpreter"), cases.rows("humaneval/problems.jsonl")))


async def _run(tool: Tool, problems: list[dict[str, Any]]) -> Sequence[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        context = make_context(Path(folder))
        passed = [await _ran(tool, each, each["canonical_solution"], context) for each in problems]
        empty = [await _ran(tool, each, "    return None\n", context) for each in problems]
    return [
        mean("right programs that pass their tests", passed, 1.0),
        mean("empty programs that pass them", empty, 0.0, at_most=True),
    ]


async def _ran(tool: Tool, problem: dict[str, Any], body: str, context: Context) -> Row:
    code = f"{problem['prompt']}{body}\n{problem['test']}\ncheck({problem['entry_point']})"
    call = await run_tool(tool, "eval", {"code": code}, context)
    return Row(problem["task_id"], problem["entry_point"], str(call.result)[-200:], float(call.ok))


SUITES = (
    Suite(
        "calculator",
        "are the calculations of word problems right?",
        "share of expressions whose exact result is the expected one",
        "nothing was trained or tuned",
        "GSM8K (Cobbe et al., 2021), MIT",
        _calculations,
    ),
    Suite(
        "code",
        "does the code interpreter run programs and their tests as Python does?",
        "share of HumanEval's own solutions that pass its tests in the sandbox, and of empty ones that fail (Chen et "
        "al., 2021); it says nothing of a model that writes programs",
        "nothing was trained or tuned",
        "HumanEval (Chen et al., 2021), MIT",
        _programs,
    ),
)
