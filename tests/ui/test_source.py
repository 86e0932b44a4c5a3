"""The evidence panel as a person uses it: the passages around a quote, and why it came."""

from __future__ import annotations

from contextlib import closing

import pytest
from playwright.sync_api import expect

from assistant.app import open_library
from assistant.settings import Settings
from tests.ui.browser import PHONE, person, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

QUESTION = "Who repaired the great bell of Arken?"
BELL = "The great bell of Arken was repaired in 1911 by the bell founder Ines Falk, who cast a new clapper."
FILLER = "The harbour of Arken has {n} berths on its {n}. pier, and the fishermen mend their nets there in winter. " * 9


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    paragraphs = [FILLER.format(n=n) for n in range(1, 13)]
    paragraphs.insert(6, BELL)
    (folder / "arken <b>1911.md").write_text("# Arken\n\n" + "\n\n".join(paragraphs))
    with closing(open_library(Settings(home=folder / "home"))) as library:
        library.add([folder / "arken <b>1911.md"])
    with serving(folder / "home", "engine: builtin\n") as address:
        yield address


def test_a_quote_is_read_among_its_passages_and_says_why_it_came(browser, url):
    with person(browser, url) as me:
        me.ask(QUESTION)
        me.chat.locator('a[href="#source-0-1"]').click()
        source = me.page.locator("#evidence .source")
        expect(source.locator("mark")).to_contain_text("Ines Falk")
        expect(source.locator("mark")).to_be_in_viewport()
        before = len(source.inner_text())
        source.get_by_role("button", name="Earlier passages").click()
        expect(source).to_contain_text("on its 3. pier")
        source.get_by_role("button", name="Later passages").click()
        expect(source).to_contain_text("on its 10. pier")
        assert len(source.inner_text()) > 2 * before
        why = me.page.locator("#evidence .why")
        why.locator("summary").click()
        for label in ("Meaning", "Words", "Second look", "Its like"):
            expect(why).to_contain_text(label)
        why.scroll_into_view_if_needed()
        me.picture("why-this-source")
        told = why.inner_text()
        me.page.reload()
        me.page.locator("#history .open").first.click()
        me.chat.locator('a[href="#source-0-1"]').click()
        why.locator("summary").click()
        assert why.inner_text() == told


def test_the_sources_can_be_read_on_a_phone_in_the_dark(browser, url):
    with person(browser, url, size=PHONE, dark=True) as me:
        me.ask(QUESTION)
        me.chat.locator('a[href="#source-0-1"]').click()
        expect(me.page.locator("#evidence .source mark")).to_be_in_viewport()
        me.page.locator("#evidence .why summary").click()
        me.picture("source-phone-dark")
