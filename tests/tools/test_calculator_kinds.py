"""What the calculator makes of complex numbers, matrices, statistics, dates, errors and constants."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import scipy.constants

from assistant.plugin import ToolError
from tests.tools.test_calculator import TOOL, calculator, refusal, value

PAGE = (Path(__file__).parents[2] / "docs" / "calculator.md").read_text()
EXAMPLES = re.findall(r"^\| `(.+?)` \| (.+?) \|$", PAGE, re.M)


def answer(expression: str) -> str:
    try:
        return str(calculator(expression)["text"])
    except ToolError as error:
        return str(error)


def test_the_page_has_examples():
    assert len(EXAMPLES) > 60


@pytest.mark.parametrize(("asked", "answered"), EXAMPLES, ids=[asked for asked, _ in EXAMPLES])
def test_an_example_of_the_page_comes_out_as_it_says(asked, answered):
    assert answer(asked) == answered


def test_its_result_holds_no_foreign_text():
    assert TOOL.options.trusted


@pytest.mark.parametrize("example", TOOL.options.examples)
def test_its_examples_are_things_it_can_do(example):
    assert calculator(example)["value"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("i^2", "-1"),
        ("(1+i)^10", "32i"),
        ("2j * 3j", "-6"),
        ("(3i)^2", "-9"),
        ("conj(2+3i)", "2 - 3i"),
        ("re(2+3i) + im(2+3i)", "5"),
        ("sqrt(i)", "0.707106781187 + 0.707106781187i"),
        ("ln(-1 + 0i)", "3.14159265359i"),
        ("(-8 + 0i)^(1/3)", "1 + 1.73205080757i"),
        ("(2+i) = (2+1i)", "true"),
        ("3 m * (1 + i)", "3 + 3i m"),
        ("1/(1/3 + i/7)", "147/58 - (63/58)i"),
    ],
)
def test_complex_numbers(expression, expected):
    result = calculator(expression)
    assert (result["exact"] if "/" in expected else f"{result['value']} {result['unit']}".rstrip()) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[[1,2],[3,4]]^-1", "[[-2, 1], [1.5, -0.5]]"),
        ("transpose([[1,2,3],[4,5,6]])", "[[1, 4], [2, 5], [3, 6]]"),
        ("rank([[1,2],[2,4]])", "1"),
        ("rank([[√2, 2], [2, 2√2]])", "1"),
        ("[[1/3, 0], [0, 1]] * 3", "[[1, 0], [0, 3]]"),
        ("[1, 2] m + [20, 30] cm", "[1.2, 2.3] m"),
        ("dot([1,2,3] m, [4,5,6] N)", "32 m·N"),
        ("[[i, 0], [0, 1]] * [1, i]", "[i, i]"),
        ("eigenvalues([[0,1],[-1,0]])", "[-i, i]"),
        ("eigenvalues([[2,1,0],[0,2,1],[0,0,2]])", "[2, 2, 2]"),
        ("eigenvalues([[0.5,1],[0,0.25]])", "[0.25, 0.5]"),
        ("eigenvalues([[√2,1,0],[0,√2,1],[0,0,√2]])", "[1.41421356237, 1.41421356237, 1.41421356237]"),
        ("eigenvalues([[1,1],[1e-40,1]])", "[0.99999999999999999999, 1.00000000000000000001]"),
        ("det([[1e-30, 1], [1, 1e30]])", "0"),
        ("average of 3, -2, 4", "1.66666666667"),
        ("mode([1, 1, 2, 2])", "[1, 2]"),
        ("mean(20 °C, 30 °C)", "25 °C"),
        ("variance([1, 2, 3] m)", "1 m²"),
        ("zscore(130, 100, 15)", "2"),
        ("zscore(9, [1, 5, 9])", "1"),
        ("norminv(1e-100)", "-21.273453561"),
        ("norminv(1/3, pi)", "2.71086535429"),
    ],
)
def test_lists_and_matrices(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2024-02-29 + 1 year", "2025-02-28"),
        ("2026-03-31 - 1 month", "2026-02-28"),
        ("2026-01-30 + 1 month 3 days", "2026-03-03"),
        ("3 weeks after 2026-03-04", "2026-03-25"),
        ("90 days ago", "2025-12-04"),
        ("tomorrow - yesterday", "2 d"),
        ("December 24, 2026 - 1.3.2026", "298 d"),
        ("23:50 + 20 min", "00:10"),
        ("9:15 am to 5:45 pm", "510 min"),
        ("5:45 pm - 9:15 am in hours and minutes", "8.5 h"),
        ("2026-03-04 14:30 - 2026-03-03 12:00", "26.5 h"),
        ("2026-03-04 > 2026-03-01", "true"),
        ("2026-12-24 = 24.12.2026", "true"),
        ("1000-10-20", "970"),  # a difference, unless dates are meant
        ("what is the date today", "2026-03-04"),
        ("workday(2026-03-06, 1)", "2026-03-09"),
    ],
)
def test_dates_and_times(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(10.0 ± 0.2) - (10.0 ± 0.2)", "0.00 ± 0.28"),
        ("100±5 km/h in m/s", "27.8 ± 1.4 m/s"),
        ("(1.234 ± 0.001) * 1e20", "(1.2340 ± 0.0010)e20"),
        ("exp(19.5 ± 0.2)", "294000000 ± 59000000"),
        ("atan(exp(11.67 ± 0.07)^2)", "1.57079632672 ± 1.0e-11"),
        ("mean(1.0±0.1, 2.0±0.1)", "1.500 ± 0.071"),
        ("abs(-3 ± 0.5)", "3.00 ± 0.50"),
        ("1500 to 4 significant figures", "1500"),
        ("1.5 km to 4 significant figures", "1.500 km"),
        ("sigfig(0.00098765, 2)", "0.00099"),
    ],
)
def test_errors_and_significant_digits(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("sqrt(-1)", "+ 0i"),
        ("(1+i) > 2", "does not take a complex number"),
        ("(1+i)!", "does not take a complex number"),
        ("3 m + 2i", "do not fit together"),
        ("inv([[1,2],[2,4]])", "determinant is 0"),
        ("solve([[1,2],[2,4]], [1,2])", "infinitely many"),
        ("solve([[1,2],[2,4]], [1,3])", "no solution"),
        ("[[1,2],[3]]", "equally long"),
        ("[1,2] * [3,4]", "dot(a, b)"),
        ("1 / [1, 2]", "inv(A)"),
        ("1 + []", "cannot go on with `]`"),
        ("stdev(5)", "at least 2"),
        ("percentile([1, 2], 0.9)", "quantile"),
        ("percentile(3, [1, 2])", "list"),
        ("2026-02-30 + 1 day", "there is no day 2026-02-30"),
        ("25:00 + 1 h", "there is no time"),
        ("2026-03-01 + 2026-03-02", "cannot be added"),
        ("9999-12-31 + 1 day", "1 to 9999"),
        ("(5 ± -1)", "negative"),
        ("atanh(3±0.1) + 0i", "±"),
        ("norminv(2)", "less than 1"),
        ("3 m in m^kg", "exponent"),
    ],
)
def test_what_has_no_value_is_refused_with_the_reason(expression, hint):
    assert hint in refusal(expression)


CODATA = {
    "speed of light": "speed of light in vacuum",
    "gas constant": "molar gas constant",
    "gravitational constant": "Newtonian constant of gravitation",
    "standard gravity": "standard acceleration of gravity",
    "vacuum permittivity": "vacuum electric permittivity",
    "vacuum permeability": "vacuum mag. permeability",
    "impedance of free space": "characteristic impedance of vacuum",
}
CONSTANTS = (
    "speed of light, Planck constant, reduced Planck constant, elementary charge, Boltzmann constant, "
    "Avogadro constant, gas constant, Faraday constant, Stefan-Boltzmann constant, von Klitzing constant, "
    "Josephson constant, standard gravity, standard atmosphere, gravitational constant, electron mass, "
    "proton mass, neutron mass, atomic mass constant, vacuum permittivity, vacuum permeability, "
    "impedance of free space, fine-structure constant, Rydberg constant, Bohr radius, Bohr magneton"
).split(", ")


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_is_that_of_codata_with_its_source(name):
    wanted, _, error = scipy.constants.physical_constants[CODATA.get(name, name)]
    result = calculator(name)
    assert float(result["value"]) == pytest.approx(wanted, rel=1e-10)
    (source,) = result["sources"]
    assert source.startswith(f"{name}: ")
    assert source.endswith(", CODATA 2022")
    if not error:
        assert "exact" in source
    else:
        mantissa, last, power = re.search(r": ([\d.]+)\((\d+)\)(?:e(-?\d+))? ?", source).groups()
        places = len(mantissa.partition(".")[2])
        assert int(last) * 10.0 ** (int(power or 0) - places) == pytest.approx(error)


def test_a_result_has_no_more_digits_than_its_constant():
    assert calculator("gravitational constant * 2 kg", digits=30)["value"] == "1.33486e-10"
    assert calculator("speed of light * 1.5 s", digits=30)["exact"] == "449688687"
