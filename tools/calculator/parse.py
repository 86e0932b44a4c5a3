"""Puts tokens into postfix order by how tightly their operators bind.

The method is Vaughan Pratt's, "Top Down Operator Precedence", 1973.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from fractions import Fraction

from .kinds import Complex, Number
from .limits import MAX_DEPTH, MAX_UNIT_POWER, CalculationError
from .measurements import group_measurements
from .names import ANY, CONSTANTS, DAYS, DIMENSION_WORDS, FUNCTIONS, NOW, SCALES, function_name
from .tokens import Token
from .units import Unit, find_unit, powers_of, symbol, unit_of


class Bind(IntEnum):
    """How tightly operators bind, loosest first."""

    NONE = 0
    COMPARE = auto()
    CONVERT = auto()
    COMMA = auto()  # "3 plus 4, times 2": what stands before the comma belongs together
    SUM = auto()
    PRODUCT = auto()
    SIGN = auto()
    ARGUMENT = auto()  # sin 30 deg
    COMPOUND = auto()  # 2 h 30 min
    UNIT = auto()  # 100 km / 2 h is one quantity over another
    ERROR = auto()  # 5.2±0.1 m
    POWER = auto()
    POSTFIX = auto()
    ATOM = auto()


BINARY = {
    **dict.fromkeys(("<", ">", "<=", ">=", "=", "!="), Bind.COMPARE),
    **dict.fromkeys(("+", "-"), Bind.SUM),
    **dict.fromkeys(("*", "/", "//", "mod", "of", "off", "more", "less", "ratio", "after", "before"), Bind.PRODUCT),
    **{"choose": Bind.COMPOUND, "∠": Bind.ERROR, "±": Bind.ERROR},
    "^": Bind.POWER,
}
OTHERS = {
    **dict.fromkeys(("(", "[", "√", "∛"), Bind.PRODUCT),
    **dict.fromkeys(("to", "in%"), Bind.CONVERT),
    **dict.fromkeys(("%", "!", "sup"), Bind.POSTFIX),
}
OPERANDS = ("number", "name", "constant")
OPERAND_SIGNS = ("(", "[", "√", "∛")
# Written with another base or a power of ten, a number is shown as it was typed.
AS_TYPED = re.compile(r"^0[xbo]|\de", re.I)
PERCENTAGES = ("%", "%+", "%-")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of the stack machine.

    Attributes:
        op: ``number``, ``constant``, ``physical``, ``moment`` (today or now), ``unit``, ``call``, ``list`` or an
            operator.
        count: How many values it takes from the stack; it puts one there.
        text: How it is shown, or the name of the function.
        number: Of a number.
        unit: Of a unit.
    """

    op: str
    count: int = 0
    text: str = ""
    number: Number = Fraction(0)
    unit: Unit | None = None


def parse(tokens: Sequence[Token]) -> list[Step]:
    """Returns an expression in postfix order.

    Args:
        tokens: As ``tokenize`` returns them.

    Raises:
        CalculationError: The tokens are no expression, hold an unknown name or are nested too deeply.
    """
    return _Parser(group_measurements(tokens)).parse()


def _can_stand_alone(token: Token) -> bool:
    known = token.text.lower() in (*CONSTANTS, *DAYS, NOW) or token.text == "i"
    return token.kind in ("number", "constant") or known or bool(function_name(token.text))


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.separates = False  # whether a comma stands between values here
        self.steps: list[Step] = []

    def parse(self) -> list[Step]:
        if not any(_can_stand_alone(token) for token in self.tokens):
            raise CalculationError("there is nothing to calculate in this; write for example 12.5 % of 2480")
        self._expression(Bind.NONE)
        if self._now.kind != "end":
            raise self._unexpected()
        return self.steps

    @property
    def _now(self) -> Token:
        return self.tokens[self.at]

    @property
    def _next(self) -> Token:
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def _take(self) -> Token:
        token = self._now
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def _expect(self, text: str) -> None:
        if self._now.text != text:
            raise CalculationError(f"`{text}` is missing before {self._now.place}")
        self._take()

    def _unexpected(self) -> CalculationError:
        what = "ends too early" if self._now.kind == "end" else f"cannot go on with {self._now.place}"
        return CalculationError(f"the expression {what}")

    def _expression(self, limit: Bind) -> None:
        """Reads up to an operator that binds no tighter than ``limit``."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CalculationError(f"the expression is nested more than {MAX_DEPTH} levels deep")
        self._operand(limit)
        while (binding := self._binding()) > limit:
            self._operator(binding)
        self.depth -= 1

    def _operand(self, limit: Bind) -> None:
        token = self._now
        if token.kind not in OPERANDS and token.text not in (*OPERAND_SIGNS, "-", "+"):
            raise self._unexpected()
        self._take()
        if token.kind == "number":
            self._number(token.number, token.text if self._is_shown_as_typed(token) else "")
        elif token.kind == "name":
            self._name(token)
        elif token.kind == "constant":
            self.steps.append(Step("physical", text=token.text))
        elif token.text == "[":
            self.steps.append(Step("list", self._arguments("]")))
        elif token.text == "(":
            self._group()
        elif token.text in ("-", "+"):
            self._expression(max(Bind.SIGN, limit))
            if token.text == "-":
                self.steps.append(Step("neg", 1))
        else:
            self._expression(Bind.ARGUMENT)
            self.steps.append(Step("call", 1, "sqrt" if token.text == "√" else "cbrt"))

    def _is_shown_as_typed(self, token: Token) -> bool:
        """A date, a number with another base or a power of ten, and one beside ±, whose last zeros count."""
        beside = "±" in (self._now.text, self.tokens[max(self.at - 2, 0)].text) and "," not in token.text
        return beside or not isinstance(token.number, Fraction) or bool(AS_TYPED.search(token.text))

    def _number(self, number: Number, text: str = "") -> None:
        self.steps.append(Step("number", text=text, number=number))

    def _group(self) -> None:
        outer, self.separates = self.separates, False
        self._expression(Bind.NONE)
        self._expect(")")
        self.separates = outer

    def _name(self, token: Token) -> None:
        name = token.text.lower()
        if self._is_function(token, self._now):
            self._call(function_name(token.text))
        elif name in CONSTANTS:
            self.steps.append(Step("constant", text=CONSTANTS[name]))
        elif token.text == "i":
            self._number(Complex(Fraction(0), Fraction(1)), "i")
        elif name in DAYS or name == NOW:
            self.steps.append(Step("moment", text=name))
        elif name in SCALES:
            self._number(Fraction(SCALES[name]), name)
        elif name in DIMENSION_WORDS and self._now.kind == "name":
            self._expression(Bind.UNIT)
            self._raise(DIMENSION_WORDS[name])
        else:
            self._unit(token)

    def _is_function(self, token: Token, following: Token) -> bool:
        """``min`` is a minute unless there is something to choose from."""
        name = function_name(token.text)
        return bool(name) and (name != "min" or following.text in ("(", "of"))

    def _raise(self, power: int) -> None:
        self._number(Fraction(power))
        self.steps.append(Step("^", 2))

    def _unit(self, token: Token) -> None:
        unit = find_unit(f"{token.text}_{self._now.text}") if self._now.kind == "name" else None
        if unit is not None:
            self._take()
        else:
            unit = find_unit(token.text)
        if wrong := "unknown" if unit is None else "no function" if self._is_called(token) else "":
            raise CalculationError(
                f"`{token.text}` is {wrong}; known are functions (sqrt, root, log, ln, sin, factorial, gcd, round, "
                "mean, det, weekday and the like), pi, e, i, constants such as Planck constant, and units such as km"
            )
        self.steps.append(Step("unit", text=symbol(unit), unit=unit))

    def _is_called(self, unit: Token) -> bool:
        """Whether a unit stands where a function would: gamma(5) is not 5 gamma, but 5 m(2) is 5 m times 2."""
        before = self.tokens[self.at - 2] if self.at > 1 else unit
        value = before is not unit and (before.kind in ("number", "name", "constant") or before.text in (")", "]"))
        return not value and self._now.text == "(" and self._now.at == unit.end

    def _call(self, name: str) -> None:
        if self._now.text == "(":
            self._take()
            count = self._arguments(")")
        elif self._now.text == "of":
            self._take()
            count = self._values()
        else:
            self._expression(Bind.ARGUMENT)
            count = 1
        low, high = FUNCTIONS[name]
        if not low <= count <= high:
            wanted = str(low) if low == high else f"{low} to {high}" if high < ANY else f"at least {low}"
            raise CalculationError(
                f"{name} takes {wanted} value{'s' * (wanted != '1')}, not {count}; a comma within a function's "
                "brackets separates values"
            )
        self.steps.append(Step("call", count, name))

    def _arguments(self, close: str) -> int:
        outer, self.separates = self.separates, True
        self._expression(Bind.NONE)
        count = 1
        while self._now.text == ",":
            self._take()
            self._expression(Bind.NONE)
            count += 1
        self._expect(close)
        self.separates = outer
        return count

    def _values(self) -> int:
        """Reads the values of "average of 3, 4 and 5", up to an operator that binds no tighter than a comma."""
        outer, self.separates = self.separates, True
        self._expression(Bind.COMMA)
        count = 1
        while self._now.text in (",", "and") and not self._goes_on():
            while self._now.text in (",", "and"):
                self._take()
            self._expression(Bind.COMMA)
            count += 1
        self.separates = outer
        return count

    def _binding(self) -> Bind:
        token = self._now
        if token.kind == "number":
            if self._after_quantity():
                return Bind.COMPOUND
            raise CalculationError(f"an operator is missing before {token.place}")
        if token.kind in ("name", "constant"):
            constant = token.kind == "constant" or token.text == "i" or token.text.lower() in CONSTANTS
            return Bind.PRODUCT if constant or self._is_function(token, self._next) else Bind.UNIT
        if token.text == "±" and self.steps[-1].op in ("unit", "unit*", "compound"):
            return Bind.COMPOUND
        if token.text in (",", "and"):
            return self._joint(token)
        return OTHERS.get(token.text) or BINARY.get(token.text, Bind.NONE)

    def _joint(self, token: Token) -> Bind:
        """A comma or "and": within 2 h and 30 min, before an operator, or the end of a value."""
        if self.separates:
            return Bind.NONE
        if self._next.kind == "number" and self._after_quantity():
            return Bind.COMPOUND
        return Bind.COMMA if token.text == "," and self._goes_on() else Bind.NONE

    def _goes_on(self) -> bool:
        """Whether an operator stands behind the comma; a minus right before a number is that number's sign."""
        after = self._next
        sign = after.text == "-" and self.tokens[min(self.at + 2, len(self.tokens) - 1)].at == after.end == after.at + 1
        return not (sign and self.separates) and after.text in (*BINARY, "to", "in%")

    def _after_quantity(self) -> bool:
        return self.steps[-1].op in ("unit", "unit*", "compound") and self.tokens[self.at - 1].kind == "name"

    def _operator(self, binding: Bind) -> None:
        if self._now.text in (",", "and"):
            self._take()
        token = self._now
        if token.kind in OPERANDS or token.text in OPERAND_SIGNS:
            self._expression(binding)
            op = {Bind.COMPOUND: "compound", Bind.UNIT: "unit*"}.get(binding, "*")
            self.steps.append(Step(op, 2))
            return
        self._take()
        if token.text == "to":
            self._target()
        elif token.text == "sup":
            self._raise(int(token.number))
        elif token.text in ("%", "!", "in%"):
            self.steps.append(Step(token.text, 1))
        else:
            self._binary(token.text, binding)

    def _binary(self, op: str, binding: Bind) -> None:
        left = self.steps[-1].op
        # A power binds to the right, so that 2^3^2 is 2^9; an angle takes its unit along.
        to_the_right = op == "^" or self._in_fraction()
        self._expression(Bind.UNIT if to_the_right else Bind.COMPOUND if op == "∠" else binding)
        right = self.steps[-1].op
        if op in ("+", "-") and right in PERCENTAGES:
            # 80 + 15 % is 15 % more, as on a pocket calculator; 20 % + 5 % is 25 %.
            op = f"%{op}" if left in PERCENTAGES else f"{op}%"
        elif op == "±" and right == "%" and left not in PERCENTAGES:
            op = "±%"
        elif op == "off" and left != "%":
            raise CalculationError("what stands before `off` must be a percentage, as in 20 % off 45")
        elif op in ("more", "less") and left == "%":
            op = "more%" if op == "more" else "off"
        self.steps.append(Step(op, 2))

    def _in_fraction(self) -> bool:
        """Whether the slash just read is that of ``1/2 cup``: numbers without blanks, and a unit behind them."""
        around = self.tokens[max(self.at - 3, 0) : self.at + 2]
        if len(around) < 4:  # noqa: PLR2004
            return False
        numerator, slash, denominator, unit = around[-4:]
        earlier = around[0].text if len(around) > 4 else ""  # noqa: PLR2004
        numbers = numerator.kind == denominator.kind == "number"
        tight = numerator.end == slash.at and slash.end == denominator.at and slash.text == "/"
        return numbers and tight and unit.kind == "name" and earlier not in ("^", "/")

    def _target(self) -> None:
        if self._now.text == "%":
            self._take()
            self.steps.append(Step("in%", 1))
            return
        first = len(self.steps)
        self._expression(Bind.CONVERT)
        unit = _target_unit(self.steps[first:])
        self.steps[first:] = [Step("unit", text=symbol(unit), unit=unit), Step("to", 2)]


def _target_unit(steps: Sequence[Step]) -> Unit:
    """The unit that an expression of units stands for, as it was written: mg/kg is no plain number here."""
    stack: list[tuple[Fraction, dict[str, Fraction]]] = []
    for step in steps:
        if step.op == "unit":
            stack.append((Fraction(1), dict(powers_of(step.unit))))
        elif step.op == "number" and isinstance(step.number, Fraction):
            stack.append((step.number, {}))
        elif step.op == "neg":
            stack.append((-stack.pop()[0], {}))
        elif step.op in ("unit*", "*", "/", "^"):
            b, a = stack.pop(), stack.pop()
            stack.append(_combined(step.op, a, b))
        else:
            raise CalculationError("what stands behind `in` or `to` must be a unit, as in 5 miles in km")
    number, powers = stack[0]
    if not powers:
        raise CalculationError("what stands behind `in` or `to` must be a unit, as in 5 miles in km")
    if number != 1:
        raise CalculationError("what stands behind `in` or `to` must be a unit without a number, as in 5 miles in km")
    if any(power.denominator != 1 or abs(power) > MAX_UNIT_POWER for power in powers.values()):
        raise CalculationError(f"a unit can be raised to whole powers up to {MAX_UNIT_POWER} only")
    return unit_of(powers.items())


def _combined(
    op: str, a: tuple[Fraction, dict[str, Fraction]], b: tuple[Fraction, dict[str, Fraction]]
) -> tuple[Fraction, dict[str, Fraction]]:
    if op == "^" and b[1]:
        raise CalculationError("a unit cannot be an exponent")
    if op == "^" and not a[1]:
        raise CalculationError("what stands behind `in` or `to` must be a unit without a number, as in 5 miles in km")
    if op == "^":
        return a[0], {name: power * b[0] for name, power in a[1].items()}
    sign = -1 if op == "/" else 1
    powers = {name: a[1].get(name, Fraction(0)) + sign * b[1].get(name, Fraction(0)) for name in {**a[1], **b[1]}}
    return a[0] * b[0], powers
