"""What a process that answers many people runs on: a fast event loop, and short pauses for garbage collection."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine to its end as `asyncio.run` does, on uvloop where it is installed (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def leave_loaded_alone() -> None:
    """Takes all that is loaded so far out of garbage collection.

    Models and libraries are some 750,000 objects that live until the end. To look through them takes half a second, in
    which nobody is answered, and found nothing each time. Done once in a process.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
