"""Every failover that runs while a load does belongs to it, whoever began it, and whenever."""

import threading
import time
import warnings

import pymysql
import pytest
from waiting import until

from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.extensions import Extensions, OwnFault
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = [pytest.mark.local, pytest.mark.one_server]
# Whatever a busy machine carries: how long a failover took is not what is tested here.
LOAD = {
    "writers": 4, "rate": 100.0, "warmup": 0.5, "cooldown": 0.2, "calm_not_issued": "100%",
}  # fmt: skip


@pytest.fixture
def slow(tmp_path):
    """A failover whose promotion takes its time."""
    path = tmp_path / "slow.toml"
    path.write_text(
        'onset = "100ms"\ncut = "reset"\nrefused = "1s"\npromotion = "1500ms"\ndns = "2s"\n'
        "read_only_error = 1836\n"
    )
    return str(path)


def own(endpoint):
    """Return a workload of the user's own, which makes no table."""

    def write(key):
        with endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO any_keys VALUES (%s)", (key,))

    return write


def listens(endpoint):
    try:
        with endpoint.connect():
            return True
    except pymysql.err.OperationalError:
        return False


@pytest.mark.parametrize("warmup", ["0s", "1ms"])
def test_a_trigger_right_at_the_start_is_the_trials(runner, resting, slow, warmup):
    endpoint = resting.writer_endpoint
    trial = runner.trial(
        endpoint, profile=slow, workload=own(endpoint), **LOAD | {"warmup": warmup}
    )
    assert trial.milestones[0].name == "trigger"
    assert trial.downtime > 0.75  # nobody listens for a second


def test_the_last_of_two_failovers_is_not_over(runner, resting, slow):
    options = LOAD | {"bound": 1.0}
    with (
        pytest.raises(InvalidTrialError, match=r"the failover was not over .* after its trigger"),
        runner.load(resting.writer_endpoint, **options) as load,
    ):
        load.warm_up()
        runner.fail_over()
        runner.fail_over(wait=False, profile=slow)


def test_a_failover_that_begins_in_the_cool_down_is_waited_for(runner, resting, slow):
    timer = threading.Timer(0.5, lambda: resting.fail_over(profile=slow))
    with runner.load(resting.writer_endpoint, **LOAD | {"cooldown": 1.0}) as load:
        load.warm_up()
        timer.start()
    timer.join()

    trial = load.trial
    assert [each.name for each in trial.milestones].count("trigger") == 1
    assert trial.valid, trial.reason
    assert trial.stuck_writers == 0
    assert trial.downtime > 0.75


def test_a_load_of_ours_that_begins_after_a_failover_that_was_on_shows_nothing(
    runner, resting, slow
):
    runner.fail_over(wait=False, profile=slow)
    with (
        pytest.raises(
            InvalidTrialError, match="over before its first write: nothing was disturbed"
        ),
        runner.load(resting.writer_endpoint, **LOAD) as load,
    ):
        load.warm_up()

    assert load.trial.refused + load.trial.unknown == 0
    assert load.trial.milestones == []


def test_a_load_without_a_table_has_the_failover_that_is_on(runner, resting, slow):
    endpoint = resting.writer_endpoint
    runner.fail_over(wait=False, profile=slow)
    until(lambda: listens(endpoint))  # so that writers connect
    with (
        pytest.raises(InvalidTrialError, match="a failover was on its way when the load began"),
        runner.load(endpoint, **LOAD, workload=own(endpoint)) as load,
    ):
        load.warm_up()
    assert load.trial.milestones[0].name == "trigger"


@pytest.mark.parametrize("ours", [True, False])
def test_a_trial_while_a_failover_is_on_waits_for_its_end(runner, resting, slow, ours):
    endpoint = resting.writer_endpoint
    more = {} if ours else {"workload": own(endpoint)}
    first = runner.fail_over(wait=False, profile=slow)
    trial = runner.trial(endpoint, **LOAD | more)

    assert trial.valid, trial.reason
    assert trial.profile == "quick"
    assert trial.evidence.course.trigger > first[0].at + 1.5
    assert [each.name for each in trial.milestones].count("trigger") == 1


def test_a_load_inside_a_load_whose_failover_is_on(runner, resting, slow):
    endpoint = resting.writer_endpoint
    with runner.load(endpoint, **LOAD) as outer:
        outer.warm_up()
        runner.fail_over(wait=False, profile=slow)
        with runner.load(endpoint, **LOAD) as inner:
            inner.warm_up()
            runner.fail_over()
    assert [each.name for each in inner.trial.milestones].count("trigger") == 1
    assert [each.name for each in outer.trial.milestones].count("trigger") == 2
    assert inner.trial.valid
    assert outer.trial.valid
    assert outer.trial.downtime > 0.75


def test_a_bound_that_ends_first_leaves_a_trial_and_no_table(runner, resting, slow):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidTrialError, match="the failover was not over") as invalid:
            runner.trial(resting.writer_endpoint, profile=slow, **LOAD | {"bound": "600ms"})
    trial = invalid.value.trial

    assert trial.audited
    assert trial.lost == []
    with resting.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        tables = {row[0] for row in cursor.fetchall()}
    assert f"rds_writes_{trial.evidence.journal.run}" not in tables


class Forgetful(Extensions):
    """A project whose trigger is said to have happened when nobody wrote yet, or later than now."""

    triggers = True

    def __init__(self, offset):
        self._offset = offset

    def trigger(self, cluster, instance, profile, seed):
        cluster.fail_over(instance, profile, seed)
        return OwnFault(triggered=time.monotonic() + self._offset, profile="ours")


@pytest.mark.parametrize(
    ("offset", "reason"),
    [(1e6, "the failover that the test triggered is not on record"),
     (-1e4, "a failover was on its way when the load began")],
)  # fmt: skip
def test_a_trigger_that_is_not_in_the_load_leaves_the_trial_invalid(resting, offset, reason):
    runner = TrialRunner(
        resting, Settings(seed=7), test="test", profile=None, expectations={},
        note=lambda _: None, extensions=Forgetful(offset),
    )  # fmt: skip
    with pytest.raises(InvalidTrialError, match=reason):
        runner.trial(resting.writer_endpoint, **LOAD | {"bound": "1s"})
