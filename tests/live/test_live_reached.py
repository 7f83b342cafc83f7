"""Whether a load reached a real cluster, by the status variables of its writer."""

import functools
from dataclasses import replace

import pytest

from pytest_rdsfailover.live.traffic import ServerTraffic
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.report.document import trial_document
from pytest_rdsfailover.report.terminal import timeline
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = pytest.mark.local
LOAD = {"writers": 4, "rate": 100.0, "warmup": 0.8, "cooldown": 0.2, "bound": 30.0}


@pytest.fixture
def cluster(backend):
    return backend().cluster()


@pytest.fixture
def runner(cluster):
    return functools.partial(
        TrialRunner, cluster, Settings(seed=7), test="test", profile=None, expectations={},
        note=lambda _: None,
    )()  # fmt: skip


def insert(endpoint, key, table="kept"):
    with endpoint.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} VALUES (%s)", (key,))


@pytest.fixture
def kept(cluster):
    """An endpoint with a table of keys."""
    endpoint = cluster.writer_endpoint
    with endpoint.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (k VARCHAR(64))")
    yield endpoint
    cluster.rest()
    with cluster.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE kept")


def test_a_load_that_goes_nowhere_is_invalid_and_disturbs_nobody(runner, cluster):
    with pytest.raises(InvalidTrialError) as error:
        runner.trial(cluster.writer_endpoint, **LOAD, workload=lambda _: None)

    assert "the workload writes elsewhere, or nowhere" in error.value.trial.reason
    assert cluster.writer_endpoint.host in error.value.trial.reason
    assert len(cluster.failovers) == 0


def test_a_load_that_goes_nowhere_is_found_at_its_end_if_nothing_is_triggered(runner, cluster):
    with (
        pytest.raises(InvalidTrialError, match="writes elsewhere, or nowhere"),
        runner.load(cluster.writer_endpoint, **LOAD, workload=lambda _: None) as load,
    ):
        load.warm_up()


def test_a_load_that_reaches_the_writer_is_valid_and_its_commits_are_undecided(runner, kept):
    trial = runner.trial(kept, **LOAD, workload=lambda key: insert(kept, key))
    seen = trial.evidence.course.witnessed

    assert trial.valid
    (note,) = trial.notes
    assert "whether it commits by itself nobody could see" in note
    assert (
        seen.calm["server"].writes > 0.3 * LOAD["warmup"] * LOAD["rate"]
    )  # on a busy machine, too
    assert seen.whole is None  # another instance is the writer now


def opened(endpoint, key, end):
    """Insert in a transaction, and end that somehow."""
    with endpoint.connect(autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO kept VALUES (%s)", (key,))
        end(connection)


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (lambda connection: connection.commit(), ""),
        (lambda connection: connection.rollback(), "transactions that were rolled back"),
        (lambda _: None, "transactions that were rolled back"),
    ],
    ids=["commits", "rolls back", "hangs up"],
)
def test_a_load_that_never_commits_is_remarked(runner, kept, end, says):
    with runner.load(kept, **LOAD, workload=lambda key: opened(kept, key, end)) as load:
        load.warm_up()
    assert load.trial.valid
    assert len(load.trial.notes) == bool(says)
    assert says in "".join(load.trial.notes)


def test_a_load_of_which_half_goes_elsewhere_is_remarked(runner, kept):
    def write(key):
        if int(key.rpartition("-")[2]) % 2:
            insert(kept, key)

    trial = runner.trial(kept, **LOAD, workload=write)
    assert trial.valid
    assert any("a part of the load went elsewhere" in note for note in trial.notes)


def test_if_nobody_could_look_the_trial_says_so_everywhere(runner, cluster, kept):
    cluster._traffic = ServerTraffic(
        lambda name: replace(cluster.instance_endpoint(name), user="nobody", password="wrong")
    )
    trial = runner.trial(kept, **LOAD, workload=lambda key: insert(kept, key))

    assert trial.valid
    (note,) = trial.notes
    assert note.startswith("nobody looked whether the load reached the cluster")
    assert any("note: nobody looked" in line for line in timeline(trial))
    assert trial_document(trial, test="t", scenario="s")["notes"] == [note]


def test_another_writer_or_a_server_that_started_anew_says_nothing(cluster):
    traffic, writer = ServerTraffic(cluster.instance_endpoint), cluster.writer
    first, second = traffic.ask("run", writer), traffic.ask("run", writer)
    assert second.statements - first.statements < 100  # what was asked here is left out
    assert traffic.ask("run", cluster.readers[0]) is None
    traffic._watched["run"].uptime += 10**9
    assert traffic.ask("run", writer) is None
