"""The calculator, loaded as the plugin that it is."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from assistant.loader import builtin_folder, load_file
from assistant.plugin import Context, ToolError

(TOOL,) = load_file(builtin_folder() / "calculator" / "__init__.py")
CONTEXT = Context(None, lambda hit: 1, Path(), now=lambda: datetime(2026, 3, 4, 14, 30).astimezone())  # type: ignore[arg-type]
calculator = partial(TOOL.function, ctx=CONTEXT)


def value(expression: str, **options: int) -> str:
    result = calculator(expression, **options)
    return f"{result['value']} {result['unit']}".rstrip()


def refusal(expression: str) -> str:
    with pytest.raises(ToolError) as caught:
        calculator(expression)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_model_sees_what_it_may_write_and_the_limits_of_digits():
    described = TOOL.for_model["function"]
    assert "17 % 5" in described["description"]
    assert described["parameters"]["properties"]["digits"]["maximum"] == 1000
    assert described["parameters"]["required"] == ["expression"]


def test_the_result_reads_well_and_carries_the_parts():
    assert calculator("What is 12.5 % of 2,480, minus 17?") == {
        "text": "12.5 % × 2480 − 17 = 293",
        "expression": "12.5 % × 2480 − 17",
        "value": "293",
        "unit": "",
        "exact": "293",
    }


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("1/3", "1 ÷ 3 = 1/3 ≈ 0.333333333333"),
        ("sqrt(2)", "sqrt(2) ≈ 1.41421356237"),
        ("5 miles in km", "5 mi = 8.04672 km"),
        ("20% off 45", "45 − 20 % = 36"),
        ("2^10 > 1000", "2^10 > 1000 is true"),
        ("3 plus 4, times 2", "(3 + 4) × 2 = 14"),
        ("6/2(1+2)", "6 ÷ 2 × (1 + 2) = 9"),
        ("-2^2", "−2^2 = −4"),
        ("(-2)^2", "(−2)^2 = 4"),
        ("5 - -3", "5 − (−3) = 8"),
        ("10 - (4 - 3)", "10 − (4 − 3) = 9"),
        ("100 kg * 9.81 m/s^2 in N", "100 kg × 9.81 m/s² = 981 N"),
        ("log(100)", "log10(100) = 2"),
        ("exp(1e-30) - 1", "exp(1e-30) − 1 ≈ 1e-30"),
    ],
)
def test_the_calculation_is_shown_as_it_was_understood(expression, text):
    assert calculator(expression)["text"] == text


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("16-3-4", "9"),
        ("2 + 3 * 4", "14"),
        ("100/(2/3)", "150"),
        ("10*.5", "5"),
        ("0.1 + 0.2", "0.3"),
        ("2**10", "1024"),
        ("2^-3", "0.125"),
        ("2^3^2", "512"),
        ("7 // 2", "3"),
        ("-7 mod 3", "2"),
        ("7.5 mod 2", "1.5"),
        ("10!", "3628800"),
        ("2(3+4)", "14"),
        ("0xff + 0b101 + 0o17", "275"),
        ("1.5e-3 * 2", "0.003"),
        ("1_000 + 1", "1001"),
        ("3 x 4", "12"),
        ("3 × 4 ÷ 6 · 2 − 1", "3"),
        ("5² + 2³", "33"),
        ("2½ * 2", "5"),
        ("√16 + 9", "13"),
        ("((((1))))", "1"),
        ("2^100", "1267650600228229401496703205376"),
        ("5 divided by 4", "1.25"),
        ("3 squared plus 4 squared", "25"),
        ("5 to the power of 3", "125"),
        ("half of 30", "15"),
        ("a third of 90", "30"),
        ("2.5 million / 5 thousand", "500"),
        ("2 dozen", "24"),
        ("square root of 16 plus 9", "13"),
        ("how much is 2 times 3 =", "6"),
        ("calculate: 2 + 2", "4"),
        ("What is the answer to 3 + 4?", "7"),
        ("10/3 to 2 decimal places", "3.33"),
        ("22/7 with 5 significant digits", "3.1429"),
        ("sqrt(2) to 30 digits", "1.41421356237309504880168872421"),
    ],
)
def test_arithmetic_as_people_and_programs_write_it(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("12.5 % of 2,480", "310"),
        ("80 + 15%", "92"),
        ("80 - 15%", "68"),
        ("100 - 10% - 10%", "81"),
        ("80 + 15% * 2", "80.3"),
        ("50 + 10% of 50", "55"),
        ("100% - 35%", "65 %"),
        ("20% + 5% + 2%", "27 %"),
        ("20% off 45", "36"),
        ("15% more than 60", "69"),
        ("15% less than 60", "51"),
        ("5 less than 10", "5"),
        ("15 as a percentage of 60", "25 %"),
        ("15 is what percent of 60?", "25 %"),
        ("what percentage of 60 is 15", "25 %"),
        ("3/8 in %", "37.5 %"),
        ("45 km + 10%", "49.5 km"),
        ("17 % 5", "2"),  # an operand right behind the sign: the remainder
        ("17 % (2 + 3)", "2"),
        ("17 % - 5", "-4.83"),  # an operator behind it: a percentage
        ("17 % * 5", "0.85"),
    ],
)
def test_percentages(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2,480 + 1", "2481"),
        ("1,234,567.5 * 2", "2469135"),
        ("3,5 + 1", "4.5"),
        ("0,500 * 2", "1"),
        ("1.234,5 + 1", "1235.5"),
        ("max(1,200)", "200"),
        ("max((1,200), 3)", "1200"),
        ("mean([1, 2, 6])", "3"),
        ("average of 3, 4 and 5", "4"),
        ("max of 1,200 and 300", "1200"),
    ],
)
def test_commas(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("3,5 + 2,480", "decimals and for thousands"),
        ("1,23,4", "`1,23,4` is no number"),
        ("average of 3,4,5", "a blank after a list's comma"),
        ("max(1,200, 3)", "write 1200"),
        ("sqrt(2,480)", "takes 1 value, not 2"),
    ],
)
def test_a_comma_that_may_mean_two_things_is_refused(expression, hint):
    assert hint in refusal(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cbrt(-8)", "-2"),
        ("root(27, 3)", "3"),
        ("8^(2/3)", "4"),
        ("sqrt(1/4)", "0.5"),
        ("log(1000)", "3"),
        ("log2(1/8)", "-3"),
        ("log(8, 2)", "3"),
        ("ln(1)", "0"),
        ("exp(0)", "1"),
        ("sin(30 deg)", "0.5"),
        ("cos(120°)", "-0.5"),
        ("tan(135 deg)", "-1"),
        ("sin 90 deg", "1"),
        ("asin(0)", "0"),
        ("gcd(12, 18)", "6"),
        ("lcm(4, 6, 10)", "60"),
        ("binomial(5, 2)", "10"),
        ("nCr(50, 6)", "15890700"),
        ("nPr(5, 2)", "20"),
        ("abs(-3.5)", "3.5"),
        ("floor(-2.5)", "-3"),
        ("ceil(2.1)", "3"),
        ("round(2.345, 2)", "2.35"),
        ("round(-2.5)", "-3"),
        ("round(1234, -2)", "1200"),
        ("round(pi, 3)", "3.142"),
        ("min(3, 1, 2)", "1"),
        ("sum(1, 2, 3)", "6"),
        ("median(5, 3, 1, 4)", "3.5"),
        ("stdev(2, 4, 4, 4, 5, 5, 7, 9)", "2.1380899353"),
        ("math.sqrt(16)", "4"),
        ("pow(2, 8)", "256"),
        ("mod(7, 3)", "1"),
        ("2 * mod(7, 3)", "2"),
    ],
)
def test_functions(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("pi", "3.14159265359"),
        ("2π", "6.28318530718"),
        ("e^2", "7.38905609893"),
        ("tau / 2", "3.14159265359"),
        ("tan(30 deg)", "0.57735026919"),
        ("sin(1)", "0.841470984808"),
        ("(1 + 0.05/365)^(365*30)", "4.48122868852"),
        ("sin(pi)", "0"),
        ("sqrt(2)^2 - 2 + 5", "5"),
        ("sqrt(10^200 + 1) - 10^100", "5e-101"),
        ("(sqrt(2)*10^60 + 1 - sqrt(2)*10^60) + 5", "6"),
        ("(1 + sqrt(2)/10^60)^(10^61)", "1386281.61529"),
    ],
)
def test_an_irrational_result_is_right_to_the_last_digit_and_marked(expression, expected):
    result = calculator(expression)
    assert result["value"] == expected
    assert result["exact"] is None
    assert "≈" in result["text"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("floor(sqrt(2) * 10^50)", "141421356237309504880168872420969807856967187537694"),
        ("floor(ln(e^2))", "2"),
        ("sqrt(2)^2 = 2", "true"),
        ("sqrt(10^200 + 1) > 10^100", "true"),
        ("2^0.5 < 1.4142", "false"),
        ("3 != 4", "true"),
        ("1/3 + 1/6 == 0.5", "true"),
        ("3 km > 2 miles", "false"),
    ],
)
def test_rounding_and_comparing_use_as_many_digits_as_they_need(expression, expected):
    assert value(expression) == expected


def test_exact_results_are_given_in_full():
    assert calculator("1/3 + 1/6 + 1/7")["exact"] == "9/14"
    assert calculator("1/3", digits=3)["value"] == "0.333"
    long = calculator("1.1^60")
    assert Fraction(long["exact"]) == Fraction(11, 10) ** 60
    assert long["text"] == "1.1^60 ≈ 304.481639541"
    factorial = calculator("3000!")["value"]
    assert len(factorial) == 9131
    assert factorial.startswith("41493596034378540855568670930866121709511191949318")
    assert factorial.endswith("0" * 748)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("72 °F to °C", "22.2222222222 °C"),
        ("convert 72 F to C", "22.2222222222 °C"),
        ("72 degrees Fahrenheit in Celsius", "22.2222222222 °C"),
        ("-40 °F to °C", "-40 °C"),
        ("0 K in °C", "-273.15 °C"),
        ("300 K in C", "26.85 °C"),
        ("20 °C + 5 K", "25 °C"),
        ("30 °C - 20 °C", "10 Δ°C"),
        ("mean(20 °C, 30 °C)", "25 °C"),
        ("4.18 J/(g °C) * 1 kg * 10 K in kJ", "41.8 kJ"),
        ("3 ft + 20 cm", "3.656167979 ft"),
        ("60 km/h * 45 min", "45 km"),
        ("100 km / 2 h", "50 km/h"),
        ("2 km / 500 m", "4"),
        ("2 hours 30 minutes in seconds", "9000 s"),
        ("1 hour, 20 minutes and 6 seconds in minutes", "80.1 min"),
        ("5 ft 11 in in cm", "180.34 cm"),
        ("5'11\" in cm", "180.34 cm"),
        ("10 cm in in", "3.93700787402 in"),
        ("1/2 mile in km", "0.804672 km"),
        ("half an hour in minutes", "30 min"),
        ("60 / 5 min", "12 1/min"),
        ("50 m2 in ft2", "538.195520835 ft²"),
        ("10 square feet in m^2", "0.9290304 m²"),
        ("5 nautical miles in km", "9.26 km"),
        ("5 miles per hour in m/s", "2.2352 m/s"),
        ("1 GB / 100 Mbps", "80 s"),
        ("3 A * 2 V in W", "6 W"),
        ("1 light year in km", "9460730472580.8 km"),
        ("sqrt(16 m^2)", "4 m"),
        ("sqrt(2 * 10 m / (9.81 m/s^2))", "1.42784312293 s"),
        ("(3 m)^2", "9 m²"),
        ("round(3.456 km, 1)", "3.5 km"),
        ("max(3 km, 4000 m)", "4 km"),
        ("7 km mod 2 km", "1 km"),
        ("asin(0.5) in deg", "30°"),
        ("180 deg in rad", "3.14159265359 rad"),
        ("How many kilometres are 26.2 miles?", "42.1648128 km"),
        ("how many feet are in a mile?", "5280 ft"),
        ("how many minutes in 2 hours", "120 min"),
    ],
)
def test_units(expression, expected):
    assert value(expression).replace(" °", "°", expected.endswith("0°")) == expected


@pytest.mark.parametrize(
    ("expression", "hints"),
    [
        ("5 kg in m", ["kg (mass)", "m (length)"]),
        ("3 km + 5 s", ["km (length)", "s (time)"]),
        ("3 km + 5", ["km (length)", "a plain number"]),
        ("3 km > 5 s", ["km (length)", "s (time)"]),
        ("sin(3 km)", ["km (length)", "rad"]),
        ("2^(3 m)", ["m (length)"]),
        ("20 °C + 5 °C", ["20 °C + 5 K"]),
        ("2 * 20 °C", ["convert it to K"]),
        ("sqrt(2 m)", ["no unit"]),
        ("5 m in 3 km", ["without a number"]),
        ("5 m in 3", ["must be a unit"]),
        ("1 km^60", ["50"]),
    ],
)
def test_units_that_do_not_fit_are_named(expression, hints):
    message = refusal(expression)
    assert [hint for hint in hints if hint not in message] == []


@pytest.mark.parametrize("expression", ["100 USD in EUR", "$45 * 3", "5 euros to dollars", "€3 + €4"])
def test_money_is_refused_with_the_reason(expression):
    assert "exchange rates change" in refusal(expression)


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("", "empty"),
        ("  ? ", "empty"),
        ("1/0", "division by zero"),
        ("5 mod 0", "division by zero"),
        ("0^-1", "division by zero"),
        ("0^0", "0 to the power of 0"),
        ("log(0)", "logarithm"),
        ("ln(-pi)", "logarithm"),
        ("log(5, 1)", "base"),
        ("sqrt(-1)", "square root of a negative"),
        ("(-8)^(1/3)", "cbrt"),
        ("tan(90 deg)", "right angle"),
        ("tan(pi/2)", "digits"),
        ("asin(2)", "from -1 to 1"),
        ("(-3)!", "negative"),
        ("2.5!", "whole numbers"),
        ("gcd(1.5, 2)", "whole numbers"),
        ("foo(3)", "`foo` is unknown; known are functions (sqrt"),
        ("gamma(5)", "`gamma` is no function; known are"),
        ("2 + zeta(2)", "`zeta` is no function"),
        ("10k * 3", "`k` is unknown"),
        ("(1 + 2", "the `(` at character 1 is never closed"),
        ("what is (1 + 2", "the `(` at character 9 is never closed"),
        ("1 + 2)", "the `)` at character 6 closes nothing"),
        ("(1 + 2]", "the `]` at character 7 closes nothing"),
        ("1 +", "ends too early"),
        ("* 3", "`*` at character 1"),
        ("5 5", "an operator is missing before `5` at character 3"),
        ("2 ; 3", "`;` at character 3"),
        ("3 < 4 < 5", "comparison"),
        ("20 off 45", "percentage"),
        ("who was Napoleon", "nothing to calculate"),
        ("42 is the answer to what", "`is` is unknown"),
        ("__import__('os').system('ls')", "`_` at character 1 cannot be read"),
        ("open('x', 'w') + 1", "`open` is unknown"),
        ("max()", "`)` at character 5"),
    ],
)
def test_what_cannot_be_calculated_is_refused_in_one_clear_line(expression, hint):
    assert hint in refusal(expression)


@pytest.mark.parametrize("digits", [0, -1, 1001])
def test_digits_have_limits(digits):
    with pytest.raises(ToolError, match="digits"):
        calculator("pi", digits=digits)


HOSTILE = {
    "9**9**9": "10,000 digits",
    "factorial(10**9)": "10,000 digits",
    "2**(2**100)": "10,000 digits",
    "10**(10**10)": "10,000 digits",
    "(1/3)**(10**9)": "10,000 digits",
    "e^(e^(e^100))": "10,000 digits",
    "sqrt(2)^(10^9999)": "10,000 digits",
    "exp(10^6)": "10,000 digits",
    "1e99999": "10,000 digits",
    "1e" + "9" * 900: "10,000 digits",
    "binomial(10^50, 10^49)": "10,000 digits",
    "nPr(10^9, 10^8)": "10,000 digits",
    "*".join(["3000!"] * 150): "10,000 digits",
    "2" + "^2" * 101: "levels deep",
    "2" + "^2" * 90: "10,000 digits",
    "(" * 101 + "1" + ")" * 101: "levels deep",
    "-" * 900 + "1": "levels deep",
    "√" * 900 + "2": "levels deep",
    "(" * 10_000 + "1" + ")" * 10_000: "1,000",
    "1+" * 100_000 + "1": "1,000",
    "9" * 100_000: "1,000",
    "sin(10^9999)": "10^1000",
    "1 km^(10^9)": "50",
    "[" * 900: "never closed",
}


@pytest.mark.parametrize("expression", HOSTILE, ids=lambda text: text[:24])
def test_what_would_cost_too_much_is_refused_at_once(expression):
    calculator("1 km + sqrt(2) m")  # loads what is loaded once
    times = []
    for _ in range(3):
        began = time.perf_counter()
        assert HOSTILE[expression] in refusal(expression)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.1


def test_the_longest_things_that_are_allowed_work():
    assert value("+".join(["1"] * 500)) == "500"
    assert value("(" * 99 + "1" + ")" * 99) == "1"
    assert value("9" * 999) == "9" * 999
    assert len(value("10^9999")) == 10_000
    assert len(value("sqrt(2) to 1000 digits")) == 1_001


def test_pint_is_loaded_by_the_first_unit_only():
    code = (
        "import sys; from tests.tools.test_calculator import calculator; calculator('sqrt(2) + 12.5 % of 2,480');"
        "assert 'pint' not in sys.modules; calculator('1 km'); assert 'pint' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
