"""People with accounts, in browsers of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect

from assistant.accounts.store import Accounts
from tests.ui.browser import DESKTOP, PATIENCE_MS, PHONE, Person

PASSWORD = "correct horse 7"
ROLES = {"anna": "admin", "ben": "user", "vera": "viewer"}


def enrol(home: Path) -> None:
    """Gives a home folder three accounts."""
    accounts = Accounts(home)
    for name, role in ROLES.items():
        accounts.add(name, f"{PASSWORD} {name}", role)
    accounts.close()


@contextmanager
def visitor(browser: Browser, *, size: dict[str, int] | None = None, locale: str = "en-GB") -> Iterator[Person]:
    """Opens a browser that has not been anywhere yet, and checks at the end that nothing went wrong in it."""
    context = browser.new_context(viewport=size or DESKTOP, has_touch=size == PHONE, locale=locale)
    try:
        someone = Person(context.new_page())
        yield someone
        assert not someone.wrong, someone.wrong
    finally:
        context.close()


def sign_in(someone: Person, url: str, name: str, password: str = "") -> None:
    """Types a name and a password into the form."""
    someone.page.goto(url)
    someone.page.locator("#name").fill(name)
    someone.page.locator("#password").fill(password or f"{PASSWORD} {name}")
    someone.page.locator("button[type=submit]").click()


@contextmanager
def signed_in(browser: Browser, url: str, name: str, *, size: dict[str, int] | None = None) -> Iterator[Person]:
    """Opens the page as somebody with an account."""
    with visitor(browser, size=size) as someone:
        sign_in(someone, url, name)
        expect(someone.box).to_be_visible(timeout=PATIENCE_MS)
        expect(someone.page.locator("#history .history")).to_be_attached(timeout=PATIENCE_MS)
        yield someone
