"""Pictures and boxes go into the store with their document, and out of it again."""

from __future__ import annotations

import sqlite3
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from index.errors import UnknownDocument
from index.library import Library
from index.read.pictures import opened
from index.store import FILE
from index.types import Box, Line, Page, ReadDocument, ReadPicture
from tests.index.test_verify import plant

FIXTURES = Path(__file__).parents[1] / "fixtures"


def drawn(colour: str = "navy", size: tuple[int, int] = (160, 120)) -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((30, 20, 120, 100), fill=colour)
    packed = BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


def illustrated(words: str = "The lighthouse of Arken was built in 1874.", colour: str = "navy") -> ReadDocument:
    """A page of one sentence and a picture below it, with places."""
    line = "[Picture: The tower from the sea]"
    text = f"{words}\n\n{line}"
    start = len(words) + 2
    top, below = Box(0.1, 0.1, 0.9, 0.12), Box(0.1, 0.2, 0.5, 0.6)
    page = Page(1, text, (Line(0, len(words), top),))
    picture = ReadPicture(0, start, len(text), drawn(colour), "image/png", 160, 120, "The tower from the sea", below)
    return ReadDocument("Arken", "pdf", (page,), (picture,))


def rows(library: Library, table: str) -> int:
    connection = sqlite3.connect(f"{library.status().folder}/{FILE}")
    count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return int(count)


def test_hits_bring_their_pictures_and_boxes(library):
    library.add_documents([("/arken.pdf", illustrated())])
    [hit] = library.search("When was the lighthouse built?")
    [picture] = hit.pictures
    assert (picture.caption, picture.width, picture.height) == ("The tower from the sea", 160, 120)
    assert picture.box == Box(0.1, 0.2, 0.5, 0.6)
    assert hit.boxes == (Box(0.1, 0.1, 0.9, 0.12),)
    assert library.page_text(hit.document.id, 1)[picture.start : picture.end] == "[Picture: The tower from the sea]"
    assert library.picture(picture.id) == picture
    assert library.picture_data(picture.id) == drawn()
    assert library.pictures(hit.document.id, 1) == [picture]
    assert library.pictures(hit.document.id, 1, 0, 10) == []
    assert library.boxes(hit.document.id, 1, 4, 14) == hit.boxes
    assert library.boxes(hit.document.id, 1, picture.start, picture.end) == ()
    assert library.verify() == []


def test_a_changed_document_changes_its_pictures_and_a_removed_one_takes_them_along(library):
    library.add_documents([("/arken.pdf", illustrated())])
    [old] = library.search("lighthouse")[0].pictures
    library.add_documents([("/arken.pdf", illustrated("The lighthouse was painted.", "red"))])
    [new] = library.search("lighthouse")[0].pictures
    assert new.id > old.id
    assert library.picture_data(new.id) == drawn("red")
    with pytest.raises(UnknownDocument, match="no picture"):
        library.picture_data(old.id)
    assert library.verify() == []
    library.remove("/arken.pdf")
    assert rows(library, "pictures") == rows(library, "lines") == 0
    assert library.verify() == []


def test_the_pages_of_a_pdf_are_drawn_while_the_file_is_as_it_was(library, tmp_path):
    path = tmp_path / "pages.pdf"
    path.write_bytes((FIXTURES / "four-pages.pdf").read_bytes())
    [outcome] = library.add([path])
    number = outcome.document.id
    page = library.page_picture(number, 2, longest=600)
    assert page.media_type == "image/png"
    with opened(page.data) as image:
        assert max(image.size) == 600
    assert library.page_picture(number, 99) is None
    passage = library.passages(number)[0]
    assert library.boxes(number, passage.page, passage.start, passage.end)
    path.write_bytes((FIXTURES / "booking.pdf").read_bytes())
    assert library.page_picture(number, 2) is None


def test_a_picture_file_is_its_own_page(library, tmp_path):
    path = tmp_path / "disc.png"
    path.write_bytes(drawn())
    [outcome] = library.add([path])
    assert library.page_picture(outcome.document.id, None).data == drawn()
    [hit] = library.search("disc.png")
    assert [picture.box for picture in hit.pictures] == [Box(0, 0, 1, 1)]


def test_words_in_a_scan_have_boxes_where_they_stand(library):
    library.add([FIXTURES / "invoice-scan.pdf"])
    hit = library.search("invoice total")[0]
    assert hit.boxes
    assert all(0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1 for box in hit.boxes)


def test_formats_without_places_have_none(library, folder):
    library.add([folder])
    hit = library.search("acorns")[0]
    assert hit.boxes == hit.pictures == ()
    assert library.page_picture(hit.document.id, hit.passage.page) is None


FAULTS = {
    "UPDATE lines SET boxes = zeroblob(7)": "the lines of page 1 are not whole",
    "UPDATE lines SET boxes = x'00000000ffffff7f00000000000000000000000000000000'": "a line of page 1 leaves its text",
    "UPDATE pictures SET end = 5000": "pictures without a line on their page: 1",
    "UPDATE pictures SET data = x''": "pictures without bytes: 1",
    "PRAGMA foreign_keys = OFF; UPDATE pictures SET page = 9": "pictures without a page: 1",
    "PRAGMA foreign_keys = OFF; INSERT INTO picture_vectors VALUES (4, 9, x'00')": "vectors without a picture: 4",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(library, fault):
    library.add_documents([("/arken.pdf", illustrated())])
    plant(library, fault)
    assert FAULTS[fault] in "\n".join(library.verify())
