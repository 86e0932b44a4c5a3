"""The functions: from a name and values to a value."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from . import complexes, matrices, moments, statistics
from .eigenvalues import eigenvalues
from .integers import choices, factorial, gcd, lcm, whole_number
from .kinds import Complex, Matrix, Number, Real, kind_of
from .limits import CalculationError
from .names import check_kind
from .units import Unit, conversion, difference_unit, find_unit, is_offset
from .values import Value

if TYPE_CHECKING:
    from .machine import Machine

ONE = Fraction(1)
Call = Callable[["Machine", list[Value]], Value]


def call(machine: Machine, name: str, values: list[Value]) -> Value:
    """Returns the value of a function.

    Raises:
        CalculationError: It is undefined there, or does not take such values.
    """
    for value in values:
        check_kind(name, kind_of(value.number))
    return CALLS[name](machine, values)


def _root(machine: Machine, values: list[Value]) -> Value:
    return machine.root(values[0], whole_number(machine.plain(values[1]), "the index of a root"))


def _trigonometric(name: str) -> Call:
    def of(machine: Machine, values: list[Value]) -> Value:
        angle, radian = values[0], find_unit("radian") if values[0].unit is not None else None
        if angle.unit is None:
            return Value(machine.numbers.function(name, angle.number))
        way = conversion(angle.unit, radian)
        if way.pi == 1 and isinstance(angle.number, Fraction):
            return Value(machine.numbers.of_half_turns(name, angle.number * way.scale))
        return Value(machine.numbers.function(name, machine.convert(angle, radian).number))

    return of


def _plain(function: Callable[..., Number]) -> Call:
    """A function of the arithmetic and of plain numbers."""
    return lambda machine, values: Value(function(machine.numbers, *(machine.plain(value) for value in values)))


def _elementary(name: str) -> Call:
    return _plain(lambda numbers, x: numbers.function(name, x))


def _logarithm(base: int | None) -> Call:
    fixed = None if base is None else Fraction(base)
    return _plain(lambda numbers, x, given=fixed: numbers.log(x, given))


def _keeping_unit(function: Callable[..., Number]) -> Call:
    """A function whose value has the first value's unit; the others are plain numbers."""

    def of(machine: Machine, values: list[Value]) -> Value:
        others = (machine.plain(value) for value in values[1:])
        return Value(function(machine.numbers, values[0].number, *others), values[0].unit)

    return of


def _polar(machine: Machine, values: list[Value]) -> Value:
    z = machine.plain(values[0])
    machine.numbers.notes.append("modulus and argument in radians")
    return Value(matrices.column([machine.numbers.modulus(z), complexes.argument(machine.numbers, z)]))


def _conjugate(numbers: object, z: Number) -> Number:
    return Complex(z.re, -z.im) if isinstance(z, Complex) else z


def _statistic(name: str, function: Callable[..., Number], unit: Callable[[Unit], Unit] | None = None) -> Call:
    """A statistic of all values, single ones and those of lists, in the unit of the first one."""

    def of(machine: Machine, values: list[Value]) -> Value:
        data = _data(machine, name, values, values[0].unit)
        if name == "sum" and is_offset(values[0].unit):
            raise CalculationError("temperatures cannot be added; `mean` gives their average")
        return Value(function(machine.numbers, data), (unit or _same)(values[0].unit))

    return of


def _same(unit: Unit) -> Unit:
    return unit


def _data(machine: Machine, name: str, values: list[Value], unit: Unit | None) -> list[Real]:
    found = []
    for value in values:
        number = machine.convert(value, unit).number
        found += number.entries if isinstance(number, Matrix) else [number]
    for number in found:
        check_kind(name, kind_of(number))
    return found


def _variance(below: int) -> Call:
    def of(machine: Machine, values: list[Value]) -> Value:
        data = _data(machine, "variance", values, values[0].unit)
        unit = machine.power(Value(ONE, difference_unit(values[0].unit)), Value(Fraction(2)))
        return machine.multiply(Value(statistics.variance(machine.numbers, data, below)), unit)

    return of


def _quantile(machine: Machine, values: list[Value]) -> Value:
    data, share = _data(machine, "quantile", values[:1], values[0].unit), machine.plain(values[1])
    check_kind("share", kind_of(share))
    return Value(statistics.quantile(machine.numbers, data, share), values[0].unit)


def _percentile(machine: Machine, values: list[Value]) -> Value:
    percent = machine.plain(values[1])
    check_kind("share", kind_of(percent))
    if 0 < percent < 1:
        raise CalculationError("percentile takes a number from 0 to 100 such as 90; quantile takes a share such as 0.9")
    return _quantile(machine, [values[0], Value(percent / 100)])


def _pairs(function: Callable[..., Number], note: str = "") -> Call:
    """A statistic of two lists of plain numbers."""

    def of(machine: Machine, values: list[Value]) -> Value:
        x, y = (_data(machine, "correlation", [value], None) for value in values)
        machine.numbers.notes += [note] * bool(note)
        return Value(function(machine.numbers, x, y))

    return of


def _standard_score(machine: Machine, values: list[Value]) -> Value:
    """Of x, a mean and a standard deviation, or of x within a list."""
    x, *others = (machine.convert(value, values[0].unit).number for value in values)
    if len(others) == 1:
        if not isinstance(others[0], Matrix):
            raise CalculationError("zscore takes x, the mean and the standard deviation, or x and a list")
        data = _data(machine, "stdev", values[1:], values[0].unit)
        others = [statistics.mean(machine.numbers, data), statistics.deviation(machine.numbers, data, 1)]
    return Value(statistics.standard_score(machine.numbers, x, *others))


def _of_matrix(function: Callable[..., Number], power: int | None = 1) -> Call:
    """A function of a matrix, whose value has that power of its unit; None is the matrix's height."""

    def of(machine: Machine, values: list[Value]) -> Value:
        matrix, unit = values[0].number, Value(ONE, values[0].unit)
        count = matrix.height if power is None else power
        scale = unit if count == 1 else machine.power(unit, Value(Fraction(count)))
        return machine.multiply(Value(function(machine.numbers, matrix)), scale)

    return of


def _of_two_matrices(function: Callable[..., Number], inverse: bool = False) -> Call:
    def of(machine: Machine, values: list[Value]) -> Value:
        a, b = (Value(ONE, value.unit) for value in values)
        scale = machine.divide(b, a) if inverse else machine.multiply(a, b)
        return machine.multiply(Value(function(machine.numbers, *(value.number for value in values))), scale)

    return of


CALLS: dict[str, Call] = {
    **{"sqrt": lambda machine, values: machine.root(values[0], 2), "root": _root},
    **{
        "cbrt": lambda machine, values: machine.root(values[0], 3),
        "pow": lambda machine, values: machine.power(*values),
    },
    "mod": lambda machine, values: machine.remainder(*values),
    **{name: _trigonometric(name) for name in ("sin", "cos", "tan")},
    **{name: _elementary(name) for name in "exp asin acos atan sinh cosh tanh asinh acosh atanh".split()},
    # Without a base, log is the one of a pocket calculator.
    **{"ln": _logarithm(None), "log": _logarithm(10), "log2": _logarithm(2), "log10": _logarithm(10)},
    "abs": _keeping_unit(lambda numbers, x: numbers.modulus(x)),
    "floor": _keeping_unit(lambda numbers, x: numbers.floor(x)),
    "ceil": _keeping_unit(lambda numbers, x: -numbers.floor(-x)),
    "round": _keeping_unit(lambda numbers, *x: numbers.round(*x)),
    "sigfig": _keeping_unit(lambda numbers, *x: numbers.significant(*x)),
    "factorial": _plain(lambda numbers, x: factorial(x)),
    "binomial": _plain(lambda numbers, n, k: choices("binomial", n, k)),
    "permutations": _plain(lambda numbers, n, k: choices("permutations", n, k)),
    "re": _keeping_unit(lambda numbers, z: complexes.parts(z)[0]),
    "im": _keeping_unit(lambda numbers, z: complexes.parts(z)[1]),
    "conj": _keeping_unit(_conjugate),
    "arg": _plain(complexes.argument),
    "polar": _polar,
    "gcd": _statistic("gcd", lambda numbers, x: gcd(x)),
    "lcm": _statistic("lcm", lambda numbers, x: lcm(x)),
    "min": _statistic("min", lambda numbers, x: statistics.ordered(numbers, x)[0]),
    "max": _statistic("max", lambda numbers, x: statistics.ordered(numbers, x)[-1]),
    "sum": _statistic("sum", statistics.total),
    "mean": _statistic("mean", statistics.mean),
    "median": _statistic("median", statistics.median),
    "mode": _statistic("mode", statistics.mode),
    "stdev": _statistic("stdev", lambda numbers, x: statistics.deviation(numbers, x, 1), difference_unit),
    "pstdev": _statistic("pstdev", lambda numbers, x: statistics.deviation(numbers, x, 0), difference_unit),
    **{"variance": _variance(1), "pvariance": _variance(0), "quantile": _quantile, "percentile": _percentile},
    **{"correlation": _pairs(statistics.correlation), "covariance": _pairs(statistics.covariance)},
    "regression": _pairs(statistics.regression, "slope and intercept"),
    **{"zscore": _standard_score, "normcdf": _plain(statistics.normal), "norminv": _plain(statistics.normal_quantile)},
    "identity": _plain(lambda numbers, n: matrices.identity(whole_number(n, "identity"))),
    "transpose": _of_matrix(lambda numbers, a: matrices.transpose(a)),
    **{"trace": _of_matrix(matrices.trace), "norm": _of_matrix(matrices.norm), "eigenvalues": _of_matrix(eigenvalues)},
    **{"rank": _of_matrix(matrices.rank, 0), "inv": _of_matrix(matrices.inverse, -1)},
    **{"det": _of_matrix(matrices.determinant, None), "solve": _of_two_matrices(matrices.solve, inverse=True)},
    **{"dot": _of_two_matrices(matrices.dot), "cross": _of_two_matrices(matrices.cross)},
    **{"weekday": moments.weekday, "isoweek": moments.week, "dayofyear": moments.day_of_year},
    **{"leapyear": moments.leap_year, "date": moments.make_date, "period": moments.period},
    **{"workdays": moments.work_days, "workday": moments.work_day},
}
