"""The built site, and one browser for all tests.

The site is that of `make book`. Where no browser is found the tests that need one are
skipped with the command that installs it; under CI that is a failure.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from scripts import screens

SITE = screens.SITE


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").exists():
        pytest.fail(f"{SITE} holds no site: run `make book` first")
    return SITE


@pytest.fixture(scope="session")
def browser():
    if screens.find_browser() is None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(screens.NO_BROWSER)
        pytest.skip(screens.NO_BROWSER)
    with sync_playwright() as playwright:
        browser = screens.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contexts(browser):
    """(device, scheme) -> a browser context without a network."""
    found = {}
    for device in screens.DEVICES:
        for scheme in screens.SCHEMES:
            found[device, scheme] = screens.new_context(browser, device, scheme)
            found[device, scheme].set_offline(True)
    yield found
    for context in found.values():
        context.close()
