"""The library's map, data sheet and list of libraries: what they show, and that names bring no markup."""

from __future__ import annotations

import html as markup
import json
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from assistant.app import open_library
from assistant.settings import Settings
from index.inventory import Gap, Inventory
from index.map import LibraryMap, Spot, Topic
from index.refusals import Refusal
from tests.ui.browser import PHONE, person, serving
from ui.language import texts
from ui.library_names import Named, names_html
from ui.library_sheet import inventory_html
from ui.map import map_html

EN = texts()
HOSTILE = '<img src=x onerror="alert(1)">'
SAMPLES = Path(__file__).parents[2] / "assistant" / "samples" / "documents"
NO_GAP = Gap(0, ())
SHEET = Inventory(
    3, 9, 20, 2, 4000, 9_000_000, {HOSTILE: 3}, {"en": 2, "unknown": 1}, 3, {"2026-11": 3}, "2026-11-01", "2026-11-20",
    ((HOSTILE, 9_000_000),), {HOSTILE: 1}, 2, 4, Gap(1, (HOSTILE,)), NO_GAP, NO_GAP, Gap(30, (HOSTILE,) * 20),
    (Refusal(f"/up/{HOSTILE}", HOSTILE, "2026-11-20T08:00:00+00:00"),), "Pictures are found by words only.",
)  # fmt: skip


def test_the_map_brings_its_data_and_no_markup():
    spots = (Spot(7, 3, 0.25, 0.5, 0, HOSTILE), Spot(9, None, 1, 0, 0, "b"))
    html = map_html(LibraryMap(spots, (Topic((HOSTILE, "tea"), 0.5, 0.5, 2),), {7: HOSTILE, 9: "B"}, 50_000), EN)
    assert "<img" not in html
    data = json.loads(markup.unescape(re.search(r'data-map="([^"]*)"', html)[1]))
    assert data["spots"] == [[2500, 5000, 0, 0, 3, HOSTILE], [10000, 0, 0, 1, 0, "b"]]
    assert data["ids"] == [7, 9]
    assert "A sample of 2 of 50,000 passages" in html
    assert "The library is empty" in map_html(LibraryMap((), (), {}, 0), EN)


def test_the_data_sheet_tells_what_is_held_and_what_is_missing():
    html = inventory_html(SHEET, EN)
    assert "<img" not in html
    for words in (
        "English",
        "too little text to tell",
        "4 pages without text",
        "30 documents that are the same",
        "and 10",
    ):
        assert words in html, words
    assert "1 file that could not be read" in html
    assert "Pictures are found by words only." in html
    calm = replace(SHEET, pages_without_text=0, same=NO_GAP, refused=(), pictures=0)
    assert "Nothing is known to be missing." in inventory_html(calm, EN)


def test_the_default_library_and_the_one_in_use_cannot_be_deleted():
    html = names_html(
        [Named("default", 3, 10), Named("sea", None, 0, HOSTILE), Named("work", 1, 9)], "work", "default", EN
    )
    assert "<img" not in html
    assert re.findall(r'data-action="(\w+)" data-id="(\w+)"', html) == [
        ("use", "default"), ("use", "sea"), ("delete", "sea"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    home = tmp_path_factory.mktemp("views") / "home"
    home.mkdir()
    (home.parent / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (home.parent / "frist.md").write_text(
        f"# {HOSTILE}\n\nDie Kündigungsfrist beträgt nach der Probezeit drei Monate.\n"
    )
    with closing(open_library(Settings(home=home))) as library:
        library.add([SAMPLES, home.parent / "frist.md", home.parent / "broken.pdf"])
    with serving(home, "engine: builtin\n") as address:
        yield address


@pytest.fixture(scope="module")
def me(browser, url):
    with person(browser, url) as someone:
        someone.tab("Library")
        yield someone


def spot(me, number):
    """Where a passage is drawn in the window."""
    return me.page.evaluate(
        """number => {
            const [x, y] = JSON.parse(document.querySelector(".map").dataset.map).spots[number];
            const box = document.querySelector(".map canvas").getBoundingClientRect();
            return [box.x + x / 10000 * box.width, box.y + y / 10000 * box.height];
        }""",
        number,
    )


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_map_is_read_by_pointing_and_opened_by_choosing(me):
    me.tab("Map")
    expect(me.page.locator("#map canvas")).to_be_visible(timeout=60_000)
    expect(me.page.locator("#map .topics li")).not_to_have_count(0)
    me.page.mouse.move(*spot(me, 10))
    tip = me.page.locator("#map .tip")
    expect(tip).to_be_visible()
    assert len(tip.inner_text()) > 40
    begins = tip.evaluate("tip => tip.lastChild.textContent").removesuffix("…")[:60]
    me.picture("library-map")
    me.page.locator("#map .topics button").first.click()
    expect(me.page.locator("#map .topics button").first).to_have_attribute("aria-pressed", "true")
    me.page.locator("#map .topics button").first.click()
    me.page.mouse.click(*spot(me, 10))
    expect(me.page.locator("#map-preview .preview")).to_be_visible()
    mark = me.page.locator("#map-preview mark")
    expect(mark).to_be_in_viewport()
    assert " ".join(mark.inner_text().split()).startswith(begins)
    me.picture("library-map-passage")
    me.page.locator("#map-preview").get_by_role("button", name="All documents").click()
    expect(me.page.locator("#map canvas")).to_be_visible()
    assert me.page.locator("img[src=x]").count() == 0


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_data_sheet_names_languages_and_refused_files(me):
    me.tab("Data sheet")
    sheet = me.page.locator("#inventory")
    expect(sheet).to_contain_text("German")
    sheet.locator("summary", has_text="could not be read").click()
    expect(sheet).to_contain_text("broken.pdf")
    me.picture("library-sheet")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_a_library_is_made_used_and_deleted(me):
    me.tab("All libraries")
    names = me.page.locator("#names")
    names.locator("form input").fill("Not a name!")
    names.get_by_role("button", name="Make it").click()
    expect(me.page.get_by_text("cannot be the name of a library").first).to_be_visible()
    names.locator("form input").fill("sea")
    names.get_by_role("button", name="Make it").click()
    names.get_by_role("button", name="Use sea").click()
    expect(me.page.locator("#shelf input")).to_have_value("sea")
    me.tab("Documents")
    expect(me.page.locator("#documents")).to_contain_text("The library is empty.")
    me.tab("All libraries")
    names.get_by_role("button", name="Use default").click()
    expect(me.page.locator("#shelf input")).to_have_value("default")
    me.tab("Documents")
    me.tab("All libraries")
    delete = names.get_by_role("button", name="Delete sea")
    delete.click()
    me.picture("library-names")
    delete.click()
    expect(names.locator("li")).to_have_count(1)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_map_fits_on_a_phone_in_the_dark(browser, url):
    with person(browser, url, size=PHONE, dark=True) as me:
        me.tab("Library")
        me.tab("Map")
        expect(me.page.locator("#map canvas")).to_be_visible(timeout=60_000)
        assert me.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        me.picture("library-map-phone-dark")
