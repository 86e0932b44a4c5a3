"""Units of measure, over pint, which is loaded when the first unit is met because its registry takes time to build."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from .limits import CalculationError, Definite

# What people write and pint does not know, or knows as something that is hardly ever meant.
SPELLINGS = {
    **{"c": "C", "f": "F", "kw": "kW", "kwh": "kWh", "Cal": "kcal", "AU": "astronomical_unit", "mpg": "mile/gallon"},
    **{"kmh": "km/hour", "sqft": "foot**2", "sqm": "meter**2", "b": "bit", "kb": "kilobit", "Mb": "megabit"},
    **{"Gb": "gigabit", "Tb": "terabit", "kbps": "kilobit/s", "Mbps": "megabit/s", "Gbps": "gigabit/s"},
}
# Words of questions, and k, which is meant as a thousand and would be the Boltzmann constant.
NO_UNITS = frozenset(
    "k i is was were are am be has had have at on by for from with this that who what when where why how it he she we "
    "you they do does did not or if so no yes".split()
)
SYMBOLS = {"year": "yr", "cup": "cup", "degree": "°"}
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
# Farads never become coulombs: somebody who writes 72 F in C means degrees.
TEMPERATURE_LETTERS = {"farad": "degree_Fahrenheit", "coulomb": "degree_Celsius", "kelvin": "kelvin"}
OFFSET = {"degree_Celsius", "degree_Fahrenheit", "degree_Reaumur"}
# pint holds π with 50 digits; a factor beyond this size contains it or another irrational number.
MAX_EXACT = 10**36
PI = Fraction("3.1415926535897932384626433832795028841971693993751")
TRUSTED_DIGITS = 40

Unit = Any  # pint has no types for units that mypy could check
Powers = tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """target = offset + scale · π**pi · source.

    Attributes:
        offset: Not 0 only between scales of temperature.
        scale: Exact where ``exact`` says so.
        pi: Power of π.
        exact: False where the factor is known to 40 digits only.
    """

    offset: Fraction
    scale: Fraction
    pi: int
    exact: bool


_lock = threading.Lock()


def _registry() -> Any:
    # Units of two registries do not mix, so two threads must not build one each.
    with _lock:
        return _build_registry()


@cache
def _build_registry() -> Any:
    import pint

    return pint.UnitRegistry(non_int_type=Fraction)


def load_units() -> None:
    """Builds what takes time once."""
    find_unit("metre")


@lru_cache(maxsize=1000)
def find_unit(name: str) -> Unit | None:
    """Returns the unit of a name or symbol, None where there is none."""
    word = name.partition("_")[0]
    if word in NO_UNITS or (len(word) > 1 and word.lower() in NO_UNITS):
        return None
    import pint

    for spelling in dict.fromkeys((SPELLINGS.get(name, name), SPELLINGS.get(name.lower(), name.lower()))):
        try:
            return _registry().parse_units(spelling)
        except (pint.UndefinedUnitError, AttributeError, ValueError):
            continue
    return None


def unit_of(powers: Iterable[tuple[str, Fraction]]) -> Unit | None:
    """Returns the product of named units with their powers; None where nothing is left."""
    kept = {name: power for name, power in powers if power}
    return _registry().Unit(_registry().UnitsContainer(kept)) if kept else None


@lru_cache(maxsize=1000)
def powers_of(unit: Unit | None) -> Powers:
    """Returns the named units in a unit, with their powers."""
    return () if unit is None else tuple(_registry().Quantity(1, unit).unit_items())


def single_name(unit: Unit | None) -> str:
    """Returns the name of a unit that is not composed, else an empty text."""
    powers = powers_of(unit)
    return powers[0][0] if len(powers) == 1 and powers[0][1] == 1 else ""


@lru_cache(maxsize=1000)
def dimensions(unit: Unit | None) -> Powers:
    """Returns what a unit measures, such as length and time, with the powers."""
    return () if unit is None else tuple(sorted(_registry().get_dimensionality(unit).items()))


@lru_cache(maxsize=1000)
def base_unit(unit: Unit) -> Unit:
    """Returns the same quantity's unit in metres, kilograms, seconds and so on."""
    return _registry().get_base_units(unit)[1]


@lru_cache(maxsize=1000)
def measure_same(a: str, b: str) -> bool:
    """Whether two named units differ by a factor only."""
    bases = [powers_of(base_unit(find_unit(name))) for name in (a, b)]
    return bases[0] == bases[1] != ()


def check_fit(a: Unit | None, b: Unit | None) -> None:
    """Refuses two units that measure different things.

    Raises:
        CalculationError: It names both.
    """
    if dimensions(a) != dimensions(b):
        raise Definite(f"{describe(a)} and {describe(b)} do not fit together")


def is_offset(unit: Unit | None) -> bool:
    """Whether the zero of a unit is not nothing, as in °C."""
    return single_name(unit) in OFFSET


def difference_unit(unit: Unit) -> Unit:
    """Returns the unit of differences of a temperature."""
    return _registry().Unit(f"delta_{single_name(unit)}") if is_offset(unit) else unit


def as_temperatures(source: Unit, target: Unit) -> tuple[Unit, Unit]:
    """Reads the letters F, C and K as scales of temperature where the conversion makes no sense otherwise."""
    names = [TEMPERATURE_LETTERS.get(single_name(unit), "") for unit in (source, target)]
    if source == target or not all(names):
        return source, target
    return _registry().Unit(names[0]), _registry().Unit(names[1])


@lru_cache(maxsize=1000)
def conversion(source: Unit | None, target: Unit | None) -> Conversion:
    """Returns how to turn a number of one unit into another; None is a plain number.

    Raises:
        CalculationError: They measure different things.
    """
    import pint

    units = [_registry().Unit("") if unit is None else unit for unit in (source, target)]
    check_fit(source, target)
    try:
        offset, one = (_registry().convert(Fraction(n), *units) for n in (0, 1))
    except (pint.PintError, TypeError, ArithmeticError) as error:
        raise CalculationError(f"{describe(source)} cannot be expressed in {describe(target)}") from error
    scale = Fraction(one) - Fraction(offset)
    for pi in (0, 1, -1, 2, -2):
        rational = scale / PI**pi
        if max(rational.numerator, rational.denominator) < MAX_EXACT:
            return Conversion(Fraction(offset), rational, pi, exact=True)
    return Conversion(Fraction(offset), scale, 0, exact=False)


def symbol(unit: Unit | None) -> str:
    """Returns a unit as it is written, such as km/h; an empty text for a plain number."""
    return _join([(_symbol(name), power) for name, power in powers_of(unit)])


def describe(unit: Unit | None) -> str:
    """Returns a unit with what it measures, for a message."""
    if unit is None:
        return "a plain number"
    measured = _join([(name.strip("[]"), power) for name, power in dimensions(unit)])
    return f"{symbol(unit)} ({measured or 'a plain number'})"


def _symbol(name: str) -> str:
    return SYMBOLS.get(name) or str(_registry().get_symbol(name))


def _join(powers: Iterable[tuple[str, Fraction]]) -> str:
    powers = list(powers)
    above = "·".join(_raised(name, power) for name, power in powers if power > 0)
    below = "·".join(_raised(name, -power) for name, power in powers if power < 0)
    below = f"({below})" if "·" in below else below
    return f"{above or 1}/{below}" if below else above


def _raised(name: str, power: Fraction) -> str:
    return name if power == 1 else f"{name}{str(power).translate(SUPERSCRIPTS)}"
