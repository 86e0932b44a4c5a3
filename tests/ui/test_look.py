"""How the page looks and reads: accessible in both themes on every tab, in the person's language."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.ui.browser import DESKTOP, PHONE, Person, person, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

# What is there once a tab has been filled.
TABS = {"Library": "#documents li", "Tools": "#tools-list li", "Pictures": "#gallery-list .empty"}
PASTE_A_PROGRAM = """() => {
  const held = new DataTransfer();
  held.items.add(new File(["MZ"], "program.exe"));
  const paste = new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true });
  document.querySelector("#ask textarea").dispatchEvent(paste);
}"""
BUS = "When does the last bus to Aldbury leave?"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("look") / "home", "engine: builtin\n", "--samples") as address:
        yield address


def found(page):
    """What axe-core calls serious or critical, with where."""
    page.wait_for_timeout(400)  # colours fade in
    violations = Axe().run(page).response["violations"]
    bad = [each for each in violations if each["impact"] in ("serious", "critical")]
    return [(each["id"], node["target"]) for each in bad for node in each["nodes"]]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_on_any_tab(browser, url, dark):
    with person(browser, url, dark=dark) as me:
        me.page.wait_for_timeout(500)
        assert found(me.page) == []
        me.ask(BUS)
        assert found(me.page) == []
        me.chat.locator('a[href^="#source-"]').first.click()
        expect(me.page.locator("#evidence .source mark")).to_be_visible()
        for tab in me.page.get_by_role("tab").all():
            tab.click()
            assert found(me.page) == []
            me.picture(f"look-{'dark' if dark else 'light'}-{tab.inner_text().lower()}")


def test_axe_finds_nothing_serious_on_a_phone_and_every_tab_fits_it(browser, url):
    with person(browser, url, size=PHONE) as me:
        me.page.wait_for_timeout(500)
        assert found(me.page) == []
        for name, shown in TABS.items():
            me.tab_on_a_phone(name)
            expect(me.page.locator(shown).first).to_be_visible()
            assert found(me.page) == [], name
            assert me.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
            me.picture(f"look-phone-{name.lower()}")
        me.tab_on_a_phone("Library")
        me.page.locator("#documents").get_by_role("button", name="Employee handbook").click()
        expect(me.page.locator("#preview img")).to_be_visible()
        assert found(me.page) == []
        me.tab_on_a_phone("Tools")
        me.page.locator("#tools-list").get_by_role("button", name="calculator").click()
        expect(me.page.locator("#tool form")).to_be_visible()
        assert found(me.page) == []
        me.picture("look-phone-tool")


def test_the_page_speaks_the_browsers_language_until_another_is_chosen(browser, url):
    context = browser.new_context(viewport=DESKTOP, locale="de-DE")
    me = Person(context.new_page())
    me.arrive(url)
    expect(me.page.locator("#new")).to_have_text("+ Neues Gespräch")
    expect(me.box).to_have_attribute("placeholder", "Fragen Sie etwas zu Ihren Dokumenten, oder etwas zum Rechnen …")
    me.page.evaluate(PASTE_A_PROGRAM)
    refused = me.page.locator(".attached .refused")
    expect(refused).to_contain_text("wurde nicht hinzugefügt: Dateien der Art .exe können nicht gelesen werden")
    expect(refused).to_contain_text("Quelltext, Bilder, ZIP")
    me.picture("german-refusal")
    notice = me.chat.get_by_role("button", name="Wie lang ist die Kündigungsfrist nach der Probezeit")
    expect(notice).to_be_visible()
    me.picture("german-examples")
    me.ask(BUS)
    expect(me.chat.locator(".option").first).to_contain_text("Was sagt „Heron Cottage")
    me.picture("german")
    me.page.locator("#header .menu summary").click()
    me.page.locator("[data-language=en]").click()
    expect(me.page.locator("#new")).to_have_text("+ New conversation")
    expect(me.page.locator("#history h2")).to_have_text("Today")
    expect(me.chat.locator(".foot")).to_contain_text("possibly right")
    assert me.wrong == []
    context.close()


def test_a_suggested_question_is_about_the_cited_document_and_asked_by_a_press(browser, url):
    with person(browser, url) as me:
        me.ask(BUS)
        option = me.chat.locator(".option").first
        words = option.inner_text()
        assert words.startswith("What does “Heron Cottage: a guide for our guests” say about “")
        option.click()
        expect(me.chat.locator(".user.message").last).to_contain_text(words)
        expect(me.ends).to_have_count(2)
        me.picture("follow-ups")
