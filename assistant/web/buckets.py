"""Token buckets: how often each person may do something."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

# People whose bucket has been full for longest are forgotten first, which changes nothing for them.
MOST = 10_000


class Buckets:
    """One bucket for each key, which fills by itself.

    Args:
        per_minute: How many tokens flow in.
        most: How many it holds; None is half a minute's.
        clock: Tells the time in seconds.
    """

    def __init__(
        self, per_minute: float, most: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._clock = per_minute / 60, clock
        self._most = most if most is not None else max(1.0, per_minute / 2)
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Takes a token; returns 0, or after how many seconds there will be one where there is none."""
        now = self._clock()
        level, then = self._levels.pop(key, (self._most, now))
        level = min(self._most, level + (now - then) * self._rate)
        taken = level >= 1
        self._levels[key] = (level - taken, now)
        if len(self._levels) > MOST:
            self._levels.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._rate
