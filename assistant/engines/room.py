"""How much a model can be sent: its context in tokens, and how many bytes a token takes as its server counts them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

# Of the context, what is left for the reply: a part, and tokens at most.
REPLY_PART, REPLY_MOST = 0.25, 4096
# Before the server has counted anything; rather few, so that an estimate is rather too long.
BYTES_PER_TOKEN, FEWEST, MOST = 3.0, 1.0, 4.5
# An estimate is trusted to this part; what was too long is tried again at that part of its length.
TRUSTED, SHORTER = 0.9, 0.75


class Room:
    """Estimates lengths and learns from what the server tells.

    Args:
        ask: Returns a model's context in tokens; None where nobody knows.
    """

    def __init__(self, ask: Callable[[str], Awaitable[int | None]]) -> None:
        self._ask = ask
        self._bytes_per_token = BYTES_PER_TOKEN
        self._ceilings: dict[str, int] = {}
        self._limits: dict[str, int] = {}

    async def bytes(self, model: str) -> int | None:
        """Returns how many bytes of messages and tools a model can be sent; None where nobody knows.

        Args:
            model: Its name; empty is the usual one.
        """
        limit = self._limits.get(model) or await self._ask(model)
        found = [self._ceilings[model]] if model in self._ceilings else []
        if limit:
            tokens = limit - min(REPLY_MOST, limit * REPLY_PART)
            found.append(int(tokens * self._bytes_per_token * TRUSTED))
        return min(found, default=None)

    def took(self, model: str, size: int, tokens: int | None) -> None:
        """Learns from a request that was answered."""
        if tokens:
            self._bytes_per_token = min(MOST, max(FEWEST, size / tokens))
            if model in self._ceilings:
                self._ceilings[model] = max(self._ceilings[model], size)

    def overflowed(self, model: str, size: int, limit: int | None) -> None:
        """Learns from a request that was too long."""
        if limit:
            self._limits[model] = limit
        self._ceilings[model] = int(size * SHORTER)
