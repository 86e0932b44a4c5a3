"""Slows down and locks out who guesses passwords, and nobody else."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# Wrong passwords that cost nothing; each further one doubles the wait.
FREE = 3
# So many wrong ones for one name from one address lock the name there; of any names, they lock the address; for one
# name from anywhere, they lock the name.
AT_ADDRESS, OF_ADDRESS, OF_NAME = 10, 50, 100
LOCKED = 15 * 60.0
MOST = 20_000

Key = tuple[str, str]


@dataclass(slots=True)
class _Count:
    wrong: int = 0
    until: float = 0.0
    last: float = 0.0


class Throttle:
    """Counts wrong passwords.

    Args:
        clock: Tells the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: OrderedDict[Key, _Count] = OrderedDict()

    def wait(self, name: str, address: str) -> float:
        """Returns for how many seconds no password is tried for a name from an address; 0 where one is."""
        now = self._clock()
        return max(0.0, *(self._count(key).until - now for key, _ in _keys(name, address)))

    def failed(self, name: str, address: str) -> None:
        """Notes a wrong password."""
        now = self._clock()
        for key, most in _keys(name, address):
            count = self._counts[key] = self._count(key)
            self._counts.move_to_end(key)
            count.wrong, count.last = count.wrong + 1, now
            if count.wrong >= most:
                count.until = now + LOCKED
            elif most == AT_ADDRESS and count.wrong > FREE:
                count.until = now + math.pow(2, count.wrong - FREE - 1)
        while len(self._counts) > MOST:
            self._counts.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Notes the right password: what was wrong before from there is forgotten."""
        self._counts.pop(_keys(name, address)[0][0], None)

    def _count(self, key: Key) -> _Count:
        count = self._counts.get(key)
        # After a quiet while everything begins anew.
        return _Count() if count is None or count.last < self._clock() - LOCKED else count


def _keys(name: str, address: str) -> tuple[tuple[Key, int], ...]:
    name = name.casefold()[:64]
    return (((name, address), AT_ADDRESS), (("", address), OF_ADDRESS), ((name, ""), OF_NAME))
