"""What a suite is: cases, a published metric, and the figures that it gives."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from assistant.evaluate import suites
from assistant.evaluate.errors import EvalError
from assistant.evaluate.published import lines, published
from assistant.evaluate.statistic import Numbers, Statistic, value_of
from assistant.settings import Settings
from index.embed import Embedder

Unit = Literal["", "s", "ms"]
DATA = Path(__file__).parent / "data"
SEED = 7
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a figure.

    Attributes:
        id: Names the case in every run.
        asked: What was asked.
        said: What came.
        score: How good that was, as the figure counts it, or how sure, or how long it took.
        truth: 1 or 0, what a score that says how sure should have told; None where the score is judged by nothing.
    """

    id: str
    asked: str
    said: str
    score: float
    truth: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A line that says more than a number.

    Attributes:
        name: What is drawn.
        x: What the first number of a point is.
        y: What the second is.
        points: From left to right.
    """

    name: str
    x: str
    y: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a suite.

    Attributes:
        name: What was measured.
        value: The number; None where it could not be measured, as over no cases.
        cases: How many cases it was measured on.
        limit: What it must reach; None where it is only reported.
        at_most: Whether less is better, as of errors and times.
        rows: The cases.
        statistic: What the number is of their scores.
        unit: What it counts in: ``s`` or ``ms``; empty for shares and counts.
    """

    name: str
    value: float | None
    cases: int
    limit: float | None = None
    at_most: bool = False
    rows: tuple[Row, ...] = ()
    statistic: Statistic = "mean"
    unit: Unit = ""

    @property
    def held(self) -> bool:
        """Whether the limit was kept; also where there is none, or nothing was measured that it could be held to."""
        if self.limit is None or self.value is None:
            return True
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def mean(name: str, rows: Sequence[Row], limit: float | None = None, *, at_most: bool = False) -> Figure:
    """Returns the figure that is the mean of its cases' scores, as ``figure``."""
    return figure(name, rows, "mean", limit, at_most=at_most)


def figure(
    name: str,
    rows: Sequence[Row],
    statistic: Statistic,
    limit: float | None = None,
    *,
    at_most: bool = False,
    unit: Unit = "",
) -> Figure:
    """Returns a figure of cases.

    Args:
        name: What was measured.
        rows: The cases.
        statistic: What is computed of their scores.
        limit: What it must reach.
        at_most: Whether less is better.
        unit: What the scores count in.
    """
    value = value_of(statistic, *numbers(rows))
    return Figure(name, value, len(rows), limit, at_most, tuple(rows), statistic, unit)


def numbers(rows: Sequence[Row]) -> tuple[Numbers, Numbers]:
    """Returns the scores and the truths of cases, each of shape (cases,)."""
    return np.array([row.score for row in rows], float), np.array([row.truth or 0 for row in rows], float)


def shown(value: float | None, unit: Unit, sign: str = "") -> str:
    """Returns a number for people.

    Args:
        value: The number; None where it was not measured.
        unit: What it counts in.
        sign: ``+`` for a difference.
    """
    return "not measured" if value is None else f"{value:{sign}.3f} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Cases:
    """Where a suite finds its data and what it measures with.

    Attributes:
        settings: The assistant's settings.
        embedder: The assistant's embedder.
        folder: Full sets; None takes the samples that ship.
        limit: Cases of each file at most, drawn with a fixed seed; None takes all.
        command: What was typed to measure them.
        engines: Who answered, by name; suites that ask an engine add it.
    """

    settings: Settings
    embedder: Embedder
    folder: Path | None = None
    limit: int | None = None
    command: str = ""
    engines: set[str] = field(default_factory=set, compare=False)

    def path(self, file: str) -> Path:
        """Returns where a file such as ``bfcl/multiple.jsonl`` lies.

        Raises:
            EvalError: It does not.
        """
        path = (self.folder or DATA) / file
        if not path.exists():
            hint = "give the folder of the full set with --data" if self.folder is None else "check --data"
            raise EvalError(f"There is no {path}; {hint}.")
        return path

    def rows(self, file: str) -> list[dict[str, Any]]:
        """Reads a file of JSON lines, at most ``limit`` of them.

        Raises:
            EvalError: It is not there.
        """
        return self.some(self.every(file))

    def every(self, file: str) -> list[dict[str, Any]]:
        """Reads a whole file of JSON lines; of full sets also the published file that has the same.

        Raises:
            EvalError: It is not there, or is none.
        """
        if self.folder and not (self.folder / file).exists():
            return published(self.folder, file)
        return lines(self.path(file))

    def some(self, rows: list[T]) -> list[T]:
        """Returns the rows, or as many of them as were asked for."""
        if self.limit is None or self.limit >= len(rows):
            return rows
        return random.Random(SEED).sample(rows, self.limit)  # noqa: S311 - nothing secret is drawn


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases with a metric.

    Attributes:
        name: As it is called on the command line.
        about: What it measures, one line.
        metric: How the figure is defined, and where that was published.
        held_out: Why nothing was measured on what it was trained or tuned on.
        source: Where the cases are from, with their licence.
        measure: Runs them.
        own: Whether it measures what belongs to whoever runs it, so that "all" leaves it out.
    """

    name: str
    about: str
    metric: str
    held_out: str
    source: str
    measure: Callable[[Cases], Sequence[Figure | Curve]]
    own: bool = False


def all_suites() -> dict[str, Suite]:
    """Returns every suite by name."""
    modules = [
        importlib.import_module(f"{suites.__name__}.{found.name}") for found in pkgutil.iter_modules(suites.__path__)
    ]
    return {suite.name: suite for module in modules for suite in module.SUITES}
