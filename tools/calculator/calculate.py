"""From a text to a result: exact where that is possible, else with digits that no longer change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from .constants import SOURCE
from .dates import DAY, weekday
from .forms import Style, write
from .kinds import Moment, with_parts
from .limits import MAX_PLACES, CalculationError
from .parse import Step, parse
from .question import Question, read_question
from .settle import Settled, settle
from .show import show_expression
from .tokens import tokenize
from .units import single_name, symbol
from .values import Value

ROUNDED_BY_HAND = ("round", "sigfig")
PERCENTAGES = ("in%", "ratio", "%+", "%-")
MINUS = re.compile(r"(?<=[ \[(])-")
IN_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": DAY}
CLOCK = (("d", DAY), ("h", 3_600), ("min", 60), ("s", 1))
WEEKS = (("weeks", 7 * DAY), ("d", DAY))
MAX_DAYS = 10_000  # that are broken down


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a calculation.

    Attributes:
        text: The calculation in one line, with ≈ where the value is rounded.
        expression: The expression as it was understood.
        value: A decimal, or the like of ``2 + 3i``, ``[[1, 2], [3, 4]]``, ``2.60 ± 0.14``, ``2026-12-24``, ``14:30``,
            ``Thursday`` or ``true``.
        unit: Its unit; an empty text for a plain number.
        exact: The value without rounding, with fractions where decimals do not end; None where it is irrational or
            has an error.
        sources: Where the constants of nature come from; empty where there are none.
    """

    text: str
    expression: str
    value: str
    unit: str
    exact: str | None
    sources: tuple[str, ...] = ()


def calculate(text: str, digits: int = 12, now: datetime | None = None) -> Result:
    """Calculates what a text asks for.

    Args:
        text: An expression, or a question around one.
        digits: Significant digits of a result that has to be rounded, 1 to 1000.
        now: The local time, for "today"; None where it is not known.

    Raises:
        CalculationError: The text is no expression, has no defined result or would cost too much.
    """
    if not 1 <= digits <= MAX_PLACES:
        raise CalculationError(f"digits must be from 1 to {MAX_PLACES:,}")
    question = read_question(text)
    steps = parse(tokenize(question.expression))
    if question.decimals is not None:
        steps += [Step("number", number=Fraction(question.decimals)), Step("call", 2, "round")]
    settled = settle(steps, question.digits or digits, now)
    return _result(steps, settled, _style(question, steps, settled, digits))


def _style(question: Question, steps: Sequence[Step], settled: Settled, digits: int) -> Style:
    by_hand = steps[-1].op == "call" and steps[-1].text in ROUNDED_BY_HAND  # who rounds wants all of that
    return Style(min(question.digits or digits, settled.trusted), question.significant, wide=by_hand)


def _result(steps: Sequence[Step], settled: Settled, style: Style) -> Result:
    expression, number = show_expression(steps), settled.value.number
    if isinstance(number, bool):
        verdict = write(number, style).value
        return Result(f"{expression} is {verdict}{_notes(steps, settled)}", expression, verdict, "", verdict)
    unit, shown = symbol(settled.value.unit), expression
    if steps[-1].op in PERCENTAGES:
        number, unit = with_parts(number, lambda part: part * 100), "%"
    if steps[-1].op == "to":
        shown = expression.removesuffix(f" in {unit}")
    form = write(number, style)
    between = f"= {form.between} " if form.between not in ("", expression) else ""
    body = form.value if form.single or not unit else f"({form.value})"
    tail = "" if not unit else unit if unit == "°" else f" {unit}"
    result = MINUS.sub("−", f"{between}{'≈' if form.rounded else '='} {body}{tail}")
    text = f"{shown} {result}{_notes(steps, settled)}"
    return Result(text, expression, form.value, unit, form.exact, settled.sources)


def _notes(steps: Sequence[Step], settled: Settled) -> str:
    """What a reader should know beside the result, in brackets."""
    notes, value = list(settled.notes), settled.value
    if isinstance(value.number, Moment) and value.number.day is not None:
        notes.insert(0, weekday(value.number))
    dated = any(isinstance(step.number, Moment) or step.op == "moment" for step in steps)
    if reading := _reading(value, dated):
        notes.insert(0, reading)
    notes += [SOURCE] * bool(settled.sources)
    return f" ({'; '.join(notes)})" if notes else ""


def _reading(value: Value, dated: bool) -> str:
    """A length of time in days, hours, minutes and seconds, or in weeks; an empty text where nothing is gained."""
    name, number = single_name(value.unit), value.number
    if name not in IN_SECONDS or not isinstance(number, Fraction):
        return ""
    seconds = abs(number) * IN_SECONDS[name]
    weeks = seconds % DAY == 0
    if seconds.denominator != 1 or seconds > MAX_DAYS * DAY or (weeks and not dated):
        return ""
    parts, rest = [], int(seconds)
    for unit, size in WEEKS if weeks else CLOCK:
        count, rest = divmod(rest, size)
        parts += [f"{count} {unit}"] * bool(count)
    known = len(parts) < 2 and number.denominator == 1  # noqa: PLR2004
    return "" if known else f"{'−' if number < 0 else ''}{' '.join(parts)}"
