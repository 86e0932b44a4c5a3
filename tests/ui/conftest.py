"""One browser for the tests of a module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; for a module and not longer, since Playwright's event loop keeps all others from running."""
    program = chromium.find()
    assert program, f"there is no Chromium; {chromium.install_command()}"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGS))
        yield found
        found.close()
