"""What the machine computes with: a number and its unit."""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import Number
from .units import Unit


@dataclass(frozen=True, slots=True)
class Value:
    """A number with its unit.

    Attributes:
        number: Of any kind; a ``bool`` for the outcome of a comparison, a ``str`` for a word such as a weekday.
        unit: None for a plain number.
        spans: The parts of a length of time such as 1 month 3 days, which only a date can add up; else empty.
    """

    number: Number
    unit: Unit | None = None
    spans: tuple[Value, ...] = ()
