"""Searching a part of the library, and reading on around a hit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from index.errors import UnknownDocument
from index.filter import Filter
from index.types import Page, ReadDocument
from tests.index.conftest import plain


def found(library, query, only, k=10):
    return {hit.document.title for hit in library.search(query, k, only)}


@pytest.fixture
def filled(library, folder):
    library.add([folder])
    (folder / "below").mkdir()
    (folder / "below" / "tea.txt").write_text("Tea from Ceylon is called Ceylon tea.")
    (folder / "below_100%").mkdir()
    (folder / "below_100%" / "cup.txt").write_text("A cup of tea, a pot of tea.")
    library.add([folder / "below", folder / "below_100%"])
    return library


def test_every_condition_narrows_the_search(filled, folder):
    everything = found(filled, "tea", None)
    assert len(everything) == 5
    assert found(filled, "tea", Filter()) == everything
    assert found(filled, "tea", Filter(documents=[], kinds=[])) == everything
    assert found(filled, "tea", Filter(kinds=["MARKDOWN"])) == {"The oak", "Tea"}
    assert found(filled, "tea", Filter(documents=["oak.md", "engine.txt"])) == {"The oak", "engine.txt"}
    assert found(filled, "tea", Filter(folders=[folder / "below"])) == {"tea.txt"}
    assert found(filled, "tea", Filter(folders=[f"{folder}/below_100%/"])) == {"cup.txt"}
    assert found(filled, "tea", Filter(folders=[folder])) == everything
    chosen = Filter(folders=[folder], kinds=["text"], documents=["cup.txt", "oak.md"])
    assert found(filled, "tea", chosen) == {"cup.txt"}
    assert found(filled, "tea", Filter(kinds=["pdf"])) == set()


def test_days_count_as_a_person_counts_them(filled):
    today = datetime.now(UTC).date()
    assert len(found(filled, "tea", Filter(since=today, until=today))) == 5
    assert found(filled, "tea", Filter(since=today + timedelta(1))) == set()
    assert found(filled, "tea", Filter(until=today - timedelta(1))) == set()


def test_what_is_filtered_out_takes_no_place_from_what_is_not(library):
    """However many better passages there are outside."""
    library.add_documents((f"/many/{number}", plain(f"Tea is brewed hot, number {number}.")) for number in range(300))
    library.add_documents([("/one/cold", plain("Lemonade is served cold."))])
    [hit] = library.search("How is tea brewed?", 5, Filter(folders=["/one"]))
    assert hit.document.path == "/one/cold"


def test_an_unknown_document_is_named(filled):
    with pytest.raises(UnknownDocument, match="no-such"):
        filled.search("tea", 3, Filter(documents=["no-such"]))


def test_removed_and_changed_documents_are_filtered_rightly(filled, folder):
    filled.remove("oak.md")
    (folder / "tea.md").write_text("# Tea\n\nWhite tea is hardly rolled.\n")
    filled.add([folder / "tea.md"])
    [hit] = filled.search("tea", 10, Filter(kinds=["markdown"]))
    assert "White tea" in hit.passage.text


def test_neighbours_are_those_of_the_document_in_reading_order(library):
    pages = tuple(Page(number, f"Chapter {number} tells of the {number}th year.") for number in range(1, 6))
    library.add_documents([("/book", ReadDocument("Book", "pdf", pages)), ("/other", plain("Chapter 6."))])
    middle = library.passages(1)[2]
    assert [each.page for each in library.neighbours(middle.id)] == [2, 3, 4]
    assert [each.page for each in library.neighbours(middle.id, 9, 0)] == [1, 2, 3]
    last = library.passages(1)[-1]
    assert [each.page for each in library.neighbours(last.id, 0, 3)] == [5]
    library.remove("/book")
    with pytest.raises(UnknownDocument):
        library.neighbours(middle.id)
