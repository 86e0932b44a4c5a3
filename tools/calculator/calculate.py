"""From a text to a result: exact where that is possible, else with digits that no longer change."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .limits import MAX_PLACES, SECONDS, CalculationError, TooBig
from .machine import Machine, Value
from .parse import Step, parse
from .question import read_question
from .show import show_decimal, show_expression, show_fraction, show_rounded
from .tokens import tokenize
from .units import symbol

GUARD = 15  # digits computed beyond those that are shown
MAX_WORKING = 4_000  # digits, for a result that hangs on the difference of nearly equal numbers
MAX_WRITTEN = 60  # characters up to which a number that is no integer is written out in full


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a calculation.

    Attributes:
        text: The calculation in one line, with ≈ where the value is rounded.
        expression: The expression as it was understood.
        value: A decimal, or ``true`` or ``false``.
        unit: Its unit; an empty text for a plain number.
        exact: The number as an integer, finished decimal or fraction; None where it is irrational.
    """

    text: str
    expression: str
    value: str
    unit: str
    exact: str | None


def calculate(text: str, digits: int = 12) -> Result:
    """Calculates what a text asks for.

    Args:
        text: An expression, or a question around one.
        digits: Significant digits of a result that has to be rounded, 1 to 1000.

    Raises:
        CalculationError: The text is no expression, has no defined result or would cost too much.
    """
    if not 1 <= digits <= MAX_PLACES:
        raise CalculationError(f"digits must be from 1 to {MAX_PLACES:,}")
    question = read_question(text)
    steps = parse(tokenize(question.expression))
    if question.decimals is not None:
        steps += [Step("number", number=Fraction(question.decimals)), Step("call", 2, "round")]
    digits = question.digits or digits
    value, trusted = _settle(steps, digits)
    return _result(steps, value, min(digits, trusted))


def _settle(steps: Sequence[Step], digits: int) -> tuple[Value, int]:
    """Computes with more and more digits until those that are shown agree twice.

    Returns:
        The value, and how many of its digits can be trusted.
    """
    until, precisions = time.perf_counter() + SECONDS, _precisions(digits)
    before: object = None
    for places in precisions:
        machine, last = Machine(places, until), places == precisions[-1]
        try:
            value = machine.run(steps)
        except TooBig:
            raise
        except CalculationError:
            # A difference that is too small for this precision may look like a division by zero.
            if machine.numbers.exact or last:
                raise
            before = None
            continue
        if machine.numbers.exact:
            return value, MAX_PLACES
        now, reliable = _fingerprint(value, digits), machine.numbers.is_reliable(digits)
        if (now == before and reliable and value.number != 0) or (last and (now == before or reliable)):
            break
        before = now
    else:
        value = _vanishing(value, digits)
    return value, machine.trusted


def _precisions(digits: int) -> list[int]:
    first, most = digits + GUARD, max(MAX_WORKING, 4 * digits)
    return [first << n for n in range(most.bit_length()) if first << n <= most]


def _fingerprint(value: Value, digits: int) -> object:
    return value.number if isinstance(value.number, bool | Fraction) else show_rounded(value.number, digits)


def _vanishing(value: Value, digits: int) -> Value:
    """Takes for 0 what shrinks with every digit that is computed."""
    if not isinstance(value.number, bool | Fraction) and abs(value.number) * 10 ** (2 * (digits + GUARD)) < 1:
        return Value(value.number * 0, value.unit)
    raise CalculationError("the result depends on more digits than are computed, perhaps on a division by zero")


def _result(steps: Sequence[Step], value: Value, digits: int) -> Result:
    expression = show_expression(steps)
    if isinstance(value.number, bool):
        verdict = str(value.number).lower()
        return Result(f"{expression} is {verdict}", expression, verdict, "", verdict)
    unit = symbol(value.unit)
    number, shown = value.number, expression
    if steps[-1].op in ("in%", "ratio", "%+", "%-"):
        number, unit = number * 100, "%"
    if steps[-1].op == "to":
        shown = expression.removesuffix(f" in {unit}")
    decimal = show_decimal(number) if isinstance(number, Fraction) else None
    exact = decimal or (show_fraction(number) if isinstance(number, Fraction) else None)
    whole = isinstance(number, Fraction) and number.denominator == 1
    limit = 2 * MAX_PLACES if steps[-1].text == "round" else MAX_WRITTEN  # who rounds wants all of that
    written = decimal is not None and (whole or len(decimal) <= limit)
    text_value = decimal if decimal is not None and written else show_rounded(number, digits)
    tail = "" if not unit else unit if unit == "°" else f" {unit}"
    fraction = f"= {exact} " if exact and not written and len(exact) <= MAX_WRITTEN // 2 else ""
    sign = "=" if written else f"{fraction}≈"
    return Result(f"{shown} {sign} {text_value}{tail}".replace(" -", " −"), expression, text_value, unit, exact)
