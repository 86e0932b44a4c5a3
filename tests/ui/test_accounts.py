"""Several people on one page: signing in, and seeing nothing that is not one's own."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.accounts.store import Accounts
from tests.ui.browser import ARTIFACTS, DESKTOP, PHONE, serving
from tests.ui.people import PASSWORD, enrol, sign_in, signed_in, visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("accounts") / "home"


@pytest.fixture(scope="module")
def server(home):
    enrol(home)
    with serving(home, "engine: builtin\n", "--samples") as url:
        yield url


def test_a_person_signs_in_asks_and_signs_out(browser, server):
    with visitor(browser) as someone:
        someone.page.goto(server)
        expect(someone.page).to_have_title("Sign in · Assistant")
        someone.picture("sign-in")
        sign_in(someone, server, "ben")
        expect(someone.page.locator("#account")).to_contain_text("ben")
        someone.ask("17 * 3")
        expect(someone.chat).to_contain_text("51")
        someone.picture("signed-in")
        someone.page.get_by_role("button", name="Sign out").click()
        expect(someone.page.locator("#password")).to_be_visible()
        someone.page.goto(server)
        expect(someone.page.locator("#password")).to_be_visible()


def test_conversations_belong_to_the_account_and_to_nobody_else(browser, server):
    with signed_in(browser, server, "anna") as anna:
        anna.ask("111 * 3")
        key = anna.page.locator("#history .open").get_attribute("data-id")
        with signed_in(browser, server, "vera") as vera:
            expect(vera.page.locator("#history .open")).to_have_count(0)
            vera.ask("4 * 4")
            for action in ("open", "delete"):
                button = vera.page.locator("#history .open")
                button.evaluate(
                    "(element, [id, action]) => Object.assign(element.dataset, {id, action})", [key, action]
                )
                button.click()
                expect(vera.page.get_by_text("This conversation is not there any more.").last).to_be_visible()
                expect(vera.chat).not_to_contain_text("333")
    with signed_in(browser, server, "anna") as again:
        again.page.locator("#history .open").last.click()
        expect(again.chat).to_contain_text("333")


def test_the_page_speaks_german_and_fits_a_phone(browser, server):
    with visitor(browser, size=PHONE, locale="de-DE") as someone:
        someone.page.goto(server)
        expect(someone.page).to_have_title("Anmelden · Assistant")
        assert someone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        someone.picture("sign-in-phone")
        someone.page.get_by_role("link", name="English").click()
        expect(someone.page).to_have_title("Sign in · Assistant")


def serious(page):
    page.wait_for_timeout(400)  # colours fade in
    found = Axe().run(page).response["violations"]
    bad = [each for each in found if each["impact"] in ("serious", "critical")]
    return [(each["id"], node["target"]) for each in bad for node in each["nodes"]]


def test_an_admin_sees_how_the_server_is_and_changes_accounts(browser, server):
    with signed_in(browser, server, "anna") as anna:
        anna.tab("Admin")
        expect(anna.page.locator("#admin-overview")).to_contain_text("built-in")
        expect(anna.page.locator("#admin-overview")).to_contain_text("are free")
        expect(anna.page.locator("#admin-people tbody tr")).to_have_count(3)
        for field, text in (("name", "<img src=x onerror=alert(1)>"), ("password", "short")):
            anna.page.locator(f"#admin-{field} input, #admin-{field} textarea").fill(text)
        anna.page.locator("#admin-save").click()
        expect(anna.page.get_by_text("<img src=x onerror=alert(1)>' cannot be a name")).to_be_visible()
        for field, text in (("name", "carl"), ("password", "a long one 9")):
            anna.page.locator(f"#admin-{field} input, #admin-{field} textarea").fill(text)
        anna.page.locator("#admin-save").click()
        expect(anna.page.locator("#admin-people tbody tr")).to_have_count(4)
        anna.picture("admin")
        assert serious(anna.page) == []
        anna.page.set_viewport_size(PHONE)
        assert serious(anna.page) == []
        assert anna.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        anna.picture("admin-phone")
        anna.page.set_viewport_size(DESKTOP)
        with visitor(browser) as carl:
            sign_in(carl, server, "carl", "a long one 9")
            expect(carl.box).to_be_visible()
        remove = anna.page.get_by_role("button", name="Remove: carl")
        remove.click()
        expect(remove).to_have_text("Really remove?")
        remove.click()
        expect(anna.page.locator("#admin-people tbody tr")).to_have_count(3)


def test_the_admin_page_is_for_admins(browser, server):
    with signed_in(browser, server, "ben") as ben:
        expect(ben.page.get_by_role("tab", name="Library")).to_be_visible()
        expect(ben.page.get_by_role("tab", name="Admin")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_sign_in_page(browser, server, scheme):
    context = browser.new_context(color_scheme=scheme, viewport=PHONE, bypass_csp=True)
    try:
        page = context.new_page()
        page.goto(f"{server}/signin?lang=de")
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
        page.screenshot(path=ARTIFACTS / f"sign-in-{scheme}.png")
    finally:
        context.close()


def test_a_wrong_password_and_too_many_are_told_in_the_page(browser, server):
    with visitor(browser) as someone:
        for _ in range(4):
            sign_in(someone, server, "vera", "a wrong one")
        expect(someone.page.get_by_role("alert")).to_contain_text("Too many wrong passwords. Try again in 1 second")
        someone.picture("locked")
        someone.wrong = [each for each in someone.wrong if "403" not in each and "429" not in each]


def test_an_ended_session_is_told_and_leads_to_the_sign_in_page(browser, server, home):
    with signed_in(browser, server, "ben") as ben:
        accounts = Accounts(home)
        accounts.change_password("ben", f"{PASSWORD} ben")
        accounts.close()
        ben.send("17 * 3")
        expect(ben.page.get_by_text("You are not signed in any more").first).to_be_visible()
        ben.picture("ended")
        ben.page.goto(server)
        expect(ben.page.locator("#password")).to_be_visible()
        ben.wrong = [each for each in ben.wrong if "401" not in each]


def test_who_asks_too_fast_is_told_in_the_page(browser, tmp_path):
    enrol(tmp_path / "home")
    config = "engine: builtin\nlimits: {questions: 20}\n"
    with serving(tmp_path / "home", config) as url, signed_in(browser, url, "ben") as ben:
        for _ in range(12):
            ben.page.get_by_role("button", name="New conversation").click()
            ben.page.wait_for_timeout(150)
        expect(ben.page.get_by_text("more than the server takes from one person").first).to_be_visible()
        ben.picture("too-fast")
        ben.wrong = [each for each in ben.wrong if "429" not in each]
