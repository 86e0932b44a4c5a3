"""Dates and times of day: the Gregorian calendar, without time zones, leap seconds or holidays."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from fractions import Fraction

from .kinds import Moment
from .limits import CalculationError

DAY = 86_400  # seconds
HALF_DAY = 12  # hours
LAST_DAY = date.max.toordinal()
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = {name[:3].lower(): number for number, name in enumerate(calendar.month_name) if number}
MONTH = "(?:sept|" + "|".join(rf"{name[:3]}(?:{name[3:]})?" for name in calendar.month_name if name) + r")\b\.?"
DAY_OF_MONTH = r"\d{1,2}(?:st|nd|rd|th)?"
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:\s*[ap]\.?m\b\.?)?"
DATE = (
    r"(?P<iso>\d{4}-\d{1,2}-\d{1,2})(?![\d-])"
    r"|(?P<dotted>\d{1,2}\.\d{1,2}\.\d{4})(?![\d.])"
    rf"|(?P<european>{DAY_OF_MONTH}(?:\s+of)?\s+{MONTH},?\s+\d{{4}})(?!\d)"
    rf"|(?P<american>{MONTH}\s+{DAY_OF_MONTH},?\s+\d{{4}})(?!\d)"
)
MOMENT = re.compile(
    rf"(?<![\w.])(?:(?:{DATE})(?:(?:\s*T|,?\s+(?:at\s+)?)(?P<at>{CLOCK}))?|(?P<clock>{CLOCK}))(?!\w)", re.I
)
# 1000-10-20 may be a difference. It is a date with a leading zero, beside another one, or beside such a word.
ABOUT_TIME = re.compile(
    r"\b(?:days?|weeks?|months?|years?|hours?|weekday|workdays?|working|business|date|today|tomorrow|yesterday|until|"
    r"till|since|before|after|between|period|age|old|born|leap\w*|isoweek|dayofyear)\b",
    re.I,
)


def holds_dates(text: str) -> bool:
    """Whether numbers such as 2026-12-24 are meant as dates where they could be differences."""
    return len(list(MOMENT.finditer(text))) > 1 or bool(ABOUT_TIME.search(text))


def read_moment(match: re.Match[str], dated: bool) -> Moment | None:
    """Returns what was matched by ``MOMENT``; None where it is a difference of numbers.

    Args:
        match: A match.
        dated: Whether the text holds dates, as ``holds_dates`` says.

    Raises:
        CalculationError: There is no such day or time.
    """
    clock = match["at"] or match["clock"]
    seconds = _clock(clock) if clock else None
    if match["clock"]:
        return Moment(None, seconds)
    year, month, day = _date_numbers(match)
    zero = re.search(r"-0\d", match["iso"] or "")
    if match["iso"] and not (dated or zero or match["at"]):
        return None
    try:
        return Moment(date(year, month, day).toordinal(), seconds)
    except ValueError:
        raise CalculationError(f"there is no day {match[0]}") from None


def _date_numbers(match: re.Match[str]) -> tuple[int, int, int]:
    written = next(match[form] for form in ("iso", "dotted", "european", "american") if match[form])
    numbers = [int(n) for n in re.findall(r"\d+", written)]
    if match["iso"]:
        return numbers[0], numbers[1], numbers[2]
    if match["dotted"]:
        return numbers[2], numbers[1], numbers[0]
    found = re.search(MONTH, written, re.I)
    assert found is not None
    return numbers[1], MONTHS[found[0][:3].lower()], numbers[0]


def _clock(text: str) -> Fraction:
    numbers = [Fraction(n) for n in re.findall(r"[\d.]*\d", text)]
    hours, minutes, seconds = [*numbers, Fraction(0)][:3]
    half = re.search(r"[ap](?=\.?m)", text, re.I)
    if half and not 1 <= hours <= HALF_DAY:
        raise CalculationError(f"there is no time {text}")
    if half:
        hours = hours % HALF_DAY + HALF_DAY * (half[0].lower() == "p")
    result = (hours * 60 + minutes) * 60 + seconds
    if minutes > 59 or seconds >= 60 or result >= DAY:  # noqa: PLR2004
        raise CalculationError(f"there is no time {text}")
    return result


def shift_months(moment: Moment, months: int) -> tuple[Moment, str]:
    """Moves a date by calendar months; a day that the month lacks becomes its last.

    Returns:
        The date, and a remark where it had to be moved to the end of the month.

    Raises:
        CalculationError: It is no date, or would leave the years 1 to 9999.
    """
    if moment.day is None:
        raise CalculationError("months and years can be added to a date, not to a time of day")
    start = moment.date
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if not date.min.year <= year <= date.max.year:
        raise _out_of_range()
    last = calendar.monthrange(year, month + 1)[1]
    end = date(year, month + 1, min(start.day, last))
    remark = f"{calendar.month_name[month + 1]} {year} has {last} days" if start.day > last else ""
    return Moment(end.toordinal(), moment.seconds), remark


def shift_seconds(moment: Moment, seconds: Fraction) -> tuple[Moment, int]:
    """Moves a date or time.

    Returns:
        The moment, and for a time of day how many days later it is.

    Raises:
        CalculationError: It would leave the years 1 to 9999.
    """
    days, rest = divmod((moment.seconds or 0) + seconds, DAY)
    if moment.day is None:
        return Moment(None, rest), int(days)
    day = moment.day + int(days)
    if not 1 <= day <= LAST_DAY:
        raise _out_of_range()
    return Moment(day, rest if rest or moment.seconds is not None else None), 0


def seconds_between(start: Moment, end: Moment) -> Fraction:
    """Returns end - start.

    Raises:
        CalculationError: One is a date and the other a time of any day.
    """
    if (start.day is None) != (end.day is None):
        raise CalculationError("a date and a time of day cannot be compared; write both, as in 2026-03-01 14:30")
    days = (end.day or 0) - (start.day or 0)
    return days * DAY + Fraction(end.seconds or 0) - Fraction(start.seconds or 0)


def weekday(moment: Moment) -> str:
    """Returns the day of the week, in English."""
    return WEEKDAYS[moment.date.weekday()]


def workdays(start: Moment, end: Moment) -> int:
    """Counts the days from Monday to Friday, the first and the last day included; negative where end is earlier."""
    if end.date < start.date:
        return -workdays(end, start)
    weeks, rest = divmod((end.date - start.date).days + 1, 7)
    first = start.date.weekday()
    return 5 * weeks + sum((first + n) % 7 < 5 for n in range(rest))  # noqa: PLR2004


def shift_workdays(moment: Moment, count: int) -> Moment:
    """Moves a date by so many days from Monday to Friday.

    Raises:
        CalculationError: It would leave the years 1 to 9999.
    """
    if abs(count) > LAST_DAY:
        raise _out_of_range()
    weeks, rest = divmod(abs(count), 5)
    step = timedelta(days=1 if count >= 0 else -1)
    try:
        day = moment.date + 7 * weeks * step
        # A whole week from a Saturday leads to a Saturday, which is no working day: its last one is the Friday before.
        while weeks and not rest and day.weekday() > 4:  # noqa: PLR2004
            day -= step
        while rest:
            day += step
            rest -= day.weekday() < 5  # noqa: PLR2004
    except OverflowError:
        raise _out_of_range() from None
    return Moment(day.toordinal(), moment.seconds)


def period(start: Moment, end: Moment) -> str:
    """Returns what lies between two dates in years, months and days, such as ``1 year 2 months``."""
    if end.date < start.date:
        return f"minus {period(end, start)}"
    first, last = start.date, end.date
    months = (last.year - first.year) * 12 + last.month - first.month
    months -= shift_months(start, months)[0].date > last
    days = (last - shift_months(start, months)[0].date).days
    counted = zip((months // 12, months % 12, days), ("year", "month", "day"), strict=True)
    return " ".join(f"{n} {unit}{'s' * (n != 1)}" for n, unit in counted if n) or "0 days"


def _out_of_range() -> CalculationError:
    return CalculationError("the calendar goes from the year 1 to 9999")
