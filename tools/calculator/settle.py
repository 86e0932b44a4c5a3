"""Computes with more and more digits until those that are shown no longer change."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from .kinds import Number, Real, kind_of, parts_of, with_parts
from .limits import MAX_PLACES, SECONDS, CalculationError, Definite, too_long
from .machine import Machine
from .numbers import Numbers
from .parse import Step
from .show import show_rounded
from .values import Value

GUARD = 15  # digits computed beyond those that are shown
MAX_WORKING = 4_000  # digits, for a result that hangs on the difference of nearly equal numbers
MAX_WORK = 20_000  # functions times digits, for such a result; takes some 50 ms
COMPOSED = ("complex", "matrix", "interval")
# A part of a composed number is nothing beside the others where it is this much smaller and shrinks with more digits.
NOTHING = 8  # digits beyond those that are shown
AGREEING = 3  # precisions that have to agree where the digits lost cannot be told for each part


@dataclass(frozen=True, slots=True)
class Settled:
    """A value whose digits no longer change.

    Attributes:
        value: The value.
        trusted: How many of its digits can be trusted.
        notes: What a reader of the result should know.
        sources: Where the constants of nature come from.
    """

    value: Value
    trusted: int
    notes: tuple[str, ...]
    sources: tuple[str, ...]


def settle(steps: Sequence[Step], digits: int, now: datetime | None = None) -> Settled:
    """Returns the value of an expression with so many digits that can be trusted.

    Args:
        steps: The expression in postfix order.
        digits: Significant digits.
        now: The local time; None where it is not known.

    Raises:
        CalculationError: It has no value, or would cost too much.
    """
    began, precisions = time.thread_time(), _precisions(digits, steps)
    trail, until = _Trail(digits), began + SECONDS
    for places in precisions:
        # With twice the digits a step takes at least twice as long as all before.
        if 2 * time.thread_time() - began > until:
            raise too_long()
        machine, last = Machine(steps, places, until, now), places == precisions[-1]
        try:
            value = machine.run()
        except Definite:
            raise
        except CalculationError:
            # A difference that is too small for this precision may look like a division by zero.
            if machine.numbers.exact or last:
                raise
            trail = _Trail(digits)
            continue
        if machine.numbers.exact:
            return _settled(machine, value, MAX_PLACES)
        value = trail.follow(value, machine.numbers)
        if trail.is_settled(machine.numbers.is_reliable(digits), last):
            break
    else:
        value = _vanishing(value, digits)
    return _settled(machine, value, machine.trusted)


class _Trail:
    """The values of one expression as the precision grows."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.number: Number = None
        self.parts: list[Real] = []
        self.agreeing = 0

    def follow(self, value: Value, numbers: Numbers) -> Value:
        """Takes the next value; returns it with parts that shrink to nothing as 0."""
        parts, before = list(parts_of(value.number)), self.parts
        shown = self._without_nothings(parts, numbers) if kind_of(value.number) in COMPOSED else parts
        agrees = len(before) == len(parts) and all(map(self._agree, before, shown))
        agrees = agrees and (bool(parts) or value.number == self.number)
        self.agreeing = self.agreeing + 1 if agrees else 1
        self.number, self.parts = value.number, parts
        kept = iter(shown)
        return replace(value, number=with_parts(value.number, lambda part: next(kept)))

    def is_settled(self, reliable: bool, last: bool) -> bool:
        """Whether the digits can be believed, or have to be at the last precision."""
        if last:
            return self.agreeing > 1 or reliable
        if kind_of(self.number) in COMPOSED:
            return self.agreeing >= (2 if reliable else AGREEING)
        return self.agreeing > 1 and reliable and self.number != 0

    def _agree(self, before: Real, now: Real) -> bool:
        if isinstance(before, Fraction) and isinstance(now, Fraction):
            return before == now
        nothing = isinstance(now, Fraction) and now == 0
        return nothing or show_rounded(before, self.digits) == show_rounded(now, self.digits)

    def _without_nothings(self, parts: list[Real], numbers: Numbers) -> list[Real]:
        if len(parts) != len(self.parts):
            return parts
        sizes = [abs(numbers.approximate(part)) for part in parts]
        least = max(sizes) / numbers.mp.mpf(10) ** (self.digits + NOTHING)
        shrunk = [now * 10**NOTHING <= abs(numbers.approximate(x)) for x, now in zip(self.parts, sizes, strict=True)]
        return [
            Fraction(0) if size < least and smaller and not isinstance(part, Fraction) else part
            for part, size, smaller in zip(parts, sizes, shrunk, strict=True)
        ]


def _settled(machine: Machine, value: Value, trusted: int) -> Settled:
    return Settled(value, trusted, tuple(dict.fromkeys(machine.numbers.notes)), tuple(machine.sources))


def _precisions(digits: int, steps: Sequence[Step]) -> list[int]:
    first, functions = digits + GUARD, sum(step.op in ("call", "^") for step in steps)
    most = max(MAX_WORKING, 4 * digits)
    most = min(most, max(4 * first, MAX_WORK // max(functions, 1)))
    return [first << n for n in range(most.bit_length()) if first << n <= most]


def _vanishing(value: Value, digits: int) -> Value:
    """Takes for 0 what shrinks with every digit that is computed."""
    parts = list(parts_of(value.number))
    tiny = [not isinstance(part, Fraction) and abs(part) * 10 ** (2 * (digits + GUARD)) < 1 for part in parts]
    if parts and all(tiny):
        zero = 0 if kind_of(value.number) in ("real", "complex") else value.number
        return replace(value, number=with_parts(parts[0] if zero == 0 else zero, lambda part: part * 0))
    raise CalculationError("the result depends on more digits than are computed, perhaps on a division by zero")
