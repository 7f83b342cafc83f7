"""From AWS' answers to facts."""

from pytest_rdsfailover.live.facts import cluster_facts, experiment_facts, proxy_facts

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


def test_an_experiment_that_chooses_by_tags_may_act_on_anything():
    template = {
        "targets": {"a": {"resourceArns": ["arn:1"]}, "b": {"resourceTags": {"x": "y"}}},
        "actions": {"go": {"actionId": "aws:rds:failover-db-cluster"}},
    }
    assert experiment_facts(template) == ({"arn:1", "*"}, {"aws:rds:failover-db-cluster"})
