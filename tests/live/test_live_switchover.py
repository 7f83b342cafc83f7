"""A switchover of a global database to another region, behind the gates of both clusters."""

import datetime as dt

import pytest
from botocore.exceptions import ClientError
from policies import SWITCHOVER, allowed
from regions import ACCOUNT, REGION_ABROAD

from pytest_rdsfailover.live.backend import DryRunError
from pytest_rdsfailover.live.gates import RefusedError
from pytest_rdsfailover.local.profiles.profiles import parse_profile
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = pytest.mark.local

LOAD = {"writers": 4, "rate": 60.0, "warmup": 0.2, "cooldown": 0.1, "bound": 60.0}
# Long enough for the API to be asked in between, on a busy machine, too.
UNHURRIED = {"onset": "200ms", "refused": "400ms", "promotion": "700ms", "dns": "1.2s"}
WORLD = "rdsfailover-global"
THERE = f"arn:aws:rds:{REGION_ABROAD}:{ACCOUNT}:cluster:rdsfailover-abroad"


@pytest.fixture(scope="module")
def local_cluster(make_cluster):
    with make_cluster(parse_profile("unhurried", UNHURRIED), instances=3, abroad=1) as cluster:
        yield cluster


@pytest.fixture
def ask(backend, stand_in):
    """Make the backend of somebody who may switch over; both clusters consent, home is primary."""
    stand_in.tag_abroad(rdsfailover__allowed="true")
    home = stand_in.described["DBClusterArn"]

    def make(**changes):
        usual = {
            "trigger": "switchover",
            "allow_switchover": True,
            "global_cluster": WORLD,
            "switchover_to": THERE,
        }
        return backend(**(usual | changes))

    yield make
    stand_in.cluster.rest()
    if primary(stand_in) != home:
        switch_over(stand_in, home)
        stand_in.cluster.rest()


def described(stand_in):
    (found,) = stand_in.client("rds").describe_global_clusters()["GlobalClusters"]
    return found


def primary(stand_in):
    members = described(stand_in)["GlobalClusterMembers"]
    (arn,) = [one["DBClusterArn"] for one in members if one["IsWriter"]]
    return arn


def switch_over(stand_in, arn):
    stand_in.client("rds").switchover_global_cluster(
        GlobalClusterIdentifier=WORLD, TargetDbClusterIdentifier=arn
    )


def trial(cluster):
    runner = TrialRunner(
        cluster, Settings(seed=7), test="t", profile=None, expectations={}, note=lambda _: None
    )
    return runner.trial(cluster.writer_endpoint, **LOAD)


def refused(live, stand_in):
    before = stand_in.cluster.writer, len(stand_in.cluster.failovers)
    with pytest.raises(RefusedError) as caught:
        trial(live.cluster())
    assert live.region.mutating == []
    assert (stand_in.cluster.writer, len(stand_in.cluster.failovers)) == before
    return str(caught.value)


def test_the_writer_moves_to_the_other_region_and_both_sides_agree(ask, stand_in):
    live = ask()
    cluster = live.cluster()
    found = trial(cluster)
    told = [each.name for each in found.milestones]

    assert found.valid
    assert found.lost == []
    assert found.writer_before in ("instance-1", "instance-2")
    assert found.writer_after == stand_in.cluster.writer == "instance-3"
    assert live.region.mutating == ["rds:SwitchoverGlobalCluster"]
    assert primary(stand_in) == THERE
    assert told.index("writer_cut") < told.index("promoted") < told.index("dns_flip")
    # Whatever else it calls than the rest of the policy allows is what its own statement does.
    seen = {call.action for call in live.region.calls}
    assert seen - allowed(without=[SWITCHOVER]) == allowed(only=SWITCHOVER)
    assert {"api_switching-over", "api_writer", "event_started", "event_completed"} <= set(told)

    live.release()
    again = ask(max_failovers=5)  # of another session: the primary is the other cluster now
    assert f"the primary of {WORLD} is {THERE}" in refused(again, stand_in)


@pytest.mark.usefixtures("ask")  # it switches back
def test_boto3_sees_a_switchover_as_aws_would_show_it(stand_in):
    home, (there, before) = stand_in.described, stand_in.abroad()
    rds, begun = stand_in.client("rds"), dt.datetime.now(dt.UTC)
    members = {one["DBClusterArn"]: one for one in described(stand_in)["GlobalClusterMembers"]}
    assert members[home["DBClusterArn"]]["Readers"] == [THERE]
    assert home["GlobalClusterIdentifier"] == before["GlobalClusterIdentifier"] == WORLD
    assert [one["DBInstanceIdentifier"] for one in before["DBClusterMembers"]] == ["instance-3"]
    refusals = [
        (
            rds.switchover_global_cluster,
            (WORLD, home["DBClusterArn"]),
            "InvalidDBClusterStateFault",
        ),
        (rds.switchover_global_cluster, (WORLD, THERE + "x"), "DBClusterNotFoundFault"),
        (rds.switchover_global_cluster, ("none", THERE), "GlobalClusterNotFoundFault"),
    ]
    for call, (name, target), code in refusals:
        with pytest.raises(ClientError) as caught:
            call(GlobalClusterIdentifier=name, TargetDbClusterIdentifier=target)
        assert caught.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError, match="is a secondary cluster"):
        there.failover_db_cluster(DBClusterIdentifier="rdsfailover-abroad")
    with pytest.raises(ClientError, match="Cannot find target instance"):
        rds.failover_db_cluster(
            DBClusterIdentifier="rdsfailover", TargetDBInstanceIdentifier="instance-3"
        )

    switch_over(stand_in, THERE)
    assert described(stand_in)["Status"] == "switching-over"
    stand_in.cluster.rest()

    assert described(stand_in)["Status"] == "available"
    assert [one["IsClusterWriter"] for one in stand_in.abroad()[1]["DBClusterMembers"]] == [True]
    told = rds.describe_events(SourceType="db-cluster", StartTime=begun)["Events"]
    place = f"DB cluster rdsfailover-abroad in Region {REGION_ABROAD}"
    assert [one["Message"] for one in told] == [
        f"Global switchover to {place} started.",
        f"New primary {place} was successfully promoted.",
        f"Global switchover to {place} finished.",
    ]


def test_a_dry_run_says_where_to_and_asks_the_other_region_only_to_describe(ask):
    live = ask(dry_run=True)
    with pytest.raises(DryRunError, match=f"switchover of {WORLD} from rdsfailover to {THERE}"):
        live.cluster()

    assert live.region.mutating == []
    assert "rds:DescribeGlobalClusters" in [call.action for call in live.region.calls]


def test_the_other_region_s_cluster_must_consent_as_well(ask, stand_in):
    stand_in.tag_abroad()
    assert "consent: rdsfailover-abroad must carry the tag" in refused(ask(), stand_in)

    stand_in.tag_abroad(rdsfailover__allowed="true", stage="production")
    assert "rdsfailover-abroad looks like production" in refused(ask(), stand_in)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"global_cluster": "another"}, "the global database"),
        ({"switchover_to": THERE.replace(REGION_ABROAD, "eu-west-1")}, "the global database"),
        ({"switchover_to": THERE.replace(ACCOUNT, "111122223333")}, "is no secondary cluster"),
        ({"trigger": "failover"}, f"state: it is bound to {WORLD}"),
    ],
)
def test_what_is_no_switchover_of_these_two_is_refused(ask, stand_in, changes, why):
    assert why in refused(ask(**changes), stand_in)


def test_while_another_switchover_is_on_its_way_none_is_triggered(ask, stand_in):
    live = ask()
    cluster = live.cluster()
    cluster.prepare()
    switch_over(stand_in, THERE)
    with pytest.raises(RefusedError, match="switching-over, not available"):
        cluster.fail_over()

    assert live.region.mutating == []


def test_home_alone_names_the_primary_of_the_switchover(ask, stand_in):
    home = stand_in.described["DBClusterArn"]
    assert "is no secondary cluster" in refused(ask(switchover_to=home), stand_in)
