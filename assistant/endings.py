"""How turns end: what is told of a failure, what is stored, and how a running one is stopped."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import asdict
from typing import Any

from assistant.conversations import TurnState
from assistant.errors import AssistantError, StorageError, UnknownConversation
from assistant.events import Answer, ApprovalNeeded, ApprovalRequest, End, Event, Failed
from assistant.progress import Progress
from index.errors import LibraryError

log = logging.getLogger(__name__)

SECONDS_TO_CANCEL = 0.5
# Failures for which nothing that had been done by then is to blame, so that the next attempt goes on from there.
CONTINUED = frozenset(
    {"EngineUnreachable", "EngineTimeout", "EngineBusy", "EngineRefused", "Stopped", "Interrupted", "CutOff"}
)


async def last(events: AsyncGenerator[Event, None]) -> End:
    """Returns how a turn ends."""
    end: End | None = None
    async for event in events:
        if isinstance(event, Answer | Failed | ApprovalNeeded):
            end = event
    assert end is not None
    return end


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


def stored(end: End, shown: Progress) -> tuple[TurnState, dict[str, Any]]:
    """Returns the state in which an end leaves its turn, and what is stored of it.

    Args:
        end: How it ended.
        shown: What had been shown by then.
    """
    match end:
        case Answer():
            return "answered", end.to_json()
        case ApprovalNeeded(requests):
            return "waiting", {"requests": [asdict(each) for each in requests], **shown.to_json()}
        case Failed():
            return "failed", failure(end, shown)


async def written(saving: Awaitable[object], end: End) -> End:
    """Returns the end of a turn as it can be told: what could not be saved is not told as done.

    Args:
        saving: Saves it.
        end: How the turn ended.
    """
    try:
        await saving
    except (StorageError, UnknownConversation, sqlite3.Error) as error:
        log.warning("the end of a turn was not saved", exc_info=error)
        return end if isinstance(end, Failed) else Failed(message(error), end.conversation, type(error).__name__)
    return end


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
