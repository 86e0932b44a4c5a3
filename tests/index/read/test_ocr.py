"""Scanned pages and picture files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from index.errors import UnreadableFile
from index.read import read
from index.read.budget import new_budget
from index.read.dispatch import read_within
from index.read.ocr import Printed, _in_reading_order
from index.types import Box
from tests.index.read.files import picture

FIXTURES = Path(__file__).parents[2] / "fixtures"


def scan(*lines: str, size: tuple[int, int] = (1240, 800)) -> Image.Image:
    page = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((100, 100 + 60 * number), line, fill="black", font_size=32)
    return page


def test_a_scanned_page_is_recognised_with_its_lines() -> None:
    document = read(FIXTURES / "invoice-scan.pdf")
    [page] = document.pages
    assert document.pictures == ()
    assert "Invoice Number: INV-2024-001" in page.text
    assert "TOTAL AMOUNT DUE: $5,000.00" in page.text
    boxes = {page.text[line.start : line.end]: line.box for line in page.lines}
    first, last = boxes["Invoice Number: INV-2024-001"], boxes["TOTAL AMOUNT DUE: $5,000.00"]
    assert 0 < first.left < 0.1
    assert first.bottom < last.top < 1


@pytest.mark.parametrize(
    ("name", "form", "kept"),
    [
        ("a.png", "PNG", "image/png"),
        ("a.jpg", "JPEG", "image/jpeg"),
        ("a.webp", "WEBP", "image/webp"),
        ("a.gif", "GIF", "image/png"),
        ("a.tiff", "TIFF", "image/jpeg"),
        ("a.heic", "HEIF", "image/jpeg"),
        ("a.txt", "PNG", "image/png"),
    ],
)
def test_pictures_of_every_kind(tmp_path: Path, name: str, form: str, kept: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    (tmp_path / name).write_bytes(picture(form, (400, 100), words="Green tea 1765"))
    document = read(tmp_path / name)
    [page], [found] = document.pages, document.pictures
    assert (document.kind, document.title, page.number) == ("picture", name, None)
    assert page.text == f"[Picture: {name}]\n\nGreen tea 1765"
    assert (found.start, found.end, found.caption, found.media_type) == (0, len(page.text), name, kept)
    assert Image.open(io.BytesIO(found.data)).size == (found.width, found.height) == (400, 100)
    [line] = page.lines
    assert page.text[line.start : line.end] == "Green tea 1765"
    assert line.box.left == pytest.approx(20 / 400, abs=0.03)
    assert line.box.top == pytest.approx(0.25, abs=0.1)


def test_a_photo_without_words_is_still_there(tmp_path: Path) -> None:
    (tmp_path / "leaf.png").write_bytes(picture())
    document = read(tmp_path / "leaf.png")
    assert [page.text for page in document.pages] == ["[Picture: leaf.png]"]
    assert document.pictures[0].data == picture()
    assert document.pictures[0].box == Box(0, 0, 1, 1)


def test_a_turned_photo_is_kept_upright_and_a_large_one_smaller(tmp_path: Path) -> None:
    turned = scan("Turned by the camera", size=(3000, 800)).rotate(90, expand=True)
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a.jpg", exif=exif)
    [found] = read(tmp_path / "a.jpg").pictures
    assert (found.width, found.height) == (2048, 546)
    assert "Turned by the camera" in read(tmp_path / "a.jpg").pages[0].text


def test_the_pages_of_a_fax(tmp_path: Path) -> None:
    pages = [scan("The first page of it"), scan("The second page of it")]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    document = read(tmp_path / "a.tif")
    assert [page.number for page in document.pages] == [1, 2]
    assert "The second page of it" in document.pages[1].text
    assert [one.page for one in document.pictures] == [0, 1]


def test_too_many_pages_for_the_time_are_told(tmp_path: Path) -> None:
    pages = [scan(f"Page {number}") for number in range(4)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "a.pdf", save_all=True, append_images=pages[1:])
    for name, reason in (("a.tif", "holds 4 pictures, of which"), ("a.pdf", "of its 4 pages; split it")):
        with new_budget(0.001) as spent, pytest.raises(UnreadableFile, match=reason):
            read_within(tmp_path / name, spent)


def test_pictures_that_mean_harm_or_are_damaged(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 100_000
    (tmp_path / "cut.jpg").write_bytes(picture("JPEG")[:600])
    (tmp_path / "not.webp").write_bytes(b"Just words.")
    for name, reason in (("bomb.png", "400000000 pixels"), ("cut.jpg", "is damaged"), ("not.webp", "is damaged")):
        with pytest.raises(UnreadableFile, match=reason):
            read(tmp_path / name)


def column(left: float, words: str, count: int = 5) -> list[Printed]:
    return [Printed(f"{words} {row}", left, 20 * row, left + 400, 20 * row + 16) for row in range(count)]


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    title = Printed("A title across", 100, -40, 900, -20)
    left, right = column(0, "prose of the left column"), column(500, "prose of the right column")
    assert _in_reading_order([*right, title, *left], 1000) == [title, *left, *right]


def test_tables_are_read_row_by_row() -> None:
    left, right = column(0, "cell"), column(500, "value")
    assert _in_reading_order([*right, *left], 1000) == [one for row in zip(left, right, strict=True) for one in row]
