"""All sessions killed at once: for how long nobody writes, and when the last writer is back."""

import shutil
import sys
import uuid

import pytest
import reconnects

from pytest_rdsfailover.analysis.statistics import median
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.fast import FastLoad
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.threads import ThreadLoad

pytestmark = pytest.mark.bench
RUNS = 3
FIGURE = "after all connections are killed: no write for / last of 32 writers back after"


def ours(own, endpoint, engine):
    journal = Journal(uuid.uuid4().hex[:8], reconnects.WRITERS)
    workload = InsertWorkload(endpoint, journal.run)
    workload.create(endpoint)
    with engine(workload, journal, rate=float(reconnects.RATE)):
        found = reconnects.measure(own, f"rds_writes_{journal.run}")
    workload.drop(endpoint)
    return found


def note(table, who, found, aim=""):
    """Add the medians; a run in which a writer did not come back is worse than any other."""
    there = [each for each in found if each is not None]
    if len(there) < len(found):
        never = f"{len(found) - len(there)} of {len(found)} runs"
        within = f"{reconnects.PATIENCE:g} s"
        table.add(FIGURE, f"not all of them back within {within} in {never}", who=who)
        return
    gap, last = (
        median(sorted(values)) for values in zip(*((r.gap, r.last) for r in there), strict=True)
    )
    table.add(FIGURE, f"{gap * 1000:.1f} / {last * 1000:.0f} ms", who=who, aim=aim)


@pytest.mark.parametrize(
    ("who", "engine"), [("pytest-rdsfailover", ThreadLoad), ("the fast engine", FastLoad)]
)
def test_our_writers(server, table, who, engine):
    own, endpoint = server
    note(table, who, [ours(own, endpoint, engine) for _ in range(RUNS)], "10 / 100 ms")


def test_plain_pymysql(server, table):
    own, endpoint = server
    found = [reconnects.plain(own, endpoint, sys.executable) for _ in range(RUNS)]
    note(table, "PyMySQL's defaults", found)


def test_sysbench(server, table):
    own, endpoint = server
    if not shutil.which("sysbench"):
        table.add(FIGURE, "not installed", who="sysbench")
        return
    note(table, "sysbench", [reconnects.sysbench(own, endpoint) for _ in range(RUNS)])
