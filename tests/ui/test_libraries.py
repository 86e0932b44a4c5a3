"""Choosing a library in the page, in a real browser against a real server."""

from __future__ import annotations

from contextlib import closing

import pytest
from playwright.sync_api import expect, sync_playwright

from assistant.app import open_library
from assistant.libraries import create
from assistant.settings import Settings
from tests import chromium
from tests.ui.browser import person, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

ARKEN = "# The lighthouse of Arken\n\nThe lighthouse of Arken was built in 1874 by Clara Holm.\n"
QUESTION = "Who built the lighthouse of Arken?"


def test_a_conversation_is_about_the_library_that_was_chosen(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "arken.md").write_text(ARKEN)
    create(Settings(home=home), "sea")
    with closing(open_library(Settings(home=home), "sea")) as library:
        library.add([tmp_path / "arken.md"])
    program = chromium.find()
    assert program, f"there is no Chromium; {chromium.install_command()}"
    with sync_playwright() as playwright, serving(home, "engine: builtin\n", "--samples") as url:
        browser = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGS))
        with person(browser, url) as me:
            shelf = me.page.locator("#shelf input")
            expect(shelf).to_have_value("default")
            me.ask(QUESTION)
            expect(me.chat.locator(".foot.declined")).to_be_visible()
            shelf.click()
            me.page.get_by_role("option", name="sea").click()
            expect(me.chat.locator(".user.message")).to_have_count(0)
            me.tab("Library")
            expect(me.page.locator("#documents")).to_contain_text("The lighthouse of Arken")
            me.tab("Conversation")
            me.ask(QUESTION)
            expect(me.chat).to_contain_text("Clara Holm")
            me.chat.locator('a[href="#source-0-1"]').click()
            expect(me.page.locator("#evidence .source mark")).to_contain_text("Clara Holm")
            me.picture("libraries")
            me.page.locator("#new").click()
            expect(shelf).to_have_value("sea")
            me.page.locator("#history .open").last.click()
            expect(me.chat.locator(".foot.declined")).to_be_visible()
            expect(shelf).to_have_value("default")
            me.page.locator("#history .open").first.click()
            expect(me.chat).to_contain_text("Clara Holm")
            expect(shelf).to_have_value("sea")
        browser.close()
