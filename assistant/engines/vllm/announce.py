"""Tells in the terminal how the model's server fares."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assistant.engines.vllm.server import VllmServer
    from assistant.engines.vllm.state import State

# A line for each tenth of something long is enough.
STEPS = 10


@asynccontextmanager
async def announced(server: VllmServer | None) -> AsyncIterator[None]:
    """Prints what a server does, a line for each step, until the block is left.

    Args:
        server: Which one; None prints nothing.
    """
    if server is None:
        yield
        return
    telling = asyncio.create_task(_tell(server))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait([telling])


async def _tell(server: VllmServer) -> None:
    began, last = time.monotonic(), ""
    async for state in server.follow():
        line = _line(state, time.monotonic() - began)
        key = _key(state)
        if key != last:
            click.echo(line, err=True)
        if state.phase == "loading" and last in ("ready", "failed"):
            began = time.monotonic()
        last = key


def _key(state: State) -> str:
    """What tells one line from the next; a percentage counts in tenths."""
    if state.phase != "loading":
        return state.phase
    step = "" if state.progress.fraction is None else f" {int(state.progress.fraction * STEPS)}"
    return state.progress.message + step


def _line(state: State, seconds: float) -> str:
    if state.phase == "failed":
        return f"Error: {state.progress.message}"
    if state.phase == "ready":
        return f"The model is ready after {seconds:.0f} s."
    return f"The model: {state.progress}"
