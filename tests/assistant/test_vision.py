"""Pictures on their way to a chat model that sees."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from assistant.app import build
from assistant.events import Answer
from assistant.settings import ServerEngine, Settings
from assistant.vision import BLIND, MOST, MOST_IN_ALL, can_see, with_pictures
from index.errors import UnknownDocument
from index.types import Picture
from tests.index.test_pictures import drawn, illustrated
from tests.replies import Calls, Status, Text
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
        assert (BLIND in end.notes) is not vision
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


async def test_a_server_that_takes_no_pictures_is_asked_without(
    settings: Settings, model_server: ScriptedServer, documents: Path
) -> None:
    model_server.models = ("llava",)
    refusal = Status(400, '{"error": {"message": "llava is not a multimodal model"}}')
    async with build(settings.model_copy(update={"engine": ServerEngine(url=model_server.url)})) as assistant:
        assistant.library.add_documents([("/arken.pdf", illustrated())])
        model_server.say(
            Calls([("search_pictures", {"query": "the tower"})]), refusal, Text("“The tower from the sea” [1]")
        )
        end = await assistant.ask("Show me the tower")
    assert isinstance(end, Answer)
    assert BLIND in end.notes
    assert ["image_url" in str(request.messages) for request in model_server.requests] == [False, True, False]


async def test_the_latest_turns_show_their_pictures_and_what_tools_made(tmp_path: Path) -> None:
    (tmp_path / "plot.png").write_bytes(drawn())

    def load(number: int) -> tuple[Picture, bytes]:
        return Picture(number, 1, None, 0, 9, "image/png", 1, 1, "", None), bytes([number])

    def turn(*extra: dict[str, object]) -> list[AnyMessage]:
        results = [ToolMessage("[]", tool_call_id="a", additional_kwargs=each) for each in extra]
        return [HumanMessage("?"), AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "a"}]), *results]

    def shown(messages: list[AnyMessage]) -> list[int]:
        """How many pictures stand behind each question."""
        counts: list[int] = []
        for message in messages:
            if message.content == "?":
                counts.append(0)
            elif isinstance(message.content, list):
                counts[-1] += len(message.content) - 1
        return counts

    four = {"pictures": [[n, n] for n in range(MOST)]}
    made = {
        "artifacts": [{"path": str(tmp_path / name), "media_type": "image/png"} for name in ("plot.png", "gone.png")]
    }
    table = {"artifacts": [{"path": "a.csv", "media_type": "text/csv"}]}
    many = await with_pictures([message for _ in range(4) for message in turn(four)], load)
    assert shown(many) == [0, *[MOST] * (MOST_IN_ALL // MOST)]
    *_, last = await with_pictures(turn(made, table), load)
    assert "plot.png" in str(last.content[0])
    assert len(last.content) == 2
