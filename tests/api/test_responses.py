"""The newer form of the same, driven by the official client."""

from pathlib import Path
from typing import Any

import openai
import pytest

from assistant.settings import Settings
from tests.api.conftest import served
from tests.api.test_chat import QUESTION, asked
from tests.replies import Text
from tests.scripted_server import ScriptedServer


async def test_a_text_is_answered_and_gone_on_with(settings: Settings, documents: Path) -> None:
    async with served(settings, documents) as url, asked(url) as client:
        answer = await client.responses.create(model="assistant", input=QUESTION)
        assert "three months" in answer.output_text
        first: dict[str, Any] = (answer.model_extra or {})["evidence"]
        assert first["citations"]
        more = await client.responses.create(
            model="assistant", input="And for both sides?", previous_response_id=answer.id
        )
        assert more.id != answer.id
        assert more.previous_response_id == answer.id
        again = await client.responses.retrieve(answer.id)
        assert (again.id, again.output_text, again.status) == (answer.id, answer.output_text, "completed")
        assert (again.model_extra or {})["evidence"]["citations"] == first["citations"]
        for unknown in ("resp_none", f"{answer.id}9", "resp_0_99999999999999999999"):
            with pytest.raises(openai.NotFoundError, match="There is no response"):
                await client.responses.retrieve(unknown)
        with pytest.raises(openai.NotFoundError):
            await client.responses.create(model="assistant", input="Hi", previous_response_id="resp_none")
        with pytest.raises(openai.BadRequestError):
            await client.responses.create(model="assistant", input=[])


async def test_a_program_goes_on_from_any_answer(scripted: Settings, model_server: ScriptedServer) -> None:
    model_server.always(Text("It is so."))
    async with served(scripted) as url, asked(url) as client:

        async def ask(text: str, after: str | None = None) -> str:
            return (await client.responses.create(model="assistant", input=text, previous_response_id=after)).id

        one = await ask("One?")
        two = await ask("Two?", one)
        other = await ask("Other?", one)
        await ask("Three?", two)
        told = [message["content"] for message in model_server.requests[-1].messages if message["role"] == "user"]
        assert told == ["One?", "Two?", "Three?"]
        await ask("Another?", other)
        told = [message["content"] for message in model_server.requests[-1].messages if message["role"] == "user"]
        assert told == ["One?", "Other?", "Another?"]
        assert (await client.responses.retrieve(two)).status == "completed"


async def test_instructions_are_told_and_what_is_not_given_is_refused(
    scripted: Settings, model_server: ScriptedServer
) -> None:
    model_server.always(Text("It is so."))
    harmless: Any = {
        "text": {"format": {"type": "text"}},
        "include": [],
        "truncation": "disabled",
        "tools": [],
        "parallel_tool_calls": False,
    }
    async with served(scripted) as url, asked(url) as client:
        await client.responses.create(model="assistant", input="Hello?", instructions="Be brief.", **harmless)
        for wrong, told in (
            ({"include": ["file_search_call.results"]}, "include: nothing more is given"),
            ({"text": {"format": {"type": "json_object"}}}, "text: an answer is text"),
            ({"input": []}, "must be the user's"),
            ({"input": 5}, "input: input should be a valid string or input should be a valid list"),
        ):
            asked_for: Any = {"model": "assistant", "input": "Hello?", **wrong}
            with pytest.raises(openai.BadRequestError, match=told) as refused:
                await client.responses.create(**asked_for)
            assert str(refused.value.param).split(".")[0] == next(iter(wrong))
    assert "<wishes>\nBe brief.\n</wishes>" in model_server.requests[0].messages[0]["content"]


async def test_an_answer_is_streamed(settings: Settings, documents: Path) -> None:
    async with served(settings, documents) as url, asked(url) as client:
        messages: list[Any] = [{"role": "user", "content": [{"type": "input_text", "text": QUESTION}]}]
        events = [event async for event in await client.responses.create(input=messages, stream=True)]
    assert "three months" in "".join(event.delta for event in events if event.type == "response.output_text.delta")
    last = events[-1]
    assert last.type == "response.completed"
    assert "three months" in last.response.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))


async def test_thoughts_are_an_item_of_their_own(scripted: Settings, model_server: ScriptedServer) -> None:
    model_server.always(Text("Hello there to you.", thoughts="They greet me."))
    async with served(scripted) as url, asked(url) as client:
        whole = await client.responses.create(model="assistant", input="Hello?")
        events = [event async for event in await client.responses.create(input="Hello?", stream=True)]
    assert [item.type for item in whole.output] == ["reasoning", "message"]
    assert whole.output_text == "Hello there to you."
    assert whole.usage
    assert whole.usage.output_tokens == 4
    thoughts = [event.delta for event in events if event.type == "response.reasoning_text.delta"]
    assert "".join(thoughts) == "They greet me."
    places = {event.item.type: event.output_index for event in events if event.type == "response.output_item.done"}
    assert places == {"reasoning": 0, "message": 1}
    last = events[-1]
    assert last.type == "response.completed"
    assert [item.type for item in last.response.output] == ["reasoning", "message"]
