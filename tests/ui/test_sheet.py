"""What a quote looks like: its page, highlighted, and the pictures that an answer names."""

from __future__ import annotations

import base64
from contextlib import closing
from pathlib import Path

import pytest
from PIL import ImageChops
from playwright.sync_api import expect, sync_playwright

from assistant.events import Citation
from index.embed import SentenceTransformerEmbedder
from index.library import Library
from index.read.pictures import opened
from index.types import Document
from tests import chromium
from tests.index.test_pictures import drawn, illustrated
from tests.ui.answers import answer
from tests.ui.browser import ARTIFACTS, person, serving
from ui.language import texts
from ui.sheet import Sheet, cited_pictures, sheet_html, sheets

EN = texts()
FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def embedder():
    return SentenceTransformerEmbedder()


@pytest.fixture
def library(tmp_path, embedder):
    with closing(Library.open(tmp_path / "library", embedder)) as opened_library:
        yield opened_library


def cite(library: Library, document: Document, words: str, page: int | None, n: int = 1) -> Citation:
    start = library.page_text(document.id, page).index(words)
    where = document.path, document.title, page, words, start, start + len(words), document.id
    return Citation(n, *where)


def test_the_boxes_lie_on_the_words_of_the_page(library):
    """On the page's picture there is ink within the quote's boxes and none right above the first."""
    [outcome] = library.add([FIXTURES / "four-pages.pdf"])
    document = outcome.document
    passage = library.passages(document.id)[0]
    quote = passage.text[:60]
    [sheet] = sheets(library, document, cite(library, document, quote, passage.page), EN)
    assert sheet.name == f"Page {passage.page} of {document.title}"
    with opened(base64.b64decode(sheet.url.partition(",")[2])) as image:
        ink = ImageChops.invert(image.convert("L"))
    for box in sheet.boxes:
        edges = (box.left * ink.width, box.top * ink.height, box.right * ink.width, box.bottom * ink.height)
        assert ink.crop(tuple(map(round, edges))).getextrema()[1] > 128
    assert len(sheet.boxes) == 1


def test_a_quote_of_a_picture_without_a_page_is_that_picture(library):
    library.add_documents([("/gone.docx", illustrated())])
    [document] = library.documents()
    [sheet] = sheets(library, document, cite(library, document, "The tower from the sea", 1), EN)
    assert sheet.url == f"data:image/png;base64,{base64.b64encode(drawn()).decode()}"
    assert sheets(library, document, cite(library, document, "was built in 1874", 1), EN) == ()


def test_names_bring_no_markup():
    html = sheet_html(Sheet("data:image/png;base64,AA", '"><script>'))
    assert "<script>" not in html


def test_an_answer_shows_the_pictures_that_it_names(library, tmp_path):
    library.add_documents([("/arken.pdf", illustrated())])
    [document] = library.documents()
    published = []

    def publish(path: Path) -> str:
        published.append(path.read_bytes())
        return f"/copies/{path.name}"

    named = cite(library, document, "The tower from the sea", 1, n=3)
    [shown] = cited_pictures(lambda _: library, answer(citations=(named,)), publish)
    assert (shown.name, shown.kind) == ("[3] The tower from the sea", "picture")
    assert shown.url == "/gradio_api/file=/copies/picture-1.png"
    assert published == [drawn()]
    beside = cite(library, document, "was built in 1874", 1)
    assert cited_pictures(lambda _: library, answer(citations=(beside,)), publish) == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_page_shows_the_quote_on_its_page_and_pictures_in_the_answer(tmp_path, embedder):
    home = tmp_path / "home"
    photo = tmp_path / "lighthouse at dusk.png"
    photo.write_bytes(drawn())
    with closing(Library.open(home / "library", embedder)) as filled:
        handbook = Path(__file__).parents[2] / "assistant/samples/documents/employee-handbook.pdf"
        assert [each.status for each in filled.add([handbook, photo])] == ["added", "added"]
    program = chromium.find()
    assert program
    with (
        sync_playwright() as playwright,
        serving(home, "engine: builtin\n") as url,
        playwright.chromium.launch(executable_path=program, args=list(chromium.ARGS)) as browser,
        person(browser, url) as someone,
    ):
        someone.ask("How long is the notice period after probation at Lindenhof Bicycles?")
        someone.chat.locator("a[href*='#source-']").first.click()
        sheet = someone.page.locator("#evidence .sheet")
        expect(sheet.locator("img")).to_be_visible()
        spot = sheet.locator(".spot").first
        expect(spot).to_be_in_viewport()
        someone.picture("quote-on-its-page")
        someone.ask("Show me a picture of the lighthouse")
        shown = someone.chat.locator("figure.picture img")
        expect(shown).to_be_visible()
        assert shown.evaluate("image => image.naturalWidth") == 160
        someone.picture("picture-in-the-answer")
    assert ARTIFACTS.exists()
