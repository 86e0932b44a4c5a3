"""The index against what an exact search over the same store finds, while the store grows, shrinks and is searched."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from index import faiss_index, records
from index.arrangement import Options, is_flat
from index.chunk import Chunk
from index.errors import LibraryError
from index.faiss_file import cache_path
from index.faiss_index import FaissIndex
from index.records import NewDocument
from index.store import Store
from index.types import Page, ReadDocument
from index.vectors import PASSAGES, mark

DIMENSIONS = 24
OPTIONS = Options(exact_up_to=300, recall=0.97, gpu=False)


class Filled:
    """A store of passages with vectors that lie in clusters, as those of texts do."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.random = np.random.default_rng(3)
        self.centres = self.random.standard_normal((12, DIMENSIONS))
        self.documents = 0

    def vectors(self, count: int) -> np.ndarray:
        found = self.centres[self.random.integers(12, size=count)] + self.random.standard_normal((count, DIMENSIONS))
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    def add(self, count: int, words: int = 1) -> int:
        """Adds a document of so many passages of so many words; returns its id."""
        self.documents += 1
        texts = [" ".join(f"w{word}" for word in self.random.integers(2000, size=words)) for _ in range(count)]
        chunks = tuple(Chunk(at, 0, len(text), "", text) for at, text in enumerate(texts))
        content = ReadDocument("", "text", tuple(Page(at, text) for at, text in enumerate(texts)))
        new = NewDocument(f"/{self.documents}", "", count, content, chunks)
        with self.store.writing() as connection:
            return records.put(connection, new, self.vectors(count), [None] * count)[1].id

    def remove(self, document: int) -> None:
        with self.store.writing() as connection:
            records.remove(connection, document)

    def held(self) -> tuple[np.ndarray, np.ndarray]:
        with self.store.reading() as connection:
            rows = connection.execute("SELECT passage, vector FROM vectors ORDER BY passage").fetchall()
        matrix = np.frombuffer(b"".join(blob for _, blob in rows), np.float32).reshape(len(rows), DIMENSIONS)
        return np.array([row[0] for row in rows], np.int64), matrix

    def ids(self, document: int) -> list[int]:
        with self.store.reading() as connection:
            return [passage.id for passage in records.passages(connection, document)]


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Filled]:
    made = Filled(tmp_path)
    yield made
    made.store.close()


@contextmanager
def opened(filled: Filled, options: Options = OPTIONS) -> Iterator[FaissIndex]:
    with closing(FaissIndex(filled.store.folder, PASSAGES, DIMENSIONS, options)) as index:
        yield index


def found(filled: Filled, index: FaissIndex, query: np.ndarray, count: int = 10, among: list[int] | None = None):
    with filled.store.reading() as connection:
        return index.nearest(connection, query, count, among)


def settled(filled: Filled, index: FaissIndex) -> FaissIndex:
    """The index after whatever it does in the background."""
    found(filled, index, filled.vectors(1)[0])
    index.finish()
    return index


def recall(filled: Filled, index: FaissIndex, among: list[int] | None = None) -> float:
    ids, matrix = filled.held()
    if among is not None:
        matrix, ids = matrix[np.isin(ids, among)], ids[np.isin(ids, among)]
    shares = []
    for query in filled.vectors(50):
        best = ids[np.argsort(-(matrix @ query), kind="stable")[:10]]
        got, cosines = found(filled, index, query, 10, among)
        assert cosines == sorted(cosines, reverse=True)
        shares.append(len(set(best.tolist()) & set(got)) / max(1, len(best)))
    return float(np.mean(shares))


def assert_holds_what_the_store_holds(filled: Filled, index: FaissIndex) -> None:
    ids, matrix = filled.held()
    with filled.store.reading() as connection:
        contents = index.contents(connection)
    assert sorted(contents) == ids.tolist()
    assert all(np.array_equal(contents[item], vector) for item, vector in zip(ids.tolist(), matrix, strict=True))


def test_few_vectors_are_searched_exactly(filled):
    filled.add(300)
    with opened(filled) as index:
        assert recall(filled, settled(filled, index)) == 1
        assert is_flat(index._index)


def test_many_vectors_are_searched_in_lists_and_nearly_all_is_found(filled):
    filled.add(2000)
    with opened(filled) as index:
        assert recall(filled, index) == 1 or not is_flat(index._index)  # it answers before it is arranged
        settled(filled, index)
        assert not is_flat(index._index)
        assert index._index.nprobe < index._index.nlist
        assert recall(filled, index) >= 0.95
        assert_holds_what_the_store_holds(filled, index)


def test_what_is_added_and_removed_afterwards_needs_no_training(filled):
    first = filled.add(1000)
    with opened(filled) as index:
        arranged = settled(filled, index)._index
        filled.remove(first)
        second = filled.add(900)
        assert recall(filled, index) >= 0.9
        assert_holds_what_the_store_holds(filled, index)
        got, cosines = found(filled, index, filled.held()[1][7], 1)
        assert got[0] == filled.ids(second)[7]
        assert cosines[0] == pytest.approx(1)
        assert settled(filled, index)._index is arranged


def test_growth_and_shrinking_are_followed(filled):
    documents = [filled.add(250)]
    with opened(filled) as index:
        assert is_flat(settled(filled, index)._index)
        documents.append(filled.add(500))
        lists = settled(filled, index)._index.nlist
        documents.append(filled.add(2000))
        assert settled(filled, index)._index.nlist > lists
        assert recall(filled, index) >= 0.95
        for document in documents:
            filled.remove(document)
        assert found(filled, index, filled.vectors(1)[0]) == ([], [])
        filled.add(100)
        assert is_flat(settled(filled, index)._index)
        assert recall(filled, index) == 1
        filled.add(1000)
        assert not is_flat(settled(filled, index)._index)
        assert_holds_what_the_store_holds(filled, index)


def test_a_filter_is_kept_to_whatever_the_arrangement(filled):
    small, large = filled.add(20), filled.add(3000)
    few, many = filled.ids(small), filled.ids(large)[::2]
    with opened(filled) as index:
        settled(filled, index)
        assert recall(filled, index, few) == 1
        assert recall(filled, index, many) >= 0.9
        for among in (few, many):
            assert set(found(filled, index, filled.vectors(1)[0], 50, among)[0]) <= set(among)
        assert len(found(filled, index, filled.vectors(1)[0], 50, few)[0]) == len(few)
        assert found(filled, index, filled.vectors(1)[0], 5, []) == ([], [])


def test_a_large_filter_far_from_the_query_still_fills_the_hits(filled):
    """So many passages that not all lists are searched, none of them in the lists next to the query."""
    filled.add(2000)
    ids, matrix = filled.held()
    query = filled.vectors(1)[0]
    far = ids[np.argsort(matrix @ query)[:400]].tolist()
    with opened(filled) as index:
        settled(filled, index)
        assert len(found(filled, index, query, 300, far)[0]) == 300


def test_searches_go_on_while_it_is_arranged(filled, monkeypatch):
    filled.add(1500)
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(60):
                assert len(found(filled, index, filled.vectors(1)[0])[0]) == 10
        except BaseException as error:
            failures.append(error)

    with opened(filled) as index:
        threads = [Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            document = filled.add(200)
            filled.add(100)
            filled.remove(document)
        for thread in threads:
            thread.join()
        assert not failures
        settled(filled, index)
        assert not is_flat(index._index)
        assert_holds_what_the_store_holds(filled, index)


def test_training_happens_once(filled, monkeypatch):
    calls = []
    real = faiss_index.arranged
    monkeypatch.setattr(faiss_index, "arranged", lambda *given: (calls.append(1), real(*given))[1])
    filled.add(1500)
    with opened(filled) as index:
        for _ in range(20):
            settled(filled, index)
        filled.add(100)
        settled(filled, index)
    with opened(filled) as index:
        assert not is_flat(settled(filled, index)._index)  # from the file
    assert len(calls) == 1


def test_what_changed_while_it_was_arranged_is_not_lost(filled, monkeypatch):
    real, gone = faiss_index.arranged, filled.add(500)

    def meanwhile(*given):
        made = real(*given)
        filled.remove(gone)
        filled.add(40)
        return made

    monkeypatch.setattr(faiss_index, "arranged", meanwhile)
    filled.add(500)
    with opened(filled) as index:
        settled(filled, index)
        assert not is_flat(index._index)
        assert_holds_what_the_store_holds(filled, index)


def test_training_that_fails_leaves_an_exact_search_and_is_not_tried_at_each_query(filled, monkeypatch, caplog):
    calls = []

    def fail(*given):
        calls.append(1)
        raise LibraryError("no room")

    monkeypatch.setattr(faiss_index, "arranged", fail)
    filled.add(500)
    with opened(filled) as index, caplog.at_level(logging.WARNING):
        for _ in range(3):
            settled(filled, index)
        assert recall(filled, index) == 1
        assert len(calls) == 1
        assert "stay as they are arranged" in caplog.text
        filled.add(600)
        settled(filled, index)
        assert len(calls) == 2


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-40], lambda data: data[:200] + b"!!" + data[202:]]
)
@pytest.mark.parametrize("count", [250, 1500])
def test_a_damaged_file_is_told_and_made_anew(filled, monkeypatch, damage, count):
    monkeypatch.setattr(faiss_index, "WORTH_A_FILE", 1)
    filled.add(count)
    with opened(filled) as index:
        settled(filled, index)
    path = cache_path(filled.store.folder)
    path.write_bytes(damage(path.read_bytes()))
    with opened(filled) as index:
        assert "not sound" in (index.problem() or "")
        settled(filled, index)
        assert_holds_what_the_store_holds(filled, index)
    with opened(filled) as index:
        assert index.problem() is None
        assert is_flat(settled(filled, index)._index) == (count == 250)


def test_a_start_from_the_file_reads_only_what_came_since(filled, monkeypatch):
    filled.add(1500)
    with opened(filled) as index:
        settled(filled, index)
    document = filled.add(30)
    filled.remove(1)
    filled.remove(document)
    filled.add(20)
    filled.add(2)
    with opened(filled) as index:
        read = []
        real = faiss_index.added_after
        monkeypatch.setattr(
            faiss_index, "added_after", lambda *given: (part for part in real(*given) if not read.append(len(part[0])))
        )
        assert_holds_what_the_store_holds(filled, index)
        assert sum(read) == 22


def test_removals_are_forgotten_and_an_index_that_missed_them_is_compared_with_the_store(filled, monkeypatch):
    monkeypatch.setattr("index.vectors.REMEMBERED", 50)
    documents = [filled.add(40) for _ in range(20)]
    with opened(filled) as index:
        settled(filled, index)
        arranged = index._index
        for document in documents[:9]:
            filled.remove(document)
        with filled.store.reading() as connection:
            assert connection.execute("SELECT count(*) FROM removals").fetchone()[0] == 50
            assert mark(connection).removed == 360
        assert_holds_what_the_store_holds(filled, index)
        assert index._index is arranged


def test_what_killed_writers_left_is_swept_up(filled, monkeypatch):
    monkeypatch.setattr(faiss_index, "WORTH_A_FILE", 1)
    filled.add(10)
    path = cache_path(filled.store.folder)
    dead, alive, other = (path.with_name(f"{path.name}.{end}") for end in (2**22 + 1, os.getppid(), "old"))
    for left in (dead, alive, other):
        left.write_bytes(b"half")
    with opened(filled) as index:
        settled(filled, index)
    assert [left.exists() for left in (path, dead, alive, other)] == [True, False, True, True]


def test_a_file_that_cannot_be_written_loses_only_time(filled, monkeypatch, caplog):
    monkeypatch.setattr(faiss_index, "WORTH_A_FILE", 1)
    filled.add(10)
    cache_path(filled.store.folder).mkdir()
    with opened(filled) as index, caplog.at_level(logging.WARNING):
        settled(filled, index).save()
        assert recall(filled, index) == 1
    assert "was not written" in caplog.text
    assert list(filled.store.folder.glob("vectors.faiss.*")) == []
