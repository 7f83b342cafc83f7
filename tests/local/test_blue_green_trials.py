"""A load goes through a blue/green switchover, and is judged by it as by a failover."""

from dataclasses import replace

import pytest
from test_failovers_of_a_load import LOAD

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.traffic import ReaderWrite
from pytest_rdsfailover.mysql import driver
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = [pytest.mark.local, pytest.mark.one_server]

SWITCHOVER = """
prepare = "50ms"
drop = "200ms"
switch = "500ms"
blue_dns = "1s"
green_dns = "1100ms"
"""


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "short.toml"
    path.write_text(SWITCHOVER)
    return str(path)


def test_a_switchover_is_the_failover_of_its_load(runner, resting, profile):
    with resting.blue_green() as deployment:
        with runner.load(resting.proxy_endpoint, **LOAD) as load:
            load.warm_up()
            deployment.switch_over(profile)
        trial = load.trial

    assert trial.valid, trial.reason
    assert trial.milestones[0].name == "trigger"
    assert "switched" in [mark.name for mark in trial.milestones]
    trial.expect(lost=0, duplicated=0)


def test_which_side_has_answered_is_known_by_the_proxy_too(runner, resting, profile):
    trial = runner.trial(resting.proxy_endpoint, failover=profile, **LOAD)
    trial.expect(lost=0, duplicated=0, stale_writes=0)
    evidence = trial.evidence
    (switched,) = [mark.at for mark in evidence.course.milestones if mark.name == "switched"]
    planted = ReaderWrite(
        instance=f"{resting.writer}-old1", began=switched + 0.01, ended=switched + 0.02
    )
    whole = dict(evidence.course.witnessed.whole)
    whole["proxy"] = replace(whole["proxy"], by_readers=[planted])
    witnessed = replace(evidence.course.witnessed, whole=whole)

    assert (
        judge(replace(evidence, course=replace(evidence.course, witnessed=witnessed))).stale_writes
        == 1
    )


def test_a_trial_switches_over_and_reads_both_sides(runner, resting, profile):
    trial = runner.trial(resting.writer_endpoint, failover=profile, **LOAD)
    again = runner.trial(resting.writer_endpoint, failover=profile, **LOAD)

    assert trial.profile == again.profile == "short"
    assert [mark.name for mark in trial.milestones][-1] == "switchover_completed"
    trial.expect(lost=0, duplicated=0, stale_writes=0)
    assert trial.downtime > 0.7  # as long as DNS leads to blue
    (note,) = trial.notes
    assert note.startswith("the old environment has ")
    assert note.endswith(" 0 of them alone")  # one server stores the rows of both
    assert trial.evidence.stored.positions
    with pytest.raises(GatewayError, match="no blue/green deployment"):
        resting._client.delete_blue_green()


def test_a_guardrail_makes_the_trial_invalid(runner, resting, tmp_path):
    impatient = tmp_path / "impatient.toml"
    impatient.write_text(SWITCHOVER + "long_write = 0\n")
    blue = resting.writer_endpoint.connect(autocommit=False)
    with blue.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS held (n INT)")
        cursor.execute("INSERT INTO held VALUES (1)")

    with pytest.raises(
        InvalidTrialError, match="a guardrail refused the switchover: writes were open"
    ):
        runner.trial(resting.writer_endpoint, failover=str(impatient), **LOAD)
    with blue.cursor() as cursor:
        cursor.execute("DROP TABLE held")


def test_a_write_that_blue_takes_after_the_switch_is_seen(runner, resting, profile, monkeypatch):
    """The planted fault: a client that is led to green while it believes to be on blue."""
    monkeypatch.setattr(driver, "instance_of", lambda _: f"{resting.writer}-old1")

    trial = runner.trial(resting.writer_endpoint, failover=profile, **LOAD)

    assert trial.stale_writes > 0
    with pytest.raises(AssertionError, match="stale_writes"):
        trial.expect(stale_writes=0)
