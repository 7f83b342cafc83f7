"""The switchover of an existing blue/green deployment, behind the gates of both clusters."""

import json

import pytest
from botocore.exceptions import ConnectionClosedError
from policies import BLUE_GREEN, UNSEEN, allowed
from switchovers import guarded, instead, quick, rolled_back

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live import watch
from pytest_rdsfailover.live.backend import DryRunError
from pytest_rdsfailover.live.gates import RefusedError
from pytest_rdsfailover.model.errors import NotHereError, RdsFailoverError, SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = pytest.mark.local

LOAD = {"writers": 4, "rate": 60.0, "warmup": 0.2, "cooldown": 0.1, "bound": 60.0}
SWITCHOVER = "rds:SwitchoverBlueGreenDeployment"
CLUSTER = "rdsfailover"


def deployment(stand_in):
    """Return the deployment of the local cluster, whoever else has one."""
    found, *_ = stand_in.client("rds").describe_blue_green_deployments()["BlueGreenDeployments"]
    return found


def tag_green(stand_in, **tags):
    """Give the green cluster exactly these tags; `__` stands for a colon."""
    rds, arn = stand_in.client("rds"), deployment(stand_in)["Target"]
    (green,) = rds.describe_db_clusters(DBClusterIdentifier=arn)["DBClusters"]
    stand_in._tag(rds, green, tags)


@pytest.fixture
def twin(stand_in):
    """The green twin of the cluster, which consents."""
    with stand_in.cluster.blue_green() as twin:
        tag_green(stand_in, rdsfailover__allowed="true")
        yield twin


@pytest.fixture
def ask(backend, stand_in, twin):  # noqa: ARG001 - it has to be there
    """Make the backend of somebody who may switch over."""

    def make(**changes):
        usual = {
            "trigger": "blue-green",
            "allow_blue_green": True,
            "blue_green_deployment": deployment(stand_in)["BlueGreenDeploymentIdentifier"],
        }
        return backend(**(usual | changes))

    yield make
    stand_in.cluster.rest()


def trial(live, **options):
    cluster = live.cluster()
    runner = TrialRunner(
        cluster, Settings(seed=7, live=live._asked), test="t", profile=None, expectations={},
        note=lambda _: None,
    )  # fmt: skip
    return runner.trial(cluster.writer_endpoint, **(LOAD | options))


def refused(live, stand_in):
    """Return why a trial is refused; nothing was sent, and the deployment is as it was."""
    before = deployment(stand_in)
    with pytest.raises(RefusedError) as caught:
        trial(live)
    assert live.region.mutating == []
    assert deployment(stand_in) == before
    return str(caught.value)


def test_a_trial_switches_over_once_and_reads_both_sides(ask, stand_in):
    live = ask(max_failovers=5)
    found = trial(live)
    told = [each.name for each in found.milestones]

    assert found.valid, found.reason
    assert (found.lost, found.stale_writes, found.profile) == ([], 0, "aws-blue-green")
    note = found.notes[0]
    assert note.startswith("the old environment has ")
    assert note.endswith(" 0 of them alone")  # one server stores the rows of both
    order = ["trigger", "switched", "blue_dns", "switchover_completed"]
    assert sorted(order, key=told.index) == order
    assert {"api_switchover_in_progress", "event_started", "event_completed"} <= set(told)
    assert not {"promoted", "dns_flip", "old_writer_back"} & set(told)

    # It is sent once, nothing is made or deleted, and nothing is called that the policy lacks.
    assert live.region.mutating == [SWITCHOVER]
    others = allowed(without=["OnlyFor"])
    seen = {call.action for call in live.region.calls}
    assert seen - others == allowed(only=BLUE_GREEN) - UNSEEN
    after = deployment(stand_in)
    assert (after["Status"], after["Source"][-5:]) == ("SWITCHOVER_COMPLETED", "-old1")
    live.release()

    live.region.calls.clear()
    again = refused(live, stand_in)
    assert "is SWITCHOVER_COMPLETED, not AVAILABLE and cannot be switched back" in again


def test_a_test_that_names_the_switchover_needs_no_change(ask, stand_in, twin, tmp_path):
    live = ask()
    instead(live, lambda: quick(twin, tmp_path))
    cluster = live.cluster()
    with cluster.blue_green() as deployment_:
        assert deployment_.status == "AVAILABLE"
        assert deployment_.suffix == twin.suffix
        assert deployment_.green_endpoint.host == twin.green_endpoint.host
        assert deployment_.green_reader_endpoint.port == twin.green_reader_endpoint.port
        instance = cluster.instances[0]
        assert (
            deployment_.green_instance_endpoint(instance).port
            == twin.green_instance_endpoint(instance).port
        )
        with pytest.raises(RdsFailoverError, match="there is no old environment"):
            _ = deployment_.old_endpoint
        with pytest.raises(SettingError, match="--rds-switchover-timeout=300s"):
            deployment_.switch_over(timeout="30s")
        with pytest.raises(SettingError, match="leave out target"):
            cluster.fail_over(target=instance)
        assert live.region.mutating == []
        switchover = deployment_.switch_over("blue-green-fast", timeout="300s")
        cluster.rest()
        assert deployment_.old_endpoint.port == twin.old_endpoint.port

    assert switchover.settled()
    assert live.region.mutating == [SWITCHOVER]
    assert (
        deployment(stand_in)["Status"] == "SWITCHOVER_COMPLETED"
    )  # leaving the block deletes nothing


def test_behind_names_the_resolver_tells_of_both_sides(backend, stand_in, tmp_path):
    with stand_in.cluster.aws_names("us-east-2"), stand_in.cluster.blue_green() as twin:
        tag_green(stand_in, rdsfailover__allowed="true")
        live = backend(
            trigger="blue-green", allow_blue_green=True,
            blue_green_deployment=deployment(stand_in)["BlueGreenDeploymentIdentifier"],
        )  # fmt: skip
        instead(live, lambda: quick(twin, tmp_path))
        found = trial(live)
        live.release()
    at = {each.name: each.at for each in found.milestones}

    assert found.valid, found.reason
    assert at.get("writes_refused", 0.0) < at["switched"]
    assert at["switched"] < at["blue_dns"] < at["green_dns_removed"]
    assert at["switched"] < at["endpoint_reaches"]


@pytest.mark.parametrize(
    ("play", "why"),
    [
        (guarded, r"is AVAILABLE: .*writes were open on blue.*\(nothing of it was felt\)"),
        (
            rolled_back,
            r"is AVAILABLE: it would have taken longer .*\(blue had refused writes or lost",
        ),
    ],
)
def test_a_guardrail_or_a_roll_back_is_an_invalid_trial_with_the_reason_of_rds(
    ask, stand_in, twin, tmp_path, play, why
):
    live = ask()
    instead(live, lambda: play(twin, tmp_path))
    with stand_in.cluster.writer_endpoint.connect(autocommit=False) as blue:
        if play is guarded:
            blue.query("CREATE TABLE IF NOT EXISTS held (n INT)")
            blue.query("INSERT INTO held VALUES (1)")
        with pytest.raises(InvalidTrialError, match=f"the switchover failed: bgd-.* {why}"):
            trial(live)
    live.release()

    assert live.region.mutating == [SWITCHOVER]
    assert deployment(stand_in)["Status"] == "AVAILABLE"
    with stand_in.cluster.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS held")
        cursor.execute("SHOW TABLES LIKE 'rds\\_writes%'")
        assert cursor.fetchall() == ()  # the load's table is dropped


def test_one_that_aws_accepts_and_never_begins_is_invalid_and_sent_once(ask, monkeypatch):
    monkeypatch.setattr(watch, "LATE_EVENTS", 0.5)
    live = ask(effect_within=0.5)
    instead(live, lambda: None)
    with pytest.raises(InvalidTrialError, match=r"RDS gives no reason \(nothing of it was felt\)"):
        trial(live)

    assert live.region.mutating == [SWITCHOVER]


def test_what_aws_refuses_is_said_in_its_words(ask, twin, tmp_path):
    """A switchover of somebody else has begun since the gates were asked."""
    live = ask()
    cluster = live.cluster()
    cluster.prepare()

    def others(**_):
        quick(twin, tmp_path)

    client = live.region.client("rds", once=True)
    client.meta.events.register("before-send.rds.SwitchoverBlueGreenDeployment", others)
    with pytest.raises(AwsError, match="InvalidBlueGreenDeploymentStateFault") as caught:
        cluster.fail_over()

    assert not hasattr(caught.value, "__notes__")  # it is refused, and nothing is open
    *_, last = (tmp_path / "live" / "audit.jsonl").read_text().splitlines()
    assert json.loads(last)["what"] == "refused"
    assert live.region.mutating == [SWITCHOVER]
    assert cluster.failovers == []


@pytest.mark.parametrize("acts", [True, False])
def test_an_answer_that_is_lost_leaves_open_what_becomes_of_it(ask, twin, tmp_path, acts):
    """The request may have come or not: it is sent once, and its sender says where to look."""
    live = ask()
    cluster = live.cluster()
    cluster.prepare()

    def lose(**_):
        if acts:
            quick(twin, tmp_path)
        raise ConnectionClosedError(endpoint_url="https://rds")

    client = live.region.client("rds", once=True)
    client.meta.events.register("before-send.rds.SwitchoverBlueGreenDeployment", lose)
    with pytest.raises(AwsError, match="ConnectionClosedError") as caught:
        cluster.fail_over()

    (note,) = caught.value.__notes__
    assert "AWS may act on it: look at bgd-" in note
    assert note.endswith(f"of {CLUSTER} before another run")
    *_, last = (tmp_path / "live" / "audit.jsonl").read_text().splitlines()
    assert json.loads(last)["what"] == "unanswered"
    assert live.region.mutating == [SWITCHOVER]


def test_a_dry_run_judges_both_sides_and_sends_nothing(ask, stand_in):
    identifier = deployment(stand_in)["BlueGreenDeploymentIdentifier"]
    tag_green(stand_in)
    live = ask(dry_run=True)
    with pytest.raises(DryRunError) as caught:
        live.cluster()

    text = str(caught.value)
    assert f"dry run: blue-green of {identifier} of {CLUSTER}" in text
    assert f"{identifier} is AVAILABLE" in text
    assert f"-> {stand_in.cluster.writer}-green-" in text
    assert "tag rdsfailover:allowed=true" in text
    assert f"green {CLUSTER}-green-" in text
    assert "tag rdsfailover:allowed=None" in text
    assert "it cannot be switched back" in text
    assert f"closed gate: consent: {CLUSTER}-green-" in text
    assert live.region.mutating == []
    assert deployment(stand_in)["Status"] == "AVAILABLE"


def test_the_green_cluster_must_consent_as_well(ask, stand_in):
    tag_green(stand_in)
    assert f"consent: {CLUSTER}-green-" in refused(ask(), stand_in)
    tag_green(stand_in, rdsfailover__allowed="true", stage="production")
    assert "looks like production (tag stage=production)" in refused(ask(), stand_in)


def test_what_is_no_deployment_of_this_cluster_is_refused(ask, stand_in):
    assert "the blue/green deployment could not be learned" in refused(
        ask(blue_green_deployment="bgd-nobody"), stand_in
    )
    rds = stand_in.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="another", Engine="aurora-mysql", MasterUsername="me",
        MasterUserPassword="secret-enough",
    )  # fmt: skip
    (other,) = rds.describe_db_clusters(DBClusterIdentifier="another")["DBClusters"]
    made = rds.create_blue_green_deployment(
        BlueGreenDeploymentName="others", Source=other["DBClusterArn"]
    )["BlueGreenDeployment"]
    live = ask(blue_green_deployment=made["BlueGreenDeploymentIdentifier"])
    with pytest.raises(RefusedError, match=f"is of {other['DBClusterArn']}, not of"):
        trial(live)

    assert live.region.mutating == []
    stand_in.cluster.aws.undo()


def test_what_changes_between_plan_and_trigger_closes_the_gates(ask, stand_in, twin, tmp_path):
    live = ask()
    instead(live, lambda: quick(twin, tmp_path))
    cluster = live.cluster()
    cluster.prepare()
    told = live.region.deployment
    for change, why in (
        ({"Status": "SWITCHOVER_IN_PROGRESS"}, "is SWITCHOVER_IN_PROGRESS, not AVAILABLE"),
        ({"Source": deployment(stand_in)["Target"]}, "is of arn:.*, not of"),
        ({"SwitchoverDetails": []}, "does not tell what"),
    ):
        live.region.deployment = lambda name, change=change: {**told(name), **change}
        with pytest.raises(RefusedError, match=why):
            cluster.fail_over()
    live.region.deployment = told
    tag_green(stand_in, rdsfailover__allowed="false")
    with pytest.raises(RefusedError, match="forbids it"):
        cluster.fail_over()

    assert live.region.mutating == []
    tag_green(stand_in, rdsfailover__allowed="true")
    cluster.fail_over()  # which nothing else refuses
    cluster.rest()
    assert live.region.mutating == [SWITCHOVER]


def test_another_trigger_has_no_deployment_to_give(backend):
    live = backend()
    with pytest.raises(NotHereError, match="--rds-trigger=blue-green --rds-allow-blue-green"):
        trial(live, failover="blue-green")
    assert live.region.mutating == []
