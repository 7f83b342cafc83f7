"""One run, one table: `pytest tests/bench` prints Markdown, ready for docs/figures.md.

Nothing here is part of the default run. What noise cannot move is asserted; the rest is printed.
"""

import os
import platform
import sys
import time
from pathlib import Path

import pytest
from table import Table

from pytest_rdsfailover.cli import calibration
from pytest_rdsfailover.load.watchdog import cpu_seconds

UNIT = Path(__file__).parents[1] / "unit"
sys.path += [
    str(UNIT),
    str(UNIT / "analysis"),
    str(UNIT.parent / "plugin"),
]  # the simulated journals, and what builds others
TABLE = pytest.StashKey[Table]()
SHORTEST = 1.0  # seconds; of less, the system's hundredths of a second say nothing


def pytest_configure(config):
    config.stash[TABLE] = Table()


@pytest.fixture(scope="session")
def table(pytestconfig):
    return pytestconfig.stash[TABLE]


@pytest.fixture(scope="session")
def server(table):
    """A server of our own on loopback, and where to connect."""
    with calibration.server() as (own, endpoint):
        table.server = own.about.partition(" (")[0]
        yield own, endpoint


@pytest.fixture(autouse=True)
def strangers(request, table):
    """Note how many CPUs others used during each benchmark: a figure from a busy machine is none."""
    before, begun = cpu_seconds(os.getpid()), time.monotonic()
    yield
    after, taken = cpu_seconds(os.getpid()), time.monotonic() - begun
    if before and after and taken > SHORTEST:
        others = (after[0] - before[0]) - (after[1] - before[1])
        table.busy[request.node.name] = max(0.0, others / taken)


def pytest_terminal_summary(terminalreporter, config):
    found = config.stash[TABLE]
    if not found.rows:
        return
    terminalreporter.write_sep("=", "figures, as Markdown")
    machine = f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}"
    python = f"Python {platform.python_version()}"
    parts = ", ".join(part for part in (machine, python, found.server) if part)
    terminalreporter.write_line(f"Taken {time.strftime('%Y-%m-%d')} on {parts}.")
    terminalreporter.write_line("")
    for line in found.lines():
        terminalreporter.write_line(line)
