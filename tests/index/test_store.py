"""A library that an earlier version made is brought up to date, and keeps what it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files

import numpy as np

from index.library import Library
from index.store import FILE
from tests.index.test_faiss_index import Filled

FIRST = files("index") / "schema" / "1.sql"


def test_a_store_of_the_first_version_keeps_what_it_holds(tmp_path, embedder, folder):
    text = "Oaks live for centuries."
    vector = embedder.embed([text])[0].astype("<f4").tobytes()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.executescript(FIRST.read_text(encoding="utf-8"))
        rows = {"schema": "1", "library": "a" * 32, "embedder": embedder.name, "dimensions": "384"}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
        connection.execute("INSERT INTO documents VALUES (1, '/oak.txt', 'Oaks', 'text', 'x', 9, '2026-01-01')")
        connection.execute("INSERT INTO pages VALUES (1, 1, 0, NULL, ?)", (text,))
        connection.execute("INSERT INTO passages VALUES (1, 1, 0, ?, '', ?)", (len(text), text))
        connection.execute("INSERT INTO vectors VALUES (1, ?)", (vector,))
    for _ in range(2):
        library = Library.open(tmp_path, embedder)
        assert library.search("How old do oaks get?")[0].passage.text == text
        assert np.isclose(library.search(text)[0].dense, 1, atol=1e-3)
        assert library.verify() == []
        library.add([folder])
        library.close()


def test_years_of_changes_leave_no_garbage(tmp_path, monkeypatch):
    """The index of words, the file and its log stay as long as what they hold asks for."""
    monkeypatch.setattr("index.store._WORTH_GIVING_BACK", 16)
    filled = Filled(tmp_path)

    def sizes() -> tuple[int, int]:
        with filled.store.reading() as connection:
            words = connection.execute("SELECT sum(length(block)) FROM words_data").fetchone()[0]
            return words, connection.execute("PRAGMA page_count").fetchone()[0]

    documents = [filled.add(60, words=40) for _ in range(10)]
    words, pages = sizes()
    for _ in range(5):
        for document in documents:
            filled.remove(document)
        documents = [filled.add(60, words=40) for _ in range(10)]
    assert sizes()[0] < 4 * words
    assert sizes()[1] < 2 * pages
    for document in documents:
        filled.remove(document)
    assert sizes()[1] < pages
    assert (tmp_path / f"{FILE}-wal").stat().st_size < 20_000_000
    filled.store.close()
