"""A load that does not work by itself is not disturbed, and its trial never passes."""

import asyncio
import functools
import itertools
import math
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pymysql
import pytest

from pytest_rdsfailover.load.complaints import Complaints
from pytest_rdsfailover.trial.calm import UnfitLoadError
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = [pytest.mark.local, pytest.mark.one_server]
LOAD = {"writers": 4, "rate": 100.0, "warmup": 0.5, "cooldown": 0.1}


def failing(cluster, every):
    """Return a workload that writes, but for one call in so many."""
    calls = itertools.count(1)
    endpoint = cluster.writer_endpoint

    def write(key):
        if next(calls) % every == 0:
            raise RuntimeError("the card was declined")
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))

    return {"workload": write}


def unfit(runner, cluster, endpoint=None, **options):
    """Return the invalid trial of a load, before which nothing was triggered."""
    before = len(cluster.failovers)
    with pytest.raises(InvalidTrialError) as invalid:
        runner.trial(endpoint or cluster.writer_endpoint, **LOAD | options)
    assert len(cluster.failovers) == before
    assert not invalid.value.trial.valid
    return invalid.value.trial


def test_a_workload_that_fails_now_and_then_is_told_with_its_error_and_not_failed_over(
    runner, resting, noted
):
    trial = unfit(runner, resting, **failing(resting, every=3))

    assert noted == [trial]
    assert "operations failed before the trigger, and at most 1 % of them may" in trial.reason
    assert "RuntimeError: the card was declined" in trial.reason
    (complaint,) = trial.complaints
    assert complaint.error == "RuntimeError"
    assert 'test_load_is_real.py", line' in complaint.trace
    assert complaint.count == trial.unknown > 5


async def begins_nothing(key):
    return asyncio.sleep(0, key)


@pytest.mark.parametrize(
    ("workload", "says"),
    [
        (lambda _: sys.exit("no such shop"), "ExitedWorkError: <lambda> ended with SystemExit: no such"),
        (begins_nothing, "TypeError: begins_nothing returned a coroutine, of which nothing has run; await"),
    ],
)  # fmt: skip
def test_a_workload_that_exits_or_does_nothing_is_a_trial_with_its_figures(
    runner, resting, workload, says
):
    trial = unfit(runner, resting, workload=workload)
    assert says in trial.reason
    assert trial.attempted > 10
    assert "test_load_is_real.py" in trial.complaints[0].trace or "await" in says


def test_a_share_of_errors_that_the_test_allows_is_no_reason(runner, resting):
    options = failing(resting, every=10) | {"calm_errors": "30%"}
    trial = runner.trial(resting.writer_endpoint, **LOAD | options)

    assert trial.valid
    assert trial.complaints


def test_one_error_alone_is_no_reason(runner, resting):
    trial = runner.trial(resting.writer_endpoint, **LOAD | failing(resting, every=10_000_000))
    assert trial.valid


def test_a_misspelt_table_is_told_at_once_and_not_after_the_bound(runner, resting):
    endpoint = resting.writer_endpoint

    def insert(key, connection):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO no_such_tabel VALUES (%s)", (key,))

    begun = time.monotonic()
    trial = unfit(runner, resting, workload=insert, setup=endpoint.connect, bound=60.0)
    assert time.monotonic() - begun < 20.0
    assert "no write was acknowledged before the trigger" in trial.reason
    assert "no_such_tabel" in trial.reason


def test_a_reader_endpoint_is_told_at_once(runner, resting):
    begun = time.monotonic()
    trial = unfit(runner, resting, endpoint=resting.reader_endpoint)
    assert time.monotonic() - begun < 20.0
    assert "no write was acknowledged before the trigger" in trial.reason


def test_a_first_write_that_takes_longer_than_the_warm_up_is_waited_for(runner, resting):
    endpoint = resting.writer_endpoint

    def slow(key):
        time.sleep(0.5)
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))

    trial = runner.trial(
        endpoint,
        **LOAD | {"warmup": 0.1, "workload": slow},
    )
    assert trial.valid, trial.reason


def test_a_failover_within_a_load_is_refused_while_the_load_does_not_work(runner, resting, noted):
    with (
        pytest.raises(InvalidTrialError),
        runner.load(resting.writer_endpoint, **LOAD | failing(resting, every=2)) as load,
    ):
        load.warm_up()
        with pytest.raises(UnfitLoadError, match="the card was declined"):
            runner.fail_over()
        runner.fail_over()
    assert not noted[0].valid


# The sessions of the user's own code are the user's.


@pytest.mark.parametrize("renew", ["never", "on_error"])
def test_a_users_session_is_made_once_per_writer_unless_the_test_asks_for_more(
    runner, resting, renew
):
    endpoint, made = resting.writer_endpoint, []

    def setup():
        made.append(endpoint.connect(autocommit=True))
        return made[-1]

    def write(key, connection):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))

    trial = runner.trial(
        endpoint, workload=write, setup=setup, renew=renew, **LOAD | {"bound": 4.0}
    )
    if renew == "never":
        assert len(made) == trial.writers == trial.stuck_writers == 4
        assert trial.notes == []
    else:
        assert len(made) > 4
        assert trial.stuck_writers == 0
        assert "made anew" in trial.notes[0]


# Coroutines of all writers run in one loop, as in an application.


def test_coroutines_share_a_client_that_is_bound_to_the_loop_of_its_first_use(runner, resting):
    import aiomysql

    endpoint = resting.writer_endpoint
    pools, loops, making = [], set(), asyncio.Lock()

    async def write(key):
        loops.add(asyncio.get_running_loop())
        async with making:
            if not pools:
                pool = await aiomysql.create_pool(
                    host=endpoint.host, port=endpoint.port, user=endpoint.user,
                    password=endpoint.secret(), db=endpoint.database, maxsize=8, autocommit=True,
                    pool_recycle=0,
                )  # fmt: skip
                pools.append(pool)
        async with pools[0].acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))

    for _ in range(2):  # the second trial finds the pool of the first, as a module's would be
        trial = runner.trial(endpoint, workload=write, **LOAD)
        assert trial.valid, trial.reason
        assert trial.stuck_writers == 0
        assert not [each for each in trial.complaints if "loop" in each.text]
    assert len(loops) == 1
    (loop,) = loops

    async def close():
        pools[0].terminate()
        await pools[0].wait_closed()

    asyncio.run_coroutine_threadsafe(close(), loop).result(10)


# What is not done when the function returns is no acknowledged write.


def inserting(cluster):
    endpoint = cluster.writer_endpoint

    def insert(key):
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))

    return insert


def test_work_that_is_given_to_a_pool_is_judged_by_what_becomes_of_it(runner, resting):
    insert = inserting(resting)
    with ThreadPoolExecutor(8) as pool:
        trial = runner.trial(
            resting.writer_endpoint, workload=lambda key: pool.submit(insert, key), **LOAD
        )

    assert trial.valid, trial.reason
    assert 2003 in {
        error.code for error in trial.errors
    }  # the pool's, which nobody would have seen
    assert trial.downtime.upper > 0.1


def test_work_that_never_begins_is_told_at_once_with_what_to_do(runner, resting):
    insert = inserting(resting)
    for workload in (lambda key: map(insert, [key]), lambda key: functools.partial(insert, key)):
        trial = unfit(runner, resting, workload=workload)
        assert "no write was acknowledged before the trigger" in trial.reason
        assert "in the function" in trial.reason


# A load that the machine or the application cannot carry.


def slow(key, connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT SLEEP(0.1)")
        cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 20_000.0},
        {"workload": slow, "rate": 200.0},
        {"rate": 60_000.0, "engine": "fast", "writers": 2},
        {"rate": 20_000.0, "retries": 1},
    ],
    ids=["machine", "application", "fast", "retries"],
)
def test_a_load_that_cannot_be_carried_is_named_and_no_figure(runner, resting, options):
    if "workload" in options:
        options = options | {"setup": resting.writer_endpoint.connect, "renew": "on_error"}
    with runner.load(resting.writer_endpoint, **LOAD | options) as load:
        load.warm_up()
        resting.fail_over()  # not by the runner: what such a load reaches is no matter here
    trial = load.trial

    assert "does not carry" in trial.clock.problem
    assert trial.clock.calm_not_issued > 0.1
    assert "no figure" in trial.down


# A writer that hangs in the user's code.


def test_a_writer_that_hangs_is_a_stuck_writer_of_a_trial(runner, resting):
    endpoint, release, hung = resting.writer_endpoint, threading.Event(), []

    def write(key):
        try:
            with endpoint.connect() as connection, connection.cursor() as cursor:
                cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))
        except pymysql.err.MySQLError:
            if not hung:
                hung.append(key)
                release.wait(60)
            raise

    trial = runner.trial(endpoint, workload=write, **LOAD | {"bound": 3.0})
    release.set()

    assert trial.valid, trial.reason
    assert trial.stuck == [int(hung[0].split("-")[1])]
    # As it was seen: a busy machine lowers what is sure of it.
    assert trial.writer_outage.value > 3.0
    assert math.isinf(trial.writer_outage.upper)
    (complaint,) = [each for each in trial.complaints if each.error == "hangs"]
    assert "release.wait(60)" in complaint.trace


def test_secrets_are_in_no_complaint():
    complaints = Complaints(["s3cret-of-ours"])
    complaints.note(ValueError("cannot log in with s3cret-of-ours"), 0)
    complaints.note(
        KeyError("mysql://app:hunter2@db/x password='hunter3', pwd=hunter4 token: h5"), 0
    )
    shown = "".join(f"{each.text} {each.trace}" for each in complaints.found())

    assert "cannot log in with ***" in shown
    for secret in ("s3cret", "hunter2", "hunter3", "hunter4", "h5"):
        assert secret not in shown
