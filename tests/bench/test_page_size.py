"""How large the page of many trials is, and how long a browser takes to show it."""

import statistics
import sys
from pathlib import Path

import pytest

BROWSER = Path(__file__).parents[1] / "browser"
sys.path.append(str(BROWSER))

import chromium  # noqa: E402
from pages import entry, failover  # noqa: E402

from pytest_rdsfailover.report import document, html  # noqa: E402

pytestmark = pytest.mark.bench
LOADS = 5
TOOK = "performance.timing.loadEventEnd - performance.timing.navigationStart"


def page(path: Path, count: int) -> Path:
    """Write the page of so many trials of 32 writers, fifteen of each test."""
    made = entry(failover(32))
    entries = []
    for number in range(count):
        name = {"test": f"test_shop.py::test_orders[{number // 15}]", "scenario": str(number // 15)}
        entries.append(made | {"trial": made["trial"] | name})
    run = document.run_document(
        [each["trial"] for each in entries], mode="local", seed=7, versions={}
    )
    path.write_text(html.page(entries, run))
    return path


@pytest.mark.parametrize("count", [60, 300])
def test_a_page_of_many_trials(table, tmp_path, count):
    program = chromium.find()
    if program is None:
        pytest.skip("no Chromium is installed")
    path, taken = page(tmp_path / "page.html", count), []
    with chromium.Page(program) as browser:
        for _ in range(LOADS):
            browser.open_nothing()
            browser.open(path)
            taken.append(browser.run(TOOK) / 1000)
    table.add(
        f"the page of {count} trials of 32 writers",
        f"{path.stat().st_size / 1e6:.1f} MB, loads in {statistics.median(taken):.2f} s"
        f" ({min(taken):.2f} to {max(taken):.2f})",
    )
