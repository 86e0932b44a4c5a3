"""What the robot sees, in words and numbers."""

from __future__ import annotations

from typing import Any

from .names import stands
from .scene import Lamp
from .skill import state_of
from .world import World, slides


def seen_in(world: World) -> dict[str, Any]:
    """Returns what is where."""
    return {
        "text": in_words(world),
        "scene": world.scene.name,
        "things": [row(world, name) for name in world.things],
        "gripper": {"at": [round(float(value), 3) for value in world.grip()], "holds": world.held()},
    }


def row(world: World, name: str) -> dict[str, Any]:
    """One thing with its place and state."""
    place = [round(value, 3) for value in world.pose(name).place]
    found: dict[str, Any] = {"name": name, "at": place}
    if world.is_movable(name):
        found["where"] = stands(world, world.under(name))
    if slides(world.things[name]):
        found["state"] = state_of(world, name)
    if isinstance(world.things[name], Lamp):
        found["state"] = "lit" if world.is_on(name) else "dark"
    return found


def in_words(world: World) -> str:
    """What is where, as one says it."""
    groups: dict[str, list[str]] = {}
    for name in world.movable():
        groups.setdefault(stands(world, world.under(name)), []).append(f"the {name}")
    parts = [f"{where[0].upper()}{where[1:]}: {_joined(names)}" for where, names in groups.items()]
    fixed = [_with_state(world, name) for name in world.things if not world.is_movable(name)]
    if fixed:
        parts.append(f"There is also {_joined(fixed)}")
    held = world.held()
    return ". ".join([*parts, f"The gripper holds {f'the {held}' if held else 'nothing'}"]) + "."


def _with_state(world: World, name: str) -> str:
    state = row(world, name).get("state")
    return f"the {name} ({state})" if state else f"the {name}"


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
