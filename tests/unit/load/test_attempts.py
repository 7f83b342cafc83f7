"""Tries inside an operation: each is noted, and an operation is no surer than its tries."""

import asyncio
import contextlib

import pymysql
import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.attempts import AttemptRecorder
from pytest_rdsfailover.load.engine import Gate
from pytest_rdsfailover.load.mix import WRITE
from pytest_rdsfailover.load.retrying import RetryingWorkload
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy, Writer
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.records import Fault, Outcome

LOST = pymysql.err.OperationalError(2013, "lost")
REFUSED = pymysql.err.OperationalError(2003, "refused")
READ_ONLY = pymysql.err.OperationalError(1290, "read only")
DEADLOCK = pymysql.err.OperationalError(1213, "deadlock")
PROXY_ERROR = pymysql.err.OperationalError(1105, "unknown")  # a lost connection, perhaps
QUICK = ReconnectPolicy(backoff=0.0)


def tries(journal):
    events = journal.writers[0].attempts
    return [(Outcome(each), n) for each, n in zip(events.outcome, events.detail, strict=True)]


def once(workload, journal, policy=QUICK):
    """Let a writer do one operation, at once."""
    writer = Writer(
        workload, journal.writers[0], Schedule(writer=0, writers=1, rate=0), Gate(), policy
    )
    writer._first_connection()
    writer._use(0)
    return Outcome(journal.writers[0].outcome[-1])


@pytest.mark.parametrize(
    ("errors", "found", "outcome"),
    [
        ([], [Outcome.ACKED], Outcome.ACKED),
        ([LOST], [Outcome.UNKNOWN, Outcome.ACKED], Outcome.ACKED),
        ([READ_ONLY, REFUSED, REFUSED], [Outcome.REFUSED] * 3, Outcome.REFUSED),
        ([LOST, REFUSED, REFUSED], [Outcome.UNKNOWN, *[Outcome.REFUSED] * 2], Outcome.UNKNOWN),
    ],
)
def test_an_operation_is_refused_only_if_all_of_its_attempts_were(errors, found, outcome):
    journal = Journal("run", 1)
    left = iter(errors)

    def write(_, attempt):
        last = None
        for _ in range(3):
            try:
                with attempt():
                    error = next(left, None)
                    if error is not None:
                        raise type(error)(*error.args)
                    return
            except pymysql.err.MySQLError as error:
                last = error.args
        raise pymysql.err.OperationalError(*last)  # as an application's own, without a cause

    assert once(CallWorkload(journal, write), journal) is outcome
    assert tries(journal) == [(each, 0) for each in found]


def test_an_attempt_belongs_to_the_operation_in_which_it_began():
    journal = Journal("run", 1)
    attempts = AttemptRecorder(journal.writers[0].attempts)
    attempts.begin(4)
    late = attempts()
    attempts.begin(5)

    with pytest.raises(ValueError, match="x"), late:
        raise ValueError("x")

    assert tries(journal) == [(Outcome.UNKNOWN, 4)]
    assert not attempts.undecided


def test_a_try_that_was_given_up_in_a_coroutine_is_of_unknown_outcome():
    journal = Journal("run", 1)

    async def write(_, attempt):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):
                with attempt():
                    await asyncio.sleep(1)
        with attempt():
            await asyncio.sleep(0)

    workload = CallWorkload(journal, write)
    assert once(workload, journal) is Outcome.ACKED
    workload.drop(None)
    assert tries(journal) == [(Outcome.UNKNOWN, 0), (Outcome.ACKED, 0)]


def test_the_project_s_own_classification_holds_for_attempts_too():
    journal = Journal("run", 1)
    attempts = AttemptRecorder(journal.writers[0].attempts, lambda *_: (Outcome.REFUSED, None))

    with contextlib.suppress(pymysql.err.OperationalError), attempts():
        raise LOST

    assert tries(journal) == [(Outcome.REFUSED, 0)]


class World:
    """A workload whose connections and writes fail as planned."""

    steps = (WRITE,)
    torn = ()

    def __init__(self, connects, writes):
        self.connects, self.writes, self.opened = iter(connects), iter(writes), 0

    def open(self, *_):
        self.opened += 1
        self._may_fail(self.connects)
        return self

    attempts = None
    instance = "instance-1"

    def perform(self, *_):
        self._may_fail(self.writes)

    def close(self):
        pass

    @staticmethod
    def _may_fail(plan):
        error = next(plan, None)
        if error is not None:
            raise error


@pytest.mark.parametrize(
    ("connects", "writes", "found", "outcome", "opened"),
    [
        ([], [], [Outcome.ACKED], Outcome.ACKED, 1),
        ([], [LOST], [Outcome.UNKNOWN, Outcome.ACKED], Outcome.ACKED, 2),
        # A connection that dies in its handshake has sent no write.
        ([None, LOST], [LOST], [Outcome.UNKNOWN, Outcome.REFUSED, Outcome.ACKED], Outcome.ACKED, 3),
        ([], [READ_ONLY] * 3, [Outcome.REFUSED] * 3, Outcome.REFUSED, 3),
        ([None, REFUSED, REFUSED], [LOST], [Outcome.UNKNOWN, *[Outcome.REFUSED] * 2],
         Outcome.UNKNOWN, 3),
    ],
)  # fmt: skip
def test_our_own_client_tries_again_on_a_new_connection(connects, writes, found, outcome, opened):
    journal = Journal("run", 1)
    world = World(connects, writes)

    assert once(RetryingWorkload(world, journal, 2, QUICK), journal) is outcome
    assert tries(journal) == [(each, 0) for each in found]
    assert world.opened == opened


@pytest.mark.parametrize(
    ("errors", "leaves", "opened"),
    [
        ([READ_ONLY] * 3, True, 3),
        ([READ_ONLY] * 3, False, 1),
        ([DEADLOCK, DEADLOCK], False, 1),
        ([LOST, LOST], False, 3),
        ([PROXY_ERROR], False, 2),
    ],
)
def test_it_leaves_a_connection_by_the_rules_of_its_writer(errors, leaves, opened):
    journal = Journal("run", 1)
    world = World([], errors)
    policy = ReconnectPolicy(backoff=0.0, on_read_only=leaves)

    once(RetryingWorkload(world, journal, 2, policy), journal, policy)

    assert world.opened == opened


def test_the_project_s_own_classification_decides_whether_it_leaves_too():
    journal = Journal("run", 1)
    world = World([], [DEADLOCK])
    workload = RetryingWorkload(
        world, journal, 2, QUICK, lambda *_: (Outcome.REFUSED, Fault(0, "reset"))
    )

    once(workload, journal)

    assert world.opened == 2


def test_a_session_of_one_writer_reports_for_that_writer_only():
    journal = Journal("run", 2)

    def write(_, attempt):
        with attempt():
            pass

    session = CallWorkload(journal, write).open(1, Bounds())
    session.perform(session._workload.steps[0], 0)

    assert [len(writer.attempts) for writer in journal.writers] == [0, 1]


def test_a_writer_that_lost_its_connection_connects_again_within_its_next_operation():
    journal = Journal("run", 1)
    world = World([None, REFUSED], [])
    workload = RetryingWorkload(world, journal, 2, QUICK)
    workload.open(0, Bounds()).close()

    session = workload.open(0, Bounds())
    assert world.opened == 1
    session.attempts.begin(7)
    session.perform(WRITE, 7)

    assert tries(journal) == [(Outcome.REFUSED, 7), (Outcome.ACKED, 7)]
