"""The data sheet of a library: what it holds, and what it lacks."""

from __future__ import annotations

from pathlib import Path

from index.inventory import UNKNOWN, language
from index.library import Library
from index.types import Page, ReadDocument
from tests.index.conftest import plain

GERMAN = "Die Kündigungsfrist beträgt nach der Probezeit drei Monate zum Ende eines Monats."


def test_what_a_library_holds_is_counted(library: Library, folder: Path) -> None:
    (folder / "frist.md").write_text(f"# Frist\n\n{GERMAN}\n")
    (folder / "again.txt").write_bytes((folder / "engine.txt").read_bytes())
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    library.add([folder])
    library.tag("oak.md", ["plants"])
    sheet = library.inventory()
    assert (sheet.documents, sheet.kinds) == (5, {"markdown": 3, "text": 2})
    assert sheet.languages == {"en": 4, "de": 1}
    assert (sheet.tags, sheet.untagged) == ({"plants": 1}, 4)
    assert sheet.first == sheet.last
    assert sum(sheet.months.values()) == 5
    assert sheet.same.count == 2
    assert [Path(each.path).name for each in sheet.refused] == ["broken.pdf"]
    assert "damaged" in sheet.refused[0].reason
    assert "library.picture_model" in sheet.pictures_note


def test_gaps_are_found(library: Library, folder: Path) -> None:
    scan = ReadDocument("Scan", "pdf", (Page(1, "Some words of the first page."), Page(2, " \n\t"), Page(3, "")))
    library.add_documents([("/gone/scan.pdf", scan), ("/gone/empty.txt", plain("  ", "Empty"))])
    library.add([folder / "oak.md"])
    sheet = library.inventory()
    assert sheet.pages_without_text == 3
    assert sheet.with_empty_pages.titles == ("Empty", "Scan")
    assert sheet.without_text.titles == ("Empty",)
    assert set(sheet.gone.titles) == {"Empty", "Scan"}


def test_a_refused_file_is_forgotten_once_it_can_be_read(library: Library, folder: Path) -> None:
    late = folder / "late.md"
    late.write_bytes(b"")
    library.add([late])
    assert [each.path for each in library.inventory().refused] == [str(late)]
    late.write_text("# Late\n\nNow it has words.\n")
    library.add([late])
    assert library.inventory().refused == ()


def test_an_empty_library_has_a_sheet(library: Library) -> None:
    sheet = library.inventory()
    assert (sheet.documents, sheet.first, sheet.languages, sheet.largest) == (0, "", {}, ())


def test_languages_are_told_where_there_is_enough_text() -> None:
    assert language(GERMAN) == "de"
    assert language("12 + 30 = 42; " * 20) == UNKNOWN
