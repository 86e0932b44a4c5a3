"""Writes results of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .kinds import Complex, Interval, Matrix, Moment, Number, Real
from .limits import MAX_PLACES
from .numbers import Numbers
from .show import show_decimal, show_fixed, show_fraction, show_rounded

MAX_WRITTEN = 60  # characters up to which a number that is no integer is written out in full
MAX_WRITTEN_MATRIX = 400
ERROR_DIGITS = 2  # of a standard error, as the Guide to the Expression of Uncertainty in Measurement has it
TINY = Fraction(1, 10**9)  # below which a decimal is written as 4.2e-21
# Powers of ten within which a number with an error is written without an exponent.
LEAST_FIXED, MOST_FIXED = -5, 12


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers are to be rounded.

    Attributes:
        digits: Significant digits where rounding is needed.
        significant: Whether just as many are wanted, zeros at the end included.
        wide: Whether a decimal is written out however long it is.
    """

    digits: int
    significant: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A written result.

    Attributes:
        value: As it is shown.
        exact: The same without rounding; None where it is irrational or uncertain.
        rounded: Whether the value shown is not the exact one.
        single: Whether a unit can follow without brackets.
    """

    value: str
    exact: str | None
    rounded: bool
    single: bool = True

    @property
    def between(self) -> str:
        """The exact value where it is worth showing beside a rounded one, else an empty text."""
        limit = MAX_WRITTEN // 2 if self.single and not self.value.startswith("[") else MAX_WRITTEN_MATRIX
        return self.exact if self.exact and self.rounded and len(self.exact) <= limit else ""


def write(number: Number, style: Style) -> Form:
    """Returns a result as it is shown."""
    if isinstance(number, bool):
        return Form(str(number).lower(), str(number).lower(), rounded=False)
    if isinstance(number, str | Moment):
        return Form(str(number), str(number), rounded=False)
    if isinstance(number, Complex):
        return _complex(number, style)
    if isinstance(number, Interval):
        return _interval(number, style)
    return _matrix(number, style) if isinstance(number, Matrix) else _real(number, style)


def _real(number: Real, style: Style) -> Form:
    decimal = show_decimal(number) if isinstance(number, Fraction) else None
    exact = decimal or (show_fraction(number) if isinstance(number, Fraction) else None)
    if style.significant:
        value, rounded = _significant(number, style.digits)
        return Form(value, exact, rounded)
    whole = isinstance(number, Fraction) and number.denominator == 1
    limit = 2 * MAX_PLACES if style.wide else MAX_WRITTEN
    if decimal is not None and (whole or len(decimal) <= limit):
        tiny = not style.wide and number and abs(number) < TINY
        return Form(show_rounded(number, len(decimal)) if tiny else decimal, exact, rounded=False)
    return Form(show_rounded(number, style.digits), exact, rounded=True)


def _significant(number: Real, digits: int) -> tuple[str, bool]:
    if number == 0:
        return "0", False
    numbers = Numbers(digits + 15)
    rounded = numbers.significant(number, Fraction(digits))
    first = numbers.exponent(rounded)
    if LEAST_FIXED <= first < max(digits, MOST_FIXED):
        text = show_fixed(rounded, digits - 1 - first)
    else:
        text = f"{show_fixed(rounded / Fraction(10) ** first, digits - 1)}e{first}"
    return text, rounded != number


def _complex(number: Complex, style: Style) -> Form:
    re, im = (_real(part, style) for part in (number.re, number.im))
    rounded = re.rounded or im.rounded
    exact = _sum(re.exact, im.exact) if re.exact and im.exact else None
    return Form(_sum(re.value, im.value), exact, rounded, single="0" in (re.value, im.value))


def _sum(re: str, im: str) -> str:
    sign, size = ("-", im[1:]) if im.startswith("-") else ("+", im)
    if size == "0":
        return re
    size = f"({size})" if "/" in size else size
    imaginary = "i" if size == "1" else f"{size}i"
    if re == "0":
        return imaginary if sign == "+" else f"-{imaginary}"
    return f"{re} {sign} {imaginary}"


def _interval(number: Interval, style: Style) -> Form:
    """Two digits of the error, and of the number what is then meaningful."""
    if number.error == 0:
        form = _real(number.number, style)
        return Form(f"{form.value} ± 0", None, form.rounded, single=False)
    numbers = Numbers(style.digits + 15)
    error = numbers.significant(number.error, Fraction(ERROR_DIGITS))
    size = numbers.exponent(error)
    last = size - ERROR_DIGITS + 1
    first = max(numbers.exponent(x) for x in (number.number, number.error) if x != 0)
    long = first - last >= max(style.digits, MAX_PLACES if isinstance(number.number, Fraction) else 0)
    if long or abs(last) > MAX_PLACES:
        digits = show_fixed(error / Fraction(10) ** size, ERROR_DIGITS - 1)
        return Form(f"{_real(number.number, style).value} ± {digits}e{size}", None, rounded=True, single=False)
    shown = numbers.round(number.number, Fraction(-last))
    rounded = shown != number.number or error != number.error
    if LEAST_FIXED <= first < MOST_FIXED:
        return Form(f"{show_fixed(shown, -last)} ± {show_fixed(error, -last)}", None, rounded, single=False)
    parts = [show_fixed(x / Fraction(10) ** first, first - last) for x in (shown, error)]
    return Form(f"({parts[0]} ± {parts[1]})e{first}", None, rounded)


def _matrix(number: Matrix, style: Style) -> Form:
    forms = [[write(entry, style) for entry in row] for row in number.rows]
    exact = [[form.exact for form in row] for row in forms]
    known = all(text is not None for row in exact for text in row)
    rounded = any(form.rounded for row in forms for form in row)
    values = [[form.value for form in row] for row in forms]
    return Form(
        _brackets(values), _brackets([[text or "" for text in row] for row in exact]) if known else None, rounded
    )


def _brackets(rows: Sequence[Sequence[str]]) -> str:
    if all(len(row) == 1 for row in rows):
        return f"[{', '.join(row[0] for row in rows)}]"
    return f"[{', '.join(_brackets([[text] for text in row]) for row in rows)}]"
