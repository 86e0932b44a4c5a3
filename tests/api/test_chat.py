"""The chat endpoint, driven by the official client."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from assistant.api.asking import Message, question_of
from assistant.api.sentences import NO_BODY
from assistant.prompts import prompt
from assistant.samples import DOCUMENTS as SAMPLES
from assistant.settings import LimitSettings, ServerEngine, Settings
from tests.api.conftest import served
from tests.replies import Text
from tests.scripted_server import ScriptedServer, refused_url

DOCS = Path(__file__).parents[2] / "docs"
HELLO = [{"role": "user", "content": "Hello!"}]
QUESTION = "How long is the notice period?"


def asked(url: str, key: str = "none") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


async def test_an_answer_comes_with_its_evidence(settings: Settings, documents: Path) -> None:
    async with served(settings, documents) as url, asked(url) as client:
        answer = await client.chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": QUESTION}]
        )
        assert "three months" in (answer.choices[0].message.content or "")
        evidence: dict[str, Any] = (answer.model_extra or {})["evidence"]
        assert evidence["citations"][0]["quote"] == "The notice period is three months for both sides."
        assert evidence["abstained"] is False
        more = await client.chat.completions.create(
            model="assistant",
            messages=[{"role": "user", "content": "For whom is it?"}],
            extra_body={"conversation": evidence["conversation"]},
        )
        assert (more.model_extra or {})["evidence"]["conversation"] == evidence["conversation"]


async def test_an_answer_is_streamed_and_ends_with_its_evidence(settings: Settings, documents: Path) -> None:
    async with served(settings, documents) as url, asked(url) as client:
        stream = await client.chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": QUESTION}], stream=True
        )
        chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert "three months" in text
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (chunks[-1].model_extra or {})["evidence"]["citations"]


async def test_the_examples_of_the_guide_run(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    examples = re.findall(r"```python\n(.*?)```", (DOCS / "api.md").read_text(), re.S)
    async with served(settings, SAMPLES) as url:
        for example, told in zip(examples, ("six weeks", "blue tin"), strict=True):
            code = example.replace("http://127.0.0.1:8080", url)
            assert code != example
            await asyncio.to_thread(exec, code, {})
            assert told in capsys.readouterr().out


async def test_the_model_sees_the_messages_before(scripted: Settings, model_server: ScriptedServer) -> None:
    model_server.always(Text("Hello there to you."))
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is the capital of France?"},
        {"role": "assistant", "content": "Paris."},
        {"role": "user", "content": [{"type": "text", "text": "And of Italy?"}]},
    ]
    async with served(scripted) as url, asked(url) as client:
        await client.chat.completions.create(model="assistant", messages=messages)
        await client.chat.completions.create(model="assistant", messages=HELLO)  # type: ignore[arg-type]
    rules, plain = (request.messages[0]["content"] for request in model_server.requests)
    assert rules == f"{plain}\n\n{prompt('wishes')}\n<wishes>\nBe brief.\n</wishes>"
    said = [message["content"] for message in model_server.requests[0].messages]
    assert said[-3:] == ["What is the capital of France?", "Paris.", "And of Italy?"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "The question is empty"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "must be the user's"),
        ({"messages": [{"role": "user", "content": "x"}], "colour": "red"}, "colour"),
        ({"messages": [{"role": "user", "content": "x"}], "n": 2}, "n:"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "texts and files"),
        ({"messages": [{"role": "user", "content": "x" * 30_000}]}, "30,000 characters"),
        ({"messages": "hello"}, "messages: input should be a valid list."),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages.0.role: input should be 'system'"),
        ({"messages": [{"role": "user", "content": 5}]}, "content: input should be a valid string or input should be"),
        ({}, "messages: this field is missing."),
        ({"messages": HELLO, "tools": [{"type": "function"}]}, "tools: the assistant has tools of its own"),
        ({"messages": HELLO, "response_format": {"type": "json_object"}}, "response_format: an answer is text"),
        ({"messages": HELLO, "logprobs": True}, "logprobs: the probabilities of tokens are not given."),
        ({"messages": HELLO, "stop": ["x"]}, "stop: an answer is not cut off at words"),
        ({"messages": HELLO, "max_tokens": 0}, "max_tokens: input should be greater than or equal to 1."),
    ],
)
async def test_a_bad_request_is_told_in_the_known_form(settings: Settings, body: dict[str, Any], told: str) -> None:
    async with served(settings) as url, httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/v1/chat/completions", json={"model": "assistant", **body})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert told in error["message"]
    assert error["type"] == "invalid_request_error"


async def test_what_is_not_json_and_what_is_too_large_is_refused(settings: Settings) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    small = settings.model_copy(update={"limits": LimitSettings(request_mb=1)})
    async with served(small) as url, httpx.AsyncClient() as client:
        where = f"{url}/v1/chat/completions"
        kind = {"content-type": "application/json"}
        broken = (await client.post(where, content=b"{bad", headers=kind)).json()["error"]
        assert broken["message"].startswith("The body is no JSON: Expecting property name")
        assert (broken["param"], broken["message"][-15:]) == (None, "at character 1.")
        for nothing in ({}, {"content": b"{}", "headers": {"content-type": "text/plain"}}, {"content": b"[]"}):
            refused = await client.post(where, **nothing)  # type: ignore[arg-type]
            assert (refused.status_code, refused.json()["error"]["message"]) == (400, NO_BODY)
        put = await client.put(where, json={})
        assert (put.status_code, put.json()["error"]["type"]) == (405, "invalid_request_error")
        assert "it takes POST" in put.json()["error"]["message"]
        large = await client.post(where, content=b"x" * 2_000_000)
        assert (large.status_code, large.json()["error"]["message"]) == (413, "A request may have 1 MB.")
        chunked = await client.post(where, content=pieces(), headers={"content-type": "application/json"})
        assert (chunked.status_code, chunked.json()) == (413, large.json())
        assert (await client.get(f"{url}/v1/nothing")).json()["error"]["type"] == "not_found_error"


async def test_another_library_and_conversation_must_exist(settings: Settings) -> None:
    async with served(settings) as url, asked(url) as client:
        for extra in ({"library": "nowhere"}, {"conversation": "0" * 32}):
            with pytest.raises(openai.NotFoundError, match=r"see /v1/") as told:
                await client.chat.completions.create(
                    model="assistant", messages=[{"role": "user", "content": "Hi"}], extra_body=extra
                )
            assert str(settings.home) not in str(told.value)


async def test_what_cannot_be_the_name_of_a_library_is_a_bad_request(settings: Settings) -> None:
    async with served(settings) as url, asked(url) as client:
        with pytest.raises(openai.BadRequestError, match="cannot be the name of a library"):
            await client.chat.completions.create(
                model="assistant", messages=[{"role": "user", "content": "Hi"}], extra_body={"library": "B"}
            )


async def test_an_engine_that_fails_is_told(settings: Settings) -> None:
    gone = settings.model_copy(update={"engine": ServerEngine(url=refused_url(), model="scripted")})
    async with served(gone) as url, asked(url) as client:
        with pytest.raises(openai.APIStatusError) as failed:
            await client.chat.completions.create(model="assistant", messages=[{"role": "user", "content": "Hi"}])
    assert failed.value.status_code == 502


async def test_other_websites_are_kept_out_where_there_are_no_keys(settings: Settings) -> None:
    async with served(settings) as url, httpx.AsyncClient() as client:
        body = {"messages": [{"role": "user", "content": "Hi"}]}
        theirs = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
        website = await client.post(f"{url}/v1/chat/completions", json=body, headers=theirs)
        name = await client.get(f"{url}/v1/models", headers={"host": "elsewhere.example"})
    assert (website.status_code, website.json()["error"]["type"]) == (403, "permission_error")
    assert "no website" in website.json()["error"]["message"]
    assert (name.status_code, name.json()["error"]["type"]) == (421, "invalid_request_error")
    assert "localhost" in name.json()["error"]["message"]


def test_messages_become_a_question_and_what_came_before() -> None:
    said = [("user", "a"), ("assistant", "b"), ("tool", "t"), ("assistant", "c"), ("user", "d"), ("user", "e")]
    question, earlier = question_of([Message(role=role, content=text) for role, text in said])  # type: ignore[arg-type]
    assert (question, earlier) == ("e", (("a", "b\n\nc"), ("d", "")))


async def test_thoughts_and_tokens_have_their_usual_fields(scripted: Settings, model_server: ScriptedServer) -> None:
    model_server.always(Text("Hello there to you.", thoughts="They greet me.", cached=3))
    messages: list[Any] = [{"role": "user", "content": "Hello?"}]
    options: Any = {"include_usage": True}
    async with served(scripted) as url, asked(url) as client:
        whole = await client.chat.completions.create(model="assistant", messages=messages)
        stream = await client.chat.completions.create(
            model="assistant", messages=messages, stream=True, stream_options=options
        )
        chunks = [chunk async for chunk in stream]
        async with httpx.AsyncClient() as plain:
            figures = (await plain.get(f"{url}/metrics")).text
    message = whole.choices[0].message
    assert (message.content, (message.model_extra or {})["reasoning_content"]) == (
        "Hello there to you.",
        "They greet me.",
    )
    assert "reasoning" not in (whole.model_extra or {})["evidence"]
    assert whole.usage
    assert whole.usage.completion_tokens == 4
    assert whole.usage.prompt_tokens_details
    assert whole.usage.prompt_tokens_details.cached_tokens == 3
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join((delta.model_extra or {}).get("reasoning_content", "") for delta in deltas) == "They greet me."
    assert "".join(delta.content or "" for delta in deltas) == "Hello there to you."
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert 'assistant_model_tokens_total{kind="cached"} 6.0' in figures
    assert "assistant_first_token_seconds_count 2.0" in figures
    assert f'assistant_model_server_up{{server="{model_server.url}"}} 1.0' in figures
    assert f'assistant_model_server_running{{server="{model_server.url}"}} 0.0' in figures


async def test_what_asks_for_nothing_is_taken(settings: Settings) -> None:
    harmless: dict[str, Any] = {
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "response_format": {"type": "text"},
        "logprobs": False,
        "reasoning_effort": "low",
        "modalities": ["text"],
        "stop": None,
        "service_tier": "auto",
    }
    async with served(settings) as url, httpx.AsyncClient(base_url=url) as client:
        body = {"messages": [{**HELLO[0], "name": "me", "refusal": None}], **harmless}
        assert (await client.post("/v1/chat/completions", json=body)).status_code == 200


async def test_a_reply_is_as_long_as_was_asked_for(scripted: Settings, model_server: ScriptedServer) -> None:
    model_server.always(Text("Hello there to you."))
    async with served(scripted) as url, asked(url) as client:
        answer = await client.chat.completions.create(model="assistant", messages=HELLO, max_tokens=7)  # type: ignore[call-overload]
        await client.chat.completions.create(model="assistant", messages=HELLO)  # type: ignore[arg-type]
    assert answer.choices[0].finish_reason == "stop"
    first, second = (request.body for request in model_server.requests)
    assert (first.get("max_tokens") or first.get("max_completion_tokens")) == 7
    assert not {"max_tokens", "max_completion_tokens"} & second.keys()


async def test_what_is_not_to_be_stored_is_gone_at_the_end(settings: Settings, documents: Path) -> None:
    async with served(settings, documents) as url, asked(url) as client, httpx.AsyncClient(base_url=url) as plain:
        said: Any = {"model": "assistant", "messages": [{"role": "user", "content": QUESTION}], "store": False}
        answer = await client.chat.completions.create(**said)
        assert "three months" in (answer.choices[0].message.content or "")
        stream = await client.chat.completions.create(**said, stream=True)
        assert [chunk async for chunk in stream]
        assert (await plain.get("/v1/conversations")).json()["data"] == []
