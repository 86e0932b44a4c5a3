"""Tags of documents."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from index.errors import LibraryError, UnknownDocument
from index.filter import Filter
from index.library import Library


def names(library: Library, *tags: str) -> set[str]:
    """The files that a search for anything at all finds under one of the tags."""
    return {Path(hit.document.path).name for hit in library.search("oaks, tea and steam", 50, Filter(tags=tags))}


def test_documents_are_tagged_found_and_untagged(library: Library, folder: Path) -> None:
    library.add([folder])
    assert library.tag("oak.md", ["Plants ", "to  read"]).tags == ("plants", "to read")
    assert library.tag("tea.md", ["plants", "plants"]).tags == ("plants",)
    assert library.tags() == {"plants": 2, "to read": 1}
    assert names(library, "PLANTS") == {"oak.md", "tea.md"}
    assert names(library, "to read") == {"oak.md"}
    assert names(library, "to read", "plants") == {"oak.md", "tea.md"}
    assert names(library, "machines") == set()
    assert names(library) == {"oak.md", "tea.md", "engine.txt"}
    both = Filter(tags=["plants"], documents=["oak.md"], since=date(2020, 1, 1), kinds=["markdown"], folders=[folder])
    assert {hit.document.title for hit in library.search("tea", 5, both)} == {"The oak"}
    assert library.untag("oak.md", ["to read", "never given"]).tags == ("plants",)
    assert library.document(1).tags == library.documents()[0].tags


def test_a_changed_document_keeps_its_tags_and_a_removed_one_leaves_none(library: Library, folder: Path) -> None:
    library.add([folder], tags=["new"])
    assert library.tags() == {"new": 3}
    (folder / "oak.md").write_text("# The oak\n\nAnother text.")
    [outcome] = library.add([folder / "oak.md"])
    assert outcome.status == "changed"
    assert outcome.document
    assert outcome.document.tags == ("new",)
    library.remove("oak.md")
    assert library.tags() == {"new": 2}
    assert library.verify() == []


def test_documents_that_are_held_already_get_the_tags_too(library: Library, folder: Path) -> None:
    library.add([folder])
    assert {outcome.status for outcome in library.add([folder], tags=["late"])} == {"unchanged"}
    assert library.tags() == {"late": 3}


@pytest.mark.parametrize("tag", ["", "  ", "a,b", "x" * 51, "a\x00b", "a\x1bb"])
def test_what_cannot_be_a_tag_is_refused(library: Library, folder: Path, tag: str) -> None:
    with pytest.raises(LibraryError, match="cannot be a tag"):
        library.add([folder], tags=[tag])
    assert library.documents() == []


def test_an_unknown_document_cannot_be_tagged(library: Library) -> None:
    with pytest.raises(UnknownDocument):
        library.tag("none.md", ["x"])
