"""A trial whose work never reached the cluster proves nothing, whatever its workload acknowledges."""

import contextlib
import functools
import hashlib
import threading
from dataclasses import replace

import pymysql
import pytest

from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.mysql import driver
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = [pytest.mark.local, pytest.mark.one_server]
LOAD = {"writers": 4, "rate": 100.0, "warmup": 0.5, "cooldown": 0.1}


@pytest.fixture
def runner(resting):
    return functools.partial(
        TrialRunner, resting, Settings(seed=7), test="test", profile=None, expectations={},
        note=lambda _: None,
    )()  # fmt: skip


def invalid(runner, endpoint, **options):
    with pytest.raises(InvalidTrialError) as error:
        runner.trial(endpoint, **LOAD | options)
    return error.value.trial


def sends(endpoint, statement="SELECT %s", spell=str):
    """Return a workload that sends a statement with what *spell* makes of the key."""

    def write(key):
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement, (spell(key),))

    return write


@contextlib.contextmanager
def watching(endpoint, pause):
    """Look at an endpoint meanwhile, as a monitoring thread does."""
    over = threading.Event()

    def watch():
        with (
            contextlib.suppress(pymysql.err.MySQLError),
            endpoint.connect(autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            while not over.wait(pause):
                cursor.execute("SELECT 1")

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("kind", ["writer_endpoint", "proxy_endpoint"])
def test_a_workload_that_writes_nowhere(runner, resting, kind):
    done, before = [], len(resting.failovers)
    endpoint = getattr(resting, kind)
    trial = invalid(runner, endpoint, workload=done.append, stored=lambda: done)

    assert f"{endpoint.host}:{endpoint.port}" in trial.reason
    assert "the workload writes elsewhere, or nowhere" in trial.reason
    assert len(resting.failovers) == before  # nobody was disturbed for it


def test_a_workload_that_writes_nowhere_beside_somebody_who_watches(runner, resting):
    with watching(resting.writer_endpoint, pause=0.2):
        trial = invalid(runner, resting.writer_endpoint, workload=lambda _: None)
    assert "the workload writes elsewhere, or nowhere" in trial.reason


def test_an_application_that_is_configured_for_another_database(runner, resting, plain_server):
    other = replace(plain_server.endpoint, connector=driver.connect)
    trial = invalid(runner, resting.writer_endpoint, workload=sends(other))
    assert f"this process was connected to {plain_server.endpoint.host}:{plain_server.port}" in (
        trial.reason
    )


def test_an_application_that_writes_to_another_endpoint_of_the_cluster(runner, resting):
    trial = invalid(runner, resting.proxy_endpoint, workload=sends(resting.writer_endpoint))
    assert "nothing of the workload came to the proxy endpoint" in trial.reason
    assert "but to others: cluster (" in trial.reason


def test_a_workload_that_swallows_its_errors(runner, resting):
    send = sends(resting.writer_endpoint)

    def write(key):
        with contextlib.suppress(pymysql.err.MySQLError):
            send(key)

    trial = invalid(runner, resting.writer_endpoint, workload=write)
    assert "acknowledged writes were never confirmed by the cluster" in trial.reason


def test_a_load_without_a_failover_is_witnessed_at_its_end(runner, resting):
    with (
        pytest.raises(InvalidTrialError, match="writes elsewhere, or nowhere"),
        runner.load(resting.writer_endpoint, **LOAD, workload=lambda _: None) as load,
    ):
        load.warm_up()


# Near misses: honest workloads of other shapes.


def hashed(key):
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.mark.parametrize("kind", ["writer_endpoint", "proxy_endpoint"])
@pytest.mark.parametrize("spell", [str, hashed])
def test_honest_workloads_are_valid_whether_or_not_their_keys_can_be_read(
    runner, resting, kind, spell
):
    endpoint = getattr(resting, kind)
    trial = runner.trial(endpoint, **LOAD, workload=sends(endpoint, spell=spell))

    witnessed = trial.evidence.course.witnessed
    assert trial.valid
    assert witnessed.whole[endpoint.name].statements >= trial.acked
    assert bool(witnessed.whole[endpoint.name].marked) is (spell is str)


def test_writes_in_batches_are_valid(runner, resting):
    endpoint, waiting, lock = resting.writer_endpoint, [], threading.Lock()
    send = sends(endpoint)

    def write(key):
        with lock:
            waiting.append(key)
            if len(waiting) >= 25:
                keys = " ".join(waiting)
                waiting.clear()
                send(keys)

    assert runner.trial(endpoint, **LOAD, workload=write, calm_errors="50%").valid


def test_a_workload_that_retries_is_valid(runner, resting):
    endpoint = resting.writer_endpoint
    send = sends(endpoint)

    def write(key):
        for _ in range(200):
            try:
                return send(key)
            except pymysql.err.MySQLError:
                threading.Event().wait(0.05)
        return send(key)

    assert runner.trial(endpoint, **LOAD, workload=write).valid


@pytest.mark.parametrize("engine", ["threads", "fast"])
def test_our_own_inserts_are_confirmed_one_by_one(runner, resting, engine):
    trial = runner.trial(resting.writer_endpoint, **LOAD, engine=engine)
    seen = trial.evidence.course.witnessed.whole["cluster"]

    assert trial.acked <= seen.confirmed <= trial.attempted
