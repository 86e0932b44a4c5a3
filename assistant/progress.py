"""What a running turn has shown so far: kept with the log, so that a turn that is cut off is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from assistant.errors import StorageError
from assistant.events import Event, ReasoningDelta, TextDelta, ToolCall, ToolFinished, without

# How much of an answer a kill may lose: seconds.
SECONDS_BETWEEN = 1.0


@dataclass(slots=True)
class Progress:
    """What has been shown of a turn.

    Attributes:
        text: What the model has said.
        calls: The calls that have ended, as they are stored.
        reasoning: What the model has thought.
    """

    text: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    reasoning: str = ""

    @classmethod
    def of(cls, result: Mapping[str, Any] | None) -> Progress:
        """Returns what was shown of a turn by its stored result."""
        row = result or {}
        return cls(str(row.get("shown", "")), list(row.get("calls", [])), str(row.get("reasoning", "")))

    def take(self, event: Event) -> None:
        """Takes the next event of the turn."""
        if isinstance(event, TextDelta):
            self.text += event.text
        elif isinstance(event, ReasoningDelta):
            self.reasoning += event.text
        elif isinstance(event, ToolFinished):
            self.calls.append(_row(event.call))

    def to_json(self) -> dict[str, Any]:
        """Returns what is stored."""
        return {"shown": self.text, "calls": list(self.calls), "reasoning": self.reasoning}


@asynccontextmanager
async def kept(progress: Progress, keep: Callable[[dict[str, Any]], Awaitable[None]]) -> AsyncIterator[None]:
    """Stores a turn's progress now and then, while there is more of it."""
    task = asyncio.create_task(_keep(progress, keep))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _keep(progress: Progress, keep: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    stored = progress.to_json()
    while True:
        await asyncio.sleep(SECONDS_BETWEEN)
        if (now := progress.to_json()) != stored:
            try:
                await keep(now)
            except StorageError:  # it has been logged, and the next attempt may do better
                continue
            stored = now


def _row(call: ToolCall) -> dict[str, Any]:
    return without({name: getattr(call, name) for name in call.__slots__}, "id")
