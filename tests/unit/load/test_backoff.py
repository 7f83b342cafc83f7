"""Back-off has its jitter and its end, in each engine and in a client that tries again."""

import random
from types import SimpleNamespace

import pymysql
import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import fast_writer, retrying
from pytest_rdsfailover.load.engine import Gate
from pytest_rdsfailover.load.fast_writer import FastWriter, WriterSettings
from pytest_rdsfailover.load.mix import WRITE
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.writer import ReconnectPolicy, Writer
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.records import Fault

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)
REFUSED = Fault(2003, "refused")


class Time:
    """Time that passes only when somebody sleeps."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.slept.append(seconds)


class Gone:
    """A workload whose database is gone."""

    steps, torn, renews = (WRITE,), (), True

    def open(self, *_):
        raise pymysql.err.OperationalError(2003, "refused")


def retries(monkeypatch, policy, count):
    """Return for how long a client sleeps between the tries of one operation."""
    clock = Time()
    monkeypatch.setattr(retrying, "time", clock)
    workload = retrying.RetryingWorkload(Gone(), Journal("run", 1), count, policy)
    workload._seen.add(0)
    session = workload.open(0, Bounds())
    session.attempts.begin(0)
    with pytest.raises(pymysql.err.OperationalError):
        session.perform(WRITE, 0)
    return clock.slept


def reconnects(monkeypatch, policy, count):
    """Return for how long writers of the fast engine stay away after a failure."""
    monkeypatch.setattr(fast_writer, "time", SimpleNamespace(monotonic_ns=lambda: 0))
    order, journal = WriterSettings(PLACE, b"", policy), Journal("run", count)
    found = []
    for each in journal.writers:
        one = FastWriter(order, each, Schedule(writer=each.writer, writers=count, rate=100.0))
        one._lose(REFUSED)
        found.append(one.next_try / SECOND)
    return found


def first_connections(monkeypatch, policy, count):
    """Return for how long a writer waits between the tries of its first connection."""
    gate, waited = Gate(), []

    def wait(seconds):
        waited.append(seconds)
        if len(waited) == count:
            gate.ended.set()

    monkeypatch.setattr(gate.ended, "wait", wait)
    journal = Journal("run", 1)
    schedule = Schedule(writer=0, writers=1, rate=100.0)
    Writer(Gone(), journal.writers[0], schedule, gate, policy)._first_connection()
    return waited


class Least(random.Random):
    """Chance that always takes the lowest value."""

    def uniform(self, low, _):
        return low


@pytest.mark.parametrize("waits", [retries, reconnects, first_connections])
def test_no_two_wait_equally_long_and_none_too_short_or_too_long(monkeypatch, waits):
    found = waits(monkeypatch, ReconnectPolicy(), 60)

    assert len(found) == 60
    assert all(0.025 <= each <= 0.075 for each in found)
    assert max(found) - min(found) > 0.02
    assert len({round(each, 6) for each in found}) > 50


@pytest.mark.parametrize("waits", [retries, reconnects, first_connections])
def test_without_jitter_all_wait_equally_long(monkeypatch, waits):
    found = waits(monkeypatch, ReconnectPolicy(jitter=0.0), 5)

    assert {round(each, 6) for each in found} == {0.05}


def test_more_jitter_than_back_off_is_no_time_before_now():
    assert {ReconnectPolicy(jitter=9.0).wait(Least()) for _ in range(3)} == {0.0}


def test_an_operation_ends_after_five_seconds_however_often_it_may_be_tried(monkeypatch):
    slept = retries(monkeypatch, ReconnectPolicy(), 10_000)

    assert 5.0 < sum(slept) <= 5.1
