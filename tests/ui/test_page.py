"""The page as a person uses it, in a real browser against a real server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.scripted_server import ScriptedServer, SlowText, Status, Text
from tests.ui.browser import PHONE, Person, person, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

NOTICE = "How long is the notice period after probation at Lindenhof Bicycles?"
BUS = "When does the last bus to Aldbury leave?"
SUM = "What is 12.5 % of 2,480, minus 17?"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
SLOW = "One word after the other, slowly, so that there is time to stop. " * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def server(folder):
    """The built-in engine, the sample library, and one tool file that is broken."""
    (folder / "tools").mkdir()
    (folder / "tools" / "broken.py").write_text("this is not Python", encoding="utf-8")
    with serving(folder / "home", "engine: builtin\n", "--samples", "--tools", str(folder / "tools")) as url:
        yield url


@pytest.fixture(scope="module")
def scripted(tmp_path_factory):
    """A server whose model says what the question asks for."""
    refused = []

    def script(body):
        question = body["messages"][-1]["content"]
        if "slow" in question:
            return SlowText(SLOW, 0.1)
        if "hostile" in question:
            return Text(f"Look: {HOSTILE} ![x](http://example.com/x.png) and `{HOSTILE}`.")
        if "fail" in question and not refused:
            refused.append(question)
            return Status(400)
        return Text("Here you are.")

    with ScriptedServer() as model:
        model.always(script)
        config = json.dumps({"engine": {"url": model.url, "model": "scripted"}})
        with serving(tmp_path_factory.mktemp("scripted") / "home", config) as url:
            yield url


@pytest.fixture
def me(browser, server):
    with person(browser, server) as someone:
        yield someone


@pytest.fixture
def mine(browser, scripted):
    with person(browser, scripted) as someone:
        yield someone


def test_an_answer_opens_its_quote_in_the_document(me):
    expect(me.page).to_have_title("Assistant")
    me.ask(NOTICE)
    expect(me.chat).to_contain_text("six weeks")
    expect(me.chat.locator(".foot.answered .sure")).to_contain_text("(0.")
    expect(me.page.locator("#evidence .card")).to_contain_text("Employee handbook")
    me.chat.locator('a[href="#source-0-1"]').click()
    mark, source = me.page.locator("#evidence .source mark"), me.page.locator("#evidence .source")
    expect(mark).to_contain_text("six weeks")
    expect(mark).to_be_in_viewport()
    outer, inner = source.bounding_box(), mark.bounding_box()
    assert outer["y"] <= inner["y"]
    assert inner["y"] + inner["height"] <= outer["y"] + outer["height"]
    assert len(source.inner_text()) > 3 * len(mark.inner_text())
    me.picture("answer")
    me.page.locator("#evidence .card-head").first.click()
    expect(source).to_have_count(0)


def test_a_calculation_says_how_it_was_made(me):
    me.ask(SUM)
    expect(me.chat.locator(".bot.message").last).to_contain_text("293")
    step = me.chat.locator(".thought-group").last
    expect(step).to_contain_text("Calculator")
    expect(step).to_contain_text("ms)")
    step.get_by_role("button").first.click()
    expect(step).to_contain_text("expression")
    expect(step).to_contain_text("293")
    me.picture("calculation")


def test_a_question_beyond_the_library_is_declined(me):
    me.page.get_by_role("button", name="Which planet has the most moons?").click()
    expect(me.chat.locator(".foot.declined")).to_contain_text("not found")
    me.picture("declined")


def test_the_page_says_who_answers_and_what_is_broken(me):
    me.page.locator("#header summary", has_text="built-in engine").click()
    expect(me.page.locator("#header .popover").first).to_contain_text("How to get a stronger engine")
    me.page.locator("#header summary", has_text="could not be loaded").click()
    expect(me.page.locator("#header .broken .popover")).to_contain_text("broken.py")
    me.picture("header")
    me.page.keyboard.press("Escape")
    expect(me.page.locator("#header .popover").last).to_be_hidden()


def test_nothing_happens_for_an_empty_question_and_a_huge_one_is_offered_as_a_file(me):
    me.send("   ")
    notice = me.page.locator("#ask-row > .said")
    me.box.fill("half a question")
    me.box.evaluate(
        """box => {
          const held = new DataTransfer();
          held.setData("text/plain", "word ".repeat(2e6));
          box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true }));
        }"""
    )
    expect(notice).to_contain_text("This has 10,000,000 characters, a question at most 20,000. Nothing was sent.")
    expect(me.box).to_have_value("half a question")
    me.picture("paste-10-mb")
    notice.get_by_role("button", name="Leave it").click()
    me.box.evaluate("box => (box.value = 'x'.repeat(1e7), box.dispatchEvent(new Event('input', { bubbles: true })))")
    me.box.press("Enter")
    expect(notice).to_contain_text("This has 10,000,000 characters")
    assert me.box.evaluate("box => box.value.length") == 10_000_000
    expect(me.chat.locator(".message")).to_have_count(0)
    me.box.fill("")
    me.send("1 + 1")
    expect(notice).to_be_hidden()
    expect(me.chat.locator(".foot.answered")).to_be_visible()


def test_files_are_added_one_by_one_and_can_be_asked_about(me, tmp_path):
    files = [tmp_path / name for name in ("zeppelin.md", "broken.pdf", "program.exe")]
    files[0].write_text("# Zeppelin club\n\nThe Zeppelin club of Grünau meets on the second Tuesday of the month.\n")
    files[1].write_bytes(b"%PDF-1.7 and then nothing")
    files[2].write_bytes(b"MZ")
    me.tab("Library")
    expect(me.page.locator("#documents")).to_contain_text("Employee handbook")
    me.page.locator("#upload input[type=file]").set_input_files([str(path) for path in files])
    rows = me.page.locator("#progress li")
    expect(me.page.locator("#progress")).to_contain_text("1 of 3 in the library")
    expect(rows.nth(0)).to_contain_text("zeppelin.md added")
    expect(rows.nth(1)).to_contain_text("not added")
    expect(rows.nth(2)).to_contain_text("files of the kind .exe cannot be read; the library reads Markdown, plain text")
    expect(me.page.locator("#documents")).to_contain_text("Zeppelin club")
    me.picture("library")
    me.tab("Conversation")
    me.ask("When does the Zeppelin club of Grünau meet?")
    expect(me.chat).to_contain_text("second Tuesday")
    me.chat.locator('a[href^="#source-"]').first.click()
    expect(me.page.locator("#evidence .source mark")).to_contain_text("second Tuesday")
    me.tab("Library")
    remove = me.page.get_by_role("button", name="Remove zeppelin.md")
    remove.click()
    expect(remove).to_have_text("Remove for everyone?")
    remove.click()
    expect(me.page.locator("#documents")).not_to_contain_text("Zeppelin club")
    me.page.locator("#evidence .card-head").first.click()
    expect(me.page.locator("#evidence .source")).to_have_count(0)
    me.page.locator("#evidence .card-head").first.click()
    expect(me.page.locator("#evidence .problem")).to_contain_text("removed from the library")


def test_markup_in_files_and_questions_is_shown_and_not_executed(me, tmp_path):
    name = "<img src=x onerror=alert(1)> ${alert(4)} {{this}}.md"
    path = tmp_path / name
    path.write_text(f"# Gadget {HOSTILE}\n\nThe gadget of Wolkenstein weighs {HOSTILE} `${{alert(5)}}` nine grams.\n")
    me.tab("Library")
    me.page.locator("#upload input[type=file]").set_input_files(str(path))
    expect(me.page.locator("#progress")).to_contain_text("In the library")
    me.tab("Conversation")
    me.ask(f"How much does the gadget of Wolkenstein weigh? {HOSTILE}")
    expect(me.chat.locator(".user.message")).to_contain_text(HOSTILE)
    for step in me.chat.locator(".thought-group").all():
        step.get_by_role("button").first.click()
    me.page.locator("#evidence .card-head").first.click()
    expect(me.page.locator("#evidence .source")).to_contain_text("Wolkenstein")
    assert me.page.locator("img[src=x], #chat script, #evidence script, #documents script").count() == 0
    me.picture("markup")


def test_nothing_but_the_page_is_served_and_nothing_else_is_loaded(me, server, folder):
    home = folder / "home"
    for path in (home / "conversations.sqlite", home / "config.yaml", Path(__file__)):
        assert path.exists()
        assert me.page.request.get(f"{server}/gradio_api/file={path}").status in {403, 404}
    assert "default-src 'self'" in me.page.request.get(server).headers["content-security-policy"]


def test_past_conversations_come_back_after_a_reload(me, server):
    me.ask(BUS)
    me.ask(SUM)
    me.page.get_by_role("button", name="New conversation").click()
    expect(me.chat).to_contain_text("What would you like to know?")
    me.ask("2 * 21")
    me.arrive(server)
    past = me.page.locator("#history .open")
    expect(past).to_have_text(["2 * 21", BUS])
    past.last.click()
    expect(me.ends).to_have_count(2)
    expect(me.chat.locator(".thought-group")).to_have_count(2)
    me.chat.locator('a[href^="#source-0-"]').first.click()
    expect(me.page.locator("#evidence .source mark")).to_contain_text("19:20")
    me.ask("3 * 14")
    expect(past).to_have_text([BUS, "2 * 21"])
    me.picture("history")
    me.page.locator("#history .more summary").last.click()
    for _ in range(2):
        me.page.locator("#history .delete").last.click()
    expect(past).to_have_text([BUS])


def test_browsers_do_not_see_each_others_conversations(browser, server, me):
    me.ask("17 * 3")
    secret = me.page.locator("#history .open").get_attribute("data-id")
    with person(browser, server) as other:
        expect(other.page.locator("#history")).to_contain_text("Nobody else can see them")
        other.ask("5 * 5")
        for action in ("open", "delete"):
            button = other.page.locator("#history .open")
            button.evaluate("(element, [id, action]) => Object.assign(element.dataset, {id, action})", [secret, action])
            button.click()
            expect(other.page.get_by_text("This conversation is not there any more.").last).to_be_visible()
            expect(other.chat).not_to_contain_text("51")
    me.arrive(server)
    me.page.locator("#history .open").click()
    expect(me.chat).to_contain_text("51")


def test_an_answer_can_be_stopped_and_asked_again(mine):
    mine.send("a slow one")
    expect(mine.chat).to_contain_text("One word after the other")
    mine.page.get_by_role("button", name="Stop").click()
    expect(mine.chat.locator(".note.stopped")).to_contain_text("This answer was stopped")
    expect(mine.chat).to_contain_text("One word after")
    mine.picture("stopped")
    mine.ask("a quick one")
    expect(mine.chat).to_contain_text("Here you are.")
    expect(mine.page.locator("#history .open")).to_have_text(["a slow one"])


def test_a_failure_is_told_and_the_question_can_be_asked_again(mine):
    mine.ask("please fail once")
    expect(mine.chat.locator(".note.failed")).to_contain_text("scripted failure")
    mine.picture("failed")
    mine.page.get_by_role("button", name="Ask again").click()
    expect(mine.chat).to_contain_text("Here you are.")


def test_markup_in_an_answer_is_shown_and_not_executed(mine):
    mine.ask("be hostile")
    expect(mine.chat.locator(".bot.message")).to_contain_text(HOSTILE)
    assert mine.page.locator("#chat .bot.message img, #chat .bot.message script").count() == 0


def test_one_persons_slow_answer_does_not_keep_others_waiting(browser, scripted, mine):
    mine.send("a slow one")
    expect(mine.chat).to_contain_text("One word")
    with person(browser, scripted) as other:
        other.ask("a quick one")
        expect(other.chat).to_contain_text("Here you are.")
    expect(mine.page.locator("#ask .stop-button")).to_be_visible()
    mine.page.get_by_role("button", name="New conversation").click()
    mine.ask("another quick one")
    expect(mine.chat).not_to_contain_text("One word")
    expect(mine.page.locator("#history .open")).to_have_count(2)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_a_phone(browser, server, dark):
    with person(browser, server, size=PHONE, dark=dark) as me:
        me.picture(f"phone-{'dark' if dark else 'light'}-empty")
        me.ask(NOTICE)
        assert me.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        expect(me.page.locator("#history")).not_to_be_in_viewport()
        me.picture(f"phone-{'dark' if dark else 'light'}-answer")
        me.chat.locator('a[href="#source-0-1"]').click()
        expect(me.page.locator("#evidence .source mark")).to_be_in_viewport()
        me.page.wait_for_timeout(300)  # the drawer slides
        me.picture(f"phone-{'dark' if dark else 'light'}-source")
        me.page.keyboard.press("Escape")
        me.page.get_by_role("button", name="Conversations").click()
        expect(me.page.locator("#history .open")).to_be_in_viewport()
        me.page.wait_for_timeout(300)
        me.picture(f"phone-{'dark' if dark else 'light'}-rail")


def test_the_page_is_readable_in_the_dark(browser, server):
    with person(browser, server, dark=True) as me:
        me.picture("dark-empty")
        me.ask(NOTICE)
        me.chat.locator('a[href="#source-0-1"]').click()
        expect(me.page.locator("#evidence .source mark")).to_be_in_viewport()
        me.picture("dark-answer")
        me.tab("Library")
        expect(me.page.locator("#documents")).to_contain_text("Employee handbook")
        me.picture("dark-library")


RECOGNITION = """
window.SpeechRecognition = class extends EventTarget {
  start() {
    const heard = Object.assign([{ transcript: "How long is the notice?" }], { isFinal: true });
    const result = Object.assign(new Event("result"), { results: [heard], resultIndex: 0 });
    setTimeout(() => this.dispatchEvent(result), 20);
  }
  stop() { this.dispatchEvent(new Event("end")); }
  abort() { this.stop(); }
};
"""


def test_the_browsers_own_recognition_writes_the_question_and_a_browser_without_voice_says_so(browser, server):
    context = browser.new_context()
    context.add_init_script(RECOGNITION)
    me = Person(context.new_page())
    me.arrive(server)
    mic, said = me.page.locator("#voice .mic"), me.page.locator("#voice .said")
    expect(mic).to_have_attribute("title", re.compile("some browsers send it to their maker"))
    mic.click()
    expect(me.box).to_have_value("How long is the notice?")
    expect(mic).to_have_class("mic on")
    mic.click()
    expect(mic).to_have_class("mic")
    me.ask("17 * 3")
    me.page.evaluate("speechSynthesis.getVoices = () => []")
    me.chat.locator(".deed.speak").click()
    expect(said).to_contain_text("no voice to read with")
    assert me.wrong == []
    context.close()
