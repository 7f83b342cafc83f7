"""How a writer gets its connection back: never in step with the others, never a burst."""

import asyncio
import itertools

import pymysql
import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.engine import Gate
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy, Writer
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.records import Fault, Outcome


def waits(policy, count=60):
    """Return for how long each of many writers stays away after a lost connection."""

    def lose(_):
        raise pymysql.err.OperationalError(2013, "lost")

    found = []
    for number in range(count):
        journal = Journal("run", count)
        writer = Writer(
            CallWorkload(journal, lambda key, _: lose(key), setup=list, renew="on_error"),
            journal.writers[number],
            Schedule(writer=number, writers=count, rate=100.0),
            Gate(),
            policy,
        )
        writer._first_connection()
        writer._use(0)
        found.append((writer._next_try - journal.writers[number].finished[0]) / SECOND)
    return found


def test_writers_do_not_return_in_step_and_none_returns_too_soon_or_too_late():
    policy = ReconnectPolicy()
    found = waits(policy)

    assert (policy.backoff, policy.jitter) == (0.05, 0.5)
    assert all(0.025 <= each <= 0.0751 for each in found)
    assert max(found) - min(found) > 0.02
    assert len({round(each, 6) for each in found}) > 50


def test_without_jitter_they_would_return_in_step():
    assert {round(each, 6) for each in waits(ReconnectPolicy(jitter=0.0), 5)} == {0.05}


def test_every_wait_of_the_default_policy_is_bounded():
    bounds = ReconnectPolicy().bounds

    assert (bounds.connect, bounds.read, bounds.write) == (0.5, 1.0, 1.0)


@pytest.mark.parametrize("writers", [1, 5, 32])
def test_neighbouring_writers_begin_at_neighbouring_places_of_a_mix(writers):
    def one(_): ...
    def other(_): ...

    journal = Journal("run", writers)
    workload = CallWorkload(journal, {one: 1, other: 1})
    first = [
        Writer(
            workload, each, Schedule(writer=0, writers=1, rate=1.0), Gate(), ReconnectPolicy()
        )._next_step().name
        for each in journal.writers
    ]  # fmt: skip

    assert first == [("one", "other")[n % 2] for n in range(writers)]


def using(*, renew, error, times=3):
    """Return the states that a writer's writes got, of which each fails with an error."""
    journal, states, seen, down = Journal("run", 1), itertools.count(), [], []

    def write(_, state):
        seen.append(state)
        raise error

    workload = CallWorkload(
        journal, write, setup=lambda: next(states), teardown=down.append, renew=renew
    )
    schedule = Schedule(writer=0, writers=1, rate=0)
    writer = Writer(workload, journal.writers[0], schedule, Gate(), ReconnectPolicy())
    writer._first_connection()
    for _ in range(times):
        writer._use(0)
    assert down == ([] if len(set(seen)) == 1 else seen)
    return seen


@pytest.mark.parametrize(
    "error",
    [
        pymysql.err.OperationalError(1290, "read only"),
        pymysql.err.OperationalError(2013, "lost"),
        TimeoutError("the pool"),
        RuntimeError("the application's own"),
        asyncio.CancelledError(),
    ],
)
def test_a_session_of_the_users_is_replaced_only_if_the_test_asks_for_it(error):
    assert using(renew="never", error=error) == [0, 0, 0]
    assert using(renew="on_error", error=error) == [0, 1, 2]


def test_a_deadlock_leaves_the_session_in_any_case():
    assert using(renew="on_error", error=pymysql.err.OperationalError(1213, "deadlock")) == [0] * 3


@pytest.mark.parametrize(("renew", "next_state"), [("never", "first"), ("on_error", "second")])
def test_a_writer_whose_coroutine_was_cancelled_goes_on(renew, next_state):
    journal = Journal("run", 1)
    states = iter(["first", "second"])
    seen = []

    async def write(key, state):
        seen.append((key, state))
        if len(seen) == 1:
            raise asyncio.CancelledError

    workload = CallWorkload(journal, write, setup=lambda: next(states), renew=renew)
    writer = Writer(
        workload,
        journal.writers[0],
        Schedule(writer=0, writers=1, rate=0),
        Gate(),
        ReconnectPolicy(),
    )
    writer._first_connection()
    writer._use(0)
    writer._use(0)
    workload.drop(None)

    assert seen == [("run-0-0", "first"), ("run-0-1", next_state)]
    assert [(one.outcome, one.fault) for one in journal] == [
        (Outcome.UNKNOWN, Fault(0, "client")), (Outcome.ACKED, None)]  # fmt: skip
