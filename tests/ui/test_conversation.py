"""Working in conversations as a person does: branches, verdicts, files, the list, other tabs and lost servers."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from index.store import FILE
from tests.audio_server import AudioServer
from tests.scripted_server import ScriptedServer, SlowText, Text
from tests.ui.browser import DESKTOP, PHONE, Person, person, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

SLOW = "One word after the other, slowly, so that there is time to leave. " * 40
RICH = r"""The roots are \(x_{1,2} = -\frac{p}{2} \pm \sqrt{q}\).

| month | sum |
|-------|-----|
| May   | 9   |
| June  | 120 |

```python
print("hello")
```
"""
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def model():
    """A model that says another thing each time, and slowly where it is asked to."""
    times = iter(range(1, 1000))

    def script(body):
        question = body["messages"][-1]["content"]
        if "slow" in question:
            return SlowText(SLOW, 0.1)
        if "think" in question:
            return Text("I thought about it.", thoughts="First **this**.\n\nThen <img src=x> that.", cached=2)
        return Text(RICH if "rich" in question else f"Answer number {next(times)}, in words.")

    with ScriptedServer(models=("scripted", {"id": "law", "parent": "scripted"})) as server:
        server.always(script)
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("talk") / "home"


@pytest.fixture(scope="module")
def audio():
    with AudioServer() as server:
        yield server


@pytest.fixture(scope="module")
def config(model, audio):
    return json.dumps({"engine": {"url": model.url, "model": "scripted"}, "voice": {"url": audio.url, "max_mb": 30}})


@pytest.fixture(scope="module")
def url(home, config):
    with serving(home, config) as address:
        yield address


@pytest.fixture
def me(browser, url):
    with person(browser, url) as someone:
        yield someone


def in_the_library(home):
    """Names of the documents that everybody finds."""
    with closing(sqlite3.connect(home / "library" / FILE)) as store:
        return [Path(path).name for (path,) in store.execute("SELECT path FROM documents")]


def deed(me, name, which="last"):
    return getattr(me.chat.locator(f".deed.{name}"), which)


def test_an_empty_library_offers_the_samples(me, home):
    offer = me.page.locator("#draft .first")
    expect(offer).to_contain_text("The library is empty")
    me.picture("first-steps")
    offer.get_by_role("button").click()
    expect(offer).to_have_count(0, timeout=120_000)  # the first document loads the embedding model
    assert "employee-handbook.pdf" in in_the_library(home)


def test_a_question_is_reworded_answered_again_and_every_version_stays(me):
    me.ask("What is first?")
    said = me.chat.locator(".bot.message .prose p").last.inner_text()
    me.ask("What is second?")
    deed(me, "edit", "first").click()
    expect(me.page.locator("#draft .editing")).to_contain_text("What is first?")
    expect(me.box).to_have_value("What is first?")
    me.picture("rewording")
    me.send("What is first, in other words?")
    expect(me.chat.locator(".user.message")).to_have_count(1)
    expect(me.chat.locator(".count")).to_have_text("2 of 2")
    expect(me.page.locator("#ask .submit-button")).to_be_visible()
    deed(me, "again").click()
    expect(me.chat.locator(".count")).to_have_text("3 of 3")
    expect(me.page.locator("#ask .submit-button")).to_be_visible()
    deed(me, "compare").click()
    columns = me.page.locator("dialog.compare section")
    expect(columns).to_have_count(3)
    expect(columns.first).to_contain_text(said)
    me.picture("compare")
    columns.first.get_by_role("button", name="Go on with this one").click()
    expect(me.chat.locator(".user.message")).to_have_count(2)
    expect(me.chat.locator(".count").first).to_have_text("1 of 3")
    expect(me.chat).to_contain_text(said)
    me.picture("versions")


def test_an_answer_is_judged_with_a_comment_that_the_command_line_exports(me, home):
    me.ask("Judge this.")
    deed(me, "bad").click()
    me.page.locator("dialog.comment textarea").fill(f"Too vague. {HOSTILE}")
    me.picture("comment")
    me.page.get_by_role("button", name="Save the comment").click()
    expect(me.chat.locator(".deed.bad.pressed")).to_be_visible()
    command = [sys.executable, "-c", "from assistant.cli import main; main()", "conversations", "feedback"]
    printed = subprocess.run([*command, "--home", str(home)], capture_output=True, text=True, check=True).stdout
    row = json.loads(printed.splitlines()[-1])
    assert (row["verdict"], row["comment"], row["question"]) == ("bad", f"Too vague. {HOSTILE}", "Judge this.")
    assert "Answer number" in row["result"]["answer"]


def test_an_answer_is_copied_with_its_formulas_and_tables_as_text(me):
    me.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    me.ask("Something rich, please.")
    expect(me.chat.locator(".katex").first).to_be_visible()
    expect(me.chat.locator(".bot.message table")).to_be_visible()
    me.picture("rich")
    deed(me, "copy").click()
    expect(me.chat.locator(".deed.copy.done")).to_be_visible()
    copied = me.page.evaluate("navigator.clipboard.readText()")
    assert r"\frac{p}{2}" in copied
    assert "June" in copied
    assert 'print("hello")' in copied
    assert "scripted" not in copied
    table = me.chat.locator(".bot.message table")
    for first in ("9", "120"):
        table.locator("th", has_text="sum").click()
        expect(table.locator("tbody tr").first).to_contain_text(first)
    with me.page.expect_download() as download:
        me.page.get_by_role("button", name="Save as CSV").click()
    assert download.value.path().read_bytes() == b"month,sum\r\nJune,120\r\nMay,9"


def test_a_conversation_leaves_as_a_file_and_is_read_by_a_link(browser, me, tmp_path):
    me.ask(f"Export <b>this</b>. {HOSTILE}")
    for kind in ("Markdown", "Web page", "JSON", "PDF"):
        deed(me, "share").click()
        with me.page.expect_download() as download:
            me.page.locator("dialog.share").get_by_role("button", name=kind).click()
        download.value.save_as(tmp_path / "file")
        data = (tmp_path / "file").read_bytes()
        if kind == "PDF":
            assert data.startswith(b"%PDF-")
        else:
            assert b"Answer number" in data
            assert (b"<b>this</b>" in data) == (kind != "Web page")
    deed(me, "share").click()
    dialog = me.page.locator("dialog.share")
    expect(dialog).to_contain_text("answers to this machine only")
    dialog.locator("select").select_option("7")
    me.picture("share")
    dialog.get_by_role("button", name="Make a link").click()
    link = dialog.locator("[data-path]")
    expect(link).to_have_value(re.compile(r"http://127\.0\.0\.1:\d+/shared/[\w-]{43}"))
    expect(dialog).to_contain_text("It ends by itself on")
    me.picture("share-link")
    address = link.input_value()
    dialog.locator(".close").click()
    me.ask("What came later?")
    context = browser.new_context(viewport=DESKTOP, locale="de-DE")
    reader = Person(context.new_page())
    reader.page.goto(address)
    expect(reader.page.locator(".question")).to_have_count(1)
    expect(reader.page.locator("main")).to_contain_text(f"Export <b>this</b>. {HOSTILE}")
    expect(reader.page.locator(".note")).to_contain_text("mit Ihnen geteilt")
    assert reader.page.locator("script, img[src=x], form, input").count() == 0
    reader.picture("shared")
    deed(me, "share").click()
    dialog.get_by_role("button", name="Withdraw the link").click()
    expect(dialog.get_by_role("status")).to_contain_text("opens nothing any more")
    me.picture("share-withdrawn")
    assert reader.page.goto(address).status == 404
    expect(reader.page.locator("h1")).to_have_text("Hier ist nichts")
    reader.picture("shared-withdrawn")
    assert [each for each in reader.wrong if "404" not in each] == []
    context.close()


def test_conversations_are_found_named_filed_pinned_and_archived(me):
    me.ask("Tell me about pelicans.")
    me.page.get_by_role("button", name="New conversation").click()
    expect(me.ends).to_have_count(0)
    me.ask("Tell me about ferries.")
    rail = me.page.locator("#history")
    me.page.locator("#find textarea, #find input").fill("pelic")
    expect(rail.locator(".open")).to_have_count(1)
    expect(rail.locator(".excerpt b").first).to_have_text("pelicans")
    me.picture("found")
    me.page.locator("#find textarea, #find input").fill("")
    expect(rail.locator(".open")).to_have_count(2)

    def choose(item, text=None):
        row = rail.locator("li", has_text="pelicans")
        row.locator(".more summary").click()
        row.get_by_role("button", name=item).click()
        if text is not None:
            rail.locator("li input").fill(text)
            rail.locator("li input").press("Enter")

    choose("Put in a folder", "Birds <b>")
    expect(rail.locator(".folder > summary")).to_contain_text("Birds <b>")
    choose("Rename", "The pelicans of Kew")
    expect(rail.locator(".folder .open")).to_have_text("The pelicans of Kew")
    me.picture("folders")
    choose("Pin")
    expect(rail.locator("h2").first).to_have_text("Pinned")
    choose("Archive")
    expect(rail.locator(".folder > summary")).to_contain_text("Archived")
    me.picture("archive")


def test_a_conversation_is_named_by_the_model_after_its_first_answer(me, model):
    model.title = "Pelicans <b>and</b> ferries"
    me.ask("What have pelicans to do with ferries, and what else is there to be said about them?")
    expect(me.page.locator("#history .open")).to_have_text("Pelicans <b>and</b> ferries")
    model.title = "Another one"
    me.ask("And what else?")
    expect(me.page.locator("#history .open")).to_have_text("Pelicans <b>and</b> ferries")
    model.title = ""
    me.picture("named")


def test_an_answer_goes_on_without_its_tab_and_another_tab_sees_it(browser, url, me):
    me.send("a slow one")
    expect(me.chat).to_contain_text("One word after")
    other = me.page.context.new_page()
    other.goto(me.page.url)
    expect(other.locator("#chat")).to_contain_text("One word after")
    expect(other.locator("#ask .stop-button")).to_be_visible()
    me.page.reload()
    expect(me.chat.locator(".user.message")).to_contain_text("a slow one")
    before = len(me.chat.locator(".bot.message").last.inner_text())
    longer = "before => [...document.querySelectorAll('#chat .bot.message')].at(-1).innerText.length > before + 20"
    me.page.wait_for_function(longer, arg=before)
    expect(me.page.locator("#ask .stop-button")).to_be_visible()
    me.picture("streaming-on")
    me.wrong.clear()  # Gradio tells of the stream that a reload ends
    for tab in (me.page, other):
        expect(tab.locator("#chat .foot")).to_be_visible(timeout=90_000)
    me.ask("And what else?")
    expect(other.locator("#chat .user.message").last).to_contain_text("And what else?")
    expect(other.locator("#chat .foot")).to_have_count(2)


def test_what_was_typed_survives_a_reload(me):
    me.box.fill("half a question")
    me.page.reload()
    expect(me.box).to_have_value("half a question")


def test_emoji_alone_and_markup_in_results_do_no_harm(me):
    me.ask("🦩🦩🦩")
    expect(me.chat).to_contain_text("Answer number")
    expect(me.page.locator("#history .open").first).to_have_text("🦩🦩🦩")
    me.ask(HOSTILE)
    deed(me, "share").click()
    assert me.page.locator("img[src=x]").count() == 0


def test_a_killed_server_comes_back_with_what_it_had_shown(browser, config, tmp_path):
    home = tmp_path / "home"
    with serving(home, config) as address, person(browser, address) as me:
        port = int(address.rpartition(":")[2])
        me.send("a slow one")
        expect(me.chat).to_contain_text("time to leave. One word")
        me.page.wait_for_timeout(1_300)
        os.kill(int((home / "server.pid").read_text()), signal.SIGKILL)
        with serving(home, config, "--port", str(port)):
            expect(me.chat.locator(".note.stopped")).to_contain_text("was stopped while this", timeout=30_000)
            expect(me.chat).to_contain_text("time to leave. One word")
            me.picture("after-a-kill")
            me.page.get_by_role("button", name="Ask again").click()
            me.page.get_by_role("button", name="Stop").click()
            expect(me.chat.locator(".count")).to_have_text("2 of 2")
            me.wrong.clear()  # the browser tells of the lost connection


def test_the_actions_fit_a_phone(browser, url):
    with person(browser, url, size=PHONE) as me:
        me.ask("Something rich, please.")
        assert me.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        expect(deed(me, "share")).to_be_in_viewport()
        me.picture("phone-actions")
        deed(me, "share").click()
        expect(me.page.locator("dialog.share")).to_be_visible()
        me.picture("phone-share")


def test_files_that_are_pasted_into_a_question_belong_to_its_conversation(browser, url, me, home):
    me.page.evaluate(
        """() => {
          const held = new DataTransfer();
          held.items.add(new File(["# Zeppelin club\\n\\nIt meets on the second Tuesday.\\n"], "zeppelin.md"));
          held.items.add(new File(["MZ"], "<b>evil.exe"));
          const paste = new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true });
          document.querySelector("#ask textarea").dispatchEvent(paste);
        }"""
    )
    added = me.page.locator(".attached .added")
    expect(added).to_contain_text("zeppelin.md")
    expect(me.page.locator(".attached .refused")).to_contain_text("cannot be read")
    expect(me.page.locator("#history .open").first).to_have_text("zeppelin.md")
    me.picture("attached")
    me.ask("When does it meet?")
    expect(me.chat.locator(".user.message")).to_contain_text("(About: zeppelin.md)")
    expect(me.page.locator("#history .open").first).to_have_text("When does it meet? (About: zeppelin.md)")
    me.page.reload()
    expect(added).to_contain_text("zeppelin.md")
    assert "zeppelin.md" not in in_the_library(home)
    added.get_by_role("button", name="Keep zeppelin.md in the library").click()
    expect(added).to_contain_text("is in the library too")
    assert "zeppelin.md" in in_the_library(home)
    me.picture("attached-kept")
    assert len(list((home / "attached").iterdir())) == 1
    me.page.locator("#history .more summary").first.click()
    for _ in range(2):
        me.page.locator("#history .delete").first.click()
    expect(me.page.locator("#history .open")).to_have_count(0)
    assert list((home / "attached").iterdir()) == []


def test_files_of_a_conversation_tell_how_far_they_are_and_can_be_stopped_while_a_question_waits(me):
    me.page.evaluate(
        """() => {
          const day = (n) => `# Day ${n}\\n\\nThe keeper counted ${n} ships and ${n * 7} gulls.`;
          const parts = [...Array(4000).keys()].map(day);
          const held = new DataTransfer();
          held.items.add(new File([parts.join("\\n\\n")], "log.md"));
          held.items.add(new File(["# Club\\n\\nIt meets on Monday."], "club.md"));
          const paste = new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true });
          document.querySelector("#ask textarea").dispatchEvent(paste);
        }"""
    )
    expect(me.page.locator(".attached .reading").first).to_contain_text("% read")
    me.picture("attached-reading")
    me.send("When does it meet?")
    expect(me.page.locator(".toast-body")).to_contain_text("as soon as the files are read")
    me.page.locator(".attached").get_by_role("button", name="Stop log.md").click()
    expect(me.ends).to_have_count(1)
    expect(me.page.locator(".attached .refused")).to_contain_text("stopped, not added")
    expect(me.chat.locator(".user.message")).to_contain_text("(About: club.md)")


def test_shortcuts_are_listed_and_work_where_nothing_is_typed(me):
    me.page.locator("#header h1").click()
    me.page.keyboard.press("?")
    expect(me.page.locator("dialog.keys")).to_contain_text("Search the conversations")
    me.picture("shortcuts")
    me.page.keyboard.press("Escape")
    me.page.keyboard.press("/")
    expect(me.box).to_be_focused()
    me.page.keyboard.type("n?")
    expect(me.box).to_have_value("n?")


def test_thoughts_are_folded_and_what_it_took_is_told(me):
    me.ask("Please think")
    title = me.chat.get_by_text("Reasoning", exact=True)
    expect(title).to_be_visible()
    expect(me.chat.get_by_text("Then <img src=x> that.")).not_to_be_visible()
    title.click()
    expect(me.chat.get_by_text("Then <img src=x> that.")).to_be_visible()
    expect(me.chat.locator(".foot .spent").last).to_contain_text("from the cache")
    me.picture("reasoning")
    me.page.reload()
    expect(me.chat.get_by_text("I thought about it.")).to_be_visible()
    expect(me.chat.get_by_text("Reasoning", exact=True)).to_be_visible()


def test_a_question_is_spoken_and_an_answer_read_aloud_by_the_server(me, audio):
    mic, said = me.page.locator("#voice .mic"), me.page.locator("#voice .said")
    mic.click()
    expect(said).to_contain_text("may not use the microphone")
    me.picture("microphone-denied")
    me.page.context.grant_permissions(["microphone"])
    audio.status = 500
    me.box.fill("Tell me.")
    mic.click()
    expect(said).to_contain_text("press again when you are done")
    me.picture("listening")
    mic.click()
    expect(said).to_contain_text("answered 500")
    me.picture("audio-down")
    audio.status = 200
    said.get_by_role("button", name="Try again").click()
    expect(me.box).to_have_value("Tell me. What is said here?")
    assert b'filename="recording.webm"' in audio.heard[-1]
    assert b"whisper-1" in audio.heard[-1]
    expect(said).to_be_hidden()
    me.box.press("Enter")
    expect(me.ends).to_have_count(1)
    with me.page.expect_response("**/voice/said"):
        deed(me, "speak").click()
    expect(said).to_be_hidden()
    assert audio.said[-1]["input"].startswith("Answer number")
    assert audio.said[-1]["voice"] == "alloy"
    audio.seconds = 30
    deed(me, "speak").click()
    expect(said).to_contain_text("Being read aloud")
    deed(me, "speak").click()
    expect(said).to_be_hidden()
    me.wrong = [each for each in me.wrong if "502" not in each]


def test_a_recording_that_is_too_large_is_told_and_one_is_dropped_by_a_key(me, audio):
    me.page.context.grant_permissions(["microphone"])
    mic, said, before = me.page.locator("#voice .mic"), me.page.locator("#voice .said"), len(audio.heard)
    mic.click()
    expect(mic).to_have_class("mic on")
    me.page.keyboard.press("Escape")
    expect(mic).to_have_class("mic")
    expect(said).to_be_hidden()
    me.page.evaluate("""() => {
      window.MediaRecorder = class extends EventTarget {
        mimeType = "audio/webm";
        start() {}
        stop() {
          this.dispatchEvent(Object.assign(new Event("dataavailable"), { data: new Blob([new Uint8Array(50e6)]) }));
          this.dispatchEvent(new Event("stop"));
        }
      };
    }""")
    mic.click()
    expect(mic).to_have_class("mic on")
    mic.click()
    expect(said).to_contain_text("The recording has 50 MB, more than 30 MB")
    assert len(audio.heard) == before


def test_an_adapter_of_the_model_is_chosen_for_a_conversation(me, model):
    me.page.get_by_label("Adapter of the model").click()
    me.page.get_by_role("option", name="law").click()
    me.ask("What is the law?")
    expect(me.chat.locator(".foot .sure").last).to_contain_text("law, an adapter of scripted")
    assert model.requests[-1].body["model"] == "law" or model.requests[-2].body["model"] == "law"
    me.picture("adapter")
    me.page.reload()
    expect(me.page.get_by_label("Adapter of the model")).to_have_value("law")
    me.page.get_by_role("button", name="New conversation").click()
    expect(me.page.get_by_label("Adapter of the model")).to_have_value("None, the model itself")
