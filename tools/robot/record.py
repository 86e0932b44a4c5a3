"""What is kept of a conversation's world: its scene, its state and the log of all that was done, in one file."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assistant.plugin import ToolError

from .action import Action
from .kinematics import Vector
from .scene import Scene
from .simulator import mujoco

FILE, STOP, LIVE = "world.json", "stop", "live.jpg"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One action that was carried out.

    Attributes:
        action: What.
        last: What "it" meant.
        choice: Which of the things was taken that it may mean.
        ticks: How many ticks were simulated where it was stopped; None where it went to its end.
        state: Hash of the state afterwards.
    """

    action: Action
    last: str | None
    choice: int
    ticks: int | None
    state: str


@dataclass(slots=True)
class Record:
    """A world as it is kept.

    Attributes:
        scene: What it began with.
        state: Where it is now.
        last: What was spoken of last.
        log: What was done since the beginning.
        mujoco: The version that simulated it: another one may go on otherwise.
    """

    scene: Scene
    state: Vector
    last: str | None = None
    log: list[Entry] = field(default_factory=list)
    mujoco: str = mujoco.__version__


def digest(state: Vector) -> str:
    """Returns a hash that differs where a single bit of the state does."""
    return hashlib.sha256(state.tobytes()).hexdigest()[:32]


def folder_of(conversation: Path) -> Path:
    """Returns where a conversation's world is kept."""
    return conversation / ".robot"


def ask_to_stop(conversation: Path) -> None:
    """Stops what the conversation's robot does, in whichever process."""
    folder = folder_of(conversation)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STOP).touch()


def stop_asked(conversation: Path) -> bool:
    """Whether a stop was asked for since the last ``forget_stop``."""
    return (folder_of(conversation) / STOP).exists()


def forget_stop(conversation: Path) -> None:
    """Forgets a stop that was meant for what went before."""
    (folder_of(conversation) / STOP).unlink(missing_ok=True)


def save(record: Record, conversation: Path) -> None:
    """Writes a record so that a kill at any moment leaves the old one or the new one."""
    folder = folder_of(conversation)
    folder.mkdir(parents=True, exist_ok=True)
    entries = [{**asdict(entry), "action": entry.action.model_dump()} for entry in record.log]
    kept = {
        "version": VERSION, "mujoco": record.mujoco, "scene": record.scene.model_dump(mode="json", by_alias=True),
        "state": base64.b64encode(record.state.tobytes()).decode(), "last": record.last, "log": entries,
    }  # fmt: skip
    replace(folder / FILE, json.dumps(kept).encode())


def replace(path: Path, data: bytes) -> None:
    """Writes a file at once."""
    beside = path.with_suffix(".new")
    beside.write_bytes(data)
    beside.replace(path)


def load(conversation: Path) -> Record | None:
    """Reads a record; None where there is none.

    Raises:
        ToolError: It cannot be read.
    """
    path = folder_of(conversation) / FILE
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ToolError(
            f"the world that was kept in {path} cannot be read ({error}); robot_reset begins anew"
        ) from error
    try:
        state = np.frombuffer(base64.b64decode(kept["state"]), np.float64).copy()
        log = [Entry(Action(**each.pop("action")), **each) for each in kept["log"]]
        return Record(Scene.model_validate(kept["scene"]), state, kept["last"], log, kept["mujoco"])
    except (KeyError, TypeError, ValueError) as error:
        raise ToolError(f"the world that was kept in {path} is damaged ({error}); robot_reset begins anew") from error
