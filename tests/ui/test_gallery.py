"""The gallery of pictures that conversations made or found."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect, sync_playwright

from assistant.app import open_library
from assistant.origin.verify import Verdict
from assistant.settings import Settings
from tests import chromium
from tests.index.test_pictures import drawn
from tests.ui.browser import PHONE, person, serving
from ui.gallery import Shown, gallery_html
from ui.language import texts
from ui.origin import badge, origin_of

EN = texts()
HOSTILE = '"><img src=x onerror=alert(1)>'
PAINTER = '''
from assistant.plugin import Context, Made, tool


@tool(examples=["paint a square"])
def paint_square(ctx: Context) -> str:
    """Paint a red square."""
    from PIL import Image

    ctx.save_made("square.png", Image.new("RGB", (300, 200), "red"), Made("paint_square", "none", "a red square", 7))
    return "painted"
'''


def test_names_and_titles_bring_no_markup():
    html = gallery_html([Shown(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)], EN, older=7, later=True)
    assert "<img src=x" not in html
    assert 'data-before="7">Older' in html
    assert 'data-before="0">Newest' in html
    assert "No pictures yet." in gallery_html([], EN, older=None, later=False)


def test_a_badge_tells_what_is_known_of_a_picture(tmp_path):
    made = Verdict("signed", "this machine", made={"seed": 7, "model": HOSTILE})
    html = badge(made, EN)
    assert "✓ signed" in html and "seed: 7" in html and "<img" not in html
    assert "⚠ altered" in badge(Verdict("altered"), EN)
    assert "– no origin" in badge(Verdict("nothing"), EN)
    assert "≈ watermark only" in badge(Verdict("watermark"), EN)
    plain = tmp_path / "plain.png"
    plain.write_bytes(drawn())
    assert origin_of(plain) == Verdict("nothing")
    assert badge(origin_of(tmp_path / "gone.png"), EN) == ""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_pictures_are_gathered_and_lead_to_their_conversations(tmp_path):
    home = tmp_path / "home"
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "painter.py").write_text(PAINTER)
    (tmp_path / "lighthouse at dusk.png").write_bytes(drawn())
    home.mkdir()
    with closing(open_library(Settings(home=home))) as library:
        library.add([tmp_path / "lighthouse at dusk.png"])
    program = chromium.find()
    assert program, f"there is no Chromium; {chromium.install_command()}"
    with (
        sync_playwright() as playwright,
        serving(home, "engine: builtin\n", "--tools", str(tmp_path / "tools")) as url,
        playwright.chromium.launch(executable_path=program, args=list(chromium.ARGS)) as browser,
    ):
        with person(browser, url) as me:
            me.tab("Pictures")
            expect(me.page.locator("#gallery-list")).to_contain_text("No pictures yet.")
            me.tab("Conversation")
            me.ask("@paint_square")
            expect(me.chat.locator("figure.picture .origin.signed")).to_have_text("✓ signed")
            me.picture("picture-origin")
            me.page.locator("#new").click()
            expect(me.chat.locator(".user.message")).to_have_count(0)
            me.ask("Show me a picture of the lighthouse")
            me.tab("Pictures")
            cells = me.page.locator("#gallery-list li")
            expect(cells).to_have_count(2)
            expect(cells.first).to_contain_text("found in lighthouse at dusk.png")
            expect(cells.last).to_contain_text("square.png")
            expect(cells.last).to_contain_text("made by paint_square")
            expect(cells.last.locator(".origin.signed")).to_have_attribute("title", re.compile("seed: 7"))
            expect(cells.first.locator(".origin")).to_have_count(0)
            assert (
                cells.last.locator("img").evaluate("async image => (await image.decode(), image.naturalWidth)") == 300
            )
            me.picture("gallery")
            cells.last.get_by_role("button").click()
            expect(me.chat.locator(".user.message")).to_contain_text("@paint_square")
        with person(browser, url, size=PHONE, dark=True) as other:
            other.tab_on_a_phone("Pictures")
            expect(other.page.locator("#gallery-list")).to_contain_text("No pictures yet.")
            other.picture("gallery-phone-dark")
