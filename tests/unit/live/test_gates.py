"""Every gate alone: what it lets pass beside what it refuses, and that it fails closed."""

from dataclasses import replace

import pytest
from facts import (
    ARN,
    NOW,
    THERE,
    blue_green,
    cluster,
    deployment,
    evidence,
    green,
    member,
    proxy,
    settings,
    switchover,
    world,
)

from pytest_rdsfailover.live import gates
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.gates import refusals


def closed(it):
    return [refusal.gate for refusal in refusals(it)]


def test_good_evidence_opens_every_gate():
    assert refusals(evidence()) == refusals(evidence(alarms=None)) == ()  # none is asked for
    everything = settings(proxy="orders-proxy", alarms=("errors",), hours="13:00-15:00")
    assert closed(evidence(asked=everything, proxy=proxy(), alarms={"errors": "OK"})) == []


FIVE_MINUTES_AGO = NOW.timestamp() - 299
PROXIED = settings(proxy="orders-proxy")


def of_two(**changes):
    """A cluster whose second instance is another than usual."""
    return cluster(members=(member("one", writer=True), member("two", **changes)))


CLOSED = [
    ("identity", {"account": "999999999999"}, "belong to account 999999999999"),
    ("identity", {"account": None}, "could not be learned"),
    ("identity", {"cluster": cluster(arn="arn:aws:rds:us-east-1:111122223333:cluster:orders-test")}, "is not orders-test in eu-west-1"),
    ("identity", {"cluster": cluster(id="other")}, "is not orders-test"),
    ("consent", {"cluster": cluster(tags={})}, "must carry the tag rdsfailover:allowed=true"),
    ("consent", {"cluster": cluster(tags={"rdsfailover:allowed": "True "})}, "must carry"),
    ("consent", {"cluster": cluster(tags={"rdsfailover:allowed": "false"})}, "forbids it"),
    ("consent", {"asked": settings(cluster="orders-prod"), "cluster": cluster(id="orders-prod")}, "--rds-production-override=orders-prod"),
    ("consent", {"cluster": cluster(tags={"rdsfailover:allowed": "true", "Environment": "Production"})}, "tag Environment=Production"),
    ("consent", {"cluster": cluster(tags={"rdsfailover:allowed": "true", "RDSfailover:Allowed": "NEVER "})}, "forbids it"),
    ("consent", {"cluster": cluster(tags={"rdsfailover:allowed": "true", "application:stage": "ordersprod"})}, "tag application:stage=ordersprod"),
    ("consent", {"cluster": cluster(members=(member("prod-1", writer=True), member("two"))), "plan": TriggerPlan(writer="prod-1", target="two")}, "named prod-1"),
    ("consent", {"cluster": of_two(tags={"env": "prod"})}, "tag env=prod"),
    ("consent", {"cluster": of_two(tags={"RdsFailover:Allowed": "never"})}, "RdsFailover:Allowed=never of two forbids it"),
    ("consent", {"asked": settings(proxy="orders-prod-proxy")}, "named orders-prod-proxy"),
    ("consent", {"asked": settings(production_override="another"), "cluster": cluster(tags={"rdsfailover:allowed": "true", "env": "prod"})}, "looks like production"),
    ("state", {"cluster": cluster(engine="aurora-postgresql")}, "not aurora-mysql"),
    ("state", {"cluster": cluster(engine_mode="serverless")}, "Serverless v1"),
    ("state", {"cluster": cluster(status="modifying")}, "modifying, not available"),
    ("state", {"cluster": cluster(members=(member("one", writer=True),))}, "no reader"),
    ("state", {"cluster": cluster(members=(member("one", writer=True), member("two", status="rebooting")))}, "two is rebooting"),
    ("state", {"cluster": cluster(abroad="global-orders")}, "bound to global-orders"),
    ("state", {"cluster": cluster(pending=("EngineVersion",))}, "pending: EngineVersion"),
    ("state", {"cluster": of_two(pending=("DBInstanceClass",))}, "pending: DBInstanceClass of two"),
    ("state", {"cluster": of_two(maintenance_window="mon:13:30-mon:14:30")}, "maintenance window mon:13:30-mon:14:30 UTC of two"),
    ("state", {"plan": TriggerPlan(writer="one", target="nine")}, "nine is no instance"),
    ("state", {"plan": TriggerPlan(writer="one", target="one")}, "one is the writer already"),
    ("state", {"cluster": cluster(backup_window="13:50-14:20")}, "backup window"),
    ("state", {"cluster": cluster(backup_window="14:10-14:40")}, "opens within 15 min"),
    ("state", {"cluster": cluster(maintenance_window="mon:13:30-mon:14:30")}, "maintenance window"),
    ("state", {"cluster": cluster(maintenance_window="whenever")}, "could not be judged"),
    ("proxy", {"asked": PROXIED}, "could not be described"),
    ("proxy", {"asked": PROXIED, "proxy": proxy(status="modifying")}, "modifying"),
    ("proxy", {"asked": PROXIED, "proxy": proxy(tracked="another")}, "follows another"),
    ("proxy", {"asked": PROXIED, "proxy": proxy(available=0)}, "none of its targets"),
    ("proxy", {"asked": PROXIED, "proxy": proxy(engine="POSTGRESQL")}, "not MYSQL"),
    ("alarms", {"asked": settings(alarms=("errors",)), "alarms": {"errors": "ALARM"}}, "errors is ALARM"),
    ("alarms", {"asked": settings(alarms=("errors",)), "alarms": {"errors": "INSUFFICIENT_DATA"}}, "INSUFFICIENT_DATA"),
    ("alarms", {"asked": settings(alarms=("errors",))}, "errors is not there"),
    ("alarms", {"asked": settings(alarms=("errors",)), "alarms": None}, "could not be judged: the alarms could not be learned"),
    ("budget", {"killed": None}, "could not be judged: the kill switch could not be learned"),
    ("budget", {"used": 1}, "1 of 1 failovers"),
    ("budget", {"killed": True}, "kill switch"),
    ("budget", {"failovers": (FIVE_MINUTES_AGO,)}, "its last failover was"),
    ("budget", {"failovers": (NOW.timestamp() + 2,)}, "its last failover was"),
    ("budget", {"asked": settings(max_time=5.0)}, "older than"),
    ("budget", {"asked": settings(hours="01:00-05:00")}, "14:00 UTC is outside"),
    ("exclusive", {"exclusive": False}, "not ours"),
    ("dry_run", {"asked": settings(dry_run=True)}, "dry run"),
    ("unchanged", {"plan": TriggerPlan(writer="two", target="three")}, "the writer was two"),
    ("traceable", {"recordable": "Permission denied"}, "Permission denied"),
    ("permission", {"asked": settings(trigger="fis", fis_template="EXT1")}, "could not be described"),
    ("permission", {"asked": settings(trigger="fis", fis_template="EXT1"), "experiment": (frozenset({"*"}), frozenset({"aws:rds:failover-db-cluster"}))}, "may act on *"),
    ("permission", {"asked": settings(trigger="fis", fis_template="EXT1"), "experiment": (frozenset({cluster().arn}), frozenset({"aws:ec2:stop-instances"}))}, "does more"),
    ("permission", {"asked": settings(trigger="fis", fis_template="EXT1"), "experiment": (frozenset({cluster().arn}), frozenset({"aws:rds:reboot-db-instances"}))}, "--rds-allow-reboot"),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "changes", "why"), CLOSED)
def test_a_gate_is_closed(gate, changes, why):
    found = {refusal.gate: refusal.why for refusal in refusals(evidence(**changes))}

    assert gate in found
    assert why in found[gate]


def test_good_evidence_of_a_switchover_opens_every_gate():
    assert refusals(switchover()) == ()


WEST = world().target


@pytest.mark.parametrize(
    ("gate", "it", "why"),
    [
        ("permission", switchover(world=None), "world could not be described"),
        ("permission", switchover(world=world(status="switching-over")), "switching-over"),
        ("permission", switchover(world=world(primary=THERE, secondaries=frozenset({ARN}))), f"the primary of world is {THERE}"),
        ("permission", switchover(world=world(secondaries=frozenset())), "no secondary cluster"),
        ("permission", switchover(world=world(id="another")), "another is not world"),
        ("permission", switchover({"switchover_to": THERE.replace("1111", "9999", 1)}, world=world(secondaries=frozenset({THERE.replace("1111", "9999", 1)}), target=replace(WEST, arn=THERE.replace("1111", "9999", 1)))), "is not in account"),
        ("permission", switchover(world=world(target=replace(WEST, arn=ARN))), "was described, not"),
        ("permission", switchover(world=world(target=replace(WEST, members=(member("two"),)))), "one name"),
        ("consent", switchover(world=world(target=replace(WEST, tags={}))), "orders-west must carry"),
        ("consent", switchover(world=world(target=replace(WEST, id="orders-prod"))), "orders-prod looks like production"),
        ("state", switchover(world=world(target=replace(WEST, status="modifying"))), "modifying, not available"),
        ("state", switchover(world=world(target=replace(WEST, members=(member("three", status="rebooting"),)))), "three is rebooting"),
        ("state", switchover(world=world(target=replace(WEST, pending=("EngineVersion",)))), "pending: EngineVersion"),
        ("state", switchover(world=world(target=replace(WEST, maintenance_window="mon:13:30-mon:14:30"))), "of orders-west is open"),
        ("state", switchover(home=cluster(abroad="elsewhere")), "bound to elsewhere"),
        ("state", evidence(cluster=cluster(abroad="world"), asked=settings(global_cluster="world")), "bound to world"),
    ],
)  # fmt: skip
def test_a_switchover_is_refused(gate, it, why):
    found = {refusal.gate: refusal.why for refusal in refusals(it)}

    assert gate in found
    assert why in found[gate]


def test_good_evidence_of_a_blue_green_switchover_opens_every_gate():
    assert refusals(blue_green()) == ()
    bound = cluster(
        abroad=green().arn, replicas=(green().arn,)
    )  # as the source of a replica shows it
    twin = deployment(green=green(abroad=ARN))
    assert refusals(blue_green(cluster=bound, deployment=twin)) == ()


def one_sided(**changes):
    """Evidence in which only green is not as it should be."""
    return blue_green(deployment=deployment(green=green(**changes)))


def paired(**changes):
    """Evidence in which one pair of the deployment is another."""
    found = deployment()
    return blue_green(
        deployment=replace(found, pairs=(*found.pairs[:-1], replace(found.pairs[-1], **changes)))
    )


ELSEWHERE = "arn:aws:rds:eu-west-1:111122223333:cluster:customers"
ABROAD = "arn:aws:rds:us-east-1:111122223333:cluster:orders-test-green-abc123"


@pytest.mark.parametrize(
    ("gate", "it", "why"),
    [
        ("permission", blue_green(deployment=None), "green cluster of bgd-1 could not be described"),
        ("permission", blue_green(deployment=deployment(green=None)), "green cluster of bgd-1 could not be described"),
        ("consent", blue_green(deployment=None), "could not be described"),
        ("state", blue_green(deployment=None), "could not be described"),
        ("unchanged", blue_green(deployment=None), "could not be described"),
        ("permission", blue_green(deployment=deployment(id="bgd-2")), "bgd-2 is not bgd-1"),
        ("permission", blue_green(deployment=deployment(status="PROVISIONING")), "bgd-1 is PROVISIONING, not AVAILABLE"),
        ("permission", blue_green(deployment=deployment(status="SWITCHOVER_FAILED", details="lag")), "bgd-1 is SWITCHOVER_FAILED (lag), not AVAILABLE"),
        ("permission", blue_green(deployment=deployment(status="SWITCHOVER_COMPLETED")), "cannot be switched back: name another deployment"),
        ("permission", blue_green(deployment=deployment(source=ELSEWHERE)), f"bgd-1 is of {ELSEWHERE}, not of {ARN}"),
        ("permission", blue_green(deployment=deployment(target=ELSEWHERE)), f"was described, not {ELSEWHERE}"),
        ("permission", blue_green(deployment=deployment(target=ARN, green=cluster())), "is orders-test itself"),
        ("permission", blue_green(deployment=deployment(target=ABROAD, green=green(arn=ABROAD))), f"{ABROAD} is not in account 111122223333 and eu-west-1"),
        ("permission", paired(source=member("nine").arn), f"what was not judged: {member('nine').arn}"),
        ("permission", paired(target=member("nine").arn), f"what was not judged: {member('nine').arn}"),
        ("permission", paired(status="MISSING_TARGET"), f"{member('two').arn} is MISSING_TARGET"),
        ("permission", paired(status=""), f"{member('two').arn} is of no status"),
        ("permission", blue_green(deployment=deployment(pairs=())), "does not tell what one-green-def456 becomes"),
        ("consent", one_sided(tags={}), "orders-test-green-abc123 must carry the tag"),
        ("consent", one_sided(tags={"rdsfailover:allowed": "never"}), "of orders-test-green-abc123 forbids it"),
        ("consent", one_sided(tags={"rdsfailover:allowed": "true", "stage": "production"}), "orders-test-green-abc123 looks like production"),
        ("consent", one_sided(members=(member("prod-1", writer=True),)), "named prod-1"),
        ("state", one_sided(status="upgrading"), "orders-test-green-abc123: its status is upgrading"),
        ("state", one_sided(engine="aurora-postgresql"), "orders-test-green-abc123: its engine"),
        ("state", one_sided(members=(member("one-green-def456", writer=True, status="rebooting"),)), "one-green-def456 is rebooting"),
        ("state", one_sided(members=(member("one-green-def456"),)), "it has 0 writers"),
        ("state", one_sided(pending=("EngineVersion",)), "pending: EngineVersion"),
        ("state", one_sided(abroad="world"), "orders-test-green-abc123: it is bound to world"),
        ("state", one_sided(abroad=ARN, replicas=(ELSEWHERE,)), f"it is bound to {ELSEWHERE}"),
        ("state", one_sided(backup_window="13:50-14:20"), "backup window 13:50-14:20 UTC of orders-test-green-abc123"),
        ("state", one_sided(maintenance_window="mon:13:30-mon:14:30"), "of orders-test-green-abc123 is open"),
        ("state", blue_green(cluster=cluster(abroad="world")), "it is bound to world"),
        ("state", blue_green(cluster=cluster(status="modifying")), "its status is modifying"),
        ("state", blue_green(plan=None), "nothing is planned"),
        ("unchanged", blue_green(plan=TriggerPlan(writer="two", target="one-green-def456")), "the writer was two"),
        ("unchanged", blue_green(plan=TriggerPlan(writer="one", target="two-green-ghi789")), "the writer of orders-test-green-abc123 was two-green-ghi789"),
        ("unchanged", blue_green(plan=TriggerPlan(writer="one", target=None)), "was None when this was planned"),
    ],
)  # fmt: skip
def test_a_blue_green_switchover_is_refused(gate, it, why):
    found = {refusal.gate: refusal.why for refusal in refusals(it)}

    assert gate in found
    assert why in found[gate]


def test_other_triggers_are_not_asked_for_a_deployment():
    """But its binding counts for them: a failover of a cluster with a green twin is refused."""
    assert closed(evidence(deployment=None)) == []
    assert closed(evidence(cluster=cluster(abroad=green().arn))) == ["state"]


def test_blue_and_green_may_have_one_instance_each():
    alone = green(members=(member("one-green-def456", writer=True),))
    pairs = deployment().pairs[:-1]
    it = blue_green(
        cluster=cluster(members=(member("one", writer=True),)),
        deployment=deployment(green=alone, pairs=pairs),
    )
    assert closed(it) == []


def test_the_override_of_blue_is_that_of_its_green_twin_and_of_no_other_cluster():
    tags = {"rdsfailover:allowed": "true", "stage": "production"}
    asked = {"production_override": "orders-test"}

    def it(asked, **changes):
        return blue_green(
            asked,
            cluster=cluster(tags=tags),
            deployment=deployment(green=green(tags=tags, **changes)),
        )

    assert closed(it(asked)) == []
    assert closed(it(asked, id="orders-test-green-abc1234")) == ["consent"]
    assert closed(it(asked, id="another-green-abc123")) == ["consent"]
    assert closed(it({"production_override": "orders-test-green-abc123"})) == ["consent"]
    assert closed(it({})) == ["consent"]
    strange = deployment(green=green(tags=tags, id="another-green-abc123"))
    assert closed(blue_green({"production_override": "another"}, deployment=strange)) == ["consent"]
    alone = evidence(asked=settings(**asked), cluster=green(tags=tags))  # by another trigger
    assert "consent" in closed(alone)


@pytest.mark.parametrize("trigger", ["reboot", "crash", "switchover", "blue-green"])
def test_a_destructive_trigger_needs_its_own_flag_at_the_gates_too(trigger):
    """The options refuse it already; the gates do not rely on that."""
    asked = settings()
    object.__setattr__(asked, "trigger", trigger)

    assert f"{trigger} needs --rds-allow-{trigger}" in gates.permission(evidence(asked=asked))


def test_without_an_interval_a_failover_may_follow_at_once():
    """Even if AWS' clock, known to a second only, has the last one end a moment from now."""
    it = evidence(asked=settings(min_interval=0.0), failovers=(NOW.timestamp() + 0.7,))
    assert closed(it) == []


def test_two_writers_or_none_close_the_gates():
    two = cluster(members=(member("one", writer=True), member("two", writer=True)))
    none = cluster(members=(member("one"), member("two")))

    assert {"state", "unchanged"} <= set(closed(evidence(cluster=two)))
    assert {"state", "unchanged"} <= set(closed(evidence(cluster=none)))


def test_without_a_cluster_every_gate_that_needs_one_is_closed():
    assert {"identity", "consent", "state", "unchanged"} <= set(closed(evidence(cluster=None)))


def test_what_could_not_be_learned_closes_the_gates_even_if_all_else_is_good():
    assert closed(evidence(unknown=("the alarms could not be learned: denied",))) == ["evidence"]


def test_a_gate_that_fails_is_closed():
    def broken(_):
        raise RuntimeError("a bug")

    assert [str(each) for each in refusals(evidence(), (broken,))] == [
        "broken: could not be judged: a bug"
    ]


def test_the_override_names_the_cluster_that_may_look_like_production():
    it = evidence(
        asked=settings(cluster="orders-prod", production_override="orders-prod"),
        cluster=cluster(
            id="orders-prod", arn="arn:aws:rds:eu-west-1:111122223333:cluster:orders-prod"
        ),
    )
    assert closed(it) == []


def test_every_gate_that_is_asked_was_seen_closed():
    assert {gate for gate, *_ in CLOSED} == {gate.__name__ for gate in gates.GATES}
