"""What a turn took of a language model: tokens as its server counts them, times as they are measured here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage

from assistant.events import Usage

# Where a reply keeps its times, under ``response_metadata``.
TIMING = "timing"


class Clock:
    """Measures one request, from when it is made.

    Attributes:
        ticks: How many pieces of the reply have come.
    """

    def __init__(self) -> None:
        self.ticks = 0
        self._began = self._first = self._last = time.perf_counter()

    def tick(self) -> None:
        """Notes that a piece has come."""
        self._last = time.perf_counter()
        if not self.ticks:
            self._first = self._last
        self.ticks += 1

    def times(self) -> dict[str, float]:
        """Returns the seconds until the first piece, and from there to the last."""
        return {"first": round(self._first - self._began, 4), "rest": round(self._last - self._first, 4)}


def spent(messages: Sequence[AnyMessage]) -> Usage | None:
    """Adds up what the replies of a turn took; None where none of them tells, as of the built-in engine."""
    replies = [message for message in messages if isinstance(message, AIMessage)]
    timed = [reply.response_metadata.get(TIMING) for reply in replies]
    if not any(timed):
        return None
    counted: list[Mapping[str, Any]] = [reply.usage_metadata or {} for reply in replies]
    made, rest = _sum(each.get("output_tokens") for each in counted), sum(each["rest"] for each in timed if each)
    return Usage(
        requests=len(replies),
        prompt_tokens=_sum(each.get("input_tokens") for each in counted),
        completion_tokens=made,
        cached_tokens=_sum(each.get("input_token_details", {}).get("cache_read") for each in counted),
        reasoning_tokens=_sum(each.get("output_token_details", {}).get("reasoning") for each in counted),
        first_token_seconds=next(each["first"] for each in timed if each),
        # A server that sends everything at once gives no rate.
        tokens_per_second=round(made / rest, 1) if made and rest > 0.001 else None,  # noqa: PLR2004 — a millisecond
    )


def _sum(found: Any) -> int | None:
    """Adds up numbers, of which the server may have told none."""
    told = [each for each in found if each is not None]
    return sum(told) if told else None
