"""The page in a browser: first paint, ready, the first word, jumps while streaming, and a conversation of 500 messages.

    python -m bench.page [--turns 250] [--pictures 100]

The engine is scripted and tells when it says its first word; the browser tells when that word stands in the page, by
the same clock. The long conversation is written into the log as finished answers with pictures in their folders; it is
opened, asked, then shown in full, scrolled from end to end, and asked again.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from bench.report import describe, verdict
from bench.startup import COMMAND, _browser, _url
from tests import chromium
from tests.scripted_server import Json, Reply, ScriptedServer, SlowText

PAINT_S, READY_S, WORD_S, SHIFT = 1.5, 3.0, 0.1, 0.1
LOADS, QUESTIONS = 5, 9
DELAY = 0.02
SAID = "said the engine, and then some more words about it. " * 4
# Tells when a word first stands in the last answer, and how far the page has jumped until now.
WATCH = """
window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((e) => { if (!e.hadRecentInput) window.shift += e.value; }))
  .observe({ type: "layout-shift", buffered: true });
window.said = (word) => new Promise((done) => {
  const look = () => {
    const all = document.querySelectorAll("#chat .bot.message");
    if (all[all.length - 1]?.textContent.includes(word)) done(Date.now() / 1000);
    else requestAnimationFrame(look);
  };
  look();
});
"""
INSERT = "INSERT INTO turns (conversation, question, asked, state, result, parent) VALUES (?, ?, '', 'answered', ?, ?)"
# Scrolls through the chat and returns the longest pauses between two frames, in seconds.
SCROLL = """
() => new Promise((done) => {
  const box = [...document.querySelectorAll("#chat *")].find((e) => e.scrollHeight > e.clientHeight + 400 &&
    getComputedStyle(e).overflowY !== "visible");
  box.scrollTop = box.scrollHeight;
  const gaps = []; let last = performance.now(); const step = box.scrollHeight / 120;
  const frame = (now) => {
    gaps.push((now - last) / 1000); last = now;
    box.scrollTop -= step;
    if (gaps.length < 120) requestAnimationFrame(frame); else done(gaps.sort((a, b) => a - b));
  };
  requestAnimationFrame(frame);
})
"""


@dataclass
class Engine:
    """Notes when it was asked for each answer, which it begins at once.

    Attributes:
        began: Seconds since the epoch.
    """

    began: list[float] = field(default_factory=list)

    def __call__(self, body: Json) -> Reply:
        """Answers with the same words, piece by piece."""
        self.began.append(time.time() + DELAY)
        return SlowText(f"{word(len(self.began))} {SAID}", DELAY)


@contextmanager
def page(engine: Engine) -> Iterator[tuple[Path, str]]:
    """Serves the page with a scripted engine; gives its home and address."""
    with tempfile.TemporaryDirectory() as folder, ScriptedServer() as server:
        server.always(engine)
        config, home = Path(folder) / "scripted.yaml", Path(folder) / "home"
        config.write_text(json.dumps({"engine": {"url": server.url, "model": "scripted"}}))
        command = [COMMAND, "ui", "--port", "0", "--home", home, "--config", config]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield home, _url(process)
            finally:
                process.terminate()


def load(tab: Page, url: str) -> tuple[float, float]:
    """Loads the page; returns the seconds to the first paint and until a question can be typed."""
    began = time.perf_counter()
    tab.goto(url)
    tab.locator("#ask textarea:enabled").wait_for()
    tab.locator("#history .history").wait_for(state="attached")
    ready = time.perf_counter() - began
    paint = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000")
    return float(paint), ready


def word(number: int) -> str:
    """Returns what only the answer of a number begins with."""
    return f"Z{number}Z,"


def first_word(tab: Page, engine: Engine) -> float:
    """Asks; returns the seconds from the engine's first word to its being seen."""
    asked = len(engine.began)
    tab.locator("#ask textarea").fill("Which animal is it?")
    tab.evaluate("(word) => { window.seen = window.said(word); }", word(asked + 1))
    tab.keyboard.press("Enter")
    seen = float(tab.evaluate("window.seen"))
    tab.locator("#ask .submit-button").wait_for(timeout=60_000)
    return seen - engine.began[asked]


def write_turns(home: Path, conversation: str, turns: int, pictures: int) -> None:
    """Writes finished turns behind the last one of a conversation, some of them with a picture."""
    folder = home / "files" / conversation
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(pictures):
        Image.effect_noise((640, 480), 60).save(folder / f"picture-{number}.png")
    with sqlite3.connect(home / "conversations.sqlite") as log:
        (leaf,) = log.execute("SELECT leaf FROM conversations WHERE id = ?", (conversation,)).fetchone()
        (result,) = log.execute("SELECT result FROM turns WHERE id = ?", (leaf,)).fetchone()
        for number in range(turns):
            text = f"Answer {number}, {SAID}\n\n| a | b |\n|---|---|\n| 1 | 2 |"
            row = json.loads(result) | {"answer": text}
            if number < pictures:
                row["artifacts"] = [{"path": str(folder / f"picture-{number}.png"), "media_type": "image/png"}]
            leaf = log.execute(INSERT, (conversation, f"Question {number}?", json.dumps(row), leaf)).lastrowid
        log.execute("UPDATE conversations SET leaf = ? WHERE id = ?", (leaf, conversation))


def words(tab: Page, engine: Engine, what: str) -> float:
    """Asks several times; prints and returns the median seconds to the first word seen."""
    spent = sorted(first_word(tab, engine) for _ in range(QUESTIONS))
    middle, worst = 1000 * median(spent), 1000 * spent[-1]
    print(f"{what}: first word seen after {middle:.0f} ms (median of {QUESTIONS}, worst {worst:.0f})", flush=True)
    return median(spent)


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=250)
    parser.add_argument("--pictures", type=int, default=100)
    chosen, engine = parser.parse_args(), Engine()
    print(describe("gradio", "playwright"))
    with page(engine) as (home, url), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_browser(), args=[*chromium.ARGS])
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.set_default_timeout(120_000)
        tab.add_init_script(WATCH)
        load(tab, url)
        loads = [load(tab, url) for _ in range(LOADS)]
        held = [verdict(f"first paint, median of {LOADS}", median(paint for paint, _ in loads), PAINT_S, "s")]
        held.append(verdict(f"ready, median of {LOADS}", median(ready for _, ready in loads), READY_S, "s"))
        first_word(tab, engine)
        middle = words(tab, engine, "a short conversation")
        held.append(verdict("engine's first word to its being seen, median", middle, WORD_S, "s"))
        held.append(verdict("layout shift while answers stream (CLS)", float(tab.evaluate("window.shift")), SHIFT))
        write_turns(home, tab.url.rpartition("=")[2], chosen.turns, chosen.pictures)
        began = time.perf_counter()
        tab.reload()
        tab.get_by_text(f"Question {chosen.turns - 1}?").first.wait_for()
        print(f"a conversation of {2 * chosen.turns} messages is open after {time.perf_counter() - began:.2f} s")
        middle = words(tab, engine, "the long one")
        held.append(verdict("first word in it, median", middle, WORD_S, "s"))
        began = time.perf_counter()
        while (earlier := tab.locator("#chat .deed.earlier")).count():
            before = tab.locator("#chat .user.message").count()
            earlier.click()
            tab.wait_for_function(f"document.querySelectorAll('#chat .user.message').length > {before}")
        print(f"all of it is shown after another {time.perf_counter() - began:.1f} s")
        gaps = tab.evaluate(SCROLL)
        frame, worst = 1000 * gaps[60], 1000 * gaps[118]
        print(f"scrolling through all of it: {frame:.0f} ms a frame, worst of a hundred {worst:.0f} ms")
        middle = words(tab, engine, "asked with all of it shown")
        held.append(verdict("first word with all of it shown, median", middle, WORD_S, "s"))
        browser.close()
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
