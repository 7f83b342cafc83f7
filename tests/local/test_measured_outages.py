"""Known faults on a real server, measured without a trigger: the truth lies between the ends."""

import os
import subprocess
import time
import uuid
from dataclasses import replace

import pytest

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.phases import failures
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.watchdog import Watchdog
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.mysql import driver

pytestmark = [pytest.mark.local, pytest.mark.one_server]
LARGEST = 1 << 20  # bytes of a packet that the server takes
PATIENT = ReconnectPolicy(bounds=Bounds(connect=2.0, read=30.0, write=30.0))
LATE = 0.02  # seconds by which a busy machine may make us say that something began or ended
TRIES = 3  # whoever else is busy may make a lower end 0, or keep one writer's answer back
BLURRED = 0.1  # seconds that neighbours on this machine may hide at either end
OWN = 0.3  # seconds for which we stand still ourselves


class Watched:
    """A load on a server without any trigger, and what it says of it in the end."""

    def __init__(self, server, *, writers=32, rate=1000.0, workload=None):
        self.journal = Journal(uuid.uuid4().hex[:8], writers)
        make = workload or (lambda journal: InsertWorkload(server.endpoint, journal.run))
        self._workload = make(self.journal)
        self._server, self._rate, self.dog = server, rate, Watchdog()

    def __enter__(self):
        self._workload.create(self._server.endpoint)
        self._load = ThreadLoad(self._workload, self.journal, rate=self._rate, policy=PATIENT)
        self.dog.start()
        self._load.start()
        self._begun = time.monotonic()
        time.sleep(0.8)
        return self

    def __exit__(self, *exc):
        self._stop = time.monotonic()
        self._load.stop()
        self.dog.stop()
        self._workload.drop(self._server.endpoint)

    @property
    def series(self):
        return series_of(self.journal)

    @property
    def course(self):
        return Course(
            start=self._begun, stop=self._stop, trigger=None, settled=None, moves_writer=None,
            milestones=(), writer_before=None, writer_after=None, rate=self._rate,
            pauses=self.dog.pauses,
        )  # fmt: skip

    @property
    def ends(self):
        return absences(self.series, self.course).ends


def freeze(server, seconds):
    """Stop a server; return for how long it stood still, at the least and at the most."""
    begun = time.monotonic()
    with server.frozen():
        frozen = time.monotonic()
        time.sleep(seconds)
        least = time.monotonic() - frozen
    return least, time.monotonic() - begun


def holds(found, truth):
    least, most = (to_nanoseconds(each) for each in truth)
    return found.lower <= most + to_nanoseconds(LATE) and least <= found.upper


@pytest.mark.parametrize("seconds", [0.05, 0.2, 1.0])
def test_a_stop_without_a_trigger_is_measured_as_long_as_it_was(plain_server, seconds):
    for _ in range(TRIES):
        with Watched(plain_server) as watched:
            truth = freeze(plain_server, seconds)
            time.sleep(0.4)

        found = watched.ends
        assert holds(found.downtime, truth)
        assert found.writer_outage.upper >= to_nanoseconds(truth[0])
        slept = sum(last - first for first, last in watched.dog.pauses)
        if seconds <= BLURRED or found.downtime.lower > to_nanoseconds(seconds / 2 - slept):
            return
    pytest.fail(f"no lower end comes near the truth in {TRIES} tries: {found.downtime}")


def test_a_stop_in_the_calm_hides_no_later_one(plain_server):
    with Watched(plain_server) as watched:
        freeze(plain_server, 0.28)
        time.sleep(0.7)
        truth = freeze(plain_server, 0.4)
        time.sleep(0.4)

    found = watched.ends
    assert holds(found.downtime, truth)
    assert found.outages.lower >= 1
    assert found.outages.upper >= 2


def test_a_stop_that_outlasts_the_observation_has_no_upper_end(plain_server):
    with Watched(plain_server) as watched, plain_server.frozen():
        time.sleep(0.5)
        seen = time.monotonic()
    found = absences(watched.series, replace(watched.course, stop=seen)).ends

    assert not found.downtime.ended
    assert not found.writer_outage.ended
    assert not found.last_back.ended


def test_a_pause_of_our_own_is_no_outage_of_anybody(plain_server):
    script = f"kill -STOP {os.getpid()}; sleep {OWN}; kill -CONT {os.getpid()}"
    for _ in range(TRIES):
        with Watched(plain_server) as watched:
            with subprocess.Popen(["sh", "-c", script]) as child:
                child.wait()
            time.sleep(0.3)

        found, course = watched.ends, watched.course
        assert max(b - a for a, b in course.pauses) > OWN * 0.8
        assert found.writer_outage.upper > to_nanoseconds(OWN * 0.8)
        if max(found.downtime.lower, found.writer_outage.lower) < to_nanoseconds(OWN / 3):
            return
    pytest.fail(f"each of {TRIES} pauses of our own is an outage: {found}")


class Reconnecting:
    """A client of an application: it makes a connection anew if it is gone."""

    def __init__(self, server):
        self._endpoint = server.endpoint
        self._connection = self._connect()

    def _connect(self):
        return driver.connect(self._endpoint, max_allowed_packet=1 << 24)

    def write(self, text):
        if not self._connection.open:
            self._connection = self._connect()
        with self._connection.cursor() as cursor:
            cursor.execute("DO LENGTH(%s)", (text,))

    def close(self):
        if self._connection.open:
            self._connection.close()


@pytest.fixture
def small_packets(plain_server):
    ((before,),) = plain_server.run("SELECT @@global.max_allowed_packet")
    plain_server.run(f"SET GLOBAL max_allowed_packet = {LARGEST}")
    yield plain_server
    plain_server.run(f"SET GLOBAL max_allowed_packet = {before}")


def test_packets_that_are_too_long_do_not_show_the_database_away(small_packets):
    sizes = {"now": 10}

    def own(journal):
        return CallWorkload(
            journal,
            lambda key, client: client.write(key + "x" * sizes["now"]),
            setup=lambda: Reconnecting(small_packets),
            teardown=Reconnecting.close,
        )

    with Watched(small_packets, writers=4, rate=80.0, workload=own) as watched:
        sizes["now"] = LARGEST + LARGEST // 5
        time.sleep(1.0)
        sizes["now"] = 10
        time.sleep(0.5)

    found = watched.ends
    assert found.downtime.upper > to_nanoseconds(0.8), "nobody wrote anything in that time"
    assert found.downtime.lower < to_nanoseconds(0.1), "but the server was there"
    codes = {fault.code for _, fault, _ in failures(watched.series)}
    assert codes & {1153, 2006, 2013}, codes
