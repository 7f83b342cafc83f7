"""A trial whose work never reached the cluster proves nothing, whatever its workload acknowledges."""

import asyncio
import contextlib
import gc
import hashlib
import threading
from dataclasses import replace

import pymysql
import pytest
import sqlalchemy
import sqlalchemy.orm

from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.writerless import acked_without_writer
from pytest_rdsfailover.mysql import driver
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = [pytest.mark.local, pytest.mark.one_server]
LOAD = {"writers": 4, "rate": 100.0, "warmup": 0.5, "cooldown": 0.1}


def invalid(runner, endpoint, **options):
    with pytest.raises(InvalidTrialError) as error:
        runner.trial(endpoint, **LOAD | options)
    return error.value.trial


def sends(endpoint, statement="INSERT INTO any_keys VALUES (%s)", spell=str):
    """Return a workload that sends a statement with what *spell* makes of the key."""

    def write(key):
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement, (spell(key),))

    return write


@contextlib.contextmanager
def kept(endpoint):
    """Make a table of keys for the time of a block."""

    def do(statement):
        with endpoint.connect(autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    do("CREATE TABLE kept (k VARCHAR(64) PRIMARY KEY)")
    try:
        yield
    finally:
        do("DROP TABLE kept")


@contextlib.contextmanager
def watching(endpoint, pause, statement="SELECT 1"):
    """Look at an endpoint meanwhile, or write there, as a monitoring thread does."""
    over = threading.Event()

    def watch():
        while not over.wait(pause):
            with (
                contextlib.suppress(pymysql.err.MySQLError),
                endpoint.connect(autocommit=True) as connection,
                connection.cursor() as cursor,
            ):
                while not over.wait(pause):
                    cursor.execute(statement)

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


def test_a_workload_that_writes_nowhere_beside_a_heartbeat_that_writes_as_often(runner, resting):
    endpoint, beat = resting.writer_endpoint, "INSERT INTO kept VALUES (UUID())"
    with kept(endpoint):
        with watching(endpoint, 0.005, beat):
            trial = invalid(runner, endpoint, workload=lambda _: None)
        resting.rest()
    course = trial.evidence.course
    assert "the workload acknowledges what has failed," in trial.reason
    assert acked_without_writer(series_of(trial.evidence.journal), course) > 5


def test_a_workload_that_hides_its_keys_and_swallows_the_errors_of_the_failover(runner, resting):
    endpoint = resting.writer_endpoint
    send = sends(endpoint, "INSERT INTO kept VALUES (%s)", hashed)

    def write(key):
        with contextlib.suppress(pymysql.err.MySQLError):
            send(key)

    with kept(endpoint):
        trial = invalid(runner, endpoint, workload=write)
        resting.rest()
    assert "acknowledged writes were never confirmed by the cluster" in trial.reason


def test_an_application_that_is_configured_for_another_database(runner, resting, plain_server):
    other = replace(plain_server.endpoint, connector=driver.connect)
    trial = invalid(runner, resting.writer_endpoint, workload=sends(other, "SELECT %s"))
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
    assert "(writers 0, 1, 2, 3) were never confirmed by the cluster" in trial.reason


def test_a_load_without_a_failover_is_witnessed_at_its_end(runner, resting):
    with (
        pytest.raises(InvalidTrialError, match="writes elsewhere, or nowhere"),
        runner.load(resting.writer_endpoint, **LOAD, workload=lambda _: None) as load,
    ):
        load.warm_up()


def split(here, there, mine):
    """Return a workload that sends some keys here and the others there."""
    return lambda key: (here if mine(*map(int, key.split("-")[1:])) else there)(key)


@pytest.mark.parametrize(
    ("mine", "writers", "says"),
    [
        (lambda writer, _: writer % 2, 4, "writers 0, 2 acknowledged"),
        (lambda writer, _: writer != 5, 8, "writer 5 acknowledged"),
        (lambda _, number: number % 2, 4, "(writers 0, 1, 2, 3) were in no statement"),
    ],
    ids=["half of the writers", "one of eight", "every second key"],
)
def test_writes_of_which_some_go_elsewhere(runner, resting, plain_server, mine, writers, says):
    before = len(resting.failovers)
    other = sends(replace(plain_server.endpoint, connector=driver.connect), "SELECT %s")
    here = sends(resting.writer_endpoint, "INSERT INTO kept VALUES (%s)")
    with kept(resting.writer_endpoint):
        workload = split(here, other, mine)
        trial = invalid(runner, resting.writer_endpoint, workload=workload, writers=writers)

    assert says in trial.reason
    assert "elsewhere, or nowhere" in trial.reason
    assert len(resting.failovers) == before  # nobody was disturbed for it


def test_half_of_the_writers_at_another_endpoint_of_the_cluster(runner, resting):
    here, there = sends(resting.proxy_endpoint), sends(resting.writer_endpoint)
    workload = split(here, there, lambda writer, _: writer < 2)
    trial = invalid(runner, resting.proxy_endpoint, workload=workload)
    assert "nothing of writers 2, 3 came to the proxy endpoint" in trial.reason


def test_writers_of_which_half_swallow_their_errors(runner, resting):
    send = sends(resting.writer_endpoint)

    def swallow(key):
        with contextlib.suppress(pymysql.err.MySQLError):
            send(key)

    workload = split(send, swallow, lambda writer, _: writer < 2)
    trial = invalid(runner, resting.writer_endpoint, workload=workload)
    assert "(writers 2, 3) were never confirmed by the cluster" in trial.reason


def test_who_looks_for_the_row_first_and_swallows_the_error_of_its_insert(runner, resting):
    looks = sends(resting.writer_endpoint, "SELECT * FROM kept WHERE k = %s")
    inserts = sends(resting.writer_endpoint, "INSERT INTO nowhere VALUES (%s)")

    def write(key):
        looks(key)
        with contextlib.suppress(pymysql.err.MySQLError):
            inserts(key)

    with kept(resting.writer_endpoint):
        trial = invalid(runner, resting.writer_endpoint, workload=write)
    assert "elsewhere, or nowhere" in trial.reason


# Writes that reach the cluster, and are never committed.

INSERT = "INSERT INTO kept VALUES (%s)"


def pymysql_without_commit(endpoint):
    def write(key):
        with endpoint.connect(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute(INSERT, (key,))

    return write


def one_session_without_commit(endpoint):
    sessions = threading.local()

    def write(key):
        if not hasattr(sessions, "cursor"):
            sessions.cursor = endpoint.connect(autocommit=False).cursor()
        sessions.cursor.execute(INSERT, (key,))

    return write


def sqlalchemy_without_commit(endpoint):
    engine = sqlalchemy.create_engine(endpoint.url())

    def write(key):
        with sqlalchemy.orm.Session(engine) as session:
            session.execute(sqlalchemy.text("INSERT INTO kept VALUES (:key)"), {"key": key})

    return write


def rolled_back(endpoint):
    def write(key):
        with endpoint.connect(autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(INSERT, (key,))
            cursor.execute("ROLLBACK")

    return write


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (pymysql_without_commit, "writer_endpoint"),
        (one_session_without_commit, "proxy_endpoint"),
        (sqlalchemy_without_commit, "writer_endpoint"),
        (sqlalchemy_without_commit, "proxy_endpoint"),
        (rolled_back, "writer_endpoint"),
    ],
)
def test_a_workload_that_never_commits(runner, resting, made, kind):
    endpoint, before = getattr(resting, kind), len(resting.failovers)
    with kept(resting.writer_endpoint):
        workload = made(endpoint)
        trial = invalid(runner, endpoint, workload=workload, warmup=1.0)  # for the first connect
    assert "reached the cluster and were never committed" in trial.reason
    assert "autocommit=True" in trial.reason
    assert len(resting.failovers) == before  # nobody was disturbed for it


# Writes that somebody else goes on with after they were acknowledged.


def retried_in_a_thread(send):
    def insist(key):
        while True:
            with contextlib.suppress(pymysql.err.MySQLError):
                return send(key)

    return lambda key: threading.Thread(target=insist, args=(key,)).start()


def in_a_task_that_nobody_awaits(send):
    tasks = set()

    async def write(key):
        task = asyncio.create_task(asyncio.to_thread(send, key))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return write


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (retried_in_a_thread, "writer_endpoint"),
        (retried_in_a_thread, "proxy_endpoint"),
        (in_a_task_that_nobody_awaits, "proxy_endpoint"),  # it lets clients wait, and none fail
    ],
)
def test_a_workload_that_acknowledges_what_is_still_to_be_done(runner, resting, made, kind):
    with kept(resting.writer_endpoint):
        send = sends(getattr(resting, kind), INSERT)
        trial = invalid(runner, getattr(resting, kind), workload=made(send), calm_errors="20%")
        resting.rest()
    # What the last look finds undone, in the calm or at the end, is told as such.
    told = ("confirmed only later", "or after it has returned", "or is still to be done")
    assert any(each in trial.reason for each in told)


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


# PyMySQL leaves the socket of a login that the server ends to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("kind", ["writer_endpoint", "proxy_endpoint"])
def test_a_session_that_looks_inserts_and_commits_is_valid(runner, resting, kind):
    endpoint = getattr(resting, kind)
    engine = sqlalchemy.create_engine(endpoint.url(), poolclass=sqlalchemy.NullPool)
    looks = sqlalchemy.text("SELECT COUNT(*) FROM kept WHERE k = :key")
    insert = sqlalchemy.text("INSERT INTO kept VALUES (:key)")

    def write(key):
        with sqlalchemy.orm.Session(engine) as session:
            if session.scalar(looks, {"key": key}) == 0:
                session.execute(insert, {"key": key})
                session.commit()

    with kept(resting.writer_endpoint):
        trial = runner.trial(endpoint, **LOAD, workload=write)
        resting.rest()
    seen = trial.evidence.course.witnessed.whole[endpoint.name]
    assert trial.valid
    lost = sum(map(len, seen.lost_answers.values()))  # of commits that a cut has overtaken
    assert trial.acked <= seen.commits <= sum(seen.keys.values()) <= seen.commits + lost
    gc.collect()


def test_a_mix_of_writes_that_show_their_keys_and_others_that_do_not_is_valid(runner, resting):
    endpoint = resting.writer_endpoint
    insert = "INSERT INTO kept VALUES (%s)"
    shown, hides = sends(endpoint, insert), sends(endpoint, insert, spell=hashed)
    with kept(endpoint):
        trial = runner.trial(endpoint, **LOAD, workload={shown: 1, hides: 2})
    assert trial.valid
    assert sum(trial.evidence.course.witnessed.whole["cluster"].keys.values()) < trial.acked


def test_a_retry_that_finds_its_row_is_confirmed(runner, resting):
    endpoint = resting.writer_endpoint
    send = sends(endpoint, "INSERT INTO kept VALUES (%s)")

    def write(key):
        send(key)
        with contextlib.suppress(pymysql.err.IntegrityError):
            send(key)  # as a retry does whose first answer was lost

    with kept(endpoint):
        trial = runner.trial(endpoint, **LOAD, workload=write)
    assert trial.valid
    assert sum(trial.evidence.course.witnessed.whole["cluster"].keys.values()) >= trial.acked


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
