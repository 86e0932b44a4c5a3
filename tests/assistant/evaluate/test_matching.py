"""The benchmark's matching rules."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.evaluate.matching import all_right, is_accepted, is_right

AREA = {
    "name": "area",
    "parameters": {
        "type": "dict",
        "properties": {"base": {"type": "integer"}, "unit": {"type": "string"}, "scale": {"type": "float"}},
        "required": ["base"],
    },
}
ACCEPTED: dict[str, list[Any]] = {"base": [10], "unit": ["", "sq. m"]}


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ({"base": 10}, True),
        ({"base": 10, "unit": "SQ M"}, True),
        ({"base": 10.0}, False),
        ({"base": "10"}, False),
        ({"base": True}, False),
        ({"unit": "sq m"}, False),
        ({"base": 10, "scale": 1.0}, False),
        ({"base": 10, "unit": "cm"}, False),
    ],
)
def test_a_call_is_right_when_every_value_is_accepted(arguments: dict[str, Any], right: bool) -> None:
    assert is_right("area", arguments, AREA, ACCEPTED) is right
    assert not is_right("volume", arguments, AREA, ACCEPTED)


@pytest.mark.parametrize(
    ("value", "schema", "accepted", "right"),
    [
        (2, {"type": "float"}, [2.0], True),
        (["New York", "LA"], {"type": "array", "items": {"type": "string"}}, [["new-york", "la"]], True),
        (["LA", "New York"], {"type": "array", "items": {"type": "string"}}, [["new york", "la"]], False),
        ({"a": 1}, {"type": "dict"}, [{"a": [1, 2], "b": ["", 3]}], True),
        ({"a": 1, "c": 1}, {"type": "dict"}, [{"a": [1, 2], "b": ["", 3]}], False),
        ([{"a": "X"}], {"type": "array", "items": {"type": "dict"}}, [[{"a": ["x"]}]], True),
        ("data", {"type": "array", "items": {"type": "string"}}, ["data"], True),
        (False, {"type": "boolean"}, [False], True),
        (0, {"type": "boolean"}, [False], False),
    ],
)
def test_values_are_compared_as_the_benchmark_does(
    value: Any, schema: dict[str, Any], accepted: list[Any], right: bool
) -> None:
    assert is_accepted(value, schema, accepted) is right


def test_several_calls_may_come_in_any_order_but_not_twice() -> None:
    truth = [{"area": {"base": [1]}}, {"area": {"base": [2]}}]
    assert all_right([("area", {"base": 2}), ("area", {"base": 1})], [AREA], truth)
    assert not all_right([("area", {"base": 2}), ("area", {"base": 2})], [AREA], truth)
    assert not all_right([("area", {"base": 1})], [AREA], truth)
