"""How much can be written, and at what price, beside other tools with the same statement."""

import os
import resource
import time
import uuid
from functools import partial

import peers
import pytest

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.reliability import lateness, lateness_p99
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.statistics import median
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.events import RECORD, read_blocks
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.load.fast import FastLoad
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.local.server import accounts
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.records import Fault, Outcome

pytestmark = pytest.mark.bench
RUNS, SECONDS = 5, 2
AIMS = {
    ("pytest-rdsfailover", 16): "≥ Locust",
    ("pytest-rdsfailover", 32): "≥ Locust",
    ("pytest-rdsfailover", 128): "≥ Locust",
    ("the fast engine", 16): "≥ 1.1 of sysbench, CPU ≤ its",
    ("the fast engine", 32): "≥ 1.1 of sysbench, CPU ≤ its",
    ("the fast engine", 128): "≥ 1.1 of sysbench, CPU ≤ its",
}
EVENTS = 1_000_000
MOST = 5000


def cpu():
    now = os.times()
    return now.user + now.system


def ours(endpoint, writers, seconds, engine=ThreadLoad):
    journal = Journal(uuid.uuid4().hex[:8], writers)
    workload = InsertWorkload(endpoint, journal.run)
    workload.create(endpoint)
    with engine(workload, journal, rate=0.0) as load:
        time.sleep(0.3)
        before, count, begun = cpu(), len(journal), time.monotonic()
        time.sleep(seconds)
        writes, took, used = len(journal) - count, time.monotonic() - begun, cpu() - before
        load.stop()
    workload.drop(endpoint)
    return peers.Speed(writes / took, used / writes * 1e6)


TOOLS = {
    "pytest-rdsfailover": ours,
    "the fast engine": partial(ours, engine=FastLoad),
    "sysbench": peers.sysbench,
    "mariadb-slap": peers.slap,
    "Locust": peers.locust,
}


def middle(speeds):
    return peers.Speed(
        median(sorted(each.writes for each in speeds)), median(sorted(each.cpu for each in speeds))
    )


def share(speeds, others):
    """Return the median of the rounds' quotients, and the least and the largest."""
    pairs = zip(speeds, others, strict=True)
    found = sorted(own.writes / other.writes for own, other in pairs)
    return f"{median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f})"


@pytest.mark.parametrize("writers", [16, 32, 128])
def test_writes_per_second(server, table, writers):
    _, endpoint = server
    name = f"writes/s, {writers} writers, closed loop"
    found: dict[str, list[peers.Speed | None]] = {who: [] for who in TOOLS}
    for _ in range(RUNS):  # in turn, so that noise meets all alike
        for who, speed in TOOLS.items():
            found[who].append(speed(endpoint, writers, SECONDS))
    there = {who: speeds for who, speeds in found.items() if None not in speeds}
    for who, speeds in there.items():
        others = [other for other in ("sysbench", "Locust") if other in there and other != who]
        shares = ", ".join(f"{share(speeds, there[other])} of {other}" for other in others)
        figure = f"{middle(speeds)}; {shares}" if shares else f"{middle(speeds)}"
        table.add(name, figure, who=who, aim=AIMS.get((who, writers), ""))
    for who in [who for who in found if who not in there]:
        table.add(name, "not installed", who=who)


def fed(records):
    """Return the CPU seconds of a million calls, each writer's in turn."""
    begun = time.process_time()
    for at in range(0, EVENTS * 1000, 1000 * len(records)):
        for record in records:
            record((at, at + 1, at + 2), Outcome.ACKED)
    return time.process_time() - begun


def cost(journal):
    """Return the CPU seconds of an event, beside an empty call."""
    feeding = fed([lambda _times, _outcome: None] * len(journal.writers))
    return (fed([one.record for one in journal.writers]) - feeding) / EVENTS


def judged(journal, stored=None):
    begun = time.process_time()
    trial = summarise(journal, _course(EVENTS / 1e6), stored)
    return time.process_time() - begun, trial


def test_journal_cost(table):
    journal = Journal("bench", 32)
    figure = f"{RECORD} B and {cost(journal) * 1e6:.2f} µs an event, beside an empty call"
    table.add("journal", figure, aim="≤ 32 B, ≤ 0.3 µs")
    table.add("a million events judged", f"{judged(journal)[0]:.2f} s", aim="≤ 0.5 s")
    assert RECORD <= 32


def test_journal_cost_in_a_file(table, tmp_path):
    path = tmp_path / "0.events"
    journal = Journal("bench", 32, path)
    each = cost(journal) * 1e6
    blocks = [block for found in read_blocks(path).values() for block in found]
    used = sum(block.nbytes for block in blocks) / EVENTS
    assert len(journal) == EVENTS
    journal.detach()
    figure = f"{used:.2f} B, its blocks included, and {each:.2f} µs an event, beside an empty call"
    table.add("journal, mapped to a file", figure)
    assert used < 33


def test_journal_judged_with_refusals_and_the_audit(table):
    journal = Journal("bench", 32)
    served, refused = (Outcome.ACKED, None), (Outcome.REFUSED, Fault(2003, "refused"))
    for number in range(EVENTS):
        at = number * 1000
        ends = refused if number % 100 == 0 else served
        journal.writers[number % 32].record((at, at + 1, at + 2), *ends)
    positions = [
        (one.writer, row)
        for one in journal.writers
        for row, outcome in enumerate(one.outcome)
        if outcome == Outcome.ACKED
    ]
    took, trial = judged(journal, Stored(positions=positions))
    figure = "a million events judged, 1 % of them refused, with the audit"
    table.add(figure, f"{took:.2f} s")
    assert (trial.refused, trial.lost, trial.unexpected) == (EVENTS // 100, [], [])


def _course(stop):
    return Course(
        start=0.0, stop=stop, trigger=stop / 2, settled=stop / 2, moves_writer=None,
        milestones=(), writer_before=None, writer_after=None, rate=1e6,
    )  # fmt: skip


def test_schedule_of_the_fast_engine(server, table):
    _, endpoint = server
    journal = Journal(uuid.uuid4().hex[:8], 32)
    workload = InsertWorkload(endpoint, journal.run)
    workload.create(endpoint)
    with FastLoad(workload, journal, rate=1000.0):
        time.sleep(4.0)
    workload.drop(endpoint)
    late = lateness_p99(lateness(series_of(journal))) / 1e6
    table.add("schedule lateness p99 at 1,000/s, fast engine", f"{late:.2f} ms", aim="≤ 0.3 ms")


def test_open_connections(server, table):
    """Hold as many connections as the server takes, in one process; 5,000 is the aim."""
    own, endpoint = server
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(MOST, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 200), hard))
    journal = Journal(uuid.uuid4().hex[:8], wanted)
    workload = InsertWorkload(endpoint, journal.run)
    workload.create(endpoint)
    with accounts.session(own.address, own.admin) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET GLOBAL max_connections = {wanted + 100}")
    patient = ReconnectPolicy(bounds=Bounds(connect=30.0, read=60.0, write=60.0))
    with FastLoad(workload, journal, rate=1000.0, policy=patient) as load:
        time.sleep(wanted / 1000 + 2)
        served = load.acked_since(0)
    workload.drop(endpoint)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    table.add("open connections held and written on, one process", f"{served:,}", aim="5,000")
    assert served >= wanted * 0.9
