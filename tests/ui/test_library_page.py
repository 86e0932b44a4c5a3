"""The library tab as a person uses it, in a real browser against a real server."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from assistant.app import open_library
from assistant.settings import Settings
from tests.ui.browser import PHONE, person, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

SAMPLES = Path(__file__).parents[2] / "assistant" / "samples" / "documents"
HOSTILE = "<img src=x onerror=alert(1)>"
MANY = 70


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What is put into the library from the page."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "reports" / "deep").mkdir(parents=True)
    (folder / "reports" / "harbour.md").write_text("# Harbour report\n\nThe harbour of Arken has nine berths.\n")
    (folder / "reports" / "deep" / "bell.md").write_text("# Bell report\n\nInes Falk repaired the bell in 1911.\n")
    (folder / "reports" / ".hidden.md").write_text("hidden")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    whale = "Whale number {n} sings of the deep and of the ships above it. " * 9
    (folder / "book.txt").write_text("\n\n".join(whale.format(n=n) for n in range(2500)))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose library holds the samples and many small documents."""
    home = tmp_path_factory.mktemp("library") / "home"
    notes = home.parent / "notes"
    notes.mkdir()
    for n in range(MANY):
        (notes / f"note-{n:03}.txt").write_text(f"Note {n} is about the weather of day {n}.")
    (notes / "hostile.md").write_text(f"# Gadget {HOSTILE}\n\nIt weighs {HOSTILE} grams.\n")
    home.mkdir()
    with closing(open_library(Settings(home=home))) as library:
        library.add([SAMPLES, notes])
        library.tag("hostile.md", [HOSTILE])
    return home


@pytest.fixture(scope="module")
def url(home):
    with serving(home, "engine: builtin\n") as address:
        yield address


@pytest.fixture(scope="module")
def me(browser, url):
    """One page for all these tests, since loading it is what takes long; each leaves the library as it was."""
    with person(browser, url) as someone:
        someone.tab("Library")
        yield someone


@pytest.fixture
def rows(me):
    return me.page.locator("#documents li")


def test_the_list_is_searched_filtered_sorted_and_turned(me, rows):
    heading = me.page.locator("#documents h2")
    expect(heading).to_contain_text("documents")
    expect(rows).to_have_count(50)
    me.page.locator("#documents").get_by_role("button", name="After ›").click()
    expect(me.page.locator("#documents .pager")).to_contain_text("51 to 7")
    me.picture("library-list")
    me.page.get_by_label("Search documents").fill("note-06")
    expect(heading).to_contain_text("10 documents of")
    me.page.get_by_label("Order").select_option("-size")
    me.page.get_by_label("Search documents").fill("")
    expect(rows.first).not_to_contain_text("note-")
    me.page.get_by_label("Kind").select_option("pdf")
    expect(rows.first.locator(".kind")).to_have_text("pdf")
    me.picture("library-filtered")
    me.page.get_by_label("Search documents").fill("no such thing")
    expect(me.page.locator("#documents")).to_contain_text("No document fits.")
    me.page.locator("#toolbar").get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(50)


def test_a_document_is_tagged_and_found_by_its_tag(me, rows):
    search = me.page.get_by_label("Search documents")
    search.fill("note-003")
    expect(rows).to_have_count(1)
    rows.first.locator(".tagging summary").click()
    rows.first.locator(".tagging input").fill("Weather 2026")
    rows.first.locator(".tagging input").press("Enter")
    expect(rows.first.locator(".tag")).to_have_text("weather 2026×")
    expect(search).to_have_value("note-003")
    search.fill("")
    expect(rows).to_have_count(50)
    me.page.get_by_label("Tag", exact=True).select_option("weather 2026")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("button", name="Take the tag weather 2026 away").click()
    expect(me.page.locator("#documents")).to_contain_text("No document fits.")
    me.page.locator("#toolbar").get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(50)


def test_a_document_is_read_page_by_page(me, rows):
    me.page.get_by_label("Search documents").fill("handbook")
    rows.first.get_by_role("button", name="Employee handbook").click()
    preview = me.page.locator("#preview")
    expect(preview.locator("img")).to_be_visible()
    preview.get_by_role("button", name="After ›").first.click()
    expect(preview.locator(".pager input").first).to_have_value("2")
    preview.locator("summary").click()
    expect(preview.locator(".page-text")).to_be_visible()
    me.picture("library-preview")
    preview.get_by_role("button", name="All documents").click()
    expect(rows).to_have_count(1)
    me.page.get_by_label("Search documents").fill("hostile")
    expect(rows.first).to_contain_text("hostile.md")
    rows.first.locator(".open").click()
    expect(preview).to_contain_text(HOSTILE)
    assert me.page.locator("img[src=x]").count() == 0
    preview.get_by_role("button", name="All documents").click()
    me.page.locator("#toolbar").get_by_role("button", name="Clear").click()


def test_a_folder_is_added_with_what_lies_below_it(me, rows, folder):
    with me.page.expect_file_chooser() as chooser:
        me.page.get_by_role("button", name="choose a folder").click()
    chooser.value.set_files(str(folder / "reports"))
    progress = me.page.locator("#progress")
    expect(progress).to_contain_text("All 2 in the library")
    expect(progress).to_contain_text("reports/deep/bell.md added")
    expect(progress).not_to_contain_text("hidden")
    me.page.get_by_label("Folder").select_option(index=0)
    me.page.get_by_label("Search documents").fill("report")
    expect(rows).to_have_count(2)
    labels = me.page.get_by_label("Folder").locator("option").all_inner_texts()
    deep = next(n for n, label in enumerate(labels) if label.endswith("reports/deep (1)"))
    me.page.get_by_label("Folder").select_option(index=deep)
    expect(rows).to_have_count(1)
    remove = me.page.get_by_role("button", name="Remove bell.md")
    remove.click()
    expect(remove).to_have_text("Remove for everyone?")
    remove.click()
    me.page.locator("#toolbar").get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(50)


def test_a_folder_is_dropped_on_the_library(me, rows, folder):
    """By the browser's own protocol, since a page cannot make up folders."""
    browser, box = me.page.context.new_cdp_session(me.page), me.page.locator("#upload .drop").bounding_box()
    data = {"items": [], "files": [str(folder / "reports")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 20, "y": box["y"] + 20, "data": data})
    expect(me.page.locator("#upload .drop.over")).to_be_visible()
    me.picture("library-drop")
    browser.send("Input.dispatchDragEvent", {"type": "drop", "x": box["x"] + 20, "y": box["y"] + 20, "data": data})
    progress = me.page.locator("#progress")
    expect(progress).to_contain_text("reports/deep/bell.md added")
    expect(progress).to_contain_text("reports/harbour.md")
    expect(progress).not_to_contain_text("hidden")
    browser.detach()
    me.page.get_by_label("Search documents").fill("bell.md")
    expect(rows).to_have_count(1)
    remove = me.page.get_by_role("button", name="Remove bell.md")
    remove.click()
    remove.click()
    expect(rows).to_have_count(0)
    me.page.locator("#toolbar").get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(50)


def test_an_upload_is_paused_stopped_and_tried_again(me, folder, home):
    book, broken, harbour = folder / "book.txt", folder / "broken.pdf", folder / "reports" / "harbour.md"
    me.page.locator("#upload input[type=file]").set_input_files([str(book), str(broken), str(harbour)])
    progress = me.page.locator("#progress")
    progress.get_by_role("button", name="Pause").click()
    expect(progress).to_contain_text("paused")
    first = progress.locator("li").first
    expect(first).to_contain_text("passages", timeout=60_000)
    me.picture("library-uploading")
    first.get_by_role("button", name="Stop").click()
    expect(first).to_contain_text("stopped, not added")
    expect(progress.locator("li").nth(2)).to_contain_text("waiting")
    progress.get_by_role("button", name="Go on").click()
    expect(progress).to_contain_text("1 of 3 in the library")
    expect(progress.locator("li").nth(1)).to_contain_text("not added:")
    first.get_by_role("button", name="Try").click()
    expect(first).to_contain_text("passages")
    me.page.locator("#progress").get_by_role("button", name="Stop all").click()
    expect(first).to_contain_text("stopped, not added")
    me.picture("library-upload-ended")
    assert not list((home / "files" / "uploads").rglob("book.txt"))


def test_the_library_is_usable_on_a_phone_in_the_dark(browser, url):
    with person(browser, url, size=PHONE, dark=True) as me:
        me.tab("Library")
        expect(me.page.locator("#documents li")).to_have_count(50)
        assert me.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        me.picture("library-phone-dark")
