"""What is known of a server at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.settings import ServerEngine

Phase = Literal["loading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something has come.

    Attributes:
        message: What is being done.
        fraction: Between 0 and 1; None where it cannot be told.
    """

    message: str
    fraction: float | None = None

    def __str__(self) -> str:
        return self.message if self.fraction is None else f"{self.message} {self.fraction:.0%}"


@dataclass(frozen=True, slots=True)
class State:
    """What a server does at a moment.

    Attributes:
        phase: ``failed`` lasts until somebody asks for it again.
        progress: What is being done; one sentence for the person where it has failed.
        engine: How it is reached; None unless it is ready.
    """

    phase: Phase
    progress: Progress
    engine: ServerEngine | None = None
