"""Approval in the page: the card, every decision, two tabs, a restart while it waits; and the files of an answer."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from assistant.events import ApprovalRequest
from assistant.loader import load_file
from tests.scripted_server import Calls, ScriptedServer, Text
from tests.ui.browser import PHONE, person, serving
from ui.approval import BadArguments, card_html, changed_arguments, fingerprint, read_decisions

BELL = '''
from typing import Annotated
from pydantic import Field
from assistant.plugin import Context, tool

@tool(touches=["world"], approval="always")
def ring(bell: str, ctx: Context, times: Annotated[int, Field(ge=1, le=9)] = 1) -> str:
    """Ring a bell that somebody hears.

    Args:
        bell: Which.
        times: How often.
    """
    import plotly.graph_objects as go
    from PIL import Image

    ctx.save_picture("bell", Image.new("RGB", (60, 40), "orange"))
    ctx.save_table("rings", [{"ring": n, "loud": 100 - 7 * n} for n in range(1, times + 1)])
    ctx.save_plot("loudness", go.Figure(go.Bar(x=[1, 2], y=[3, 4])))
    with open(ctx.folder / "rung", "a") as file:
        file.write(f"{bell} {times}\\n")
    return f"rang {bell} {times} times"
'''
REQUEST = ApprovalRequest(
    "c1", "ring", {"bell": "door\u202e<b>", "times": 2}, "the tool wants every call approved", ("world",)
)


@pytest.fixture
def tools(tmp_path):
    (tmp_path / "ring.py").write_text(BELL)
    return {tool.name: tool for tool in load_file(tmp_path / "ring.py")}


def test_the_card_shows_every_argument_exactly():
    html = card_html("abc", [REQUEST])
    assert "&lt;b&gt;" in html
    assert "<b>&quot;" not in html
    assert "U+202E" in html
    assert "\u202e" not in html
    assert "the tool wants every call approved" in html
    assert "other programs, devices or people" in html
    assert card_html("abc", []) == ""


def test_what_is_not_clearly_an_approval_is_a_refusal(tools):
    for sent in (
        None,
        [],
        [{"id": "c1"}],
        [{"id": "c1", "choice": "maybe"}],
        [{"id": "other", "choice": "approve"}],
        "x",
    ):
        assert read_decisions([REQUEST], sent, tools)["c1"].approved is False
    assert read_decisions([REQUEST], [{"id": "c1", "choice": "approve"}], tools)["c1"].approved is True
    changed = [{"id": "c1", "choice": "change", "arguments": '{"bell": "gong", "times": 3}'}]
    assert read_decisions([REQUEST], changed, tools)["c1"].arguments == {"bell": "gong", "times": 3}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('{"bell": "a"', "Line 1, column"),
        ("[1]", "one JSON object"),
        ('{"bell": "a", "times": 99}', "times: Input should be less than or equal to 9"),
        ('{"bell": "a", "bell": "b"}', "stands there twice"),
        ('{"times": 1}', "bell: Field required"),
        ('{"bell": "a", "times": NaN}', "NaN is no number"),
    ],
)
def test_arguments_that_do_not_fit_are_told(tools, text, mistake):
    with pytest.raises(BadArguments, match=mistake):
        changed_arguments("ring", text, tools)
    with pytest.raises(BadArguments, match="no tool gong any more"):
        changed_arguments("gong", "{}", tools)


def test_a_fingerprint_stands_for_exactly_these_requests():
    other = ApprovalRequest("c1", "ring", {"bell": "door"}, REQUEST.reason, REQUEST.touches)
    prints = {fingerprint("a", [REQUEST]), fingerprint("b", [REQUEST]), fingerprint("a", [other]), fingerprint("a", [])}
    assert len(prints) == 4


def _script(body):
    """Rings as often as the question says; told of the outcome, says it."""
    said = [message for message in body["messages"] if message["role"] != "system"]
    if said[-1]["role"] == "tool":
        return Text(f"The tool said: {said[-1]['content']}")
    return Calls([("ring", {"bell": "door", "times": 2})] * (2 if "twice" in said[-1]["content"] else 1))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("approval")
    (folder / "tools").mkdir()
    (folder / "tools" / "ring.py").write_text(BELL)
    return folder


@pytest.fixture(scope="module")
def config():
    with ScriptedServer() as model:
        model.always(_script)
        yield json.dumps({"engine": {"url": model.url, "model": "scripted"}})


def rung(place, home="home"):
    rungs = [line for path in (place / home / "files").glob("*/rung") for line in path.read_text().splitlines()]
    return sorted(rungs)  # the folders of conversations have names at random


@pytest.fixture(scope="module")
def served(place, config):
    with serving(place / "home", config, "--tools", str(place / "tools")) as url:
        yield url


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_a_call_runs_with_what_the_person_changed_and_its_files_are_shown(browser, place, served):
    with person(browser, served) as me:
        card = me.page.locator(".approval")
        me.send("ring the bell")
        expect(card).to_contain_text("ring wants to run")
        expect(me.chat.locator(".note.waiting")).to_contain_text("Waiting for your approval of ring")
        me.picture("approval")
        assert rung(place) == []
        card.get_by_role("button", name="Change …").click()
        me.picture("approval-change")
        card.locator("textarea").fill('{"bell": "gong", "times": 99}')
        card.get_by_role("button", name="Approve with these").click()
        expect(card.locator(".mistake")).to_contain_text("less than or equal to 9")
        card.locator("textarea").fill('{"bell": "gong", "times": 3}')
        card.get_by_role("button", name="Approve with these").click()
        expect(me.chat).to_contain_text("rang gong 3 times")
        expect(card).to_have_count(0)
        expect(me.chat.locator(".artifact.picture img")).to_be_visible()
        expect(me.chat.locator(".js-plotly-plot").first).to_be_visible()
        column = me.chat.locator(".artifact.table tbody tr td:first-child")
        expect(column).to_have_text(["1", "2", "3"])
        me.chat.locator(".artifact.table th").nth(1).click()
        expect(column).to_have_text(["3", "2", "1"])
        me.picture("files")
        with me.page.expect_download() as download:
            me.chat.locator(".artifact.table a.download").click()
        assert download.value.path().read_text().splitlines()[1].startswith("1,")
        plot = me.chat.locator(".js-plotly-plot").first
        plot.scroll_into_view_if_needed()
        box, span = (
            plot.locator(".nsewdrag").first.bounding_box(),
            "plot => plot.layout.xaxis.range[1] - plot.layout.xaxis.range[0]",
        )
        before = plot.evaluate(span)
        me.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
        me.page.mouse.down()
        me.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.7, steps=5)
        me.page.mouse.up()
        me.page.wait_for_function(
            f"before => ({span})(document.querySelector('.js-plotly-plot')) < before / 2", arg=before
        )
        me.picture("plot-zoomed")
        me.chat.locator(".artifact.picture a:has(img)").click()
        near = me.page.locator("dialog.near img")
        expect(near).to_be_visible()
        near.click()
        expect(near).to_have_class("whole")
        me.picture("picture-near")
        me.page.keyboard.press("Escape")
        expect(near).to_have_count(0)
        assert rung(place) == ["gong 3"]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_what_one_tab_decides_no_other_tab_decides_again(browser, place, served):
    before = rung(place)
    with person(browser, served) as me:
        card = me.page.locator(".approval")
        me.send("ring it twice")
        expect(card.locator(".request")).to_have_count(2)
        card.get_by_role("button", name="Refuse …").first.click()
        card.locator(".refuse input").first.fill("too late at night")
        card.get_by_role("button", name="Refuse", exact=True).first.click()
        expect(card.locator(".decided").first).to_contain_text("You refuse it")
        assert rung(place) == before
        # Another device of the same person; a tab of this browser would be told at once.
        elsewhere = browser.new_context(storage_state=me.page.context.storage_state())
        other = elsewhere.new_page()
        other.goto(served)
        other.locator("#history .open").first.click()
        expect(other.locator(".approval .request")).to_have_count(2)
        for _ in range(2):
            other.locator('.approval .choices:visible [data-do="approve"]').first.click()
        expect(other.locator("#chat")).to_contain_text("rang door 2 times")
        card.get_by_role("button", name="Approve").last.click()
        expect(me.page.get_by_text("This was decided already").last).to_be_visible()
        assert rung(place) == sorted([*before, "door 2", "door 2"])
        elsewhere.close()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_a_card_waits_through_a_restart(browser, place, config):
    options, home = ("--tools", str(place / "tools")), place / "home-2"
    with serving(home, config, *options) as url, person(browser, url) as me:
        me.send("ring once more")
        expect(me.page.locator(".approval")).to_contain_text("ring wants to run")
        kept = me.page.context.storage_state()["origins"][0]["localStorage"]
    with serving(home, config, *options) as url, person(browser, url) as me:
        me.page.evaluate("(items) => items.forEach((item) => localStorage.setItem(item.name, item.value))", kept)
        me.page.reload()
        me.page.locator("#history .open").first.click()
        card = me.page.locator(".approval")
        expect(card).to_contain_text("ring wants to run")
        card.get_by_role("button", name="Refuse …").click()
        card.locator(".refuse input").press("Enter")
        expect(me.chat).to_contain_text("this call was not approved")
        assert rung(place, "home-2") == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_the_card_fits_a_phone_and_a_broken_change_of_a_tool_is_told(browser, place, served):
    with person(browser, served, size=PHONE) as me:
        expect(me.page.locator(".engine.broken")).to_have_count(0)
        (place / "tools" / "ring.py").write_text("def broken(:")
        me.send("ring the bell")
        expect(me.page.locator(".approval")).to_contain_text("ring wants to run")  # the last good version
        expect(me.page.locator(".engine.broken")).to_be_visible()
        box = me.page.locator(".approval .request").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        me.picture("approval-phone")
        me.page.locator('.approval [data-do="approve"]').click()
        expect(me.chat).to_contain_text("rang door 2 times")
