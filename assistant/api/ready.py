"""``/healthz`` and ``/readyz``: whether the server works, and whether questions can be answered."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from assistant.api.errors import ApiError
from assistant.errors import AssistantError
from assistant.session import Assistant

log = logging.getLogger(__name__)

router = APIRouter(tags=["server"])
# Seconds for which what was found holds, and after which what does not answer counts as away.
HOLDS, PATIENCE = 1.0, 2.0
# Under which nobody asks and no files are.
NOBODY = "readyz"


class Well(BaseModel):
    """It works."""

    status: Literal["ok"] = "ok"


class Readiness:
    """Looks whether what questions need is there.

    Args:
        assistant: Who answers them.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._assistant, self._until = assistant, 0.0
        self._look: asyncio.Task[str] | None = None

    async def lacks(self) -> str:
        """Returns what is away, as a sentence; empty where all is there. It takes at most ``PATIENCE`` seconds."""
        if not self._assistant.prepared:
            return "The library is still being loaded; try again in a moment."
        if self._look is None or (self._look.done() and time.monotonic() > self._until):
            self._look = asyncio.create_task(self._looked())
        # What hangs is left to end by itself, and nothing else is begun until it has.
        done, _ = await asyncio.wait([self._look], timeout=PATIENCE)
        return self._look.result() if done else "The database or the bucket does not answer at the moment."

    async def _looked(self) -> str:
        try:
            return await self._missing()
        finally:
            self._until = time.monotonic() + HOLDS

    async def _missing(self) -> str:
        try:
            await self._assistant.conversations.list(NOBODY, 1)
        except Exception as error:
            _note(error)
            return "The database cannot be reached at the moment."
        try:
            if bucket := self._assistant.files.bucket:
                await bucket.listed(NOBODY)
        except Exception as error:
            _note(error)
            return "The bucket with the files cannot be reached at the moment."
        return ""


def _note(error: Exception) -> None:
    log.warning("not ready: %s", error, exc_info=None if isinstance(error, AssistantError) else error)


@router.get("/healthz")
async def health() -> Well:
    """Say that the process answers."""
    return Well()


@router.get("/readyz")
async def ready(request: Request) -> Well:
    """Say whether questions can be answered."""
    readiness: Readiness = request.app.state.readiness
    if lacks := await readiness.lacks():
        raise ApiError(503, lacks, code="not_ready", retry_after="1")
    return Well()
