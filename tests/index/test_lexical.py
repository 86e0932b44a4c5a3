"""The bounded search by words against the one that scores everything."""

from __future__ import annotations

import random

import pytest

from index import lexical as module
from index.lexical import Frequencies, WordSearch, lexical, telling_words
from index.records import NewDocument, put
from index.store import Store

WORDS = [f"w{number}x" for number in range(400)]


@pytest.fixture
def store(tmp_path):
    """Passages of words that are as unevenly common as those of a language."""
    import numpy as np

    from index.chunk import Chunk
    from index.types import Page, ReadDocument

    choice = random.Random(5)
    made = Store(tmp_path)
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    with made.writing() as connection:
        for number in range(600):
            text = " ".join(choice.choices(WORDS, weights, k=12))
            new = NewDocument(
                f"/{number}",
                "",
                0,
                ReadDocument("", "text", (Page(None, text),)),
                (Chunk(0, 0, len(text), "", text),),
            )
            put(connection, new, np.zeros((1, 4), np.float32), [None])
    yield made
    made.close()


@pytest.fixture
def bounded(monkeypatch):
    """Bounds as they meet a library of a hundred thousand passages."""
    for name, value in {"SCORED": 60, "RARE": 15, "RAREST": 200, "LOOKED_THROUGH": 700, "PROPOSED": 300}.items():
        monkeypatch.setattr(module, name, value)


def test_what_the_bounds_leave_out_does_not_lead(store, monkeypatch, bounded):
    choice, same = random.Random(1), 0
    with store.reading() as connection:
        for (text,) in connection.execute("SELECT text FROM passages LIMIT 40").fetchall():
            query = " ".join(choice.sample(sorted(set(text.split())), 5))
            few = lexical(connection, query, 20)
            with monkeypatch.context() as patch:
                patch.setattr(module, "SCORED", 10**9)
                every = lexical(connection, query, 20)
            assert max(few.values()) == 1
            same += max(few, key=few.__getitem__) == max(every, key=every.__getitem__)
    assert same >= 35


def test_a_filter_is_kept_to_on_both_roads(store, bounded):
    with store.reading() as connection:
        for among in (list(range(1, 600, 3)), [5, 6, 7], []):
            assert set(lexical(connection, "w0x w1x w2x w30x w90x", 20, among)) <= set(among)
        assert lexical(connection, "w0x", 20, [5, 6, 7]) or lexical(connection, "w0x", 20, list(range(1, 60)))


def test_a_word_that_everything_has_is_left_out_and_one_that_nothing_has_does_no_harm(store, bounded, monkeypatch):
    monkeypatch.setattr(module, "RAREST", 50)
    monkeypatch.setattr(module, "LOOKED_THROUGH", 60)
    with store.reading() as connection:
        assert lexical(connection, "w0x", 20) == {}
        assert lexical(connection, "nowhere w300x w0x", 20)
        assert lexical(connection, "", 20) == {}


def test_frequencies_are_remembered_until_the_library_has_grown(store):
    frequencies = Frequencies()
    with store.reading() as connection:
        once = frequencies.of(connection, ["w0x", "w399x"])
        assert once["w0x"] > once["w399x"]
    with store.writing() as connection:
        connection.execute("DELETE FROM passages")
        connection.execute("UPDATE sqlite_sequence SET seq = 610 WHERE name = 'passages'")
        assert frequencies.of(connection, ["w0x"])["w0x"] == once["w0x"]
        connection.execute("UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'passages'")
        assert frequencies.of(connection, ["w0x"]) == {"w0x": 0}


def test_the_thread_is_waited_for_and_its_error_is_raised_where_the_words_are_asked_for(store):
    words = WordSearch()
    with store.reading() as connection:
        with words.begun(connection, "w0x", 5) as found:
            assert len(found()) == 5
        with pytest.raises(ZeroDivisionError), words.begun(connection, "w0x", 5):
            raise ZeroDivisionError
        with words.begun(connection, "w0x", "five") as found, pytest.raises(Exception, match="datatype mismatch"):  # type: ignore[arg-type]
            found()
    words.close()


def test_telling_words():
    assert telling_words("Where is the Oak, the oak_tree?") == ["oak", "tree"]
    assert telling_words("Who are you") == ["who", "are", "you"]
