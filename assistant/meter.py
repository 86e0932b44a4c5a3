"""What the language model has done since the start, for those who watch the server."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from assistant.events import Answer, End, Failed, Usage

FIRST_TOKEN = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
SPEED = (1.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


@dataclass(slots=True)
class Spread:
    """How often values fell between limits.

    Attributes:
        limits: The upper ones, ascending; what is beyond all of them is counted last.
        counts: How many values lie at or under each limit and over the one before.
        total: All values added up.
    """

    limits: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.limits) + 1)

    def add(self, value: float) -> None:
        """Counts a value."""
        self.counts[bisect_left(self.limits, value)] += 1
        self.total += value


class Meter:
    """Adds up what the turns of this process took.

    Attributes:
        tokens: By what they were: ``prompt``, ``cached`` (of the prompt), ``completion``, ``reasoning`` (of the
            completion).
        requests: To the model's server.
        failures: Turns that brought no answer, by the kind of the error.
        first_token: Seconds to the first token of an answer.
        speed: Tokens per second of an answer.
    """

    def __init__(self) -> None:
        self.tokens: Counter[str] = Counter()
        self.requests = 0
        self.failures: Counter[str] = Counter()
        self.first_token, self.speed = Spread(FIRST_TOKEN), Spread(SPEED)

    def take(self, end: End) -> None:
        """Takes the end of a turn."""
        if isinstance(end, Failed):
            self.failures[end.kind] += 1
        elif isinstance(end, Answer) and end.usage:
            self._add(end.usage)

    def _add(self, usage: Usage) -> None:
        self.requests += usage.requests
        for kind in ("prompt", "cached", "completion", "reasoning"):
            self.tokens[kind] += getattr(usage, f"{kind}_tokens") or 0
        if usage.first_token_seconds is not None:
            self.first_token.add(usage.first_token_seconds)
        if usage.tokens_per_second is not None:
            self.speed.add(usage.tokens_per_second)
