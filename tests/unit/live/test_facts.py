"""From AWS' answers to facts."""

from facts import ARN, THERE, cluster, member, world

from pytest_rdsfailover.live.facts import (
    across,
    cluster_facts,
    experiment_facts,
    global_facts,
    proxy_facts,
)

CLUSTER = {
    "DBClusterIdentifier": "orders",
    "DBClusterArn": "arn",
    "Engine": "aurora-mysql",
    "Status": "available",
    "Endpoint": "orders.cluster",
    "DBClusterMembers": [
        {"DBInstanceIdentifier": "one", "IsClusterWriter": True, "PromotionTier": 0},
        {"DBInstanceIdentifier": "two", "IsClusterWriter": False},
    ],
}


def test_an_instance_that_is_not_described_is_not_available():
    one = {
        "DBInstanceIdentifier": "one", "DBInstanceStatus": "available",
        "Endpoint": {"Address": "one.host", "Port": 3307},
    }  # fmt: skip
    facts = cluster_facts(CLUSTER, [one])

    assert [(m.id, m.status, m.writer, m.port) for m in facts.members] == [
        ("one", "available", True, 3307),
        ("two", "unknown", False, 0),
    ]
    assert facts.writers == ("one",)
    assert facts.tags == {}


def test_a_proxy_s_instances_count_and_its_tracked_cluster_is_one():
    told = {
        "DBProxyName": "p", "Status": "available", "EngineFamily": "MYSQL", "Endpoint": "p.proxy-x",
        "Auth": [{"AuthScheme": "SECRETS", "SecretArn": "s"}], "RequireTLS": True,
    }  # fmt: skip
    targets = [
        {"Type": "TRACKED_CLUSTER", "RdsResourceId": "orders"},
        {"Type": "RDS_INSTANCE", "TargetHealth": {"State": "AVAILABLE"}},
        {"Type": "RDS_INSTANCE", "TargetHealth": {"State": "UNAVAILABLE"}},
    ]
    facts = proxy_facts(told, targets)

    assert (facts.tracked, facts.available, facts.secret) == ("orders", 1, "s")
    assert proxy_facts(told, targets[1:]).tracked is None


def test_a_cluster_is_bound_to_its_global_database_its_source_or_its_replicas():
    for more, bound in (
        ({}, ""),
        ({"ReadReplicaIdentifiers": []}, ""),
        ({"ReadReplicaIdentifiers": ["arn:1", "arn:2"]}, "arn:1, arn:2"),
        ({"ReplicationSourceIdentifier": "arn:0", "ReadReplicaIdentifiers": ["arn:1"]}, "arn:0"),
        ({"GlobalClusterIdentifier": "world", "ReplicationSourceIdentifier": "arn:0"}, "world"),
    ):
        assert cluster_facts(CLUSTER | more, []).abroad == bound


def test_an_experiment_in_several_accounts_may_act_on_anything():
    one = {"targets": {"a": {"resourceArns": ["arn:1"]}}}
    single = {"experimentOptions": {"accountTargeting": "single-account"}}
    for more in (
        {"experimentOptions": {"accountTargeting": "multi-account"}},
        {"targetAccountConfigurationsCount": 1},
    ):
        assert "*" in experiment_facts(one | more)[0]
    assert experiment_facts(one | single)[0] == {"arn:1"}


def test_an_experiment_that_chooses_by_tags_may_act_on_anything():
    template = {
        "targets": {"a": {"resourceArns": ["arn:1"]}, "b": {"resourceTags": {"x": "y"}}},
        "actions": {"go": {"actionId": "aws:rds:failover-db-cluster"}},
    }
    assert experiment_facts(template) == ({"arn:1", "*"}, ("aws:rds:failover-db-cluster",))


def test_a_global_database_has_one_primary_and_says_when_it_moves():
    told = {
        "GlobalClusterIdentifier": "world", "Status": "available", "Endpoint": "w.global-x",
        "GlobalClusterMembers": [
            {"DBClusterArn": ARN, "IsWriter": True, "Readers": [THERE]},
            {"DBClusterArn": THERE, "IsWriter": False},
        ],
    }  # fmt: skip
    facts = global_facts(told, cluster())
    moving = global_facts(told | {"FailoverState": {"Status": "pending"}}, cluster())

    assert (facts.primary, facts.secondaries, facts.host) == (ARN, {THERE}, "w.global-x")
    assert (facts.status, moving.status) == ("available", "pending")


def test_a_global_database_is_one_cluster_with_the_writer_of_its_primary():
    """Whatever a secondary cluster says of its own instances: it does not take writes."""
    west = cluster(id="orders-west", arn=THERE, members=(member("three", writer=True),))
    before = across(cluster(), world(target=west))
    after = across(cluster(), world(target=west, primary=THERE))

    assert [one.id for one in before.members] == ["one", "two", "three"]
    assert (before.writers, after.writers) == (("one",), ("three",))
    assert (before.id, before.arn) == ("orders-test", ARN)
    assert before.host == "world.global-x.example"
    assert across(cluster(), world(host="")).host == cluster().host
