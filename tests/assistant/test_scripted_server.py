from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import httpx
import openai
import pytest

from tests.scripted_server import (
    ANSWER,
    Calls,
    HalfStream,
    Hang,
    Nonsense,
    ScriptedServer,
    SlowText,
    Status,
    Text,
    refused_url,
)

ROOT = Path(__file__).parents[2]
ASK = [{"role": "user", "content": "two words"}]
TOOL = {"type": "function", "function": {"name": "adder", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def client(model_server):
    with openai.OpenAI(base_url=model_server.url, api_key="k-1", max_retries=0, timeout=5) as client:
        yield client


def ask(client, **options):
    return client.chat.completions.create(model="m", messages=ASK, **options)


def read(stream):
    return (chunk.choices[0].delta for chunk in stream if chunk.choices)


def test_text_is_streamed_in_chunks_of_the_asked_size(client, model_server):
    model_server.say(Text("abcdefgh", chunk=3))
    pieces = [delta.content for delta in read(ask(client, stream=True)) if delta.content]
    assert pieces == ["abc", "def", "gh"]


def test_calls_are_split_over_chunks_and_fit_together(client, model_server):
    model_server.say(Calls([("first", {"x": "a long argument"}), ("second", "{not json")], text="thinking"))
    arguments, names, ids, words = {}, {}, {}, ""
    for delta in read(ask(client, stream=True)):
        words += delta.content or ""
        for call in delta.tool_calls or []:
            names[call.index] = names.get(call.index, "") + (call.function.name or "")
            arguments.setdefault(call.index, []).append(call.function.arguments)
            ids[call.index] = call.id or ids[call.index]
    assert words == "thinking"
    assert names == {0: "first", 1: "second"}
    assert {index: "".join(pieces) for index, pieces in arguments.items()} == {
        0: '{"x": "a long argument"}',
        1: "{not json",
    }
    assert len(arguments[0]) > 2
    assert ids[0] != ids[1]


async def test_an_unscripted_reply_comes_at_once(model_server):
    seconds = []
    async with openai.AsyncOpenAI(base_url=model_server.url, api_key="k") as client:
        for _ in range(60):
            began = time.perf_counter()
            async for _ in await client.chat.completions.create(model="m", messages=ASK, stream=True):
                pass
            seconds.append(time.perf_counter() - began)
    # Nagle's delay adds 40 ms to a reply on a connection that has been used for a while.
    assert median(seconds[30:]) < 0.03


def test_usage_comes_when_it_is_asked_for(client, model_server):
    model_server.say(Text("one two three"), Text("one"))
    *_, last = ask(client, stream=True, stream_options={"include_usage": True})
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.choices) == (2, 3, [])
    assert all(chunk.usage is None for chunk in ask(client, stream=True))


def test_without_streaming_the_answer_is_one_completion(client, model_server):
    model_server.say(Text("hello"), Calls([("adder", {"a": 1})]))
    assert ask(client).choices[0].message.content == "hello"
    choice = ask(client).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.arguments == '{"a": 1}'


def test_requests_are_recorded_with_key_messages_and_tools(client, model_server):
    ask(client, tools=[TOOL])
    (request,) = model_server.requests
    assert (request.key, request.messages, request.tools) == ("k-1", ASK, ["adder"])


def test_by_default_a_tool_is_called_and_its_result_answered(client):
    call = ask(client, tools=[TOOL]).choices[0].message.tool_calls[0]
    assert call.function.name == "adder"
    result = {"role": "tool", "tool_call_id": call.id, "content": "2"}
    answer = client.chat.completions.create(model="m", messages=[*ASK, result], tools=[TOOL])
    assert answer.choices[0].message.content == ANSWER


def test_a_function_can_be_the_script(client, model_server):
    model_server.always(lambda body: Text(body["messages"][-1]["content"].upper()))
    assert ask(client).choices[0].message.content == "TWO WORDS"


@pytest.mark.parametrize(("code", "error"), [(429, openai.RateLimitError), (500, openai.InternalServerError)])
def test_a_status_reaches_the_client(client, model_server, code, error):
    model_server.say(Status(code))
    with pytest.raises(error, match="scripted failure"):
        ask(client, stream=True)


def test_a_page_with_status_200(model_server):
    model_server.say(Status(200, "<html>Sign in</html>", "text/html"))
    response = httpx.post(f"{model_server.url}/chat/completions", json={"messages": ASK})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html")
    assert response.text == "<html>Sign in</html>"


@pytest.mark.parametrize("reply", [Hang(), SlowText("never heard", delay=60)])
def test_waiting_answers_nothing_and_does_not_hold_up_the_stop(reply):
    with ScriptedServer([reply]) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/chat/completions", json={"messages": ASK}, timeout=0.2)
        began = time.perf_counter()
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("stream", [True, False])
def test_half_a_stream_breaks_off(client, model_server, stream):
    model_server.say(HalfStream("only the beginning"))
    words = ""
    with pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)):
        for delta in read(ask(client, stream=stream)):
            words += delta.content or ""
    assert words == ("only the beginning" if stream else "")


def test_nonsense_is_sent_as_it_is(model_server):
    model_server.say(Nonsense(b"\xff\x00 data: {"))
    response = httpx.post(f"{model_server.url}/chat/completions", json={"messages": ASK, "stream": True})
    assert response.content == b"\xff\x00 data: {"


def test_slow_text_comes_bit_by_bit(client, model_server):
    model_server.say(SlowText("abcd", delay=0.05, chunk=1))
    stamps = [time.perf_counter() for delta in read(ask(client, stream=True)) if delta.content]
    assert len(stamps) == 4
    assert stamps[-1] - stamps[0] > 0.12


def test_nothing_listens_at_the_refused_url():
    with pytest.raises(httpx.ConnectError):
        httpx.get(refused_url())


def test_an_exhausted_script_is_told_to_both_sides():
    with ScriptedServer([Text("only one")]) as server:
        for _ in range(2):
            response = httpx.post(f"{server.url}/chat/completions", json={"messages": ASK})
    assert response.status_code == 400
    assert "no reply left" in response.text
    assert len(server.unscripted) == 1


def test_models_are_listed_or_scripted(client, model_server):
    model_server.models = ("a", "b")
    assert [model.id for model in client.models.list()] == ["a", "b"]
    model_server.on_models = Status(401)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_runs_as_a_program_with_a_script_of_its_own(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from tests.scripted_server import Text\nscript = [Text('from the file')]\n")
    command = [sys.executable, "-m", "tests.scripted_server", "--port", "0", "--script", str(script)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        reply = httpx.post(f"{url}/chat/completions", json={"messages": ASK}).json()
        process.terminate()
    assert reply["choices"][0]["message"]["content"] == "from the file"


def test_the_network_is_closed_to_tests():
    with pytest.raises(Exception, match=r"connect\(\) with host"):
        httpx.get("http://192.0.2.1/", timeout=1)
