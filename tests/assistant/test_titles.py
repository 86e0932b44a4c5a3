"""Titles of conversations: asked for behind the first answer, and left as they were where nothing comes of it."""

from __future__ import annotations

import asyncio

import pytest

from assistant.conversations import Conversations
from assistant.database.sqlite import open_sqlite
from assistant.engines.openai import serve
from assistant.settings import ServerEngine
from assistant.titles import Titles, cleaned
from tests.scripted_server import Hang, ScriptedServer, Status, Text
from tests.ui.answers import answer

QUESTION = "How long is the notice period after probation at Lindenhof Bicycles, in weeks?"


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Notice period", "Notice period"),
        ('  **"Notice period."**\n', "Notice period"),
        ("Titel: „Die Kündigungsfrist“\nMehr dazu", "Die Kündigungsfrist"),
        ("<think>A title.\nPerhaps</think>\n\nNotice period", "Notice period"),
        ("<think>It never ends", ""),
        ("", ""),
        ("...", ""),
        ("I am sorry, but I cannot give this conversation a title, since there is none.", ""),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_what_a_model_says_becomes_a_title_or_none(said, title):
    assert cleaned(said) == title


@pytest.fixture
async def log(tmp_path):
    async with open_sqlite(tmp_path / "log.sqlite") as database:
        yield Conversations(database)


async def events(conversation):
    yield answer("Six weeks.", conversation=conversation)


async def named(log, model, seconds=20.0, meanwhile=None):
    """The title after a first answer."""
    begun = await log.begin(None, "me", QUESTION)
    await log.end(begun, "answered", {"answer": "Six weeks."})
    titles = Titles(model, log, seconds)
    assert [event.text async for event in titles.named(events(begun.conversation), QUESTION, "me")] == ["Six weeks."]
    if meanwhile:
        await log.shelf.rename(begun.conversation, "me", meanwhile)
    if task := titles.of(begun.conversation):
        await task
    return (await log.list("me"))[0].title


async def test_a_conversation_is_named_by_the_model(log):
    with ScriptedServer() as server:
        server.title = '"Notice period at Lindenhof"'
        model = serve(ServerEngine(url=server.url, model="scripted"))
        assert await named(log, model) == "Notice period at Lindenhof"
        assert await named(log, model, meanwhile="My own") == "My own"
        await model.aclose()


@pytest.mark.parametrize("reply", [Status(500), Hang(5), Text("no title " * 30)])
async def test_where_no_title_comes_the_question_stays(log, reply, monkeypatch):
    monkeypatch.setattr("tests.scripted_server.Text", lambda _: reply)
    with ScriptedServer() as server:
        server.title = "x"
        model = serve(ServerEngine(url=server.url, model="scripted"))
        before = "How long is the notice period after probation at Lindenhof…"
        assert await named(log, model, 0.5) == before
        assert await named(log, None) == before
        await model.aclose()


async def test_what_is_being_named_is_given_up_at_the_end(log):
    class Slow:
        async def astream(self, _):
            await asyncio.sleep(60)
            yield

    titles = Titles(Slow(), log)
    async for _ in titles.named(events("one"), QUESTION, "me"):
        pass
    assert titles.of("one")
    await titles.close()
    assert titles.of("one") is None
