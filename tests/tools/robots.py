"""The robot as the loader loads it, for its tests."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from assistant.loader import builtin_folder, load_file
from assistant.plugin import Unavailable
from assistant.schema import Tool

FOLDER = builtin_folder() / "robot"
QUICK = {"pace": 0, "film": False}


@cache
def tools() -> dict[str, Tool]:
    """Returns the robot's tools, without films and at full speed."""
    try:
        return {tool.name: tool for tool in load_file(FOLDER / "__init__.py", {"robot": QUICK})}
    except Unavailable as error:
        pytest.skip(str(error))


def part(name: str) -> ModuleType:
    """Returns a module of the plugin."""
    return importlib.import_module(f"{tools()['robot_look'].function.__module__}.{name}")


@cache
def _begun(scene: str) -> Any:
    return part("world").World(part("scene").load_scene(scene)).begin()


def world(scene: str = "tabletop") -> Any:
    """Returns a world of its own that has just begun."""
    return _begun(scene).fork()


def act(place: Any, last: str | None = None, **action: Any) -> Any:
    """Does one action in a world; returns the outcome."""
    return part("rehearsal").perform(place, part("action").Action(**action), last)
