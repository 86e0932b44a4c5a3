"""The tools tab as a person uses it, in a real browser against a real server."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.ui.browser import PHONE, person, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

LAMP = '''
from pathlib import Path
from assistant.plugin import Context, tool

MARK = Path(__file__).parent / "lamp.log"


@tool(approval="always", touches=["files"])
def switch_lamp(room: str, ctx: Context, bright: bool = False) -> str:
    """Switch a lamp on.

    Args:
        room: Where it hangs, such as <img src=x onerror=alert(1)>.
        bright: Whether it shines its brightest.
    """
    with MARK.open("a") as file:
        file.write(room)
    return f"<img src=x onerror=alert(2)> the lamp of {room} is on"


@tool
def draw_square(ctx: Context, size: int = 40) -> str:
    """Draw a red square.

    Args:
        size: Pixels.
    """
    from PIL import Image

    ctx.save_picture("square.png", Image.new("RGB", (size, size), "red"))
    return "drawn"
'''
SUM = "What is 12.5 % of 2,480, minus 17?"


def all_tools(me):
    """Opens the list of tools, whichever tool the test before this one has left open."""
    me.tab("Tools")
    back, first = (
        me.page.locator("#tool").get_by_role("button", name="All tools"),
        me.page.locator("#tools-list li").first,
    )
    expect(back.or_(first).filter(visible=True).first).to_be_visible()
    if back.is_visible():
        back.click()
    expect(first).to_be_visible()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools")
    (folder / "tools").mkdir()
    (folder / "tools" / "lamp.py").write_text(LAMP)
    return folder


@pytest.fixture(scope="module")
def url(folder):
    with serving(folder / "home", "engine: builtin\n", "--tools", str(folder / "tools")) as address:
        yield address


@pytest.fixture(scope="module")
def me(browser, url):
    with person(browser, url) as someone:
        yield someone


def test_a_tool_is_tried_only_after_it_was_approved(me, folder):
    log = folder / "tools" / "lamp.log"
    all_tools(me)
    row = me.page.locator("#tools-list li", has_text="switch_lamp")
    expect(row).to_contain_text("asks every time")
    expect(row).to_contain_text("lamp.py")
    me.picture("tools-list")
    row.get_by_role("button", name="switch_lamp").click()
    form = me.page.locator("#tool form")
    form.locator("[name=room]").fill("<b>hall</b>")
    form.locator("[name=bright]").select_option("true")
    form.get_by_role("button", name="Try it").click()
    card = me.page.locator("#trial-approval")
    expect(card).to_contain_text("switch_lamp wants to run")
    me.page.wait_for_timeout(600)
    me.picture("tool-trial-approval")
    card.get_by_role("button", name="Refuse …").click()
    card.get_by_role("button", name="Refuse", exact=True).click()
    expect(me.page.locator("#trial")).to_contain_text("not approved")
    assert not log.exists()
    form.get_by_role("button", name="Try it").click()
    card.get_by_role("button", name="Approve").click()
    expect(me.page.locator("#trial")).to_contain_text("the lamp of <b>hall</b> is on")
    assert log.read_text() == "<b>hall</b>"
    assert me.page.locator("img[src=x]").count() == 0
    me.picture("tool-tried")


def test_a_trial_shows_its_picture_and_what_does_not_fit(me):
    all_tools(me)
    me.page.locator("#tools-list").get_by_role("button", name="draw_square").click()
    me.page.locator("#tool [name=size]").fill("1")
    me.page.locator("#tool [name=size]").evaluate("field => (field.type = 'text', field.value = 'many')")
    me.page.locator("#tool").get_by_role("button", name="Try it").click()
    expect(me.page.locator("#trial")).to_contain_text("This does not fit: size")
    me.page.locator("#tool [name=size]").fill("64")
    me.page.locator("#tool").get_by_role("button", name="Try it").click()
    expect(me.page.locator("#trial figure img")).to_be_visible()
    me.picture("tool-picture")


def test_a_tool_that_is_off_does_not_exist_for_the_conversation(me, browser, url):
    all_tools(me)
    switch = me.page.locator("#tools-list input[data-tool=calculator]")
    switch.focus()
    switch.press("Space")
    expect(me.page.locator("#tools-list li.off")).to_contain_text("calculator")
    me.tab("Conversation")
    me.ask(SUM)
    expect(me.chat).not_to_contain_text("293")
    me.page.reload()
    me.page.locator("#history .open").first.click()
    me.tab("Tools")
    expect(me.page.locator("#tools-list li.off")).to_contain_text("calculator")
    me.picture("tools-off")
    me.page.locator("#tools-list input[data-tool=calculator]").press("Space")
    expect(me.page.locator("#tools-list li.off")).to_have_count(0)
    me.tab("Conversation")
    me.ask(SUM)
    expect(me.chat.locator(".bot.message").last).to_contain_text("293")


def test_a_file_that_breaks_is_told_and_its_last_version_stays(me, folder):
    (folder / "tools" / "lamp.py").write_text(f"{LAMP}\nraise ValueError('<img src=x onerror=alert(3)>')\n")
    me.tab("Conversation")
    all_tools(me)
    faults = me.page.locator("#tools-list .faults.broken")
    expect(faults).to_contain_text("lamp.py")
    expect(faults).to_contain_text("<img src=x onerror=alert(3)>")
    expect(me.page.locator("#tools-list li", has_text="switch_lamp").first).to_be_visible()
    assert me.page.locator("img[src=x]").count() == 0
    me.picture("tools-broken")


def test_the_tools_can_be_used_on_a_phone_in_the_dark(browser, url):
    with person(browser, url, size=PHONE, dark=True) as me:
        me.tab("Tools")
        me.page.locator("#tools-list").get_by_role("button", name="calculator").click()
        me.page.locator("#tool [name=expression]").fill("6 * 7")
        me.page.locator("#tool").get_by_role("button", name="Try it").click()
        expect(me.page.locator("#trial")).to_contain_text("42")
        assert me.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        me.picture("tools-phone-dark")
