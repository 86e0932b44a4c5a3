"""Runs an expression in postfix order on numbers with units."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .limits import MAX_UNIT_POWER, SECONDS, CalculationError
from .numbers import Number, Numbers, choices, factorial, gcd, lcm, whole_number
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

ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Value:
    """A number with its unit.

    Attributes:
        number: The number; a ``bool`` for the outcome of a comparison.
        unit: None for a plain number.
    """

    number: Number
    unit: Unit | None = None


class Machine:
    """Computes once, to one precision.

    Args:
        places: Significant digits of irrational numbers on the way.
        until: The ``time.perf_counter()`` at which to give up.

    Attributes:
        numbers: The arithmetic.
        trusted: How many digits the result can have at most, because of a unit that is known no better.
    """

    def __init__(self, places: int, until: float) -> None:
        self.numbers = Numbers(places)
        self.trusted = places
        self._until = until

    def run(self, steps: Sequence[Step]) -> Value:
        """Returns the value of an expression.

        Raises:
            CalculationError: It is undefined, its units do not fit, or it would be too big or take too long.
        """
        stack: list[Value] = []
        for step in steps:
            first = len(stack) - step.count
            value = self._step(step, stack[first:])
            stack[first:] = [value if isinstance(value.number, bool) else self._bounded(value)]
            if time.perf_counter() > self._until:
                raise CalculationError(f"this would take longer than {SECONDS:g} s")
        return stack[0]

    def _step(self, step: Step, values: list[Value]) -> Value:
        if any(isinstance(value.number, bool) for value in values):
            raise CalculationError("the outcome of a comparison is no number to calculate with")
        if step.op == "number":
            return Value(step.number)
        if step.op == "constant":
            return Value(self.numbers.constant(step.text))
        if step.op == "unit":
            return Value(ONE, step.unit)
        return self._call(step.text, values) if step.op == "call" else OPERATORS[step.op](self, *values)

    def _bounded(self, value: Value) -> Value:
        return Value(self.numbers.bounded(value.number), value.unit)

    def add(self, a: Value, b: Value, sign: int = 1) -> Value:
        """Returns a + b, or a - b where the sign is -1, in the unit of a."""
        if is_offset(a.unit) or is_offset(b.unit):
            return self._add_temperature(a, b, sign)
        check_fit(a.unit, b.unit)
        return Value(self.numbers.add(a.number, sign * self.convert(b, a.unit).number), a.unit)

    def _add_temperature(self, a: Value, b: Value, sign: int) -> Value:
        if is_offset(a.unit) and not is_offset(b.unit):
            change = self.convert(b, difference_unit(a.unit)).number
            return Value(self.numbers.add(a.number, sign * change), a.unit)
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
        number = self.numbers.add(self.numbers.multiply(value.number, way.scale), way.offset)
        if way.pi:
            number = self.numbers.multiply(number, self.numbers.constant("π") ** way.pi)
        if not way.exact:
            self.trusted = min(self.trusted, TRUSTED_DIGITS)
            number = self.numbers.real(number)
        return Value(number, unit)

    def convert_to(self, value: Value, target: Value) -> Value:
        """Expresses a value in the unit that stands behind "in" or "to"."""
        if target.number != 1:
            raise CalculationError(
                "what stands behind `in` or `to` must be a unit without a number, as in 5 miles in km"
            )
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
            return Value(self.numbers.root(x.number, n))
        if x.number >= 0:
            return self.power(x, Value(Fraction(1, n)))
        unit = self.power(Value(ONE, x.unit), Value(Fraction(1, n)))
        return self.multiply(Value(self.numbers.root(x.number, n)), unit)

    def remainder(self, a: Value, b: Value) -> Value:
        """Returns a mod b, which has the sign of b."""
        return self.subtract(a, self.multiply(b, self.floor_divide(a, b)))

    def floor_divide(self, a: Value, b: Value) -> Value:
        """Returns a / b rounded down."""
        return Value(self.numbers.floor(self.plain(self.divide(a, b))))

    def scale(self, whole: Value, share: Value, sign: int) -> Value:
        """Returns the whole with a share of it added, or taken off where the sign is -1."""
        return self.multiply(whole, Value(self.numbers.add(ONE, sign * self.plain(share))))

    def compare(self, op: str, a: Value, b: Value) -> Value:
        """Returns whether a comparison holds; numbers that the precision cannot tell apart are equal."""
        x, y = a.number, self.convert(b, a.unit).number
        order = 0 if self.numbers.is_close(x, y) else 1 if self.numbers.add(x, -y) > 0 else -1
        return Value(order in COMPARISONS[op])

    def _call(self, name: str, values: list[Value]) -> Value:
        first = values[0]
        if name in ("sqrt", "cbrt", "root"):
            index = {"sqrt": 2, "cbrt": 3}.get(name) or whole_number(self.plain(values[1]), "the index of a root")
            return self.root(first, index)
        if name in ("pow", "mod"):
            return self.power(*values) if name == "pow" else self.remainder(*values)
        if name in STATISTICS:
            return self._statistic(name, values)
        if name in ROUNDING:
            places = [self.plain(value) for value in values[1:]]
            return Value(ROUNDING[name](self.numbers, first.number, *places), first.unit)
        if name in ("sin", "cos", "tan"):
            return Value(self._trigonometric(name, first))
        return Value(self._plain_function(name, [self.plain(value) for value in values]))

    def _trigonometric(self, name: str, angle: Value) -> Number:
        if angle.unit is None:
            return self.numbers.function(name, angle.number)
        radian = find_unit("radian")
        way = conversion(angle.unit, radian)
        if way.pi == 1 and isinstance(angle.number, Fraction):
            return self.numbers.of_half_turns(name, angle.number * way.scale)
        return self.numbers.function(name, self.convert(angle, radian).number)

    def _statistic(self, name: str, values: list[Value]) -> Value:
        unit = values[0].unit
        if name == "sum" and is_offset(unit):
            raise CalculationError("temperatures cannot be added; `mean` gives their average")
        result = STATISTICS[name](self.numbers, [self.convert(value, unit).number for value in values])
        return Value(result, difference_unit(unit) if name == "stdev" else unit)

    def _plain_function(self, name: str, x: list[Number]) -> Number:
        if name in ("gcd", "lcm"):
            return gcd(x) if name == "gcd" else lcm(x)
        if name in ("binomial", "permutations"):
            return choices(name, *x)
        if name == "factorial":
            return factorial(x[0])
        if name in LOGARITHMS:
            return self.numbers.log(x[0], x[1] if len(x) > 1 else LOGARITHMS[name])
        return self.numbers.function(name, x[0])


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


COMPARISONS = {"<": (-1,), ">": (1,), "<=": (-1, 0), ">=": (0, 1), "=": (0,), "!=": (-1, 1)}
# Without a base, log is the one of a pocket calculator.
LOGARITHMS = {"ln": None, "log": Fraction(10), "log2": Fraction(2), "log10": Fraction(10)}
ROUNDING: dict[str, Callable[..., Number]] = {
    "abs": lambda numbers, x: abs(x),
    "floor": Numbers.floor,
    "ceil": lambda numbers, x: -numbers.floor(-x),
    "round": Numbers.round,
}
STATISTICS: dict[str, Callable[[Numbers, list[Number]], Number]] = {
    "min": lambda numbers, x: numbers.sort(x)[0],
    "max": lambda numbers, x: numbers.sort(x)[-1],
    "sum": Numbers.total,
    "mean": Numbers.mean,
    "median": Numbers.median,
    "stdev": Numbers.deviation,
}


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
    "%": lambda machine, x: Value(machine.plain(x) / 100),
    "!": lambda machine, x: Value(factorial(machine.plain(x))),
    "in%": lambda machine, x: Value(machine.plain(x)),
    "+%": lambda machine, a, b: machine.scale(a, b, 1),
    "-%": lambda machine, a, b: machine.scale(a, b, -1),
    "more%": lambda machine, share, whole: machine.scale(whole, share, 1),
    "off": lambda machine, share, whole: machine.scale(whole, share, -1),
    "more": lambda machine, a, b: machine.add(b, a),
    "less": lambda machine, a, b: machine.subtract(b, a),
    **{op: _comparison(op) for op in COMPARISONS},
}
