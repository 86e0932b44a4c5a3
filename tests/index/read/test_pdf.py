"""PDF files."""

import io
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pypdfium2
import pytest
import reportlab.pdfgen.canvas
from reportlab.lib.utils import ImageReader

from index.errors import UnreadableFile
from index.read import read
from index.read.pdf_paragraphs import Line, page_paragraphs, page_text
from tests.index.read.files import picture

FIXTURES = Path(__file__).parents[2] / "fixtures"


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    return str(caught.value)


def page_texts(pages: Sequence[Sequence[Line]]) -> list[str]:
    return [page_text(page).text for page in page_paragraphs(pages)]


def printed(lines: Sequence[str], *, left: float = 72, top: float = 700, width: float = 6) -> list[Line]:
    """Lines of 12 points in a typewriter's face, 15 points apart."""
    return [Line(text, left, left + width * len(text), top - 15 * place, 12) for place, text in enumerate(lines)]


def test_two_columns_read_as_paragraphs() -> None:
    document = read(FIXTURES / "two-columns.pdf")
    assert document.title == "Two-Column Document with Lorem Ipsum"
    assert [page.number for page in document.pages] == [1, 2, 3]
    first = document.pages[0].text
    assert "This is a sample document with two columns filled with Lorem Ipsum text.\n\n" in first
    assert "consectetuer adipiscing elit. Ut purus elit, vestibulum ut, placerat ac, adipiscing vitae, felis." in first
    assert "\n\nNam dui ligula, fringilla a, euismod sodales, sollicitudin vel, wisi. Morbi auctor" in first
    assert "\nAustria | 8.9 | 83,879 | Vienna | German\n" in document.pages[2].text


def test_page_numbers_are_left_out_and_paragraphs_are_whole() -> None:
    pages = read(FIXTURES / "four-pages.pdf").pages
    assert [page.number for page in pages] == [1, 2, 3, 4]
    for page in pages:
        assert not page.text.endswith(f"\n{page.number}")
        assert "\n" not in page.text.replace("\n\n", "")


def test_form_with_columns_reads_as_rows() -> None:
    text = read(FIXTURES / "booking.pdf").pages[0].text
    assert "Order / Rev: | 2024-12-5678\nAlt Order #: | SC-WINTER-2024\n" in text
    assert "### Booking Agency\n\nName: | Premier Entertainment Group\n" in text


def test_what_was_filled_into_a_form_is_read() -> None:
    text = read(FIXTURES / "form.pdf").pages[0].text
    assert "First Name" in text
    assert "Alice" in text


def test_open_password() -> None:
    assert "is encrypted and opens only with a password" in refusal(FIXTURES / "open-password.pdf")


def test_permission_password_does_not_hinder_reading() -> None:
    document = read(FIXTURES / "permission-password.pdf")
    assert document.title == "May be read by all"
    assert document.pages[0].text == "This file opens without a password; only changing it needs one."


def test_scan_of_nothing_that_could_be_read() -> None:
    assert "holds no text" in refusal(FIXTURES / "scanned.pdf")


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnothing else", b"Just words.", b"%PDF-1.4\n" + bytes(3000)])
def test_corrupt(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pdf").write_bytes(content)
    assert "is damaged or is no PDF" in refusal(tmp_path / "a.pdf")


def test_cut_short(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes((FIXTURES / "two-columns.pdf").read_bytes()[:20_000])
    assert "is damaged" in refusal(tmp_path / "a.pdf")


def test_many_threads_at_once() -> None:
    paths = [FIXTURES / "two-columns.pdf", FIXTURES / "four-pages.pdf"] * 4
    with ThreadPoolExecutor(4) as pool:
        documents = list(pool.map(read, paths))
    assert documents == [read(paths[0]), read(paths[1])] * 4


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["The quick brown fox jumps over the", "lazy dog and runs away into woods."], None),
        (["The first sentence ends early.", "And here another paragraph starts, longer."], "{}\n\n{}"),
        (["A long line that fills the measure to", "• a first item of a list that follows"], "{}\n\n{}"),
    ],
)
def test_where_a_paragraph_ends(lines: list[str], text: str | None) -> None:
    assert page_texts([printed(lines)]) == [(text or "{} {}").format(*lines)]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["predicting the solubil\ufffe", "ity of molecules"], "predicting the solubility of molecules"),
        (["in the green Schwarz\ufffe", "Weiß edition of it"], "in the green Schwarz-Weiß edition of it"),
        (["the spread of COVID\x02", "19 in all of Europe"], "the spread of COVID-19 in all of Europe"),
        (["a well-known and well\ufffe", "known example of it"], "a well-known and well-known example of it"),
        (["once the old village co-", "operative of bakers"], "once the old village cooperative of bakers"),
    ],
)
def test_words_broken_at_the_line_end(lines: list[str], text: str) -> None:
    assert page_texts([printed(lines)]) == [text]


def test_word_broken_above_a_footnote() -> None:
    column = printed(["queries need manual submis\ufffe"])
    assert page_texts([[*column, Line("7 See the appendix", 72, 140, 60, 8)]]) == [
        "queries need manual submis-\n\n7 See the appendix"
    ]


def test_raised_figures_stay_on_their_row() -> None:
    row = [Line("the plane R", 72, 140, 700, 12), Line("2", 140, 144, 706, 7), Line("is flat", 148, 190, 700, 12)]
    assert page_texts([row]) == ["the plane R2 is flat"]


def test_running_head_is_kept_once() -> None:
    def page(number: int) -> list[Line]:
        head = printed(["Annual report of the society"], top=780)
        body = printed([f"On page {number} there is a text of its own."], top=600)
        return [*head, *body, *printed([f"Page {number} of 4"], top=40)]

    texts = page_texts([page(number) for number in range(1, 5)])
    assert texts[0] == "Annual report of the society\n\nOn page 1 there is a text of its own."
    assert texts[1:] == [f"On page {number} there is a text of its own." for number in (2, 3, 4)]


@pytest.mark.parametrize("name", ["two-columns.pdf", "booking.pdf", "form.pdf", "four-pages.pdf"])
def test_lines_stand_where_they_are_printed(name: str) -> None:
    pdf = pypdfium2.PdfDocument(FIXTURES / name)
    if pdf.get_formtype():
        pdf.init_forms()
    for number, page in enumerate(read(FIXTURES / name).pages):
        shown = pdf[number]
        if pdf.formenv:
            shown.flatten()
            shown = pdf[number]
        width, height = shown.get_size()
        assert [line.start for line in page.lines] == sorted(line.start for line in page.lines)
        assert letters("".join(page.text[line.start : line.end] for line in page.lines)) == letters(page.text)
        for line in page.lines:
            box = line.box
            edges = (box.left * width, (1 - box.bottom) * height, box.right * width, (1 - box.top) * height)
            there = shown.get_textpage().get_text_bounded(*edges)
            assert letters(page.text[line.start : line.end]) <= letters(there), (line, there)


def letters(text: str) -> Counter[str]:
    """Letters and figures; a line's box may hold a little of its neighbours."""
    return Counter(character for character in text if character.isalnum() and character.isascii())


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_follow_rotation_and_crop(tmp_path: Path, rotation: int) -> None:
    canvas = reportlab.pdfgen.canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    canvas.setFont("Helvetica", 30)
    canvas.drawString(120, 420, "Gravity")
    canvas.save()
    pdf = pypdfium2.PdfDocument(tmp_path / "a.pdf")
    pdf[0].set_cropbox(50, 100, 400, 600)
    pdf[0].set_rotation(rotation)
    pdf.save(tmp_path / "b.pdf")
    [line] = read(tmp_path / "b.pdf").pages[0].lines
    shown = pypdfium2.PdfDocument(tmp_path / "b.pdf")[0].render().to_pil().convert("L")
    ink = shown.point(lambda value: 255 * (value < 128)).getbbox()
    assert ink
    inked = (ink[0] / shown.width, ink[1] / shown.height, ink[2] / shown.width, ink[3] / shown.height)
    assert line.box.left <= inked[0] + 0.01
    assert line.box.top <= inked[1] + 0.01
    assert line.box.right >= inked[2] - 0.01
    assert line.box.bottom >= inked[3] - 0.01
    assert (line.box.right - line.box.left) * (line.box.bottom - line.box.top) < 0.05


@pytest.fixture
def illustrated(tmp_path: Path) -> Path:
    canvas = reportlab.pdfgen.canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(600, 800))
    sizes = (320, 240), (40, 30), (320, 200)
    chart, icon, map_ = (ImageReader(io.BytesIO(picture(size=size, seed=size[1]))) for size in sizes)
    canvas.drawString(50, 700, "The harvest grew from year to year, as the next chart shows.")
    canvas.drawImage(chart, 100, 400, 320, 240)
    canvas.drawString(100, 380, "Figure 1. Harvest by year, in tons.")
    canvas.drawString(50, 300, "After that it fell.")
    canvas.drawImage(icon, 500, 300, 20, 15)
    canvas.drawImage(map_, 100, 30, 320, 200)
    canvas.showPage()
    canvas.drawImage(chart, 100, 400, 320, 240)
    canvas.drawString(50, 300, "The first chart again.")
    canvas.save()
    return tmp_path / "a.pdf"


def test_pictures_stand_in_the_text_with_their_captions(illustrated: Path) -> None:
    document = read(illustrated)
    page, again = document.pages
    assert again.text == "The first chart again."
    figure, other = document.pictures
    assert figure.caption == "Figure 1. Harvest by year, in tons."
    line = page.text[figure.start : figure.end]
    assert line == "[Picture: Figure 1. Harvest by year, in tons.]"
    assert page.text.startswith(f"The harvest grew from year to year, as the next chart shows.\n\n{line}\n\nFigure 1.")
    assert page.text[other.start : other.end] == "[Picture]"
    assert page.text.index("After that it fell.") < other.start
    assert figure.box
    edges = (figure.box.left, figure.box.top, figure.box.right, figure.box.bottom)
    assert edges == pytest.approx((100 / 600, 160 / 800, 420 / 600, 400 / 800), abs=0.005)
    assert figure.width / figure.height == pytest.approx(320 / 240, abs=0.02)
    for placed in page.lines:
        assert page.text[placed.start : placed.end] in ("\n".join(page.text.split("\n\n")))
        assert "Picture" not in page.text[placed.start : placed.end]
