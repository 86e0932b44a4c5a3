"""Pictures on their way to a chat model that sees."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from assistant.app import build
from assistant.events import Answer
from assistant.settings import ServerEngine, Settings
from assistant.vision import MOST, can_see, with_pictures
from index.errors import UnknownDocument
from index.types import Picture
from tests.index.test_pictures import drawn, illustrated
from tests.replies import Calls, Text
from tests.scripted_server import ScriptedServer

URL = "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("model", "vision", "sees"),
    [
        ("Qwen/Qwen3-VL-8B-Instruct", "auto", True),
        ("qwen2.5vl:7b", "auto", True),
        ("llava:13b", "auto", True),
        ("gemma-3-12b-it", "auto", True),
        ("Qwen/Qwen3-8B", "auto", False),
        ("Valkyrie-49B", "auto", False),
        (None, "auto", False),
        ("Qwen/Qwen3-8B", True, True),
        ("llava:13b", False, False),
    ],
)
def test_who_sees(model: str | None, vision: bool, sees: bool) -> None:
    assert can_see(ServerEngine(url=URL, model=model, vision=vision)) is sees


async def search(settings: Settings, server: ScriptedServer, documents: Path, *, vision: bool) -> list[dict]:
    """What the model is sent after it has searched for pictures."""
    engine = ServerEngine(url=server.url, model="scripted", timeout=5, vision=vision)
    async with build(settings.model_copy(update={"engine": engine})) as assistant:
        assistant.library.add([documents])
        assistant.library.add_documents([("/arken.pdf", illustrated())])
        server.say(
            Calls([("search_pictures", {"query": "the tower from the sea"})]), Text("“The tower from the sea” [1]")
        )
        end = await assistant.ask("Show me the tower")
        assert isinstance(end, Answer)
        assert end.citations[0].quote == "The tower from the sea"
    return server.requests[-1].body["messages"]


async def test_a_model_that_sees_is_sent_the_pictures_found(
    settings: Settings, model_server: ScriptedServer, documents: Path
) -> None:
    *_, tool, shown = await search(settings, model_server, documents, vision=True)
    assert tool["role"] == "tool"
    assert shown["role"] == "user"
    words, picture = shown["content"]
    assert "[1]" in words["text"]
    assert picture["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(drawn()).decode()}"


async def test_another_is_sent_words_only(settings: Settings, model_server: ScriptedServer, documents: Path) -> None:
    messages = await search(settings, model_server, documents, vision=False)
    assert messages[-1]["role"] == "tool"
    assert "image_url" not in str(messages)


async def test_pictures_come_behind_all_results_and_not_too_many() -> None:
    def load(number: int) -> tuple[Picture, bytes]:
        if number == 2:
            raise UnknownDocument("gone")
        return Picture(number, 1, None, 0, 9, "image/png", 1, 1, "", None), bytes([number])

    def result(call: str, *pictures: tuple[int, int]) -> ToolMessage:
        return ToolMessage("[]", tool_call_id=call, additional_kwargs={"pictures": [list(each) for each in pictures]})

    calls = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": each} for each in "ab"])
    many = result("b", *((n, n) for n in range(3, 9)))
    messages = [HumanMessage("?"), calls, result("a", (1, 1), (2, 2)), many, AIMessage("done")]
    *head, shown, last = await with_pictures(messages, load)
    assert [*head, last] == messages
    urls = [part["image_url"]["url"] for part in shown.content[1:]]
    assert urls == [f"data:image/png;base64,{base64.b64encode(bytes([n])).decode()}" for n in (1, 3, 4)]
    assert len(urls) < MOST
