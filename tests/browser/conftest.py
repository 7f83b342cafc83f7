"""A browser, and pages to show it: of trials whose course is known, with hostile texts in them."""

import sys
from pathlib import Path

import chromium
import pytest

# The unit tests' builders make the trials that are shown here.
sys.path.append(str(Path(__file__).parents[1] / "unit"))

INSTALL = "scripts/fetch-extras"


@pytest.fixture(scope="session")
def program():
    found = chromium.find()
    if found is None:
        pytest.skip(f"no Chromium is installed, so the HTML page is not tested: `{INSTALL}`")
    return found


@pytest.fixture(scope="session")
def one_browser(program):
    with chromium.Page(program) as page:
        yield page


@pytest.fixture
def browser(one_browser):
    """The browser as it was when it started."""
    one_browser.resize(1280, 900)
    one_browser.prefer("light")
    one_browser.open_nothing()
    return one_browser
