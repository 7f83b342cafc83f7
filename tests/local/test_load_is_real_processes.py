"""What is said of a load that does not work is said of one in several processes as well."""

import asyncio
import itertools
import os
import time

import pymysql
import pytest

from pytest_rdsfailover.journal.archive import Label
from pytest_rdsfailover.journal.unfinished import Remains
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = [pytest.mark.local, pytest.mark.one_server]
LOAD = {"writers": 4, "rate": 100.0, "warmup": 0.5, "cooldown": 0.1, "processes": 2}
SELDOM = {"rate": 40.0, "bound": 3.0}
LABEL = Label(test="t", scenario="t", seed=1, rerun="pytest t", versions={})
WHERE = "RDS_TEST_WHERE"  # tells the processes of the load where the cluster is
calls = itertools.count(1)
loops, hung = set(), []


@pytest.fixture
def runner(resting, tmp_path, monkeypatch):
    where = resting.writer_endpoint
    told = (where.host, str(where.port), where.user, where.secret(), where.database)
    monkeypatch.setenv(WHERE, " ".join(told))
    return TrialRunner(
        resting, Settings(seed=7), test="test", profile=None, expectations={},
        note=lambda _: None,
        remains=lambda run, writers: Remains(tmp_path, LABEL, run, writers),
    )  # fmt: skip


def connect():
    host, port, user, password, database = os.environ[WHERE].split(" ")
    return pymysql.connect(
        host=host, port=int(port), user=user, password=password, database=database,
        connect_timeout=1, read_timeout=1, autocommit=True,
    )  # fmt: skip


def write(key):
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))


def write_but_now_and_then(key):
    if next(calls) % 3 == 0:
        raise RuntimeError(f"declined by {os.environ[WHERE].split(' ')[3]}")
    write(key)


def write_and_hang(key):
    try:
        write(key)
    except pymysql.err.MySQLError:
        if not hung:
            hung.append(key)
            time.sleep(60)
        raise


def write_slowly(key):
    write(key)
    time.sleep(0.15)


async def write_later(key):
    loops.add(id(asyncio.get_running_loop()))
    if len(loops) > 1:
        raise RuntimeError("another loop")
    await asyncio.to_thread(write, key)


def test_errors_of_all_processes_are_told_before_anything_is_triggered(runner, resting):
    before = len(resting.failovers)
    with pytest.raises(InvalidTrialError) as raised:
        runner.trial(resting.writer_endpoint, workload=write_but_now_and_then, **LOAD)
    trial = raised.value.trial

    assert len(resting.failovers) == before
    assert "RuntimeError: declined by ***" in trial.reason
    (complaint,) = trial.complaints
    assert complaint.count == trial.unknown > 0
    assert "write_but_now_and_then" in complaint.trace
    assert resting.writer_endpoint.secret() not in repr(trial.complaints)


def test_a_writer_that_hangs_in_its_process_is_stuck_and_its_stack_is_shown(runner, resting):
    trial = runner.trial(resting.writer_endpoint, workload=write_and_hang, **LOAD | SELDOM)

    assert trial.valid, trial.reason
    assert 1 <= trial.stuck_writers <= 2  # one in each process that met an error
    hanging = [each for each in trial.complaints if each.error == "hangs"]
    assert sorted(each.text for each in hanging) == [
        f"writer {number} is still in the workload" for number in trial.stuck
    ]
    assert all("time.sleep(60)" in each.trace for each in hanging)


@pytest.mark.parametrize(
    "options",
    [{"workload": write_slowly}, {"rate": 20_000.0}, {"rate": 50_000.0, "engine": "fast"}],
)
def test_a_load_that_its_processes_do_not_carry_is_no_figure(runner, resting, options):
    with runner.load(resting.writer_endpoint, **LOAD | {"warmup": 0.4} | options) as load:
        load.warm_up()
        resting.fail_over()

    assert "does not carry" in load.trial.clock.problem


def test_the_coroutines_of_a_process_share_one_loop(runner, resting):
    trial = runner.trial(resting.writer_endpoint, workload=write_later, **LOAD)

    assert trial.valid, trial.reason
    assert trial.stuck_writers == 0
    assert not [each for each in trial.complaints if "loop" in each.text]
