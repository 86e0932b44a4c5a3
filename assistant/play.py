"""Runs the graph for one turn, and tells what its nodes emit."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator
from typing import Any

from langgraph.types import Command

from assistant.endings import end_task, request
from assistant.events import ApprovalNeeded, Event
from assistant.graph import Graph
from assistant.memory import thread
from assistant.preview import previewed
from assistant.running import RunningTurn
from assistant.state import Turn, TurnState


async def played(
    graph: Graph,
    start: TurnState | Command[Any],
    turn: Turn,
    row: int,
    context: contextvars.Context,
    running: RunningTurn,
) -> AsyncGenerator[Event, None]:
    """Yields the events of a turn, whose work is a task of its own; closing the iterator ends it.

    Args:
        graph: The agent loop.
        start: The messages to begin with, or what was decided about the calls that waited.
        turn: The turn.
        row: Its row in the log.
        context: Holds the span that the turn's spans are in.
        running: By which others stop it.
    """
    # "exit" writes the turn's messages once, when it ends, instead of at every step.
    how: dict[str, Any] = {"durability": "exit"} if graph.checkpointer else {}
    run = graph.ainvoke(start, thread(turn.conversation, row), context=turn, **how)
    task = asyncio.create_task(run, context=context)
    task.add_done_callback(lambda _: turn.events.put_nowait(None))
    running.work(task)
    try:
        while (event := await turn.events.get()) is not None:
            yield event
        if task.cancelled() and running.stopped:
            return
        result = await task  # raises what the graph raised
        if stops := result.get("__interrupt__"):
            requests = tuple([await previewed(request(stop), turn) for stop in stops[0].value])
            yield ApprovalNeeded(requests, turn.conversation)
    finally:
        await end_task(task)
