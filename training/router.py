"""Fits what the built-in engine judges arguments and tools by, and writes the file that ships.

    python -m training.router FOLDER

FOLDER holds the Berkeley Function Calling Leaderboard's cases (Apache-2.0) as JSON lines with the accepted answers put
beside them. Each model is fitted five times without a fifth of the functions, so that `assistant eval` can judge each
function by trees that have not seen it, and once on all of them.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from assistant.app import make_embedder
from assistant.engines.builtin.assignment import candidates, choice_rows, choices_of, fill, question_of
from assistant.engines.builtin.features import Question, pair
from assistant.engines.builtin.models import FILE, FOLDS, Models, fold_of
from assistant.engines.builtin.suitability import suitability, texts_of
from assistant.engines.builtin.vectors import Vectors
from assistant.evaluate.matching import is_accepted
from assistant.settings import Settings
from index.embed import Embedder

SETS = ("simple_python", "multiple", "parallel", "parallel_multiple", "live_simple", "live_multiple")
IRRELEVANT = ("irrelevance", "live_irrelevance")
# Cases of one function at most; live ones come again and again with the same few.
MOST = 8
SEED = 1
Row = tuple[str, list[float], bool]


class Table(Vectors):
    """Embeds all texts at once, which takes a third of the time, and keeps them."""

    def __init__(self, embedder: Embedder, texts: set[str]) -> None:
        ordered = sorted(texts, key=len)
        self._table = dict(zip(ordered, embedder.embed(ordered), strict=True))

    def of(self, texts: Iterable[str]) -> Mapping[str, NDArray[np.float32]]:
        """Looks the texts up."""
        return {text: self._table[text] for text in texts}


class Collector(Vectors):
    """Notes which texts will be needed."""

    def __init__(self) -> None:
        self.texts: set[str] = set()

    def of(self, texts: Iterable[str]) -> Mapping[str, NDArray[np.float32]]:
        """Returns nothing yet."""
        self.texts.update(texts)
        return {}


def main() -> None:
    """Writes the trees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    calls, refusals = (_some([(name, folder) for name in names]) for names in (SETS, IRRELEVANT))
    collector = Collector()
    for case in calls + refusals:
        for tool in case["function"]:
            question_of(_request(case), tool, collector)
            collector.of(texts_of(tool))
    train(calls, refusals, Table(make_embedder(Settings()), collector.texts))


def train(calls: list[dict[str, Any]], refusals: list[dict[str, Any]], vectors: Vectors) -> None:
    """Fits all models and writes them; the last one judges by what the first two, cross-fitted, would fill in."""
    pairs, choices = rows_of(calls, vectors)
    save_file(_folds("pair", pairs, 100, 12) | (rest := _folds("choice", choices, 60, 12)), FILE)
    arrays = dict(load_file(FILE)) | rest
    fits = suitabilities(calls, refusals, vectors)
    save_file(arrays | _folds("fit", fits, 80, 6), FILE)


def _folds(name: str, rows: list[Row], trees: int, leaves: int) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for fold in (*range(FOLDS), None):
        kept = [row for row in rows if fold is None or fold_of(row[0]) != fold]
        arrays |= exported(name if fold is None else f"{name}-{fold}", fit(kept, trees, leaves))
    print(name, len(rows), "rows,", sum(row[2] for row in rows), "right", flush=True)
    return arrays


def suitabilities(calls: list[dict[str, Any]], refusals: list[dict[str, Any]], vectors: Vectors) -> list[Row]:
    """Returns what is known of tools beside requests: those that were meant, those beside them, and any others."""
    models, chance = Models(unseen=True), random.Random(SEED)
    rows: list[Row] = []

    def add(case: dict[str, Any], tool: dict[str, Any], others: list[dict[str, Any]], right: bool) -> None:
        question = question_of(_request(case), tool, vectors)
        filled = fill(question, models.of(tool["name"]))
        known = vectors.of([_request(case), *(text for one in (tool, *others) for text in texts_of(one))])
        rows.append((tool["name"], suitability(question, tool, filled, known, others), right))

    for case in calls + refusals:
        meant = {name for call in case["ground_truth"] or [] for name in call}
        for tool in case["function"]:
            add(case, tool, [one for one in case["function"] if one is not tool], tool["name"] in meant)
    single = [case for case in calls if len(case["function"]) == 1]
    for case in single:
        other = chance.choice(single)["function"][0]
        if other["name"] != case["function"][0]["name"]:
            add(case, other, [], right=False)
    return rows


def _some(files: list[tuple[str, Path]]) -> list[dict[str, Any]]:
    found = []
    for name, folder in files:
        seen: Counter[str] = Counter()
        for case in _lines(folder / f"{name}.jsonl"):
            key = next(iter((case["ground_truth"] or [{}])[0]), case["function"][0]["name"] if case["function"] else "")
            seen[key] += 1
            if case["function"] and seen[key] <= MOST:
                found.append(case)
    return found


def _request(case: dict[str, Any]) -> str:
    return str([turn["content"] for turn in case["question"][0] if turn["role"] == "user"][-1])


def rows_of(cases: list[dict[str, Any]], vectors: Vectors) -> tuple[list[Row], list[Row]]:
    """Returns what is known of pairs and of choices: the function, the features, and whether it was right."""
    pairs: list[Row] = []
    choices: list[Row] = []
    for case in cases:
        expected: dict[str, list[dict[str, Any]]] = {}
        for call in case["ground_truth"]:
            for name, accepted in call.items():
                expected.setdefault(name, []).append(accepted)
        for tool in case["function"]:
            if tool["name"] in expected:
                question = question_of(_request(case), tool, vectors)
                schemas = tool["parameters"]["properties"]
                pairs += _pairs(question, tool["name"], schemas, expected[tool["name"]])
                choices += _choices(question, tool["name"], schemas, expected[tool["name"]])
    return pairs, choices


def _pairs(question: Question, name: str, schemas: dict[str, Any], expected: list[dict[str, Any]]) -> Iterator[Row]:
    for at, parameter in enumerate(question.parameters):
        if parameter.closed or parameter.kind == "boolean":
            continue
        numbers, values = candidates(question, at)
        for number, value in zip(numbers, values, strict=True):
            right = any(_right(value, schemas[parameter.name], one.get(parameter.name)) for one in expected)
            yield name, pair(question, at, number), right


def _choices(question: Question, name: str, schemas: dict[str, Any], expected: list[dict[str, Any]]) -> Iterator[Row]:
    for at, parameter in enumerate(question.parameters):
        values = choices_of(parameter)
        if not values:
            continue
        rows = choice_rows(question, at)
        for value, row in zip(values, rows, strict=True):
            accepted = [one.get(parameter.name) or [] for one in expected]
            if parameter.kind == "array":
                right = any(isinstance(answer, list) and value in answer for answers in accepted for answer in answers)
            else:
                right = any(_right(value, schemas[parameter.name], answers) for answers in accepted)
            yield name, list(row), right


def _right(value: Any, schema: dict[str, Any], accepted: list[Any] | None) -> bool:
    if not accepted:
        return False
    try:
        return is_accepted(value, schema, accepted)
    except (KeyError, TypeError, AttributeError):
        return False


def fit(rows: list[Row], trees: int, leaves: int) -> HistGradientBoostingClassifier:
    """Fits trees; a function with many cases counts less in each."""
    counts = Counter(name for name, _, _ in rows)
    weights = np.array([counts[name] ** -0.5 for name, _, _ in rows])
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.08,
        max_leaf_nodes=leaves,
        min_samples_leaf=15,
        l2_regularization=1.0,
        random_state=0,
    )
    features, right = np.array([row for _, row, _ in rows]), np.array([right for _, _, right in rows])
    with threadpool_limits(1):  # on so few rows threads wait for each other longer than they work
        model.fit(features, right, weights / weights.mean())
    return model


def exported(name: str, model: HistGradientBoostingClassifier) -> dict[str, NDArray[Any]]:
    """Returns the trees as arrays of shape (trees, nodes), filled up with leaves."""
    nodes = [predictor[0].nodes for predictor in model._predictors]
    size = max(map(len, nodes))

    def column(field: str, kind: type) -> NDArray[Any]:
        return np.stack([np.pad(one[field].astype(kind), (0, size - len(one))) for one in nodes])

    leaf = np.stack([np.pad(one["is_leaf"].astype(bool), (0, size - len(one)), constant_values=True) for one in nodes])
    return {
        f"{name}/feature": np.where(leaf, -1, column("feature_idx", np.int16)).astype(np.int16),
        f"{name}/threshold": column("num_threshold", np.float32),
        f"{name}/left": column("left", np.uint8),
        f"{name}/right": column("right", np.uint8),
        f"{name}/value": np.where(leaf, column("value", np.float32), 0).astype(np.float32),
        f"{name}/base": np.array([model._baseline_prediction.item()], np.float32),
    }


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


if __name__ == "__main__":
    main()
