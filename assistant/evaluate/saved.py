"""Runs that are kept, so that a later one can be held against them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.evaluate.about import made_with
from assistant.evaluate.errors import EvalError
from assistant.evaluate.run import Report
from assistant.evaluate.statistic import Statistic
from assistant.evaluate.suite import Cases, Row, Unit

FOLDER = "evaluations"


@dataclass(frozen=True, slots=True)
class SavedFigure:
    """A number of a kept run, as ``suite.Figure``."""

    name: str
    value: float | None
    cases: int
    limit: float | None
    at_most: bool
    held: bool | None
    rows: tuple[Row, ...]
    statistic: Statistic = "mean"
    unit: Unit = ""


@dataclass(frozen=True, slots=True)
class SavedSuite:
    """A suite of a kept run.

    Attributes:
        name: The suite's.
        said: What the suite says of itself: ``about``, ``metric``, ``held_out``, ``source``.
        on: What it was measured on, such as ``the sample that ships``.
        seconds: How long it took.
        figures: Its numbers.
        curves: Its lines, as ``suite.Curve``.
        error: Why it could not be measured; empty where it was.
    """

    name: str
    said: dict[str, str]
    on: str
    seconds: float
    figures: tuple[SavedFigure, ...]
    curves: tuple[dict[str, Any], ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A kept run.

    Attributes:
        path: Where it lies.
        when: As ISO 8601, in UTC.
        about: What it was made with, as ``about.made_with``.
        suites: What was measured.
    """

    path: Path
    when: str
    about: dict[str, str]
    suites: tuple[SavedSuite, ...]


def place(home: Path, names: Sequence[str]) -> Path:
    """Returns where a run of these suites that begins now is kept in a home folder.

    Raises:
        EvalError: Nothing can be kept there.
    """
    folder = home / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvalError(f"Runs cannot be kept in {folder} ({error.strerror}).") from error
    if not os.access(folder, os.W_OK):
        raise EvalError(f"Runs cannot be kept in {folder}: that is not allowed.")
    return folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{'-'.join(names)[:60]}.json"


def save(path: Path, cases: Cases, reports: Sequence[Report]) -> Run:
    """Keeps a run, in place of what was kept there of it before.

    Args:
        path: Where, as ``place`` says.
        cases: What it was made with.
        reports: What was measured.

    Raises:
        EvalError: It cannot be written.
    """
    now = datetime.now(UTC)
    about = made_with(cases, [report.suite for report in reports])
    run = {"when": now.isoformat(timespec="seconds"), "about": about, "suites": [r.row() for r in reports]}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_text(json.dumps(run, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise EvalError(f"The run cannot be kept in {path.parent} ({error.strerror}).") from error
    return load(path)


def load(path: Path) -> Run:
    """Reads a kept run.

    Raises:
        EvalError: It is not there, or is none.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return Run(path, read["when"], read["about"], tuple(map(_suite, read["suites"])))
    except OSError as error:
        raise EvalError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvalError(f"{path} is no run of `assistant eval`.") from error


def find(home: Path, name: str) -> Run:
    """Returns the kept run of a name, which may be a path, or the beginning of a name that no other begins with.

    Raises:
        EvalError: There is none, or it cannot be read.
    """
    if Path(name).is_file():
        return load(Path(name))
    found = [path for path in _paths(home) if path.stem.startswith(name.removesuffix(".json"))]
    exact = [path for path in found if path.stem == name.removesuffix(".json")]
    if len(exact or found) == 1:
        return load((exact or found)[0])
    if found:
        raise EvalError(f"Several kept runs begin with {name}; `assistant eval --runs` lists them.")
    raise EvalError(f"There is no kept run {name}; `assistant eval --runs` lists them.")


def kept(home: Path, warn: Callable[[str], None]) -> Iterator[Run]:
    """Yields the kept runs of a home folder, the newest first.

    Args:
        home: The home folder.
        warn: Is told of files that are none, which are passed over.
    """
    for path in _paths(home):
        try:
            yield load(path)
        except EvalError as error:
            warn(f"{error} It is passed over.")


def latest(runs: Iterable[Run], names: Sequence[str], on: Mapping[str, str]) -> Run | None:
    """Returns the first run of exactly these suites and on the same data; None where there is none.

    Args:
        runs: The runs, the newest first.
        names: The suites.
        on: As ``about.measured_on``.
    """
    return next(
        (run for run in runs if {suite.name for suite in run.suites} == set(names) and on.items() <= run.about.items()),
        None,
    )


def _paths(home: Path) -> list[Path]:
    return sorted((home / FOLDER).glob("*.json"), reverse=True)


def _suite(row: dict[str, Any]) -> SavedSuite:
    said = {key: row[key] for key in ("about", "metric", "held_out", "source")}
    figures, curves = tuple(map(_figure, row["figures"])), tuple(row["curves"])
    on = row.get("on", "the sample that ships" if row.get("sample") else "a set of your own")
    return SavedSuite(row["name"], said, on, row["seconds"], figures, curves, row.get("error", ""))


def _figure(row: dict[str, Any]) -> SavedFigure:
    value = None if row["value"] is None or math.isnan(row["value"]) else row["value"]  # earlier runs may hold a NaN
    return SavedFigure(**(row | {"value": value, "rows": tuple(Row(**case) for case in row["rows"])}))
