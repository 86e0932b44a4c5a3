"""What a robot is to its tools, whichever simulator is behind it.

Two ship: ``robot.Robot`` with scenes of its own in MuJoCo, and ``gym_robot.GymRobot`` with any environment of
gymnasium.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from assistant.plugin import Context

from .action import Action
from .settings import RobotSettings
from .studio import Camera, View


class Backend(Protocol):
    """One conversation's robot; whoever uses it holds its lock.

    Attributes:
        lock: Held during a call.
        settings: Of the tools.
    """

    lock: threading.Lock
    settings: RobotSettings

    def act(self, plan: Sequence[Action], context: Context, name: str) -> dict[str, Any]:
        """Rehearses a plan and carries it out where the rehearsal holds; returns what is told of it."""
        ...

    def preview(self, plan: Sequence[Action], context: Context) -> dict[str, Any]:
        """Rehearses a plan and tells what it would do, with a film of the rehearsal."""
        ...

    def look(self, context: Context, camera: Camera = "front", view: View = "colour") -> dict[str, Any]:
        """Returns what is where, and saves a picture of it."""
        ...

    def reset(self, name: str = "") -> Any:
        """Begins anew, with what has this name or what there is."""
        ...

    def replay(self, context: Context) -> dict[str, Any]:
        """Does everything in the log once more from the beginning."""
        ...
