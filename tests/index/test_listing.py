"""The list of documents: searched, filtered, sorted and read a page at a time."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from index.filter import Filter
from index.library import Library
from index.listing import Wanted
from index.types import Page, ReadDocument, ReadPicture
from tests.index.conftest import plain

PICTURE = ReadPicture(0, 0, 5, b"\x89PNG", "image/png", 4, 4, "Tower")


@pytest.fixture
def shelf(library: Library, tmp_path: Path) -> Library:
    (tmp_path / "a").mkdir()
    for name in ("a/Übung.md", "a/zebra.md", "moss.txt"):
        (tmp_path / name).write_text(f"About {name}.")
    library.add([tmp_path / "a", tmp_path / "moss.txt"])
    library.add_documents(
        [("/p/tower.docx", ReadDocument("Tower", "docx", (Page(None, "Tower of Arken"),), (PICTURE,)))]
    )
    library.tag("zebra.md", ["animals", "100%"])
    return library


def names(library: Library, **wanted: object) -> list[str]:
    return [Path(each.document.path).name for each in library.listing(Wanted(**wanted)).entries]  # type: ignore[arg-type]


def test_words_are_looked_for_in_title_path_and_tags(shelf: Library) -> None:
    assert names(shelf, text="üBUNG") == ["Übung.md"]
    assert names(shelf, text="animals ZEBRA") == ["zebra.md"]
    assert names(shelf, text="100%") == ["zebra.md"]
    assert names(shelf, text="%") == ["zebra.md"]
    assert names(shelf, text="nothing of the sort") == []


def test_filters_and_sorts_can_be_put_together(shelf: Library, tmp_path: Path) -> None:
    assert names(shelf, pictures=True) == ["tower.docx"]
    assert names(shelf, only=Filter(folders=[tmp_path / "a"]), sort="title", descending=True) == [
        "Übung.md",
        "zebra.md",
    ]
    assert names(shelf, only=Filter(tags=["animals"], since=date(2020, 1, 1))) == ["zebra.md"]
    assert names(shelf, sort="kind")[0] == "tower.docx"
    assert names(shelf, sort="size", descending=True)[-1] in {"moss.txt", "tower.docx"}
    found = shelf.listing(Wanted(only=Filter(kinds=["markdown"]), start=1, count=1))
    assert (len(found.entries), found.total, found.held) == (1, 2, 4)
    assert shelf.listing(Wanted(text="zebra")).entries[0].document.tags == ("100%", "animals")
    assert shelf.listing(Wanted(text="tower")).entries[0].pictures == 1


def test_what_documents_can_be_told_apart_by_is_counted(shelf: Library, tmp_path: Path) -> None:
    facets = shelf.facets()
    assert facets.kinds == {"docx": 1, "markdown": 2, "text": 1}
    assert facets.tags == {"100%": 1, "animals": 1}
    assert facets.folders == {"/p": 1, str(tmp_path): 1, str(tmp_path / "a"): 2}
    assert facets.pictures == 1


def test_a_page_of_ten_thousand_documents_comes_quickly(library: Library) -> None:
    with library._store.writing() as connection:
        rows = [(f"/many/{n}.md", f"Title {n}", "markdown", "0", n, "2026-01-01T00:00:00+00:00") for n in range(10_000)]
        insert = "INSERT INTO documents (path, title, kind, sha256, size, added) VALUES (?, ?, ?, ?, ?, ?)"
        connection.executemany(insert, rows)
    started = time.process_time()
    found = library.listing(Wanted(text="title 99", sort="pages", descending=True, start=50))
    library.facets()
    assert time.process_time() - started < 1
    assert (len(found.entries), found.total) == (50, 280)


def test_the_passages_around_a_stretch_are_found(library: Library) -> None:
    text = "\n\n".join(f"Paragraph {n} of this text says nothing but that it is number {n}. " * 12 for n in range(6))
    [outcome] = library.add_documents([("/long.txt", plain(text))])
    assert outcome.document
    every = library.passages(outcome.document.id)
    third = every[2]
    found = library.around(outcome.document.id, None, third.start + 3, third.start + 9, 1, 1)
    assert found == every[1:4]
    assert library.around(outcome.document.id, None, third.start, every[3].end, 0, 99) == every[2:]
    assert library.around(outcome.document.id, None, len(text) + 5, len(text) + 9) == []
    assert library.page_numbers(outcome.document.id) == [None]
