"""Documents of one conversation: searched before the library, seen nowhere else, gone with it."""

from __future__ import annotations

import pytest

from assistant.app import build, make_embedder
from assistant.attachments import Attachments
from assistant.events import Answer
from assistant.joint import OWN, JointLibrary
from assistant.libraries import Libraries
from assistant.settings import Settings
from index.errors import UnknownDocument
from index.filter import Filter
from ui.language import texts
from ui.source import Around, find_source

CLUB = "# Zeppelin club\n\nThe zeppelin club meets on the second Tuesday of the month.\n"
OTHER = "# Zeppelin museum\n\nThe zeppelin museum is closed on the second Monday of the month.\n"


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    home = tmp_path_factory.mktemp("attached") / "home"
    (home.parent / "museum.md").write_text(OTHER)
    settings = Settings(home=home)
    found = Libraries(settings, make_embedder(settings))
    found.get().add([home.parent / "museum.md"])
    yield found
    found.close()


@pytest.fixture
def attachments(libraries, tmp_path):
    (tmp_path / "club.md").write_text(CLUB)
    found = Attachments(libraries, tmp_path)
    found.add("one", tmp_path / "club.md", "club.md")
    yield found
    found.close()


def test_a_conversation_searches_its_own_documents_and_the_library(attachments, libraries):
    joint = attachments.beside("one", libraries.get())
    assert isinstance(joint, JointLibrary)
    own, shared = joint.search("When does the zeppelin club meet?")
    assert own.document.path.endswith("club.md")
    assert (own.passage.id >= OWN, shared.passage.id < OWN) == (True, True)
    assert joint.page_text(own.document.id, own.passage.page)[own.passage.start : own.passage.end] == own.passage.text
    assert joint.page_text(shared.document.id, None).startswith("# Zeppelin museum")
    assert [each.title for each in joint.documents()] == ["Zeppelin club", "Zeppelin museum"]
    assert joint.neighbours(own.passage.id)[0].id == own.passage.id
    assert [each.document.title for each in joint.documents_about("zeppelin")] == ["Zeppelin club", "Zeppelin museum"]
    [club], [museum] = joint.search_each(["club.md", "museum.md"], "Which day?", 1)
    assert (club.document.title, museum.document.title) == ("Zeppelin club", "Zeppelin museum")
    assert joint.search("day", only=Filter(documents=["museum.md"]))[0].document.title == "Zeppelin museum"
    with pytest.raises(UnknownDocument):
        joint.search("day", only=Filter(documents=["nothing.md"]))


def test_what_is_in_both_is_found_once(attachments, libraries, tmp_path):
    (tmp_path / "museum.md").write_text(OTHER)
    attachments.add("one", tmp_path / "museum.md", "museum.md")
    hits = attachments.beside("one", libraries.get()).search("zeppelin museum", 9)
    assert [hit.passage.text for hit in hits].count(hits[0].passage.text) == 1
    assert hits[0].passage.id >= OWN


def test_other_conversations_do_not_see_them(attachments, libraries, tmp_path):
    assert attachments.beside("two", libraries.get()) is libraries.get()
    assert attachments.of("two") is None
    [document] = attachments.documents("one")
    assert attachments.holding(document.path, None).at_path(document.path)
    assert attachments.holding("/elsewhere/x.md", None) is libraries.get()
    assert all("club" not in each.path for each in libraries.get().documents())


def test_a_document_and_a_conversations_all_go_with_their_files(attachments, libraries, tmp_path):
    folder = tmp_path / "attached" / "one"
    assert [path.name for path in folder.rglob("*.md")] == ["club.md"]
    attachments.remove("one", attachments.documents("one")[0].id)
    assert attachments.documents("one") == list(folder.rglob("*.md")) == []
    assert attachments.beside("one", libraries.get()) is libraries.get()
    attachments.forget("one")
    assert not folder.exists()
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    assert attachments.add("one", tmp_path / "broken.pdf", "broken.pdf").status == "refused"
    assert list(folder.rglob("*.pdf")) == []


def test_of_many_conversations_those_that_rest_are_closed(attachments, tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.attachments.MOST_OPEN", 1)
    first = attachments.of("one")
    attachments.of("two", begin=True)
    assert attachments.of("one") is first
    monkeypatch.setattr("assistant.attachments.REST", -1.0)
    attachments.of("two")
    assert attachments.of("one") is not first
    assert [each.title for each in attachments.documents("one")] == ["Zeppelin club"]


async def test_an_answer_cites_an_attached_document_whose_quote_is_found_again(tmp_path):
    (tmp_path / "club.md").write_text(CLUB)
    async with build(Settings(home=tmp_path / "home", engine="builtin")) as assistant:
        key = await assistant.conversations.open("me", "club.md")
        assistant.attachments.add(key, tmp_path / "club.md", "club.md")
        answer = await assistant.ask("When does the zeppelin club meet?", key, "me")
        assert isinstance(answer, Answer)
        assert "Tuesday of the month" in answer.text
        [cited] = answer.citations
        assert not find_source(assistant, cited, None, Around(), texts()).problem
        [turn] = await assistant.conversations.turns(key, "me")
        [listed] = await assistant.conversations.list("me")
        assert (turn.question, listed.title) == (listed.title, "When does the zeppelin club meet?")
        await assistant.delete(key, "me")
        assert list((tmp_path / "home" / "attached").iterdir()) == []
        assert find_source(assistant, cited, None, Around(), texts()).problem
