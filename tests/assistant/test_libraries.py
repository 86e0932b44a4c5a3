"""Several libraries below one home folder."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.app import build, open_library
from assistant.errors import SettingsError, UnknownLibrary
from assistant.events import Answer, Failed
from assistant.libraries import create, places, remove
from assistant.settings import Settings
from tests.assistant.test_cli import assistant as run


def titles(settings: Settings, name: str | None = None) -> list[str]:
    with closing(open_library(settings, name)) as library:
        return [document.title for document in library.documents()]


@pytest.fixture
def two(settings: Settings, documents: Path) -> Settings:
    """The handbook in the default library, the lighthouse in one called sea."""
    create(settings, "sea")
    for name, file in (None, "handbook.md"), ("sea", "lighthouse.md"):
        with closing(open_library(settings, name)) as library:
            library.add([documents / file])
    return settings


def test_libraries_lie_apart_and_the_default_one_stays_where_it_was(two: Settings) -> None:
    assert titles(two) == ["Staff handbook"]
    assert titles(two, "sea") == ["The lighthouse of Arken"]
    assert [(each.name, each.folder) for each in places(two.home)] == [
        ("default", two.home / "library"),
        ("sea", two.home / "libraries" / "sea"),
    ]
    remove(two, "sea")
    assert [each.name for each in places(two.home)] == ["default"]
    assert list((two.home / "libraries").iterdir()) == []
    assert titles(two) == ["Staff handbook"]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/etc", "a/b", "A", "x\n", "-x", "x" * 51, "a.b", "con "])
def test_a_name_is_no_path(home: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be the name"):
        create(Settings(home=home), name)
    assert list(home.iterdir()) == []


def test_a_name_that_there_is_not_makes_nothing_and_lists_those_that_there_are(two: Settings) -> None:
    with pytest.raises(UnknownLibrary, match=r"no library 'see' in .*, there are: default, sea\."):
        open_library(two, "see")
    assert not (two.home / "libraries" / "see").exists()
    with pytest.raises(SettingsError, match="already"):
        create(two, "sea")
    for call in remove, open_library:
        with pytest.raises(UnknownLibrary):
            call(two, "see")


def test_reading_commands_make_no_home_folder(tmp_path: Path) -> None:
    typo = tmp_path / "typo"
    for command in ["verify"], ["list"], ["status"], ["remove", "x"], ["libraries"]:
        shown = run(typo, "index", *command, ok=command == ["libraries"])
        assert not typo.exists()
    assert "There is no library yet" in shown.stdout
    assert "There is no library 'default' in" in run(typo, "search", "words", ok=False).stderr
    assert not typo.exists()


def test_the_commands_take_a_library(home: Path, tmp_path: Path) -> None:
    (tmp_path / "tea.md").write_text("# Tea\n\nGreen tea is brewed at 75 °C.\n")
    run(home, "index", "create", "kitchen")
    run(home, "index", "add", "--library", "kitchen", str(tmp_path / "tea.md"))
    [row] = json.loads(run(home, "search", "--library", "kitchen", "--json", "green tea").stdout)
    assert row["title"] == "Tea"
    assert "there are: kitchen" in run(home, "index", "add", "--library", "kitchne", str(tmp_path), ok=False).stderr
    assert "cannot be the name" in run(home, "index", "list", "--library", "../kitchen", ok=False).stderr
    (home / "c.yaml").write_text("engine: builtin\n")
    config = ["--config", str(home / "c.yaml")]
    question = ["ask", "--json", "How hot is green tea brewed?", *config]
    asked = json.loads(run(home, *question, "--library", "kitchen").stdout)
    assert "75 °C" in asked["answer"]
    again = json.loads(run(home, *question, "--conversation", asked["conversation"]).stdout)
    assert "75 °C" in again["answer"]
    listed = json.loads(run(home, "index", "libraries", "--json").stdout)
    assert [each["name"] for each in listed] == ["default", "kitchen"]
    assert "all that it holds?" in run(home, "index", "delete", "kitchen", ok=False).stdout
    run(home, "index", "delete", "kitchen", "--yes")
    assert [each.name for each in places(home)] == ["default"]


async def test_a_conversation_keeps_its_library(two: Settings) -> None:
    async with build(two) as assistant:
        first = await assistant.ask("Who built the lighthouse of Arken?", library="sea")
        assert isinstance(first, Answer)
        assert [citation.title for citation in first.citations] == ["The lighthouse of Arken"]
        again = await assistant.ask("When was the lighthouse of Arken built?", first.conversation)
        assert isinstance(again, Answer)
        assert "1874" in again.text
        other = await assistant.ask("How long is the notice period?", first.conversation, library="default")
        assert isinstance(other, Failed)
        assert "is about the library 'sea'" in other.message
        [listed] = await assistant.conversations.list("local")
        assert listed.library == "sea"
        plain = await assistant.ask("When was the lighthouse of Arken built?")
        assert isinstance(plain, Answer)
        assert plain.abstained
        unknown = await assistant.ask("Hello?", library="see")
        assert isinstance(unknown, Failed)
        assert "there are: default, sea" in unknown.message
        assert len(await assistant.conversations.list("local")) == 2


async def test_a_conversation_about_a_library_that_was_deleted_says_so(two: Settings) -> None:
    async with build(two) as assistant:
        first = await assistant.ask("Who built the lighthouse of Arken?", library="sea")
    remove(two, "sea")
    async with build(two) as assistant:
        end = await assistant.ask("When was it built?", first.conversation)
        assert isinstance(end, Failed)
        assert "There is no library 'sea'" in end.message
        turns = await assistant.conversations.turns(first.conversation, "local")
        assert [turn.state for turn in turns] == ["answered", "failed"]


async def test_a_library_that_is_deleted_elsewhere_is_not_read_any_more_and_read_again_when_it_is_back(
    two: Settings, documents: Path
) -> None:
    async with build(two) as assistant:
        first = await assistant.ask("Who built the lighthouse?", library="sea")
        assert isinstance(first, Answer)
        remove(two, "sea")
        gone = await assistant.ask("When was the lighthouse built?", library="sea")
        assert isinstance(gone, Failed)
        assert (gone.kind, "There is no library 'sea'" in gone.message) == ("UnknownLibrary", True)
        create(two, "sea")
        with closing(open_library(two, "sea")) as library:
            library.add([documents / "lighthouse.md"])
        again = await assistant.ask("When was the lighthouse built?", library="sea")
        assert isinstance(again, Answer)
        assert "1874" in again.text
        (two.home / "library").rename(two.home / "aside")
        lost = await assistant.ask("How long is the notice period?")
        assert isinstance(lost, Failed)
        assert "There is no library 'default'" in lost.message


async def test_conversations_of_the_first_version_are_about_the_default_library(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.home / "conversations.sqlite")) as connection:
        connection.execute(
            "CREATE TABLE conversations (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, "
            "created TEXT NOT NULL, updated TEXT NOT NULL) WITHOUT ROWID"
        )
        connection.execute("INSERT INTO conversations VALUES ('a', 'local', 'Old', '2026', '2026')")
        connection.commit()
    for _ in range(2):
        async with build(settings) as assistant:
            assert await assistant.conversations.library("a", "local") == "default"
