"""What is done for a program that waits for it, and is stopped when the program has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from assistant.api.errors import ApiError
from assistant.endings import end_task

Done = TypeVar("Done")
# As other servers write it down; nobody gets it.
GONE = 499


async def unless_gone(request: Request, work: Coroutine[Any, Any, Done]) -> Done:
    """Returns what is worked out, unless whoever asked for it goes away: then it is stopped.

    Args:
        request: Who asked; its body must have been read.
        work: What is done.

    Raises:
        ApiError: Nobody waits for it any more.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
    finally:
        leaving.cancel()
        await end_task(working)
    raise ApiError(GONE, "The program that asked has gone.")


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
