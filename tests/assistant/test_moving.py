"""A home folder's SQLite taken over into PostgreSQL: conversations go on there, people and programs are known there."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.accounts.store import Accounts
from assistant.api.keys import Keys
from assistant.app import build
from assistant.approval import Decision
from assistant.cli import cli
from assistant.database import move
from assistant.database.sqlite import open_sqlite
from assistant.errors import SettingsError
from assistant.events import Answer, ApprovalNeeded
from assistant.moving import Moved, move_home
from assistant.settings import DatabaseSettings, Settings
from tests.replies import Calls, Text
from tests.scripted_server import ScriptedServer

SEND = '''
from assistant.plugin import tool

@tool(approval="always")
def send(to: str) -> str:
    """Send.

    Args:
        to: To whom.
    """
    return f"sent to {to}"
'''


@pytest.fixture
def shared(served: Settings, postgres_url: str) -> Settings:
    return served.model_copy(update={"database": DatabaseSettings(url=postgres_url, connections=4)})


async def test_conversations_go_on_in_the_database(
    served: Settings, shared: Settings, model_server: ScriptedServer, documents: Path, tool_folder: Path
) -> None:
    (tool_folder / "mail.py").write_text(SEND)
    async with build(shared) as other:  # so that turns have other numbers there
        model_server.say(Text("I was here before."))
        await other.ask("Who was here before?")
    async with build(served) as assistant:
        assistant.library.add([documents])
        search = Calls([("search_documents", {"query": "notice period"})])
        model_server.say(search, Text("The notice period is three months after the trial period [1]."))
        first = await assistant.ask("How long is the notice period?")
        assert isinstance(first, Answer)
        [turn] = await assistant.conversations.turns(first.conversation, "local")
        model_server.say(Text("It is three months."))
        await _end(assistant.stream("How long is it, once more?", first.conversation, instead_of=turn.id))
        model_server.say(Calls([("send", {"to": "Ada"})]))
        waiting = await _end(assistant.stream("Write to Ada"))
        assert isinstance(waiting, ApprovalNeeded)
    moved = await move_home(shared)
    assert (moved.conversations, moved.there) == (2, 0)
    assert await move_home(shared) == Moved(0, 2, 0, 0, ())
    async with build(shared) as assistant:
        key = first.conversation
        turns = await assistant.conversations.turns(key, "local")
        assert [each.question for each in turns] == ["How long is it, once more?"]
        await assistant.conversations.take_branch(key, "local", turns[0].id - 1)
        model_server.say(Text("Two weeks, during the trial period [1]."))
        second = await assistant.ask("And before?", key)
        assert isinstance(second, Answer)
        body = str(model_server.requests[-1].body)
        assert "The notice period is three months after the trial period [1]." in body
        assert "How long is it, once more?" not in body
        assert second.citations[0].document == first.citations[0].document
        found = await assistant.conversations.shelf.search("local", "notice MONTHS")
        assert {each.id for each in found} == {key}
        model_server.say(Text("It is sent."))
        decisions = {each.id: Decision(approved=True) for each in waiting.requests}
        sent = await _end(assistant.resume(waiting.conversation, decisions))
        assert isinstance(sent, Answer)
        assert sent.tool_calls[0].result == "sent to Ada"


def test_people_and_programs_are_known_there(shared: Settings, tmp_path: Path) -> None:
    home, place = shared.home, shared.database
    assert place
    accounts, there = Accounts(home), Accounts(place)
    with Keys(home) as keys, Keys(place) as others:
        anna = accounts.add("anna", "a long password", "admin")
        session = accounts.begin(anna)
        accounts.add("ben", "a long password")
        there.add("Ben", "another password")
        secret = keys.add("nightly", frozenset({"ask"}))
        config = tmp_path / "shared.yaml"
        config.write_text(f"home: {home}\ndatabase: {{url: {place.url}}}\n")
        for copied in ("0 conversations, 1 accounts and 1 keys", "0 conversations, 0 accounts and 0 keys"):
            done = CliRunner().invoke(cli, ["database", "move", "--config", str(config)])
            assert copied in done.output
            assert "others of these names: ben." in done.output
            assert done.exit_code == 1
        assert others.of(secret)
        identity = there.of(session)
        assert identity
        assert identity.name == "anna"
    accounts.close()
    there.close()


async def test_without_a_database_there_is_nothing_to_move_to(served: Settings) -> None:
    with pytest.raises(SettingsError, match=r"set database\.url"):
        await move_home(served)


async def test_every_table_is_moved(tmp_path: Path) -> None:
    """Whoever adds one has to say here what becomes of it."""
    async with open_sqlite(tmp_path / "log.sqlite") as database:
        found = await database.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'said_%'")
        columns = {
            row[0]: {each[0] for each in await database.rows("SELECT name FROM pragma_table_info(?)", row[0])}
            for row in found
        }
    own = {"conversations", "turns", "uploads", "said", "checkpoints", "writes"}
    assert columns.keys() == own | move.BELONGS.keys()
    for table, names in move.BELONGS.items():
        assert columns[table] == set(names.split(", "))
    assert columns["conversations"] == {*move.CONVERSATION.split(", "), "leaf"}
    assert columns["uploads"] == {*move.UPLOADS.split(", "), "number"}


async def _end(events: object) -> object:
    end = None
    async for event in events:  # type: ignore[attr-defined]
        end = event
    return end
