"""Choosing tools, filling arguments, several steps, and asking for what is missing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from assistant.engines.builtin.assignment import Filled, fill, question_of
from assistant.engines.builtin.detect import code_in
from assistant.engines.builtin.forms import ask_for, read_answer
from assistant.engines.builtin.models import Models
from assistant.engines.builtin.parameters import parameters_of
from assistant.engines.builtin.route import Router
from assistant.engines.builtin.several import clauses, halves, inline, operation
from assistant.engines.builtin.steps import Ask, Call, Later, Talk
from assistant.engines.builtin.turn import number_in
from assistant.engines.builtin.typed import converted
from assistant.engines.builtin.values import find
from assistant.engines.builtin.vectors import Vectors
from assistant.evaluate.suite import DATA
from assistant.evaluate.suites.installed_tools import reached
from assistant.loader import builtin_folder
from assistant.toolbox import load_tools
from index.embed import SentenceTransformerEmbedder

FORECAST = {
    "name": "weather_forecast",
    "description": "Get the weather forecast for a city.",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Name of the city."},
            "days": {"type": "integer", "description": "Number of days."},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "description": "Unit of temperature."},
        },
        "required": ["city", "days"],
    },
}
DRAWING = {
    "name": "draw_shape",
    "description": "Draw a shape on the board.",
    "parameters": {
        "type": "object",
        "properties": {
            "shape": {"type": "string", "enum": ["circle", "square", "triangle"], "description": "Which shape."},
            "color": {"type": "string", "enum": ["red", "green", "blue"], "description": "Which color."},
        },
        "required": ["shape"],
    },
}
SHAPE = {
    "name": "shift_shape",
    "description": "",
    "parameters": {
        "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}}},
        "properties": {
            "points": {"type": "array", "items": {"$ref": "#/$defs/Point"}},
            "by": {"anyOf": [{"$ref": "#/$defs/Point"}, {"type": "number"}]},
            "label": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
        "required": ["points", "by"],
    },
}


@pytest.fixture(scope="module")
def tools() -> dict[str, Any]:
    found = load_tools([builtin_folder(), DATA / "requests" / "tools"]).tools
    return {name: tool.for_model["function"] for name, tool in found.items()} | {"shift_shape": SHAPE}


@pytest.fixture(scope="session")
def router(embedder: SentenceTransformerEmbedder) -> Router:
    return Router(embedder)


def filled(embedder: SentenceTransformerEmbedder, request: str, tool: dict[str, Any]) -> Filled:
    return fill(question_of(request, tool, Vectors(embedder)), Models().of(tool["name"]))


def test_arguments_are_dealt_out_by_type_and_meaning(embedder: SentenceTransformerEmbedder) -> None:
    found = filled(embedder, "What will the weather be like in Oslo for the next 5 days, in celsius?", FORECAST)
    assert found.arguments == {"city": "Oslo", "days": 5, "unit": "celsius"}
    assert found.missing == ()


def test_what_a_request_does_not_hold_is_missing(embedder: SentenceTransformerEmbedder) -> None:
    assert filled(embedder, "draw a shape", DRAWING).missing == ("shape",)
    assert "days" in filled(embedder, "weather forecast for Oslo", FORECAST).missing


def test_a_tool_that_was_never_seen_is_called(router: Router) -> None:
    step = router.choose("Give me the forecast for Rome for 3 days", {"weather_forecast": FORECAST})
    assert step == [Call("weather_forecast", {"city": "Rome", "days": 3})]
    assert isinstance(router.choose("Integrate x^2 from 0 to 1", {"weather_forecast": FORECAST}), Talk)


def test_the_requests_to_develop_with_reach_their_tools(router: Router, tools: dict[str, Any]) -> None:
    lines = (DATA / "requests" / "development.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    right = [reached(router.choose(row["request"], tools)) == row["tool"] for row in rows]
    assert sum(right) / len(right) >= 0.95


@pytest.mark.parametrize(
    ("request_", "plan"),
    [
        (
            "find the price in the contract and add 19 %",
            [Call("search_documents", {"query": "What is the price in the contract?"}), Later("{} + 19 %")],
        ),
        ("What is the rent plus 50?", [Call("search_documents", {"query": "What is the rent?"}), Later("{} + 50")]),
        (
            "roll two dice, then set a timer for 3 minutes",
            [Call("roll_dice", {"count": 2}), Call("set_timer", {"minutes": 3})],
        ),
        ("calculate 2 + 3 and then multiply it by 4", [Call("calculator", {"expression": "2 + 3"}), Later("{} * 4")]),
        (
            "find the price in the contract, add 19 % and divide by 12",
            [
                Call("search_documents", {"query": "What is the price in the contract?"}),
                Later("{} + 19 %"),
                Later("{} / 12"),
            ],
        ),
        (
            "What is the rent divided by 12?",
            [Call("search_documents", {"query": "What is the rent?"}), Later("{} / 12")],
        ),
        (
            "roll two dice, set a timer for 3 minutes and roll six dice",
            [Call("roll_dice", {"count": 2}), Call("set_timer", {"minutes": 3}), Call("roll_dice", {"count": 6})],
        ),
        (
            "First roll two dice. Finally, summarise the contract",
            [
                Call("roll_dice", {"count": 2}),
                Call("search_documents", {"query": "summarise the contract", "limit": 20}),
            ],
        ),
        (
            "What's the notice period and what is 15 % of 300?",
            [
                Call("search_documents", {"query": "What's the notice period"}),
                Call("calculator", {"expression": "15 % of 300"}),
            ],
        ),
    ],
)
def test_several_steps_are_taken_in_order(router: Router, tools: dict[str, Any], request_: str, plan: object) -> None:
    assert router.choose(request_, tools) == plan


def test_a_verb_is_meant_for_the_second_thing_too(router: Router) -> None:
    step = router.choose("Draw a red circle and a blue square", {"draw_shape": DRAWING})
    assert step == [
        Call("draw_shape", {"shape": "circle", "color": "red"}),
        Call("draw_shape", {"shape": "square", "color": "blue"}),
    ]


@pytest.mark.parametrize("request_", ['send "a, b and c" to Ann', "What are the costs, gains and risks of this plan?"])
def test_what_is_quoted_or_listed_is_never_parted(router: Router, tools: dict[str, Any], request_: str) -> None:
    assert all('"' not in left for left, _ in halves(request_))
    assert router._several(request_, tools) is None


def test_one_request_stays_one(router: Router, tools: dict[str, Any]) -> None:
    request = "What does the handbook say about salt and pepper?"
    assert router.choose(request, tools) == [Call("search_documents", {"query": request})]


def test_what_is_missing_is_asked_for_and_the_answer_fills_it(router: Router, tools: dict[str, Any]) -> None:
    asked = router.choose("set a timer", tools)
    assert isinstance(asked, Ask)
    assert "`minutes`" in asked.text
    assert router.choose("four minutes", tools, asked) == [Call("set_timer", {"minutes": 4})]
    assert router.choose("half an hour or 30 minutes", tools, asked) is not None
    assert isinstance(router.choose("never mind", tools, asked), Talk)
    other = "Who wrote the contract?"
    assert router.choose(other, tools, asked) == [Call("search_documents", {"query": other})]


def test_a_request_that_begins_with_a_tools_name_is_meant_for_it(router: Router, tools: dict[str, Any]) -> None:
    asked = router.choose("shift shape to the left", tools)
    assert isinstance(asked, Ask)
    assert asked.tool == "shift_shape"


def test_a_question_is_no_order(router: Router, tools: dict[str, Any]) -> None:
    for request in ("Is the lamp on?", "Does the robot have a camera?"):
        assert router.choose(request, tools) == [Call("search_documents", {"query": request})]
    assert reached(router.choose("turn on the lamp", tools)) == "robot_switch"


VISIT = {
    "name": "plan_visit",
    "description": "Plan a visit.",
    "parameters": {
        "properties": {
            "day": {"type": "string", "format": "date", "description": "The day of the visit."},
            "hours": {"type": "number", "description": "How long, in hours."},
            "place": {"enum": ["home", "office", "garden"], "type": "string"},
            "guests": {"type": "array", "items": {"type": "string"}, "default": []},
        },
        "required": ["day", "hours", "place"],
    },
}


def test_an_answer_is_read_by_the_kind_that_is_asked_for(router: Router) -> None:
    known = {"day": "2026-06-05", "hours": 3, "place": "office"}
    answers = {"day": "on 5 June 2026", "hours": "about three", "place": "in the office, please"}
    for name, answer in answers.items():
        asked = Ask("plan_visit", {key: value for key, value in known.items() if key != name}, "")
        assert router.choose(answer, {"plan_visit": VISIT}, asked) == [Call("plan_visit", known)]


def test_what_does_not_fit_is_asked_for_again(router: Router) -> None:
    tools = {"plan_visit": VISIT}
    last = Ask("plan_visit", {"day": "2026-06-05", "place": "home"}, "")
    asked = router.choose("for as long as it takes", tools, last)
    assert isinstance(asked, Ask)
    assert 'This does not fit: `hours` = "for as long as it takes".' in asked.text
    assert asked.arguments == last.arguments
    asked = router.choose("@plan_visit day=soon hours=2 place=moon", tools)
    assert isinstance(asked, Ask)
    assert asked.arguments == {"hours": 2}
    assert "(date, such as 2026-12-24)" in asked.text


def test_what_stands_behind_a_tools_name_is_its_input(router: Router, tools: dict[str, Any]) -> None:
    text = '{"day": "2026-06-05", "hours": 1, "place": "home"}'
    assert router.choose(f"@Plan_Visit {text}", {"plan_visit": VISIT}) == [Call("plan_visit", json.loads(text))]
    several = router.choose("@plan_visit day=2026-06-05 hours=1 place=home guests=Ann,Ben", {"plan_visit": VISIT})
    assert isinstance(several, list)
    assert several[0] == Call("plan_visit", {**json.loads(text), "guests": ["Ann", "Ben"]})
    assert router.choose("@plot sin(x), max(x, 2)", tools) == [Call("plot", {"expressions": ["sin(x)", "max(x, 2)"]})]
    code = '"a" + "b"'
    assert router.choose(f"@code_interpreter {code}", tools) == [Call("code_interpreter", {"code": code})]


def test_the_form_of_a_strange_schema_names_kinds_and_fields() -> None:
    asked = ask_for("shift_shape", {}, SHAPE["parameters"])
    assert asked is not None
    assert "- `points`: no description (list) Its fields: `x`, `y`." in asked.text
    assert "- `by`: no description (JSON object or number) Its fields: `x`, `y`." in asked.text


def test_a_strange_schema_is_reached_by_name_and_filled_in_a_form(router: Router, tools: dict[str, Any]) -> None:
    asked = router.choose("@shift_shape", tools)
    assert isinstance(asked, Ask)
    assert all(f"`{name}`" in asked.text for name in ("points", "by"))
    expected = [Call("shift_shape", {"points": [{"x": 1, "y": 2}], "by": 3})]
    assert router.choose('points: [{"x": 1, "y": 2}]\nby: 3', tools, asked) == expected
    assert router.choose('{"points": [{"x": 1, "y": 2}], "by": 3}', tools, asked) == expected
    half = router.choose("by: 3", tools, asked)
    assert isinstance(half, Ask)
    assert half.arguments == {"by": 3}
    assert "`points`" in half.text


def test_schemas_of_every_kind_are_read() -> None:
    kinds = [(one.name, one.kind, one.item) for one in parameters_of(SHAPE["parameters"])]
    assert kinds == [("points", "array", "any"), ("by", "object", "any"), ("label", "string", "any")]
    assert parameters_of({"properties": {"a": {}, "b": True, "c": {"type": ["null", "integer"]}}})[2].kind == "integer"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("help with set_timer", "How long, in minutes."),
        ("how do I use the word count tool?", "The text to count."),
        ("what can you do?", "translate_text"),
        ("are you a language model?", "no language model"),
        ("order a pizza", "None of my tools"),
        ("@fly home", "There is no tool `fly`"),
        ("@", "Write the tool's name"),
        ("🎉", "no words"),
    ],
)
def test_talk_knows_what_is_installed(router: Router, tools: dict[str, Any], request_: str, said: str) -> None:
    step = router.choose(request_, tools)
    assert isinstance(step, Talk)
    assert said in step.text


@pytest.mark.parametrize(
    "request_",
    [
        "x " * 9_000,
        "\\" * 3000,
        "[" * 3000,
        "ö" * 2000,
        "1 " * 5000,
        "'" * 999,
        "a, " * 900,
        "roll two dice and " * 900,
    ],
)
def test_no_request_takes_long(router: Router, tools: dict[str, Any], request_: str) -> None:
    started = time.process_time()
    assert router.choose(request_, tools)
    assert time.process_time() - started < 5


def test_damaged_weights_are_named_and_tools_are_still_reached(
    embedder: SentenceTransformerEmbedder, tools: dict[str, Any], tmp_path: Path
) -> None:
    broken = tmp_path / "router.safetensors"
    broken.write_bytes(b"no weights")
    for path in (broken, tmp_path / "none"):
        router = Router(embedder, models=Models(path))
        assert router.choose("roll two dice", tools) == [Call("roll_dice", {"count": 2})]
        assert router.choose("2 + 2", tools) == [Call("calculator", {"expression": "2 + 2"})]
        assert str(path) in router.problem


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("a loan of $2,500.50", "number", 2500.5),
        ("three million people", "number", 3_000_000),
        ("on March 5, 2024", "date", "2024-03-05"),
        ("am 5.3.2024", "date", "2024-03-05"),
        ('say "good night"', "quoted", "good night"),
        ("write to ann@example.org", "code", "ann@example.org"),
        ("between Boston, MA and Rome", "name", "Boston, MA"),
        ("sort [5, 3, 4]", "list", [5, 3, 4]),
        ('write to Ann, Ben and Cleo saying "hello"', "list", ["Ann", "Ben", "Cleo"]),
        ("count words: one two three", "rest", "one two three"),
    ],
)
def test_values_are_found_by_their_form(text: str, form: str, value: object) -> None:
    found = [one.value if form != "date" else one.value.isoformat() for one in find(text) if one.form == form]
    assert value in found


def test_numbers_are_converted_to_the_unit_that_is_asked_for() -> None:
    assert converted(1, "hour", "minutes: How long, in minutes.") == 60
    assert converted(5, "km", "distance in meters") == 5000
    assert converted(5, "km", "distance in kilometers") == 5
    assert converted(5, "dollars", "price in euros") == 5


@pytest.mark.parametrize(
    ("request_", "minutes"),
    [("set a timer for 1 hour 30 minutes", 90), ("set a timer for 2 minutes and 30 seconds", 2.5)],
)
def test_the_parts_of_a_time_are_one_number(router: Router, request_: str, minutes: float) -> None:
    timer = {
        "name": "set_timer",
        "description": "Set a timer.",
        "parameters": {
            "properties": {"minutes": {"type": "number", "description": "How long, in minutes."}},
            "required": ["minutes"],
        },
    }
    assert router.choose(request_, {"set_timer": timer}) == [Call("set_timer", {"minutes": minutes})]


def test_steps_are_told_by_their_words() -> None:
    assert clauses('say "a; then b" then go; Stop it') == ['say "a; then b"', "go", "Stop it"]
    assert operation("double it") == Later("2 * {}")
    assert operation("what is 5 % of that?") == Later("5 % of {}")
    assert operation("add salt") is None
    assert inline("What is 19 % of the price in the offer?") == ("What is the price in the offer?", Later("19 % of {}"))


def test_a_number_is_taken_from_the_answer() -> None:
    sentence = "In 2024 the price rose to 2,400 euros, for 3 years."
    assert number_in("What is the price?", sentence, None) == "2400"
    assert number_in("What is the price?", sentence, "2,400 euros") == "2400"
    assert number_in("What is the price?", "It is high.", None) is None


def test_answers_are_read_in_lines_and_in_one() -> None:
    assert read_answer("city: Rome, days: 3", FORECAST["parameters"]) == {"city": "Rome", "days": 3}
    assert read_answer("- city: Rome\n- days = 3", FORECAST["parameters"]) == {"city": "Rome", "days": 3}
    assert read_answer("no idea", FORECAST["parameters"]) == {}
    assert ask_for("weather_forecast", {"city": "Rome", "days": 3}, FORECAST["parameters"]) is None


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("Run this Python: print(6 * 7)", "print(6 * 7)"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("execute: !ls", "!ls"),
        ("Who runs this company?", None),
        ("run the marathon", None),
    ],
)
def test_code_is_told_from_words(request_: str, code: str | None) -> None:
    assert code_in(request_) == code
