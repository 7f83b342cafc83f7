"""A pool of which some connections never leave the demoted writer does not pass unseen."""

import functools
import gc
import queue
import random
import threading

import pymysql
import pytest

from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = [pytest.mark.local, pytest.mark.one_server]
LOAD = {"writers": 8, "rate": 200.0, "warmup": 0.5, "cooldown": 0.2, "bound": "6s"}
SIZE = 8


class Shuffled(queue.Queue):
    """In no order: writers that take turns in step would meet the same connections each time."""

    def _init(self, _):
        self.queue, self._chance = [], random.Random(7)

    def _put(self, item):
        self.queue.append(item)

    def _get(self):
        return self.queue.pop(self._chance.randrange(len(self.queue)))


class Pool:
    """Connections that all writers share; some of them are kept whatever the server says.

    A connection that is lost is made anew. One that is refused as read-only is so too, unless it is
    one of those that stay.
    """

    def __init__(self, endpoint, stays):
        self._endpoint = endpoint
        self._idle = Shuffled()
        for number in range(SIZE):
            self._put(number < stays, endpoint.connect(autocommit=True))

    def _put(self, stays, connection):
        self._idle.put((stays, connection))

    def _drop(self, connection):
        connection.close()

    def write(self, key):
        stays, connection = self._idle.get(timeout=5)
        try:
            if connection is None:
                connection = self._endpoint.connect(autocommit=True)
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO pooled VALUES (%s)", (key,))
        except pymysql.err.MySQLError as error:
            read_only = error.args[0] in (1290, 1836)
            if connection is not None and not (read_only and stays):
                self._drop(connection)
                connection = None
            raise
        finally:
            self._put(stays, connection)

    def close(self):
        for _ in range(SIZE):
            _, connection = self._idle.get(timeout=5)
            if connection is not None and connection.open:
                connection.close()


class Careless(Pool):
    """Forgets connections that it gives up, in a cycle of references, as a kept exception has one."""

    def _drop(self, connection):
        connection.itself = connection


@pytest.fixture
def pools(resting):
    with (
        resting.audit_endpoint().connect(autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE IF NOT EXISTS pooled (k VARCHAR(100))")
    made = []

    def make(stays, kind=Pool):
        made.append(kind(resting.writer_endpoint, stays))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


@pytest.fixture
def runner(resting):
    return functools.partial(
        TrialRunner, resting, Settings(seed=7), test="test", profile="stuck-pool",
        expectations={}, note=lambda _: None,
    )()  # fmt: skip


def test_two_of_eight_connections_stay_on_the_demoted_writer(runner, resting, pools, tmp_path):
    load = LOAD | {"bound": "4s"}
    trial = runner.trial(resting.writer_endpoint, workload=pools(2).write, **load)

    assert trial.valid, trial.reason
    assert trial.stuck_writers == 0  # all are served, by the other connections
    assert trial.stuck_sessions == 2
    with pytest.raises(AssertionError, match=r"2 of 8 connections stayed on instance-\d") as error:
        trial.expect(stuck_sessions=0)
    assert "2 x 1836" in str(error.value)
    (finding,) = [each for each in trial.findings if each.name == "stuck_sessions"]
    assert finding.severity == "broken"
    # Errors until the end: it was waited for their end until the bound.
    course = trial.evidence.course
    assert course.stop - course.trigger > 4.0

    label = archive.Label(test="t", scenario="t", seed=1, rerun="pytest t", versions={})
    evidence, _ = archive.read(archive.write(tmp_path, trial.evidence, label))
    assert evidence.course.sessions == course.sessions


def test_a_pool_that_heals_itself_has_none(runner, resting, pools):
    trial = runner.trial(resting.writer_endpoint, workload=pools(0).write, **LOAD)

    assert trial.valid, trial.reason
    trial.expect(stuck_sessions=0, stuck_writers=0)
    course = trial.evidence.course
    assert course.sessions.open <= SIZE
    assert course.stop - course.trigger < 6.0


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # that is what it is about
def test_what_a_pool_has_forgotten_is_no_connection_of_its_own(runner, resting, pools):
    gc.disable()  # else chance decides whether the cycle is there still
    try:
        trial = runner.trial(resting.writer_endpoint, workload=pools(0, Careless).write, **LOAD)
    finally:
        gc.enable()
    assert trial.valid, trial.reason
    trial.expect(stuck_sessions=0, stuck_writers=0)


def test_who_only_reads_on_the_demoted_writer_is_not_stuck(runner, resting, pools):
    over = threading.Event()

    def watch():
        connection = None
        while not over.wait(0.02):
            try:
                if connection is None:
                    connection = resting.writer_endpoint.connect(autocommit=True)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            except pymysql.err.MySQLError:
                connection = None
        connection.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        trial = runner.trial(resting.writer_endpoint, workload=pools(0).write, **LOAD)
    finally:
        over.set()
        thread.join()
    assert trial.valid, trial.reason
    assert trial.stuck_sessions == 0


def test_the_proxys_clients_sit_on_no_instance(runner, resting):
    trial = runner.trial(resting.proxy_endpoint, **LOAD)
    assert trial.stuck_sessions == 0
