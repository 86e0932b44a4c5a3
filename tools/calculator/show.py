"""Writes expressions and numbers as people do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .kinds import Complex, Real
from .limits import MAX_DIGITS
from .numbers import Numbers
from .parse import BINARY, Bind, Step

SIGNS = {"+": "+", "-": "−", "*": "×", "of": "×", "/": "÷", "ratio": "÷", "<=": "≤", ">=": "≥", "!=": "≠"}
AROUND = {
    "to": " in ",
    "±": " ± ",
    "±%": " ± ",
    "∠": "∠",
    "after": " after ",
    "before": " before ",
    "choose": " choose ",
}
SWAPPED = {"off": "−", "more%": "+", "more": "+", "less": "−"}
SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
# Python refuses to write longer integers at once.
CHUNK = 4_000


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    binding: Bind
    unit: bool = False

    def within(self, limit: Bind) -> str:
        """The text, in brackets where something looser than ``limit`` would be torn apart."""
        return self.text if self.binding >= limit else f"({self.text})"


def show_expression(steps: Sequence[Step]) -> str:
    """Returns an expression in postfix order as a line such as ``12.5 % × 2480 − 17``."""
    stack: list[_Part] = []
    for step in steps:
        first = len(stack) - step.count
        stack[first:] = [_show(step, stack[first:])]
    return stack[0].text


def show_integer(number: int) -> str:
    """Returns all digits of an integer, however many."""
    if number < 0:
        return f"-{show_integer(-number)}"
    chunks = []
    while number >= 10**CHUNK:
        number, rest = divmod(number, 10**CHUNK)
        chunks.append(f"{rest:0{CHUNK}d}")
    return "".join([str(number), *reversed(chunks)])


def show_decimal(number: Fraction) -> str | None:
    """Returns all digits of a decimal, None where they do not end."""
    below = number.denominator
    twos = (below & -below).bit_length() - 1
    fives = round((below >> twos).bit_length() / math.log2(5))  # one too many at most
    fives = next((power for power in (fives, fives - 1) if 5**power << twos == below), -1) if fives else 0
    places = max(twos, fives)
    if fives < 0 or 5**fives << twos != below or places > MAX_DIGITS:
        return None
    digits = show_integer(abs(number.numerator) * (10**places // number.denominator)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if number < 0 else text


def show_fraction(number: Fraction) -> str:
    """Returns a fraction such as ``1/3``."""
    return f"{show_integer(number.numerator)}/{show_integer(number.denominator)}"


def show_rounded(number: Real, digits: int) -> str:
    """Returns a number rounded to significant digits, such as ``1.4142`` or ``1.2e50``."""
    numbers = Numbers(digits + 15)
    text = str(numbers.mp.nstr(numbers.real(number), digits, min_fixed=-6, max_fixed=digits))
    return text.removesuffix(".0").replace(".0e", "e").replace("e+", "e")


def show_fixed(number: Fraction, places: int) -> str:
    """Returns a number with so many places after the point, which must be all it has; fewer than 0 count as none."""
    places = max(places, 0)
    digits = show_integer(abs(int(number * 10**places))).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if number < 0 else text


def _show(step: Step, parts: list[_Part]) -> _Part:
    if step.op == "call":
        name = "log10" if step.text == "log" and len(parts) == 1 else step.text
        return _Part(f"{name}({', '.join(part.text for part in parts)})", Bind.ATOM)
    if step.op == "list":
        return _Part(f"[{', '.join(part.text for part in parts)}]", Bind.ATOM)
    if not parts:
        text = step.text or show_decimal(step.number) or show_fraction(step.number)
        loose = Bind.POWER if isinstance(step.number, Complex) and text != "i" else Bind.ATOM
        binding = Bind.PRODUCT if "/" in text and step.op == "number" else loose
        return _Part(text, binding, step.op == "unit")
    if len(parts) == 1:
        return _show_unary(step.op, parts[0])
    return _show_binary(step.op, *parts)


def _show_unary(op: str, part: _Part) -> _Part:
    if op == "neg":
        return _Part(f"−{part.within(Bind.ARGUMENT)}", Bind.SIGN)
    if op == "in%":
        return part
    return _Part(part.within(Bind.POSTFIX) + (" %" if op == "%" else op), Bind.POSTFIX)


def _show_binary(op: str, a: _Part, b: _Part) -> _Part:
    if op in ("unit*", "compound"):
        return _show_quantity(op, a, b)
    if op == "^":
        return _show_power(a, b)
    if op in SWAPPED:
        return _Part(f"{b.within(Bind.SUM)} {SWAPPED[op]} {a.within(Bind.PRODUCT)}", Bind.SUM)
    if op in AROUND:
        side = Bind.CONVERT if op == "to" else Bind.SIGN
        return _Part(f"{a.within(side)}{AROUND[op]}{b.within(side)}", Bind.CONVERT if op == "to" else Bind.SUM)
    return _show_arithmetic(op.strip("%"), a, b)


def _show_arithmetic(op: str, a: _Part, b: _Part) -> _Part:
    binding = BINARY[op]
    if op == "/" and b.unit:
        return _Part(f"{a.within(binding)}/{b.within(Bind.POWER)}", binding, a.unit)
    right = b.within(Bind(binding + 1))
    right = f"({right})" if right.startswith("−") else right
    left = a.within(binding)
    left = f"({left})" if op in ("mod", "//") and left.startswith("−") else left
    return _Part(f"{left} {SIGNS.get(op, op)} {right}", binding)


def _show_quantity(op: str, a: _Part, b: _Part) -> _Part:
    if op == "compound":
        return _Part(f"{a.text} {b.text}", Bind.COMPOUND)
    if a.unit:
        return _Part(f"{a.text}·{b.text}", Bind.UNIT, unit=True)
    space = "" if b.text == "°" else " "
    binding = Bind.PRODUCT if "/" in b.text else Bind.UNIT
    return _Part(f"{a.within(Bind.UNIT)}{space}{b.text}", binding)


def _show_power(a: _Part, b: _Part) -> _Part:
    base = a.within(Bind.POSTFIX)
    if a.unit and b.text.lstrip("−").isdigit():
        return _Part(base + b.text.translate(SUPERSCRIPTS), Bind.POWER, unit=True)
    return _Part(f"{base}^{b.within(Bind.POWER)}", Bind.POWER)
