"""Milvus Lite, the real one: it finds what FAISS finds, follows every change, and may be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from index.errors import LibraryError
from index.library import Library
from index.milvus import MARKS, MilvusIndex, milvus_index
from index.store import FILE, Store
from index.vectors import PASSAGES
from tests.index.conftest import plain
from tests.scripted_server import refused_url

pymilvus = pytest.importorskip("pymilvus")
Open = Callable[[], Library]


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    from milvus_lite.server_manager import server_manager_instance

    path = str(tmp_path / "vectors.db")
    yield path
    server_manager_instance.release_server(path)


@pytest.fixture
def open_library(tmp_path: Path, embedder, uri: str) -> Iterator[Open]:
    opened: list[Library] = []

    def open_one() -> Library:
        opened.append(Library.open(tmp_path / "library", embedder, open_index=milvus_index(uri)))
        return opened[-1]

    yield open_one
    for library in opened:
        library.close()


def client(uri: str):
    return pymilvus.MilvusClient(uri=uri)


def collection(uri: str) -> str:
    [name] = [name for name in client(uri).list_collections() if name != MARKS]
    return name


def found(library: Library, query: str = "oak acorns tea water steam engine condenser") -> list[tuple[int, float]]:
    return [(hit.passage.id, round(hit.dense, 4)) for hit in library.search(query, 20)]


def test_it_finds_what_faiss_finds_through_every_change(tmp_path, folder, embedder, open_library):
    """Both over one store, after adding, changing and removing, in this process and in a second one of its kind."""
    milvus, faiss, second = open_library(), Library.open(tmp_path / "library", embedder), open_library()
    libraries = milvus, faiss, second
    milvus.add([folder])
    for change in (
        lambda: None,
        lambda: (folder / "oak.md").write_text("# The oak\n\nThe cork oak is peeled every nine years.\n"),
        lambda: (folder / "more.txt").write_text("Tea clippers were fast sailing ships."),
        lambda: second.remove("tea.md"),
    ):
        change()
        milvus.add([folder / "oak.md", *folder.glob("more.txt")])
        assert found(milvus) == found(faiss) == found(second)
    for library in libraries:
        assert library.verify() == []
    assert all(hit.document.title != "Tea" for hit in milvus.search("tea", 20))
    faiss.close()


def test_a_part_of_the_library_can_be_searched(tmp_path, embedder, uri, monkeypatch):
    monkeypatch.setattr("index.milvus.MOST_NAMED", 3)
    library = Library.open(tmp_path / "library", embedder, open_index=milvus_index(uri))
    library.add_documents([(f"/{number}", plain(f"Oak number {number}.")) for number in range(12)])
    store = Store(tmp_path / "library")
    index = MilvusIndex(store.folder, PASSAGES, 384, uri)
    [query] = embedder.embed(["Oak number 7."])
    with store.reading() as connection:
        assert index.nearest(connection, query, 1)[0] == [8]
        ids, cosines = index.nearest(connection, query, 5, among=[1, 2, 3, 4, 5, 9, 12])
        assert index.nearest(connection, query, 5, among=[]) == ([], [])
    assert set(ids) < {1, 2, 3, 4, 5, 9, 12}
    assert cosines == sorted(cosines, reverse=True)
    index.close()
    store.close()
    library.close()


def lose_all(uri: str) -> None:
    for name in client(uri).list_collections():
        client(uri).drop_collection(name)


def lose_marks(uri: str) -> None:
    client(uri).drop_collection(MARKS)


def lose_some(uri: str) -> None:
    client(uri).delete(collection(uri), ids=[1, 2])


def forge_one(uri: str) -> None:
    client(uri).upsert(collection(uri), [{"id": 1, "vector": [1.0] + [0.0] * 383}])


@pytest.mark.parametrize("loss", [lose_all, lose_marks, lose_some, forge_one])
def test_what_is_lost_is_built_anew_from_the_store(folder, open_library, uri, loss):
    first = open_library()
    first.add([folder])
    expected = found(first)
    first.close()
    loss(uri)
    assert found(open_library()) == expected
    assert client(uri).query(collection(uri), filter="", output_fields=["count(*)"])[0]["count(*)"] == 4


def test_a_collection_that_goes_while_it_is_used_is_built_anew(folder, open_library, uri):
    library = open_library()
    library.add([folder])
    expected = found(library)
    client(uri).drop_collection(collection(uri))
    assert found(library) == expected


def test_a_store_that_was_put_back_from_a_copy_is_believed(tmp_path, folder, open_library):
    first = open_library()
    first.add([folder])
    before = found(first)
    first.close()
    copy = (tmp_path / "library" / FILE).read_bytes()
    later = open_library()
    later.remove("tea.md")
    assert found(later) != before
    later.close()
    (tmp_path / "library" / FILE).write_bytes(copy)
    again = open_library()
    assert found(again) == before
    assert again.verify() == []


def test_a_collection_that_has_missed_more_than_the_store_remembers_is_built_anew(tmp_path, folder, open_library):
    first = open_library()
    first.add([folder])
    assert found(first)
    first.remove("tea.md")
    store = Store(tmp_path / "library")
    with store.writing() as connection:
        connection.execute("DELETE FROM removals")
    store.close()
    assert len(found(first)) == len(found(open_library())) == 2


def test_two_libraries_at_one_server_do_not_meet(tmp_path, folder, embedder, open_library, uri):
    library, other = open_library(), Library.open(tmp_path / "other", embedder, open_index=milvus_index(uri))
    library.add([folder])
    other.add_documents([("/x", plain("Tea from the other library."))])
    assert [hit.passage.text for hit in other.search("tea", 5)] == ["Tea from the other library."]
    assert len(library.search("tea", 20)) == 4
    other.close()


def test_it_finds_nearly_all_of_the_nearest_among_many(tmp_path, embedder, uri):
    library = Library.open(tmp_path / "library", embedder, open_index=milvus_index(uri))
    words = "oak tea steam ship river stone bread glass horse cloud".split()
    texts = [f"The {a} and the {b} by the {c}." for a in words for b in words for c in words[:2]]
    library.add_documents([(f"/{number}", plain(text)) for number, text in enumerate(texts)])
    vectors = embedder.embed(texts)
    store, hits = Store(tmp_path / "library"), 0
    index = MilvusIndex(store.folder, PASSAGES, 384, uri)
    with store.reading() as connection:
        held = index.contents(connection)
        matrix = np.stack([held[number] for number in sorted(held)])
        for query in vectors[::20]:
            exact = np.argsort(-(matrix @ query))[:10] + 1
            hits += len(set(index.nearest(connection, query, 10)[0]) & set(exact.tolist()))
    assert hits >= 0.95 * 10 * len(vectors[::20])
    index.close()
    store.close()
    library.close()


def test_a_server_that_is_away_is_one_line_and_nothing_is_lost(tmp_path, folder, embedder):
    away = Library.open(tmp_path / "library", embedder, open_index=milvus_index(refused_url().removesuffix("/v1")))
    assert [outcome.status for outcome in away.add([folder])] == ["added"] * 3
    with pytest.raises(
        LibraryError, match=r"Milvus at http.* does not do its part .*start it, or take library\.vectors"
    ):
        away.search("tea")
    away.close()
    with_faiss = Library.open(tmp_path / "library", embedder)
    assert with_faiss.search("tea clippers")[0].document.title == "Tea"
    with_faiss.close()
