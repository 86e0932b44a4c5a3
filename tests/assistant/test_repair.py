"""Calls that are almost right are mended; others are asked for again, at most twice."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.tool import tool_call_chunk

from assistant.events import Answer, Failed
from assistant.repair import known_name, mended, read_arguments
from assistant.session import Assistant
from tests.replies import Calls, Text
from tests.scripted_server import ScriptedServer


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"count": 2}', {"count": 2}),
        ("", {}),
        ("{}", {}),
        ('{"count": 2,}', {"count": 2}),
        ("{'count': 2, 'loud': True, 'sides': None}", {"count": 2, "loud": True, "sides": None}),
        ('```json\n{"count": 2}\n```', {"count": 2}),
        ('{"count": 2}}', {"count": 2}),
        ('{"count": 2}</tool_call>', {"count": 2}),
        ('{"count": 2}<|im_end|>', {"count": 2}),
        ('{"rows": [1, 2', {"rows": [1, 2]}),
        ('"{\\"count\\": 2}"', {"count": 2}),
        ('{"text": "a\nb"}', {"text": "a\nb"}),
        ('{"text": "half a wo', None),
        ("count two", None),
        ("[1, 2]", None),
        ("5", None),
        ('{"count": 2} {"count": 3}', None),
    ],
)
def test_arguments(written: str, read: dict[str, Any] | None) -> None:
    assert read_arguments(written) == read


def test_a_call_that_was_cut_off_is_not_closed() -> None:
    assert read_arguments('{"path": "/tmp"') == {"path": "/tmp"}
    assert read_arguments('{"path": "/tmp"', cut_off=True) is None
    assert read_arguments("", cut_off=True) is None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("roll_dice", "roll_dice"),
        ("functions.roll_dice", "roll_dice"),
        ("Roll-Dice", "roll_dice"),
        ("rollDice", "roll_dice"),
        ("roll_dice<|channel|>commentary", "roll_dice"),
        ("roll", "roll"),
        ("", ""),
    ],
)
def test_names(written: str, name: str) -> None:
    tools: Any = {"roll_dice": None, "search_documents": None}
    assert known_name(written, tools) == name


def test_calls_get_ids_of_their_own() -> None:
    chunks = [tool_call_chunk(name="f", args="{}", id=each, index=n) for n, each in enumerate(["a", "a", None])]
    ids = [call["id"] for call in mended(AIMessage(""), chunks, {}).tool_calls]
    assert ids[0] == "a"
    assert len(set(ids)) == 3
    assert all(ids)


async def test_what_is_almost_right_is_run(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(Calls([("functions.roll_dice", "{'count': 2,}")]), Text("6 and 6."))
    end = await assistant.ask("Roll two dice")
    assert isinstance(end, Answer)
    (call,) = end.tool_calls
    assert (call.name, call.ok, call.result) == ("roll_dice", True, [6, 6])


WRONG = [Calls([("roll_dice", "two")]), Calls([("roll_dice", {"count": "many"})]), Calls([("no_such", {})])]


async def test_a_model_is_asked_again_with_the_schema_twice(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(*WRONG[:2], Calls([("roll_dice", {"count": 1})]), Text("It is 6."))
    end = await assistant.ask("Roll a die")
    assert isinstance(end, Answer)
    first, second = (request.messages[-1]["content"] for request in model_server.requests[1:3])
    assert "not valid JSON" in first
    assert "count: Input should be a valid integer" in second
    for told in (first, second):
        assert 'Its schema: {"additionalProperties": false' in told


async def test_then_it_is_given_up(assistant: Assistant, model_server: ScriptedServer) -> None:
    model_server.say(*WRONG, Text("Hello there to you."))
    end = await assistant.ask("Roll a die")
    assert isinstance(end, Failed)
    assert end.kind == "BadCalls"
    assert "wrongly 3 times in a row, at last so: there is no tool 'no_such'." in end.message
    assert len(model_server.requests) == 3
    assert isinstance(await assistant.ask("Hello?", end.conversation), Answer)


async def test_a_tool_that_refuses_what_fits_is_no_wrong_call(
    assistant: Assistant, model_server: ScriptedServer
) -> None:
    model_server.say(*[Calls([("roll_dice", {"count": 101})])] * 4, Text("I cannot."))
    assert isinstance(await assistant.ask("Roll"), Answer)
