"""Some hundred generated expressions, computed a second way, and expressions that would cost too much."""

from __future__ import annotations

import random
import re
import time

import pytest

from assistant.plugin import ToolError
from bench.calculations import HOSTILE, KINDS, generated
from tests.tools.test_calculator import calculator

SEED = 11
SOME = generated(45 * len(KINDS), SEED)
NAMES = (
    "sqrt cbrt exp ln log sin tan asin acosh atanh abs floor factorial re arg conj polar det inv transpose rank "
    "norm eigenvalues identity weekday leapyear root binomial mod pow sigfig solve dot cross quantile percentile "
    "correlation regression workdays workday period min sum mean median mode stdev variance gcd round normcdf "
    "norminv zscore date"
).split()
ATOMS = (
    "0;1;-7;1/3;1e-30;10^400;sqrt(2);pi;i;(1+2i);(3±0.1);(0±1);5 m;2 s;(2±0.1) m;20 °C;30 deg;[1,2];[[1,2],[3,4]];"
    "[[1,2],[2,4]];[[1,i],[0,2]];[[sqrt(2),1],[1,0]];[1±0.1,2];[];2026-03-01;14:30;today;1 month;12 %;(1>2);"
    "weekday(2026-01-01);speed of light;electron mass"
).split(";")
OPERATORS = "+ - * / ^ // mod % ± ∠ of > = to after before choose ! , more less".split()


@pytest.mark.parametrize("kind", KINDS)
def test_generated_expressions_agree(kind):
    wrong = []
    for case in SOME[kind]:
        result = calculator(case.text)
        if not case.agrees(result):
            wrong.append(result["text"])
    assert wrong == []


def spoilt(text: str | None) -> str | None:
    """The text with another first digit."""
    return None if text is None else re.sub(r"[1-9]", lambda digit: str(int(digit[0]) % 9 + 1), text, count=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_digit_is_noticed(kind):
    told = []
    for case in SOME[kind]:
        result = calculator(case.text)
        wrong = result | {"value": spoilt(result["value"]), "exact": spoilt(result["exact"])}
        if wrong["value"] != result["value"]:
            told.append(case.agrees(wrong))
    assert len(told) > 30
    assert not any(told)


@pytest.mark.parametrize("expression", HOSTILE, ids=lambda text: text[:24])
def test_a_hostile_expression_is_refused_at_once(expression):
    calculator("1 km + sqrt(2) m")  # loads what is loaded once
    times = []
    for _ in range(3):
        began = time.perf_counter()
        with pytest.raises(ToolError) as caught:
            calculator(expression)
        times.append(time.perf_counter() - began)
        assert "\n" not in str(caught.value)
    assert min(times) < 0.1


def anything(source: random.Random, depth: int) -> str:
    chance = source.random()
    if depth == 0 or chance < 0.2:
        return source.choice(ATOMS)
    inner = [anything(source, depth - 1) for _ in range(3)]
    if chance < 0.6:
        return f"{source.choice(NAMES)}({', '.join(inner[: source.choice((1, 1, 2, 3))])})"
    return f"({inner[0]}) {source.choice(OPERATORS)} ({inner[1]})"


def test_whatever_is_put_together_is_computed_or_refused():
    source = random.Random(SEED)
    computed = 0
    for _ in range(1_500):
        try:
            computed += bool(calculator(anything(source, source.choice((1, 2, 3))))["text"])
        except ToolError as error:
            assert str(error)
    assert computed > 200
