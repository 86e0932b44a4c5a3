"""Programs of others: LangChain's client, calls that a program approves, files that it fetches, a server that ends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_openai import ChatOpenAI

from assistant.settings import Settings, ToolSettings
from tests.api.conftest import served
from tests.api.test_chat import QUESTION
from tests.replies import Calls, SlowText, Text
from tests.scripted_server import ScriptedServer

TOOL = '''
from assistant.plugin import Context, tool

@tool(approval="always")
def note(text: str, ctx: Context) -> str:
    """Write a note.

    Args:
        text: What.
    """
    ctx.save("note.txt", text)
    return "written"
'''


async def test_langchains_client_asks_and_streams(settings: Settings, documents: Path) -> None:
    async with served(settings, documents) as url:
        model = ChatOpenAI(base_url=f"{url}/v1", api_key="none", model="assistant", max_retries=0)  # type: ignore[arg-type]
        assert "three months" in (await model.ainvoke(QUESTION)).text
        pieces = [piece async for piece in model.astream([("system", "Be brief."), ("human", QUESTION)])]
        assert "three months" in "".join(piece.text for piece in pieces)


async def test_a_program_approves_a_call_and_fetches_its_file(
    scripted: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "note.py").write_text(TOOL)
    settings = scripted.model_copy(update={"tools": ToolSettings(folders=(tmp_path / "tools",))})
    model_server.say(Calls([("note", {"text": "buy bees"})]), Text("It is noted."))
    async with served(settings) as url, httpx.AsyncClient(base_url=f"{url}/v1", timeout=60) as client:
        body: dict[str, Any] = {"messages": [{"role": "user", "content": "Note that"}], "approval": "ask"}
        waiting = (await client.post("/chat/completions", json=body)).json()["evidence"]
        own = f"/conversations/{waiting['conversation']}"
        misspelt = await client.post(f"{own}/approvals", json={"decisions": {"coll_1": {"approve": True}}})
        assert (misspelt.status_code, misspelt.json()["error"]["param"]) == (400, "decisions")
        assert waiting["waiting"][0]["id"] in misspelt.json()["error"]["message"]
        decisions = {each["id"]: {"approve": True} for each in waiting["waiting"]}
        done = await client.post(f"{own}/approvals", json={"decisions": decisions})
        assert done.json()["choices"][0]["message"]["content"] == "It is noted."
        again = await client.post(f"{own}/approvals", json={"decisions": decisions})
        assert (again.status_code, again.json()["error"]["type"]) == (409, "conflict_error")
        (made,) = done.json()["evidence"]["artifacts"]
        assert (made["name"], made["url"]) == ("note.txt", f"/v1{own}/files/note.txt")
        fetched = await client.get(f"{url}{made['url']}")
        assert (fetched.status_code, fetched.text) == (200, "buy bees")
        kept = await client.get(own)
        assert kept.json()["turns"][0]["result"]["artifacts"] == [made]
        assert str(scripted.home) not in kept.text
        for other in ("nothing.txt", "../../conversations.sqlite", "%2e%2e/%2e%2e/conversations.sqlite"):
            refused = await client.get(f"{own}/files/{other}")
            assert (refused.status_code, refused.json()["error"]["type"]) == (404, "not_found_error")
        assert (await client.get("/conversations/none/files/note.txt")).status_code == 404


@pytest.mark.parametrize(("where", "field"), [("/chat/completions", "messages"), ("/responses", "input")])
async def test_a_program_that_goes_stops_its_question(
    scripted: Settings, model_server: ScriptedServer, where: str, field: str
) -> None:
    model_server.say(SlowText("It takes a very long while to say. " * 100, delay=0.5))
    body = {field: [{"role": "user", "content": "Speak"}]}
    async with served(scripted) as url, httpx.AsyncClient(base_url=f"{url}/v1", timeout=60) as client:
        async with asyncio.timeout(60):
            asking = asyncio.create_task(client.post(where, json=body))
            while not model_server.requests:  # noqa: ASYNC110 — it fills in another thread
                await asyncio.sleep(0.05)
            asking.cancel()
            (begun,) = (await client.get("/conversations")).json()["data"]
            while (turn := await _last(client, begun["id"]))["state"] == "running":  # noqa: ASYNC110 — only asking tells
                await asyncio.sleep(0.05)
    assert (turn["state"], turn["result"]["kind"]) == ("failed", "Stopped")


async def _last(client: httpx.AsyncClient, conversation: str) -> dict[str, Any]:
    turns = (await client.get(f"/conversations/{conversation}")).json()["turns"]
    return turns[-1]  # type: ignore[no-any-return]


def test_a_running_answer_ends_before_the_server_does(
    scripted: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.say(SlowText("It takes a while to say all of this.", delay=0.1, chunk=4))
    config = tmp_path / "api.yaml"
    config.write_text(f"home: {scripted.home}\nengine: {{url: {model_server.url}, model: scripted, timeout: 60}}\n")
    command = [sys.executable, "-u", "-m", "assistant", "serve", "--port", "0", "--config", str(config)]
    body = {"messages": [{"role": "user", "content": "Speak"}], "stream": True}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        url = next(word for line in server.stdout if "The API is at" in line for word in line.split() if "http" in word)
        lines = []
        with httpx.stream("POST", f"{url}/chat/completions", json=body, timeout=120) as answer:
            for line in answer.iter_lines():
                lines.append(line)
                if "content" in line and server.poll() is None and not any(each == "sent" for each in lines):
                    server.send_signal(signal.SIGTERM)
                    lines.append("sent")
        assert server.wait(60) == 0
    assert "sent" in lines
    assert '"evidence"' in "".join(lines)
    assert "It takes a while to say all of this." in "".join(lines)
