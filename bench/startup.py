"""How soon the command line and the page are there, and what memory the idle page holds.

Everything is measured from outside, on processes started as a person starts them, with the built-in engine.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from bench.report import describe, verdict
from tests import chromium

LIMIT_HELP_S = 0.3
LIMIT_IDLE_GB = 1.2
LIMIT_FIRST_ANSWER_S = 15.0

COMMAND = Path(sys.executable).with_name("assistant")
QUESTION = "What is 12.5 % of 2,480, minus 17?"
EXPECTED = "= 293"
READY = "Assistant is at "


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is being served.

    Attributes:
        url: Where.
        process: Its server.
        started: ``time.perf_counter()`` at the moment the process was started.
    """

    url: str
    process: psutil.Process
    started: float

    def memory(self) -> float:
        """Returns the resident memory of the server and its children in gigabytes."""
        return sum(process.memory_info().rss for process in self._tree()) / 1e9

    def cpu(self) -> float:
        """Returns the CPU seconds that the server and its children have used."""
        return sum(sum(process.cpu_times()[:2]) for process in self._tree())

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def page(*options: str) -> Iterator[Page]:
    """Serves the page over a new home on a free port until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "builtin.yaml"
        config.write_text("engine: builtin\n")
        command = [COMMAND, "ui", "--port", "0", "--home", Path(folder) / "home", "--config", config, *options]
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Page(_url(process), psutil.Process(process.pid), started)
            finally:
                process.terminate()


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(READY):
            return line.removeprefix(READY).split()[0]
    raise RuntimeError("the page ended before it was ready")


def help_seconds(runs: int = 10) -> float:
    """Returns the median wall time of ``assistant --help``."""
    spent = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([COMMAND, "--help"], stdout=subprocess.DEVNULL, check=True)
        spent.append(time.perf_counter() - began)
    return median(spent)


def settled_memory(served: Page, quiet: float = 8.0, limit: float = 120.0) -> float:
    """Waits until memory has stayed within 1 % for ``quiet`` seconds, the warm-up being over by then."""
    since, reference, end = time.perf_counter(), served.memory(), time.perf_counter() + limit
    while time.perf_counter() < min(since + quiet, end):
        time.sleep(0.25)
        now = served.memory()
        if abs(now - reference) > 0.01 * reference:
            since, reference = time.perf_counter(), now
    return served.memory()


def idle() -> float:
    """Returns the gigabytes that a page with the samples holds which was asked nothing."""
    with page("--samples") as served:
        _get(served.url)
        return settled_memory(served)


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """A page's way to its first answer.

    Attributes:
        ready: Seconds from the start until the page was served.
        answered: Seconds from the start until the answer was shown.
        cpu: CPU seconds that the server used until then; on a busy machine they tell what is its own.
        memory: Gigabytes that the server holds some time after it.
    """

    ready: float
    answered: float
    cpu: float
    memory: float


def first_answer() -> FirstAnswer:
    """Starts the page as ``make run`` does and asks it in a browser that is open already."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_browser(), args=[*chromium.ARGS])
        with page("--samples") as served:
            _get(served.url)
            ready = time.perf_counter() - served.started
            tab = browser.new_page()
            tab.goto(served.url)
            tab.locator("#ask textarea").fill(QUESTION)
            tab.keyboard.press("Enter")
            tab.locator("#chat").get_by_text(EXPECTED).first.wait_for(timeout=60_000)
            answered = time.perf_counter() - served.started
            return FirstAnswer(ready, answered, served.cpu(), settled_memory(served))


def _browser() -> Path:
    if found := chromium.find():
        return found
    raise SystemExit(f"No Chromium was found; install it with: {chromium.install_command()}")


def _get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=60) as response:
        response.read()


def main() -> int:
    """Returns 1 where a limit was missed."""
    print(describe("gradio", "torch"))
    held = [verdict("assistant --help, median of 10", help_seconds(), LIMIT_HELP_S, "s")]
    held.append(verdict("memory of the page, asked nothing", idle(), LIMIT_IDLE_GB, "GB"))
    first = first_answer()
    print(f"page served with the samples after {first.ready:.2f} s; CPU until the answer {first.cpu:.2f} s")
    held.append(verdict("start to first answer, with the samples", first.answered, LIMIT_FIRST_ANSWER_S, "s"))
    held.append(verdict("memory of the page after an answer", first.memory, LIMIT_IDLE_GB, "GB"))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
