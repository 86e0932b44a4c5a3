"""What the agent relies on of a real vLLM, asked of it directly; and the table of flags beside the program itself."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest
from jsonschema import Draft202012Validator
from openai import AsyncOpenAI

from assistant.engines.vllm.families import table
from assistant.engines.vllm.plan import EIGHT_BITS
from tests.serving import cassettes, environment
from tests.serving.conftest import Served
from tests.serving.tiny_model import OTHER, SENTENCE

pytestmark = [pytest.mark.xdist_group("vllm"), pytest.mark.timeout(1500), pytest.mark.slow]

PARAMETERS: dict[str, dict[str, Any]] = {
    "whole": {"count": {"type": "integer"}, "exact": {"type": "boolean"}},
    "chosen": {"unit": {"enum": ["metre", "mile"]}, "share": {"type": "number"}},
    "listed": {"names": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}},
    "nested": {
        "where": {
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
            "required": ["x", "y"],
            "additionalProperties": False,
        }
    },
}


def schema(name: str) -> dict[str, Any]:
    properties = PARAMETERS[name]
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "description": "Does it.", "parameters": schema(name)}}
    for name in PARAMETERS
]
ASKED: list[Any] = [{"role": "user", "content": "Do it."}]


@pytest.fixture
async def client(served: Served) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=served.url, api_key="none", max_retries=0, timeout=300) as made:
        yield made


def fits(call: Any) -> None:
    jsonschema.validate(json.loads(call.function.arguments), schema(call.function.name))


async def test_forced_calls_fit_their_schemas(client: AsyncOpenAI) -> None:
    async def forced(choice: Any) -> Any:
        # Drawn at random, as it is by default, one call in some sixty ends in the middle and is given as text.
        reply = await client.chat.completions.create(
            model="tiny", messages=ASKED, tools=TOOLS, tool_choice=choice, temperature=0
        )
        return reply.choices[0].message.tool_calls

    named = [{"type": "function", "function": {"name": name}} for name in PARAMETERS]
    *by_name, required = await asyncio.gather(*map(forced, [*named, "required"]))
    assert [[call.function.name for call in calls] for calls in by_name] == [[name] for name in PARAMETERS]
    for calls in (*by_name, required):
        assert calls
        for call in calls:
            fits(call)


async def test_an_answer_in_a_schema_fits_it(client: AsyncOpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "form", "schema": schema("chosen"), "strict": True}}
    reply = await client.chat.completions.create(model="tiny", messages=ASKED, response_format=form)
    said = json.loads(reply.choices[0].message.content or "")
    assert list(Draft202012Validator(schema("chosen")).iter_errors(said)) == []


async def test_thoughts_come_apart_from_the_answer(client: AsyncOpenAI) -> None:
    reply = await client.chat.completions.create(model="tiny", messages=ASKED)
    message = reply.choices[0].message
    assert message.content == SENTENCE
    assert (message.model_extra or {}).get("reasoning")


async def test_an_adapter_is_listed_and_answers_in_its_own_words(client: AsyncOpenAI) -> None:
    assert [model.id for model in (await client.models.list()).data] == ["tiny", "other"]
    reply = await client.chat.completions.create(model="other", messages=ASKED)
    assert reply.choices[0].message.content == OTHER


@pytest.mark.parametrize("name", cassettes.REQUESTS)
def test_the_recordings_are_what_this_vllm_says(served: Served, name: str) -> None:
    status, said = cassettes.ask(served.url, name)
    old_status, old = cassettes.read(name)
    assert (status, heard(said)) == (old_status, heard(old))


def heard(said: str) -> Any:
    """What a stream says, however it was cut into pieces."""
    if not said.startswith("data: "):
        return json.loads(said)
    events = [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls") or []]
    texts = ["".join(delta.get(key) or "" for delta in deltas) for key in ("content", "reasoning")]
    written = ["".join(call["function"].get(key) or "" for call in calls) for key in ("name", "arguments")]
    ends = [choice["finish_reason"] for event in events for choice in event["choices"] if choice["finish_reason"]]
    return texts, written, ends, sum("id" in call for call in calls)


@pytest.mark.usefixtures("served")  # which has made the environment
@pytest.mark.parametrize("kind", ["tool_parsers", "reasoning"])
def test_the_table_names_parsers_that_this_vllm_has(kind: str) -> None:
    (file,) = environment.folder().glob(f"lib/python3*/site-packages/vllm/{kind}/__init__.py")
    known = set(re.findall(r'^    "([\w.-]+)": \(', file.read_text(), re.M))
    assert len(known) > 20
    flag = {"tool_parsers": "tool-call-parser", "reasoning": "reasoning-parser"}[kind]
    named = {family.flags[flag] for family in (*table().families, table().unknown) if flag in family.flags}
    assert named - known == set()


@pytest.mark.usefixtures("served")
def test_this_vllm_makes_weights_smaller_by_the_name_that_is_used() -> None:
    (file,) = environment.folder().glob("lib/python3*/site-packages/vllm/config/quantization.py")
    online = file.read_text().partition("_ONLINE_SHORTHANDS: ")[2].partition("\n}\n")[0]
    assert f'"{EIGHT_BITS}": QuantizationConfigArgs' in online
