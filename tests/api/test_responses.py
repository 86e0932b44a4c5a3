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
        assert more.id == answer.id
        with pytest.raises(openai.NotFoundError):
            await client.responses.create(model="assistant", input="Hi", previous_response_id="resp_none")
        with pytest.raises(openai.BadRequestError):
            await client.responses.create(model="assistant", input=[])


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
