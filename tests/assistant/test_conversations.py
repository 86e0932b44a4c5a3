"""The log of conversations: branches, the shelf, the search, verdicts, and files of earlier versions."""

from __future__ import annotations

import json
from dataclasses import replace

import aiosqlite
import pytest

from assistant import conversations
from assistant.conversations import Conversations
from assistant.database.sqlite import open_sqlite
from assistant.errors import BadQuestion, StorageError, UnknownConversation
from assistant.evidence import Evidence
from assistant.shelf import FOUND_BEGIN, FOUND_END

OLD = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE turns (
    id INTEGER PRIMARY KEY, conversation TEXT NOT NULL, question TEXT NOT NULL, asked TEXT NOT NULL,
    state TEXT NOT NULL, result TEXT
);
INSERT INTO conversations VALUES ('c', 'me', 'Bees', '2026-01-01', '2026-01-02');
INSERT INTO turns VALUES (3, 'c', 'What is a bee?', '2026-01-01', 'answered', '{"answer": "An insect."}');
INSERT INTO turns VALUES (7, 'c', 'And a wasp?', '2026-01-02', 'answered', '{"answer": "Another insect."}');
"""


@pytest.fixture
def log(database, monkeypatch):
    monkeypatch.setattr(conversations, "AGAIN", (0.0,))
    return Conversations(database)


async def say(log, question, conversation=None, answer="Yes.", owner="me", **more):
    begun = await log.begin(conversation, owner, question, **more)
    await log.end(begun, "answered", {"answer": answer})
    return begun


async def questions(log, conversation):
    return [turn.question for turn in await log.turns(conversation, "me")]


async def test_the_list_goes_on_after_what_is_known(log):
    for number in range(5):
        await say(log, f"Question {number}?")
    whole = await log.list("me")
    pages, after = [], None
    while page := await log.list("me", 2, after):
        pages, after = [*pages, *page], page[-1].id
    assert pages == whole
    assert len(whole) == 5
    with pytest.raises(UnknownConversation):
        await log.list("somebody else", 2, whole[0].id)


async def test_a_question_in_other_words_is_a_branch_and_both_can_be_gone_on_with(log):
    first = await say(log, "One?")
    second = await say(log, "Two?", first.conversation)
    third = await say(log, "Three?", first.conversation)
    other = await say(log, "Zwei?", first.conversation, instead_of=second.turn)
    assert (other.previous, other.path) == (first.turn, (first.turn,))
    assert await questions(log, first.conversation) == ["One?", "Zwei?"]
    assert (await log.turns(first.conversation, "me"))[1].versions == (second.turn, other.turn)
    await log.take_branch(first.conversation, "me", second.turn)
    assert await questions(log, first.conversation) == ["One?", "Two?", "Three?"]
    fourth = await say(log, "Four?", first.conversation)
    assert fourth.path == (first.turn, second.turn, third.turn)


async def test_the_first_question_can_be_asked_in_other_words_too(log):
    first = await say(log, "One?")
    again = await say(log, "Eins?", first.conversation, instead_of=first.turn)
    assert again.previous is None
    assert await questions(log, first.conversation) == ["Eins?"]


async def test_a_branch_belongs_to_its_conversation(log):
    mine, other = await say(log, "One?"), await say(log, "Other?")
    with pytest.raises(UnknownConversation):
        await log.begin(mine.conversation, "me", "Two?", instead_of=other.turn)
    with pytest.raises(UnknownConversation):
        await log.take_branch(mine.conversation, "me", other.turn)
    with pytest.raises(UnknownConversation):
        await log.take_branch(mine.conversation, "you", mine.turn)


async def test_what_a_running_turn_has_shown_is_kept_until_it_ends(log):
    begun = await log.begin(None, "me", "One?")
    await log.keep(begun, {"shown": "It is", "calls": []})
    (turn,) = await log.turns(begun.conversation, "me")
    assert (turn.state, turn.result) == ("running", {"shown": "It is", "calls": []})
    await log.end(begun, "answered", {"answer": "It is so."})
    await log.keep(begun, {"shown": "It is", "calls": []})
    (turn,) = await log.turns(begun.conversation, "me")
    assert turn.result == {"answer": "It is so."}


async def test_a_passage_keeps_its_number_where_another_server_went_on_meanwhile(log):
    begun = await log.begin(None, "me", "One?")
    passage = Evidence(1, 4, 2, "bees.md", "Bees", None, 0, "Bees hum.")
    for _ in range(2):  # the same once more, as where the first attempt's outcome was not heard of
        await log.end(begun, "answered", {"answer": "They hum [1]."}, [passage])
    ours = await log.begin(begun.conversation, "me", "Two?")
    with pytest.raises(StorageError, match="went on with this conversation"):
        await log.end(ours, "answered", {"answer": "They sting [1]."}, [replace(passage, text="Bees sting.")])
    assert await log.evidence(begun.conversation) == [passage]
    assert (await log.turns(begun.conversation, "me"))[-1].state == "running"


async def test_conversations_are_found_by_the_words_of_questions_and_answers(log):
    bees = await say(log, "How do bees dance?", answer="In the shape of an eight, says Frisch.")
    await say(log, "And wasps?", bees.conversation, answer="They do not.")
    await say(log, "Of bees", owner="you")
    await say(log, "Something else", answer="Nothing.")
    for words in ("bees", "FRISCH eig", "wasp"):
        (found,) = await log.shelf.search("me", words)
        assert found.id == bees.conversation
    (found,) = await log.shelf.search("me", "frisch")
    assert f"{FOUND_BEGIN}Frisch{FOUND_END}" in found.excerpt
    for words in ("", '"', "bees OR nothing", "zebra", "NEAR("):
        assert await log.shelf.search("me", words) == []
    await log.delete(bees.conversation, "me")
    assert await log.shelf.search("me", "bees") == []


async def test_conversations_are_named_pinned_filed_and_archived(log):
    key = (await say(log, "One?")).conversation
    await log.shelf.rename(key, "me", f"  My\nbees {'x' * 100}")
    await log.shelf.pin(key, "me", pinned=True)
    await log.shelf.put(key, "me", "Animals")
    await log.shelf.archive(key, "me", archived=True)
    (row,) = await log.list("me")
    assert row.title.startswith("My bees xxx")
    assert len(row.title) == 60
    assert (row.pinned, row.folder, row.archived) == (True, "Animals", True)
    assert [each.id for each in await log.shelf.search("me", "my bees")] == [key]
    await say(log, "Two?", key)
    await log.shelf.rename(key, "me", "  ")
    (row,) = await log.list("me")
    assert (row.archived, row.title[:7]) == (False, "My bees")
    for change in (log.shelf.rename, log.shelf.put):
        with pytest.raises(UnknownConversation):
            await change(key, "you", "Mine now")


async def test_verdicts_are_kept_changed_taken_back_and_exported(log):
    begun = await say(log, "One?", answer="Perhaps.")
    await log.feedback.give(begun.turn, "me", "bad", " Too vague. ")
    assert await log.feedback.of(begun.conversation) == {begun.turn: ("bad", "Too vague.")}
    (row,) = [row async for row in log.feedback.all()]
    assert (row["question"], row["verdict"], row["comment"]) == ("One?", "bad", "Too vague.")
    assert row["result"] == {"answer": "Perhaps."}
    await log.feedback.give(begun.turn, "me", "good")
    assert await log.feedback.of(begun.conversation) == {begun.turn: ("good", "")}
    await log.feedback.give(begun.turn, "me", None)
    assert await log.feedback.of(begun.conversation) == {}
    with pytest.raises(UnknownConversation):
        await log.feedback.give(begun.turn, "you", "good")
    with pytest.raises(BadQuestion):
        await log.feedback.give(begun.turn, "me", "great")


async def test_nothing_is_left_of_a_deleted_conversation(log, database):
    begun = await say(log, "The secret zebra?", answer="A secret zebra.")
    await log.feedback.give(begun.turn, "me", "good", "zebra!")
    await log.delete(begun.conversation, "me")
    for table in ("conversations", "turns", "feedback", "said"):
        assert await database.rows(f"SELECT * FROM {table}") == []


async def test_a_log_of_the_first_version_is_read_searched_and_gone_on_with(tmp_path):
    async with aiosqlite.connect(tmp_path / "old.sqlite") as connection:
        await connection.executescript(OLD)
    for _ in range(2):
        async with open_sqlite(tmp_path / "old.sqlite"):
            pass
    async with open_sqlite(tmp_path / "old.sqlite") as database:
        log = Conversations(database)
        assert await questions(log, "c") == ["What is a bee?", "And a wasp?"]
        assert [each.id for each in await log.shelf.search("me", "insect")] == ["c"]
        begun = await say(log, "And a fly?", "c")
        assert (begun.previous, begun.path) == (7, (3, 7))
        assert json.dumps(await log.library("c", "me")) == '"default"'
