"""How turns end: what is told of a failure, what is stored of it, and how a running one is stopped."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

from assistant.errors import AssistantError
from assistant.events import ApprovalRequest, Failed
from assistant.progress import Progress
from index.errors import LibraryError

SECONDS_TO_CANCEL = 0.5
# Failures for which nothing that had been done by then is to blame, so that the next attempt goes on from there.
CONTINUED = frozenset(
    {"EngineUnreachable", "EngineTimeout", "EngineBusy", "EngineRefused", "Stopped", "Interrupted", "CutOff"}
)


async def end_task(task: asyncio.Task[Any]) -> None:
    """Cancels a task until it has ended; what it raised is left in it."""
    while not task.done():
        # Once may not do: before Python 3.12 `asyncio.wait_for`, which reads a server's stream, swallows a cancellation
        # that comes together with the next piece of text.
        task.cancel()
        await asyncio.wait([task], timeout=SECONDS_TO_CANCEL)


def failure(end: Failed, shown: Progress) -> dict[str, Any]:
    """Returns what is stored of a turn that failed."""
    return {"error": end.message, "kind": end.kind, **shown.to_json()}


def request(row: dict[str, Any]) -> ApprovalRequest:
    """Returns a call that waits, as the graph tells it."""
    return ApprovalRequest(**{**row, "touches": tuple(row["touches"])})


def message(error: Exception) -> str:
    """Returns what a person is told of an error."""
    if isinstance(error, AssistantError | LibraryError):
        return str(error)
    if isinstance(error, sqlite3.OperationalError):
        return f"The conversations cannot be saved ({error}); check the disk and the permissions of the home folder."
    return f"Something went wrong that we did not foresee ({type(error).__name__}: {error}); the log has the details."
