"""A running server and a person in front of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "tests" / ".artifacts"
STARTED = re.compile(r"Assistant is at (http://127\.0\.0\.1:\d+)")
# The first answer loads the embedding model, on a machine that may be busy with other tests.
PATIENCE_MS = 40_000
expect.set_options(timeout=PATIENCE_MS)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@contextmanager
def serving(home: Path, config: str, *options: str) -> Iterator[str]:
    """Runs ``assistant ui`` and gives its address."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.yaml").write_text(config, encoding="utf-8")
    command = [sys.executable, "-c", "from assistant.cli import main; main()", "ui", "--port", "0"]
    command += ["--home", str(home), "--config", str(home / "config.yaml"), *options]
    with (home / "server.log").open("w+b") as log:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        (home / "server.pid").write_text(str(process.pid))
        try:
            yield _address(process, home / "server.log")
        finally:
            process.terminate()
            process.wait(20)
            assert process.stdout
            process.stdout.close()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout
    for line in process.stdout:
        if found := STARTED.search(line):
            return found[1]
    raise AssertionError(f"the server ended before it listened: {log.read_text()}")


@dataclass
class Person:
    """One browser of one person, which notes what must not happen.

    Attributes:
        page: The tab.
        wrong: Errors on the console, dialogs, and requests to other hosts.
    """

    page: Page
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.note_request(request.url))

    def note_request(self, url: str) -> None:
        if not re.match(r"(http://127\.0\.0\.1:|data:|blob:)", url):
            self.wrong.append(url)

    @property
    def box(self) -> Locator:
        return self.page.locator("#ask textarea")

    @property
    def chat(self) -> Locator:
        return self.page.locator("#chat")

    @property
    def ends(self) -> Locator:
        """What stands below each answer, failure or stopped answer."""
        return self.chat.locator(".foot, .note")

    def arrive(self, url: str) -> None:
        self.page.goto(url)
        expect(self.box).to_be_visible(timeout=PATIENCE_MS)
        expect(self.page.locator("#history .history")).to_be_attached(timeout=PATIENCE_MS)

    def ask(self, question: str) -> None:
        """Asks and waits for the end of the turn."""
        ends = self.ends.count()
        self.send(question)
        expect(self.ends).to_have_count(ends + 1)
        expect(self.page.locator("#ask .submit-button")).to_be_visible()

    def send(self, question: str) -> None:
        self.box.fill(question)
        self.box.press("Enter")

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def tab_on_a_phone(self, name: str) -> None:
        """Opens a tab that may stand in a menu."""
        tab, menu = (
            self.page.get_by_role("tab", name=name),
            self.page.locator("#tabs > .tab-wrapper .overflow-menu > button"),
        )
        expect(tab.or_(menu).first).to_be_visible()
        if not tab.count():
            menu.click()
            tab = self.page.locator(".overflow-dropdown button", has_text=name)
        tab.click()

    def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


@contextmanager
def person(browser: Browser, url: str, *, size: dict[str, int] | None = None, dark: bool = False) -> Iterator[Person]:
    """Opens the page in a browser of its own, and checks at the end that nothing went wrong in it."""
    scheme = "dark" if dark else "light"
    context = browser.new_context(viewport=size or DESKTOP, color_scheme=scheme, has_touch=size == PHONE)
    someone = Person(context.new_page())
    try:
        someone.arrive(url)
        yield someone
        assert someone.wrong == [], someone.wrong
    except Exception as error:
        # What the person saw, for whoever reads the report of a machine that is gone.
        error.add_note(f"The page said: {someone.page.inner_text('body')[-3000:]}\nIts errors: {someone.wrong}")
        someone.picture(f"failed-{time.time():.0f}")
        raise
    finally:
        context.close()
