"""Which LoRA adapters a server has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from assistant.engines.replicas import Replicas
from assistant.errors import EngineError

# For how many seconds what was told holds, or that nothing was; and how long it may take.
HOLDS, PATIENCE = 30.0, 2.0


class ListedAdapters:
    """The adapters that the settings name and those that the server lists.

    Args:
        model: Reaches the server.
        named: What the settings name.
    """

    def __init__(self, model: Replicas, named: Sequence[str]) -> None:
        self._model, self._named = model, tuple(named)
        self._known: tuple[str, ...] = ()
        self._until = 0.0

    async def names(self) -> tuple[str, ...]:
        """Returns their names; those of the settings alone where the server does not answer."""
        if time.monotonic() > self._until:
            try:
                self._known = (await asyncio.wait_for(self._model.describe(), PATIENCE)).adapters
            except (EngineError, TimeoutError):
                self._known = ()
            self._until = time.monotonic() + HOLDS
        return tuple(dict.fromkeys((*self._named, *self._known)))
