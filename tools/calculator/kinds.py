"""The kinds of number beyond the real ones, and how they are taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

Real = Any  # Fraction, or mpf, which has no types that mypy could check
Number = Any  # Real, Complex, Interval, Matrix, Moment; bool and str where nothing more can be calculated


@dataclass(frozen=True, slots=True)
class Complex:
    """A complex number whose imaginary part is not exactly 0."""

    re: Real
    im: Real

    def __neg__(self) -> Complex:
        return Complex(-self.re, -self.im)


@dataclass(frozen=True, slots=True)
class Interval:
    """A measured number with its standard error.

    Attributes:
        number: The number.
        error: At least 0.
    """

    number: Real
    error: Real

    def __neg__(self) -> Interval:
        return Interval(-self.number, self.error)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix; a list of numbers is one with a single column.

    Attributes:
        rows: Of equal length, at least one of at least one entry.
    """

    rows: tuple[tuple[Number, ...], ...]

    def __neg__(self) -> Matrix:
        return Matrix(tuple(tuple(-entry for entry in row) for row in self.rows))

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.rows[0])

    @property
    def entries(self) -> list[Number]:
        """All entries, row by row."""
        return [entry for row in self.rows for entry in row]

    @property
    def shape(self) -> str:
        """Such as ``2×3``."""
        return f"{self.height}×{self.width}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day, or both.

    Attributes:
        day: Days since the day before 0001-01-01; None for a time of any day.
        seconds: Since midnight, at least 0 and less than 86,400; None for a whole day.
    """

    day: int | None = None
    seconds: Fraction | None = None

    @property
    def date(self) -> date:
        """The day as a date of the Gregorian calendar."""
        assert self.day is not None
        return date.fromordinal(self.day)

    @property
    def clock(self) -> str:
        """The time of day, such as ``14:30``; with seconds only where there are any."""
        minutes, seconds = divmod(self.seconds or Fraction(0), 60)
        text = f"{minutes // 60:02}:{minutes % 60:02}"
        if not seconds:
            return text
        return f"{text}:{int(seconds):02}.{int(seconds % 1 * 10**6):06}".rstrip("0").rstrip(".")

    def __str__(self) -> str:
        parts = [str(self.date)] if self.day is not None else []
        return " ".join([*parts, self.clock] if self.seconds is not None else parts)


KINDS = {Complex: "complex", Interval: "interval", Matrix: "matrix", Moment: "moment", bool: "verdict", str: "word"}
NAMES = {
    **{"real": "a real number", "complex": "a complex number", "interval": "a number with ±"},
    **{"matrix": "a list or matrix", "moment": "a date or time", "verdict": "the outcome of a comparison"},
    "word": "a word",
}


def kind_of(number: Number) -> str:
    """Returns ``real``, ``complex``, ``interval``, ``matrix``, ``moment``, ``verdict`` or ``word``."""
    return KINDS.get(type(number), "real")


def parts_of(number: Number) -> Iterator[Real]:
    """Yields the real numbers that a number is made of."""
    if isinstance(number, Complex):
        yield from (number.re, number.im)
    elif isinstance(number, Interval):
        yield from (number.number, number.error)
    elif isinstance(number, Matrix):
        for entry in number.entries:
            yield from parts_of(entry)
    elif kind_of(number) == "real":
        yield number


def with_parts(number: Number, change: Callable[[Real], Real]) -> Number:
    """Returns a number of the same form with each of its real numbers changed, in the order of ``parts_of``."""
    if isinstance(number, Complex):
        return Complex(change(number.re), change(number.im))
    if isinstance(number, Interval):
        return Interval(change(number.number), change(number.error))
    if isinstance(number, Matrix):
        return Matrix(tuple(tuple(with_parts(entry, change) for entry in row) for row in number.rows))
    return change(number) if kind_of(number) == "real" else number
