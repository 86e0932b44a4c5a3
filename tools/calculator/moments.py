"""Dates and times as operands: sums, differences and comparisons with units, and the functions of dates."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from . import dates
from .integers import whole_number
from .kinds import Moment, Number
from .limits import CalculationError
from .units import find_unit, single_name
from .values import Value

if TYPE_CHECKING:
    from .machine import Machine

# Lengths of time that depend on the calendar, in months.
MONTHS = {"month": 1, "year": 12, "decade": 120, "century": 1_200, "millennium": 12_000}


def is_calendar(value: Value) -> bool:
    """Whether a length of time depends on the date that it is added to."""
    return single_name(value.unit) in MONTHS


def add(machine: Machine, a: Value, b: Value, sign: int) -> Value:
    """Returns a + b, or a - b where the sign is -1, of which one at least is a date or time.

    Raises:
        CalculationError: Two dates are added, or a date is taken off something else.
    """
    if isinstance(a.number, Moment) and isinstance(b.number, Moment):
        if sign > 0:
            raise CalculationError("two dates or times cannot be added; their difference can be taken")
        return _difference(b.number, a.number)
    if isinstance(b.number, Moment):
        if sign < 0:
            raise CalculationError("a date or time can only be taken off another one")
        a, b = b, a
    moment = a.number
    for span in b.spans or (b,):
        moment = _shift(machine, moment, span, sign)
    return Value(moment)


def _shift(machine: Machine, moment: Moment, span: Value, sign: int) -> Moment:
    count = span.number
    if span.unit is None or not isinstance(count, Fraction):
        raise CalculationError("to a date or time a length of time can be added, such as 30 days or 95 min")
    if moment.day is not None and is_calendar(span):
        months = count * MONTHS[single_name(span.unit)]
        if months.denominator != 1:
            raise CalculationError("a date takes whole months only")
        moment, remark = dates.shift_months(moment, sign * int(months))
        machine.numbers.notes += [remark] * bool(remark)
        return moment
    seconds = machine.convert(span, find_unit("s")).number
    if not isinstance(seconds, Fraction):
        raise CalculationError("to a date or time only exact lengths of time can be added")
    moment, days = dates.shift_seconds(moment, sign * seconds)
    if days:
        apart = "the next day" if days == 1 else "the day before" if days == -1 else f"{abs(days)} days"
        later = "" if abs(days) == 1 else " later" if days > 0 else " earlier"
        machine.numbers.notes.append(f"{apart}{later}")
    return moment


def _difference(start: Moment, end: Moment) -> Value:
    seconds = dates.seconds_between(start, end)
    if start.seconds is end.seconds is None:
        return Value(seconds / dates.DAY, find_unit("day"))
    if start.day is None and seconds % 60 == 0:
        return Value(seconds / 60, find_unit("min"))
    return Value(seconds, find_unit("s")) if seconds % 60 else Value(seconds / 3600, find_unit("h"))


def order(a: Number, b: Number) -> int:
    """Returns -1, 0 or 1 for a before, at or after b.

    Raises:
        CalculationError: One is no date or time.
    """
    if not (isinstance(a, Moment) and isinstance(b, Moment)):
        raise CalculationError("a date or time can only be compared with another one")
    seconds = dates.seconds_between(b, a)
    return (seconds > 0) - (seconds < 0)


def weekday(machine: Machine, values: list[Value]) -> Value:
    """Returns the day of the week as a word."""
    return Value(dates.weekday(_day(values[0])))


def week(machine: Machine, values: list[Value]) -> Value:
    """Returns the number of the week by ISO 8601."""
    return Value(Fraction(_day(values[0]).date.isocalendar().week))


def day_of_year(machine: Machine, values: list[Value]) -> Value:
    """Returns the number of the day in its year, from 1."""
    return Value(Fraction(_day(values[0]).date.timetuple().tm_yday))


def leap_year(machine: Machine, values: list[Value]) -> Value:
    """Returns whether a year, or that of a date, has 366 days."""
    number = values[0].number
    year = number.date.year if isinstance(number, Moment) else whole_number(machine.plain(values[0]), "leapyear")
    return Value(year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))


def make_date(machine: Machine, values: list[Value]) -> Value:
    """Returns the date of a year, month and day."""
    year, month, day = (whole_number(machine.plain(value), "date") for value in values)
    try:
        return Value(Moment(date(year, month, day).toordinal()))
    except (ValueError, OverflowError):
        raise CalculationError(f"there is no day {year}-{month}-{day}") from None


def work_days(machine: Machine, values: list[Value]) -> Value:
    """Returns how many days from Monday to Friday there are from one date to another, both included."""
    machine.numbers.notes.append("Monday to Friday, first and last day included, holidays not left out")
    return Value(Fraction(dates.workdays(_day(values[0]), _day(values[1]))))


def work_day(machine: Machine, values: list[Value]) -> Value:
    """Returns the date so many days from Monday to Friday after another one."""
    machine.numbers.notes.append("Monday to Friday counted, holidays not left out")
    return Value(dates.shift_workdays(_day(values[0]), whole_number(machine.plain(values[1]), "workday")))


def period(machine: Machine, values: list[Value]) -> Value:
    """Returns what lies between two dates, in years, months and days."""
    return Value(dates.period(_day(values[0]), _day(values[1])))


def _day(value: Value) -> Moment:
    if not isinstance(value.number, Moment) or value.number.day is None:
        raise CalculationError("this takes a date such as 2026-12-24")
    return value.number
