"""Many failovers in one session and in several at once: nothing of the machine is used up.

`scripts/endurance` runs it in full: 500 failovers in one session, and four sessions of 50 at once.
"""

import contextlib
import json
import os
from pathlib import Path

import pytest
from gauges import NAMES
from sessions import session

pytestmark = pytest.mark.bench
FAILOVERS = int(os.environ.get("RDS_BENCH_FAILOVERS", "40"))
SESSIONS = 4
SETTLED = 0.2  # share of the failovers after which caches and pools have their size
PATIENCE = 6.0  # seconds for each failover, on a busy machine
# Every tenth is a whole trial; the others are failovers under a writer that goes on.
TESTS = """
import json, os, sys
from pathlib import Path
sys.path.append({here!r})
from gauges import gauges

def look(supervisor):
    # Not the interpreter's own: what a session keeps for each trial is a part of its report.
    return gauges(os.getpid(), supervisor.directory)

def test_many(rds_trial, rds_failover, rds_cluster):
    seen, settled = [], int({count} * {settled})
    for number in range({count}):
        if number % 10 == 0:
            assert rds_trial(rds_cluster.writer_endpoint).lost == []
        else:
            rds_failover()
            rds_cluster.rest()
        with rds_cluster.writer_endpoint.connect() as connection:
            connection.ping()
        if number + 1 in (settled, {count}):
            seen.append(look(rds_cluster._supervisor))
    Path("gauges.json").write_text(json.dumps(seen))
"""


def many(count: int) -> str:
    """Return the tests of a session with so many failovers."""
    return TESTS.format(here=str(Path(__file__).parent), count=count, settled=SETTLED)


def outcome(run, folder, count):
    """Return what a session held early and late; it must have passed and left nothing."""
    output, errors = run.popen.communicate(timeout=count * PATIENCE + 60)
    assert run.popen.returncode == 0, output + errors
    assert run.left() == []
    return json.loads((folder / "gauges.json").read_text())


def show(table, what, pairs):
    for name in NAMES:
        values = [f"{early[name]} → {late[name]}" for early, late in pairs]
        table.add(f"{what}: {name}, early → at the end", ", ".join(dict.fromkeys(values)))


def hold(pairs):
    """Nothing is used up: what is held at the end is what was held early."""
    for early, late in pairs:
        for name in NAMES:
            if name == "memory_kb":
                assert late[name] < 1.5 * early[name]
            else:
                # A pool or a time-out may be on its way, whichever moment it is looked at.
                assert late[name] <= early[name] + 4, name


def test_one_session_with_many_failovers_uses_nothing_up(table, tmp_path):
    folder = tmp_path / "one"
    with session(folder, many(FAILOVERS)) as run:
        pairs = [outcome(run, folder, FAILOVERS)]

    show(table, f"{FAILOVERS} failovers in one session", pairs)
    hold(pairs)


def test_sessions_at_once_use_nothing_up_and_do_not_meet(table, tmp_path):
    count = max(5, FAILOVERS // 10)
    with contextlib.ExitStack() as stack:
        folders = [tmp_path / str(number) for number in range(SESSIONS)]
        runs = [stack.enter_context(session(folder, many(count))) for folder in folders]
        pairs = [
            outcome(run, folder, SESSIONS * count)
            for run, folder in zip(runs, folders, strict=True)
        ]

    show(table, f"{SESSIONS} sessions of {count} at once", pairs)
    hold(pairs)
