"""A check that finds nothing proves nothing, so faults are planted."""

from __future__ import annotations

import re
import sqlite3

import numpy as np
import pytest

from index.faiss_file import cache_path, problem
from index.faiss_index import FaissIndex
from index.library import Library
from index.store import FILE
from index.vectors import PASSAGES, mark

FAULTS = {
    "UPDATE passages SET text = 'Forged.' WHERE id = 2": "passage 2 is not what its page has at",
    "UPDATE passages SET end = 100000 WHERE id = 2": "passage 2 is not what its page has at",
    "UPDATE pages SET text = 'X' || text": "passage 1 is not what its page has at",
    "DELETE FROM vectors WHERE passage = 2": "passages without a vector: 2",
    "INSERT INTO vectors SELECT 77, vector FROM vectors LIMIT 1": "vectors without a passage: 77",
    "UPDATE vectors SET vector = zeroblob(1536) WHERE passage = 2": "the vector of passage 2 is not 384 numbers",
    "UPDATE vectors SET vector = x'00' WHERE passage = 2": "the vector of passage 2 is not 384 numbers",
    "INSERT INTO token_codes SELECT 77, codes FROM token_codes LIMIT 1": "token codes without a passage: 77",
    "UPDATE token_codes SET codes = x'00' WHERE passage = 2": "the token codes of passage 2 are not 48 bytes",
    "INSERT INTO words (words) VALUES ('delete-all')": "passages without an entry of words: 1, 2, 3, 4",
    "INSERT INTO words (rowid, title, heading, text) VALUES (50, 'a', 'b', 'c')": "entries of words without a passage",
    "UPDATE documents SET title = 'Coffee' WHERE title = 'Tea'": "the index of words does not fit the passages",
    "DELETE FROM documents WHERE id = 1": "pages without a document: 1",
    "INSERT INTO documents (path, title, kind, sha256, size, added) VALUES ('/x', '', '', '', 0, '')": "without a page",
    "INSERT INTO removals (passage) VALUES (3)": "passages that were removed: 3",
    "DROP INDEX passages_of_page; PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = "
    "(SELECT rootpage FROM sqlite_schema WHERE name = 'documents') WHERE name = 'removals'": "SQLite:",
}


def plant(library: Library, fault: str) -> None:
    connection = sqlite3.connect(f"{library.status().folder}/{FILE}")
    connection.executescript(fault)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(library_with_codes, folder, fault):
    library = library_with_codes
    library.add([folder])
    assert library.verify() == []
    plant(library, fault)
    assert re.search(FAULTS[fault], "\n".join(library.verify()))


def test_torn_pages_are_found(tmp_path, embedder, folder):
    library = Library.open(tmp_path / "library", embedder)
    library.add([folder])
    library.close()
    path = tmp_path / "library" / FILE
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(data)
    library = Library.open(tmp_path / "library", embedder)
    assert library.verify()
    library.close()


@pytest.fixture
def cached(library, folder, monkeypatch):
    """A library whose cache file is written however small it is."""
    monkeypatch.setattr("index.faiss_index.WORTH_A_FILE", 1)
    library.add([folder])
    library.search("tea")
    assert library.status().vectors_cached
    return library


def fresh(library, embedder, query="tea clippers"):
    """The hits of a process that starts now."""
    other = Library.open(library._store.folder, embedder)
    try:
        return [(hit.passage.id, round(hit.dense, 5)) for hit in other.search(query)]
    finally:
        other.close()


def test_a_start_from_the_cache_finds_the_same(cached, embedder):
    expected = fresh(cached, embedder)
    assert len(expected) == 4
    assert expected == [(hit.passage.id, round(hit.dense, 5)) for hit in cached.search("tea clippers")]


def test_a_cache_that_has_fallen_behind_catches_up(cached, embedder, folder, monkeypatch):
    monkeypatch.setattr("index.faiss_index.WORTH_A_FILE", 1000)
    cached.remove("Tea")
    (folder / "new.txt").write_text("The tea clippers Cutty Sark and Thermopylae raced in 1872.")
    cached.add([folder / "new.txt"])
    assert len(fresh(cached, embedder)) == 3
    assert cached.verify() == []


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-100], lambda data: data[:500] + b"!" + data[501:]]
)
def test_a_damaged_cache_is_never_believed(cached, embedder, damage):
    path = cache_path(cached._store.folder)
    expected = fresh(cached, embedder)
    path.write_bytes(damage(path.read_bytes()))
    assert fresh(cached, embedder) == expected
    assert problem(path) is None  # the process that started has written it anew
    path.write_bytes(damage(path.read_bytes()))
    assert any("is not sound" in line for line in cached.verify())


def test_a_cache_of_another_state_is_never_believed(cached, embedder, folder):
    """The store was put back from a copy that is older than the cache, and has grown since."""
    store, path = cached._store, cache_path(cached._store.folder)
    late = path.read_bytes()
    cached.remove("Tea")
    with store.writing() as connection:
        connection.execute("DELETE FROM removals")
        connection.execute("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'removals'")
    path.write_bytes(late)
    assert len(fresh(cached, embedder)) == 2
    assert cached.verify() == []


def test_the_index_follows_a_state_older_than_what_another_thread_saw(cached):
    store = cached._store
    index = FaissIndex(store.folder, PASSAGES, 384)
    query = np.eye(1, 384, dtype=np.float32)[0]
    with store.reading() as before:
        seen = mark(before)
        cached.remove("Tea")
        with store.reading() as after:
            assert len(index.nearest(after, query, 10)[0]) == 2
        assert mark(before) == seen
        assert len(index.nearest(before, query, 10)[0]) == 2
