"""Units against pint, dates and times against ``datetime``, dateutil and numpy."""

from __future__ import annotations

import calendar
import random
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import pint
from dateutil.relativedelta import relativedelta

from bench.calculations.judge import Case, is_float, is_text

UNITS = (
    ("km", "mile", "ft", "inch", "cm", "nautical_mile", "light_year", "yard"),
    ("kg", "lb", "oz", "tonne", "stone", "mg"),
    ("s", "min", "hours", "days", "weeks", "ms"),
    ("J", "kWh", "kcal", "eV", "BTU"),
    ("km/h", "mph", "m/s", "knot"),
    ("L", "ml", "gallon", "m^3", "cup", "ft^3"),
    ("Pa", "bar", "psi", "mmHg", "atm"),
    ("W", "kW", "hp", "BTU/h"),
    ("acre", "hectare", "m^2", "ft^2", "km^2"),
    ("byte", "kB", "MiB", "GB"),
    ("deg", "rad", "arcmin"),
)
TEMPERATURES = ("degC", "degF", "kelvin")


@cache
def _registry() -> pint.UnitRegistry:
    return pint.UnitRegistry()


def quantity(source: random.Random) -> Case:
    """Makes a conversion, a sum of two quantities in a third unit, a product or a quotient of two."""
    if source.random() < 0.1:
        return _temperature(source)
    a, b, target = (source.choice(group) for group in [source.choice(UNITS)] * 3)
    c = source.choice(source.choice(UNITS[:3]))
    x, y = round(source.uniform(0.1, 999), 3), round(source.uniform(0.1, 999), 3)
    first, second, third = (_registry().Quantity(n, unit) for n, unit in ((x, a), (y, b), (y, c)))
    text, wanted, target = source.choice(
        (
            (f"{x} {a}", first, target),
            (f"{x} {a} + {y} {b}", first + second, target),
            (f"{x} {a} / ({y} {b})", first / second, ""),
            (f"{x} {a} * {y} {c}", first * third, f"({target}) * {c}"),
            (f"({x} {a}) / ({y} {c})", first / third, f"({target}) / {c}"),
        )
    )
    text = f"{text} in {target}" if target else text
    return Case(text, is_float(wanted.to(target).magnitude))


def _temperature(source: random.Random) -> Case:
    a, b = source.sample(TEMPERATURES, 2)
    x = round(source.uniform(1, 900), 2)
    return Case(f"{x} {a} in {b}", is_float(_registry().Quantity(x, a).to(b).magnitude, least=1e-9))


FORMS = ("%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d.%m.%Y")


def moment(source: random.Random) -> Case:
    """Makes an expression of dates, times and durations."""
    return source.choice((_days, _shifted, _months, _weekday, _workdays, _period, _clock, _time))(source)


def _day(source: random.Random) -> date:
    return date(1600, 1, 1) + timedelta(days=source.randrange(365 * 800))


def _form(source: random.Random, day: date) -> str:
    return day.strftime(source.choice(FORMS))


def _days(source: random.Random) -> Case:
    a, b = _day(source), _day(source)
    text = source.choice(("days between {a} and {b}", "{b} - {a}", "How many days are there from {a} to {b}?"))
    return Case(text.format(a=_form(source, a), b=_form(source, b)), is_text((b - a).days))


def _shifted(source: random.Random) -> Case:
    day, n, unit = _day(source), source.randint(1, 999), source.choice(("days", "weeks"))
    wanted = day + timedelta(**{unit: n})
    return Case(f"{_form(source, day)} + {n} {unit}", is_text(wanted))


def _months(source: random.Random) -> Case:
    day, n, unit = _day(source), source.randint(1, 99), source.choice(("months", "years"))
    sign = source.choice((1, -1))
    wanted = day + sign * relativedelta(**{unit: n})
    return Case(f"{_form(source, day)} {'+' if sign > 0 else '-'} {n} {unit}", is_text(wanted))


def _weekday(source: random.Random) -> Case:
    day = _day(source)
    text, wanted = source.choice(
        (
            ("weekday({})", calendar.day_name[day.weekday()]),
            ("What day of the week was {}?", calendar.day_name[day.weekday()]),
            ("isoweek({})", day.isocalendar().week),
            ("dayofyear({})", int(day.strftime("%j"))),
            ("leapyear({})", str(calendar.isleap(day.year)).lower()),
        )
    )
    return Case(text.format(_form(source, day)), is_text(wanted))


def _workdays(source: random.Random) -> Case:
    a = _day(source)
    b = a + timedelta(days=source.randint(0, 500))
    if source.random() < 0.5:
        return Case(f"workdays({a}, {b})", is_text(np.busday_count(a, b + timedelta(days=1))))
    n = source.randint(1, 99)
    return Case(f"workday({a}, {n})", is_text(np.busday_offset(a, n, roll="backward").item()))


def _period(source: random.Random) -> Case:
    a, b = sorted((_day(source), _day(source)))
    between = relativedelta(b, a)
    parts = zip((between.years, between.months, between.days), ("year", "month", "day"), strict=True)
    return Case(f"period({a}, {b})", is_text(" ".join(f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts if n)))


def _clock(source: random.Random) -> Case:
    a, b = (timedelta(minutes=source.randrange(1440)) for _ in range(2))
    first, second = (str(datetime(2000, 1, 1) + x)[11:16] for x in (a, b))
    return Case(f"{second} - {first}", is_text((b - a) // timedelta(minutes=1)))


def _time(source: random.Random) -> Case:
    start = datetime.combine(_day(source), datetime.min.time()) + timedelta(minutes=source.randrange(1440))
    hours, minutes = source.randint(1, 99), source.randint(1, 59)
    wanted = f"{start + timedelta(hours=hours, minutes=minutes):%Y-%m-%d %H:%M}"
    return Case(f"{start:%Y-%m-%d %H:%M} + {hours} h {minutes} min", is_text(wanted))
