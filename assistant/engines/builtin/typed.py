"""From what stands in a request to a value of a parameter's type."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from assistant.engines.builtin.parameters import Kind, Parameter
from assistant.engines.builtin.values import Form, Found

PERCENT = re.compile(r"percent|%", re.I)
DAY_FIRST = re.compile(r"dd[-/. ]mm[-/. ]yy", re.I)
MONTH_FIRST = re.compile(r"mm([-/. ])dd[-/. ]yy", re.I)
YEAR_FIRST = re.compile(r"yyyy([-/. ])mm", re.I)
# What one of a unit is in the first unit of its row.
UNITS: tuple[dict[str, float], ...] = (
    {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "h": 3600, "day": 86400,
     "week": 604800},
    {"meter": 1, "metre": 1, "m": 1, "kilometer": 1000, "kilometre": 1000, "km": 1000, "centimeter": 0.01,
     "centimetre": 0.01, "cm": 0.01, "millimeter": 0.001, "mm": 0.001, "mile": 1609.344, "foot": 0.3048, "feet": 0.3048,
     "ft": 0.3048, "inch": 0.0254, "inche": 0.0254, "yard": 0.9144},
    {"gram": 1, "g": 1, "kilogram": 1000, "kg": 1000, "pound": 453.59237, "lb": 453.59237, "ounce": 28.349523125,
     "oz": 28.349523125, "ton": 1_000_000, "tonne": 1_000_000},
)  # fmt: skip
# What a list in a request is not: a sentence.
MAX_LIST = 50


def typed(found: Found, parameter: Parameter) -> Any:
    """Returns the value as the parameter takes it, None where it cannot.

    Args:
        found: What the request holds.
        parameter: Where it would go.
    """
    if parameter.kind == "array":
        items = found.value if found.form == "list" else [found.value]
        values = [_single(_part(found, item), parameter.item, parameter) for item in items[:MAX_LIST]]
        return values if values and None not in values else None
    return None if found.form == "list" and parameter.kind != "any" else _single(found, parameter.kind, parameter)


def _part(found: Found, item: Any) -> Found:
    form: Form = "number" if isinstance(item, int | float) else "date" if isinstance(item, date) else "phrase"
    return Found(form, item, found.start, found.end, found.unit) if found.form == "list" else found


def _single(found: Found, kind: Kind, parameter: Parameter) -> Any:  # noqa: PLR0911 - one line for each kind
    value = found.value
    if kind in ("integer", "number"):
        if found.form != "number":
            return None
        if found.unit == "%" and kind == "number" and not PERCENT.search(parameter.text):
            return round(value / 100, 12)
        value = converted(value, found.unit, parameter.text)
        return value if kind == "number" or isinstance(value, int) else None
    if kind in ("boolean", "object"):
        return None
    if parameter.dated and not isinstance(value, date):
        return None
    if isinstance(value, date):
        return in_format(value, parameter.description)
    if isinstance(value, int | float):
        return f"{value}" if kind == "string" else value
    return value


def converted(value: float, unit: str, described: str) -> float:
    """Returns the number in the unit that the description names, where that is another one of its kind.

    Args:
        value: The number.
        unit: As written behind it.
        described: The parameter's name and description.
    """
    own = unit.lower().removesuffix("s") or unit.lower()
    for row in UNITS:
        if own in row:
            named = {word.removesuffix("s") for word in re.findall(r"[a-z]+", described.lower())}
            wanted = {name for name in named & row.keys() if len(name) > 2}  # noqa: PLR2004 - "m" is too short to tell
            if len({row[name] for name in wanted}) == 1 and row[next(iter(wanted))] != row[own]:
                exact = value * row[own] / row[wanted.pop()]
                return int(exact) if float(exact).is_integer() else round(exact, 9)
    return value


def in_format(day: date, description: str) -> str:
    """Writes a date as a parameter's description asks, else as ISO 8601 does."""
    if DAY_FIRST.search(description):
        return f"{day:%d/%m/%Y}" if "/" in description else f"{day:%d-%m-%Y}"
    if found := MONTH_FIRST.search(description):
        return day.strftime(found[1].join(["%m", "%d", "%Y"]))
    if found := YEAR_FIRST.search(description):
        return day.strftime(found[1].join(["%Y", "%m", "%d"]))
    return day.isoformat()
