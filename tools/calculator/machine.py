"""Runs an expression in postfix order on numbers with units."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from . import intervals, moments
from .algebra import Algebra
from .calls import call
from .constants import BY_NAME
from .integers import factorial
from .kinds import Complex, Moment, Number, Real, kind_of, with_parts
from .limits import MAX_UNIT_POWER, CalculationError, too_long
from .matrices import stack
from .names import COMPLEX_FUNCTIONS, DAYS, NOW, check_kind
from .parse import Step
from .units import (
    TRUSTED_DIGITS,
    Unit,
    as_temperatures,
    base_unit,
    check_fit,
    conversion,
    difference_unit,
    dimensions,
    find_unit,
    is_offset,
    measure_same,
    powers_of,
    symbol,
    unit_of,
)
from .values import Value

ONE = Fraction(1)


class Machine:
    """Computes once, to one precision.

    Args:
        steps: An expression in postfix order.
        places: Significant digits of irrational numbers on the way.
        until: The ``time.thread_time()`` at which to give up.
        now: The local time, for "today"; None where it is not known.

    Attributes:
        numbers: The arithmetic.
        trusted: How many digits the result can have at most, because of a unit or constant that is known no better.
        sources: Where the constants of nature come from.
    """

    def __init__(self, steps: Sequence[Step], places: int, until: float, now: datetime | None = None) -> None:
        self.numbers = Algebra(places, any(_is_complex(step) for step in steps))
        self.trusted = places
        self.sources: list[str] = []
        self._steps = steps
        self._until = until
        self._now = now

    def run(self) -> Value:
        """Returns the value of the expression.

        Raises:
            CalculationError: It is undefined, its units do not fit, or it would be too big or take too long.
        """
        stack: list[Value] = []
        for step in self._steps:
            first = len(stack) - step.count
            value = self._step(step, stack[first:])
            stack[first:] = [self._bounded(value)]
            if time.thread_time() > self._until:
                raise too_long()
        return stack[0]

    def _step(self, step: Step, values: list[Value]) -> Value:
        if step.op in LEAVES:
            return LEAVES[step.op](self, step)
        if step.op == "call":
            return call(self, step.text, values)
        for value in values:
            check_kind(step.op, kind_of(value.number))
        return self._list(values) if step.op == "list" else OPERATORS[step.op](self, *values)

    def _constant(self, step: Step) -> Value:
        return Value(self.numbers.constant(step.text))

    def _physical(self, step: Step) -> Value:
        constant = BY_NAME[step.text]
        number: Real = constant.value
        if constant.pi:
            number = self.numbers.multiply(number, self.numbers.constant("π") ** constant.pi)
        if constant.digits is not None:
            self.trusted = min(self.trusted, constant.digits)
            number = self.numbers.real(number)
        if constant.source not in self.sources:
            self.sources.append(constant.source)
        return Value(number, find_unit(constant.unit) if constant.unit else None)

    def _moment(self, step: Step) -> Value:
        if self._now is None:
            raise CalculationError(f"`{step.text}` is not known here; write the date, such as 2026-12-24")
        day = self._now.date() + timedelta(days=DAYS.get(step.text, 0))
        self.numbers.notes.append(f"{step.text} is {day}")
        seconds = Fraction(self._now.hour * 3600 + self._now.minute * 60) if step.text == NOW else None
        return Value(Moment(day.toordinal(), seconds))

    def _list(self, values: list[Value]) -> Value:
        """A list in the unit of its first item; a list of lists is a matrix."""
        unit = values[0].unit
        return Value(stack([self.convert(value, unit).number for value in values]), unit)

    def _bounded(self, value: Value) -> Value:
        number = value.number
        if type(number) in (bool, str, Moment):
            return value
        return Value(self.numbers.bounded(number), value.unit, value.spans)

    def add(self, a: Value, b: Value, sign: int = 1) -> Value:
        """Returns a + b, or a - b where the sign is -1, in the unit of a."""
        if isinstance(a.number, Moment) or isinstance(b.number, Moment):
            return moments.add(self, a, b, sign)
        if is_offset(a.unit) or is_offset(b.unit):
            return self._add_temperature(a, b, sign)
        check_fit(a.unit, b.unit)
        number = self.convert(b, a.unit).number
        result = self.numbers.add(a.number, number if sign > 0 else -number)
        spans = sign > 0 and a.unit is not None and (a.spans or moments.is_calendar(a) or moments.is_calendar(b))
        return Value(result, a.unit, (*(a.spans or (a,)), *(b.spans or (b,))) if spans else ())

    def _add_temperature(self, a: Value, b: Value, sign: int) -> Value:
        if is_offset(a.unit) and not is_offset(b.unit):
            change = self.convert(b, difference_unit(a.unit)).number
            return Value(self.numbers.add(a.number, change if sign > 0 else -change), a.unit)
        if sign > 0:
            raise CalculationError("two temperatures cannot be added; write a difference in kelvin, as in 20 °C + 5 K")
        return Value(self.numbers.add(a.number, -self.convert(b, a.unit).number), difference_unit(a.unit))

    def subtract(self, a: Value, b: Value) -> Value:
        """Returns a - b in the unit of a; the difference of two temperatures is no temperature."""
        return self.add(a, b, -1)

    def multiply(self, a: Value, b: Value) -> Value:
        """Returns a · b."""
        number = self.numbers.multiply(a.number, b.number)
        if a.unit is None or b.unit is None:
            _refuse_temperatures(a, b)
            return Value(number, b.unit if a.unit is None else a.unit)
        return self._merge(number, [*_factors(a), *_factors(b)])

    def attach(self, a: Value, unit: Value) -> Value:
        """Returns a number with a unit written behind it; only there may the unit have a zero of its own."""
        return Value(a.number, unit.unit) if a.unit is None and is_offset(unit.unit) else self.multiply(a, unit)

    def divide(self, a: Value, b: Value) -> Value:
        """Returns a / b."""
        number = self.numbers.divide(a.number, b.number)
        if b.unit is None:
            _refuse_temperatures(a)
            return Value(number, a.unit)
        return self._merge(number, [*_factors(a), *((name, -power) for name, power in _factors(b))])

    def _merge(self, number: Number, factors: Sequence[tuple[str, Fraction]]) -> Value:
        """Expresses all lengths, times and so on in the first of their units: km/h times min becomes km."""
        kept: dict[str, Fraction] = {}
        for name, power in factors:
            same = name if name in kept else next((other for other in kept if measure_same(other, name)), name)
            if same != name:
                factor = self.convert(Value(ONE, find_unit(name)), find_unit(same)).number
                number = self.numbers.multiply(number, self.numbers.power(factor, power))
            kept[same] = kept.get(same, Fraction(0)) + power
        result = Value(number, unit_of(kept.items()))
        composed = len(powers_of(result.unit)) > 1
        return self.convert(result, None) if composed and not dimensions(result.unit) else result

    def convert(self, value: Value, unit: Unit | None) -> Value:
        """Expresses a value in another unit, None being a plain number."""
        if value.unit == unit:
            return value
        way = conversion(value.unit, unit)
        number = self.numbers.multiply(value.number, way.scale)
        if way.offset:
            number = self.numbers.shift(number, way.offset)
        if way.pi:
            number = self.numbers.multiply(number, self.numbers.constant("π") ** way.pi)
        if not way.exact:
            self.trusted = min(self.trusted, TRUSTED_DIGITS)
            number = with_parts(number, self.numbers.real)
        return Value(number, unit)

    def convert_to(self, value: Value, target: Value) -> Value:
        """Expresses a value in the unit that stands behind "in" or "to"."""
        source, unit = as_temperatures(value.unit, target.unit)
        return self.convert(Value(value.number, source), unit)

    def plain(self, value: Value) -> Number:
        """Returns a value as a plain number."""
        return self.convert(value, None).number

    def power(self, base: Value, exponent: Value) -> Value:
        """Returns base to the power of an exponent, the unit with it."""
        n = self.plain(exponent)
        if base.unit is None:
            return Value(self.numbers.power(base.number, n))
        if not isinstance(n, Fraction) or abs(n) > MAX_UNIT_POWER:
            raise CalculationError(f"a unit can be raised to exact powers up to {MAX_UNIT_POWER} only")
        base = self._with_powers(base, n)
        factors = [(name, power * n) for name, power in _factors(base)]
        return self._merge(self.numbers.power(base.number, n), factors)

    def _with_powers(self, base: Value, n: Fraction) -> Value:
        """The base in units whose powers times n are whole: the root of J/kg is that of m²/s²."""
        if not _whole_powers(base.unit, n):
            base = self.convert(base, base_unit(base.unit))
        if not _whole_powers(base.unit, n):
            raise CalculationError(f"{symbol(base.unit)} to the power of {n} is no unit")
        return base

    def root(self, x: Value, n: int) -> Value:
        """Returns the n-th root, the unit with it."""
        if x.unit is None or n == 0:
            return Value(self.numbers.root(self.plain(x), n))
        x = self._with_powers(x, Fraction(1, n))
        return self._merge(self.numbers.root(x.number, n), [(name, power / n) for name, power in _factors(x)])

    def measured(self, a: Value, error: Value) -> Value:
        """Returns a ± error in the unit of a; the error of a temperature is a difference."""
        if is_offset(a.unit):
            error = Value(error.number, difference_unit(error.unit))
        error = self.convert(error, difference_unit(a.unit))
        return Value(intervals.measured(a.number, error.number), a.unit)

    def measured_share(self, a: Value, share: Value) -> Value:
        """Returns a number with an error that is a share of it."""
        error = abs(self.numbers.multiply(a.number, self.plain(share)))
        return self.measured(a, Value(error, difference_unit(a.unit)))

    def at_angle(self, modulus: Value, angle: Value) -> Value:
        """Returns the complex number of a modulus and an angle, in radians where it has no unit."""
        cosine, sine = (call(self, name, [angle]) for name in ("cos", "sin"))
        i = Value(Complex(Fraction(0), ONE))
        return self.multiply(modulus, self.add(cosine, self.multiply(i, sine)))

    def remainder(self, a: Value, b: Value) -> Value:
        """Returns a mod b, which has the sign of b."""
        return self.subtract(a, self.multiply(b, self.floor_divide(a, b)))

    def floor_divide(self, a: Value, b: Value) -> Value:
        """Returns a / b rounded down."""
        return Value(self.numbers.floor(self.plain(self.divide(a, b))))

    def scale(self, whole: Value, share: Value, sign: int) -> Value:
        """Returns the whole with a share of it added, or taken off where the sign is -1."""
        change = self.plain(share)
        return self.multiply(whole, Value(self.numbers.add(ONE, change if sign > 0 else -change)))

    def compare(self, op: str, a: Value, b: Value) -> Value:
        """Returns whether a comparison holds; numbers that the precision cannot tell apart are equal."""
        if isinstance(a.number, Moment) or isinstance(b.number, Moment):
            return Value(moments.order(a.number, b.number) in COMPARISONS[op])
        x, y = a.number, self.convert(b, a.unit).number
        if op in ("=", "!="):
            return Value(self.numbers.is_close(x, y) == (op == "="))
        order = 0 if self.numbers.is_close(x, y) else 1 if self.numbers.add(x, -y) > 0 else -1
        return Value(order in COMPARISONS[op])


def _factors(value: Value) -> list[tuple[str, Fraction]]:
    """The named units of a value; in a product a degree is a difference of temperatures, as in J/(kg °C)."""
    if is_offset(value.unit) and value.number != 1:
        _refuse_temperatures(value)
    return list(powers_of(difference_unit(value.unit)))


def _refuse_temperatures(*values: Value) -> None:
    if any(is_offset(value.unit) for value in values):
        raise CalculationError("a temperature in °C or °F cannot be multiplied or divided; convert it to K first")


def _whole_powers(unit: Unit, n: Fraction) -> bool:
    powers = [power * n for _, power in powers_of(unit)]
    return all(power.denominator == 1 and abs(power) <= MAX_UNIT_POWER for power in powers)


def _is_complex(step: Step) -> bool:
    return step.op == "∠" or isinstance(step.number, Complex) or (step.op == "call" and step.text in COMPLEX_FUNCTIONS)


LEAVES: dict[str, Callable[[Machine, Step], Value]] = {
    "number": lambda machine, step: Value(step.number),
    "unit": lambda machine, step: Value(ONE, step.unit),
    "constant": Machine._constant,
    "physical": Machine._physical,
    "moment": Machine._moment,
}
COMPARISONS = {"<": (-1,), ">": (1,), "<=": (-1, 0), ">=": (0, 1), "=": (0,), "!=": (-1, 1)}


def _comparison(op: str) -> Callable[[Machine, Value, Value], Value]:
    return lambda machine, a, b: machine.compare(op, a, b)


OPERATORS: dict[str, Callable[..., Value]] = {
    **dict.fromkeys(("+", "%+", "compound"), Machine.add),
    **dict.fromkeys(("-", "%-"), Machine.subtract),
    **dict.fromkeys(("*", "of"), Machine.multiply),
    **dict.fromkeys(("/", "ratio"), Machine.divide),
    "unit*": Machine.attach,
    "//": Machine.floor_divide,
    "mod": Machine.remainder,
    "^": Machine.power,
    "to": Machine.convert_to,
    "neg": lambda machine, x: Value(-x.number, x.unit),
    "%": lambda machine, x: Value(machine.numbers.divide(machine.plain(x), Fraction(100))),
    "!": lambda machine, x: Value(factorial(machine.plain(x))),
    "in%": lambda machine, x: Value(machine.plain(x)),
    "+%": lambda machine, a, b: machine.scale(a, b, 1),
    "-%": lambda machine, a, b: machine.scale(a, b, -1),
    "more%": lambda machine, share, whole: machine.scale(whole, share, 1),
    "off": lambda machine, share, whole: machine.scale(whole, share, -1),
    "more": lambda machine, a, b: machine.add(b, a),
    "less": lambda machine, a, b: machine.subtract(b, a),
    "after": lambda machine, a, b: machine.add(b, a),
    "before": lambda machine, a, b: machine.subtract(b, a),
    "±": Machine.measured,
    "±%": Machine.measured_share,
    "∠": Machine.at_angle,
    "choose": lambda machine, n, k: call(machine, "binomial", [n, k]),
    **{op: _comparison(op) for op in COMPARISONS},
}
