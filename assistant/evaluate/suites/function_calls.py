"""Choosing functions and filling their arguments, on the Berkeley Function Calling Leaderboard's cases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from assistant.engines.builtin.route import Router
from assistant.engines.builtin.steps import Ask, Call, Plan, Talk
from assistant.evaluate.matching import all_right
from assistant.evaluate.suite import DATA, Cases, Figure, Row, Suite, mean

SOURCE = "Berkeley Function Calling Leaderboard v4 (ShishirPatil/gorilla), Apache-2.0"
HELD_OUT = (
    "weights cross-validated by the called function's name, so that none has seen a case's function; cases that were "
    "read while the rules were written are left out"
)
Step = Talk | Ask | Plan


def request_of(case: Mapping[str, Any]) -> str:
    """Returns what the person says in a case."""
    return str([turn["content"] for turn in case["question"][0] if turn["role"] == "user"][-1])


def tools_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a case's functions as tools."""
    return {function["name"]: function for function in case["function"]}


def _decided(router: Router, cases: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Step]]:
    for case in cases:
        yield case, router.choose(request_of(case), tools_of(case))


def _calls(step: Step) -> list[tuple[str, Mapping[str, Any]]]:
    return (
        [] if isinstance(step, Talk | Ask) else [(call.tool, call.arguments) for call in step if isinstance(call, Call)]
    )


def _chosen(step: Step) -> set[str]:
    if isinstance(step, Talk):
        return set()
    return {step.tool} if isinstance(step, Ask) else {name for name, _ in _calls(step)}


def _row(case: Mapping[str, Any], step: Step, right: bool) -> Row:
    said = step.text if isinstance(step, Talk) else str(step if isinstance(step, Ask) else _calls(step))
    return Row(case["id"], request_of(case), said, float(right))


def unread(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leaves the cases out that were read while the rules were written."""
    read = set(json.loads((DATA / "bfcl" / "development.json").read_text()))
    return [row for row in rows if row["id"] not in read]


def _arguments(cases: Cases, *, file: str, limit: float | None) -> list[Figure]:
    rows = unread(cases.rows(f"bfcl/{file}.jsonl"))
    right, chosen = [], []
    for case, step in _decided(Router(cases.embedder, unseen=True), rows):
        right.append(_row(case, step, all_right(_calls(step), case["function"], case["ground_truth"])))
        chosen.append(_row(case, step, _chosen(step) == {name for call in case["ground_truth"] for name in call}))
    return [mean("function and all arguments right", right, limit), mean("right functions chosen", chosen)]


def _choice(cases: Cases) -> list[Figure]:
    right, both = [], []
    for case, step in _decided(Router(cases.embedder, unseen=True), cases.rows("bfcl/multiple.jsonl")):
        right.append(_row(case, step, _chosen(step) == set(case["ground_truth"][0])))
        both.append(_row(case, step, all_right(_calls(step), case["function"], case["ground_truth"])))
    return [mean("right function chosen", right, 0.85), mean("function and all arguments right", both)]


def _refusal(cases: Cases) -> list[Figure]:
    router = Router(cases.embedder, unseen=True)
    irrelevant = cases.rows("bfcl/irrelevance.jsonl")
    refused = [_row(case, step, not _calls(step)) for case, step in _decided(router, irrelevant)]
    relevant = cases.rows("bfcl/simple_python.jsonl") + cases.rows("bfcl/multiple.jsonl")
    called = [_row(case, step, bool(_calls(step))) for case, step in _decided(router, relevant)]
    return [mean("irrelevant: no call made", refused, 0.70), mean("relevant: a call made", called, 0.85)]


def _suite(name: str, about: str, metric: str, measure: Callable[[Cases], Sequence[Figure]]) -> Suite:
    return Suite(name, about, f"{metric} (Patil et al., 2025)", HELD_OUT, SOURCE, measure)


MATCHING = "share of cases whose calls match by the benchmark's AST rules, see assistant/evaluate/matching.py"
SUITES = (
    _suite(
        "bfcl-simple",
        "one function is offered: is it called with the right arguments?",
        MATCHING,
        partial(_arguments, file="simple_python", limit=0.40),
    ),
    _suite(
        "bfcl-multiple",
        "two to four functions are offered: which one is chosen?",
        "share of cases in which the expected function is called, or its missing argument is asked for",
        _choice,
    ),
    _suite(
        "bfcl-irrelevance",
        "the offered function does not fit: is it left alone?",
        "share of irrelevant cases without a call, and of the simple and multiple cases with one",
        _refusal,
    ),
    _suite(
        "bfcl-parallel", "several calls of one function", MATCHING, partial(_arguments, file="parallel", limit=None)
    ),
)
