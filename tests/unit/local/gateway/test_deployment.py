"""A blue/green deployment: where names lead in each phase, and what its scripts may not do."""

import pytest
from test_player import World

from pytest_rdsfailover.local.gateway.deployment import Deployment
from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.model.errors import GatewayError

GREEN = "-green-abc123"


def played(deployment, *actions):
    for action in actions:
        deployment.do(action)


def test_an_instance_of_green_may_restart():
    world = World()
    Deployment(world.router, GREEN)
    name = f"instance-1{GREEN}"
    player = world.play([
        Step(at=0.0, action="cut", instance=name, how="reset"),
        Step(at=0.0, action="back", instance=name),
    ])  # fmt: skip

    assert player.failures == []
    assert [mark.name for mark in player.marks if mark.instance == name][-1] == "instance_back"


def test_names_lead_to_blue_until_its_dns_changes():
    router = Router(2)
    deployment = Deployment(router, GREEN)
    blue, green = router.choose("cluster"), router.choose("cluster" + GREEN)
    played(deployment, "initiate", "freeze")
    assert [blue.writer, green.writer] == [False, False]
    deployment.do("switch")

    assert router.choose("cluster") is blue
    assert router.choose("cluster" + GREEN) is green
    assert (blue.id, blue.writer) == ("instance-1-old1", False)
    assert (green.id, green.writer) == ("instance-1", True)
    deployment.do("rename")
    assert router.choose("cluster") is green
    assert router.choose("cluster-old1") is blue


def test_after_a_roll_back_both_sides_are_what_they_were():
    router = Router(2)
    deployment = Deployment(router, GREEN)
    blue, green = router.choose("cluster"), router.choose("cluster" + GREEN)
    before = [(side.id, side.writer, side.read_only_error, side.state) for side in (blue, green)]
    deployment.do("freeze")
    for side in (blue, green):
        router.cut(side.id, State.REFUSING)
    deployment.do("roll_back")

    assert before == [
        (side.id, side.writer, side.read_only_error, side.state) for side in (blue, green)
    ]
    assert (deployment.status, deployment.switched) == ("AVAILABLE", False)
    played(deployment, "initiate", "freeze", "switch")
    assert green.writer


def test_each_side_shows_its_own_topology():
    router = Router(2)
    deployment = Deployment(router, GREEN)
    green = router.choose("cluster" + GREEN)
    rows = [(row.id, row.writer) for row in green.members()]
    played(deployment, "freeze", "switch")

    assert rows == [(f"instance-1{GREEN}", True), (f"instance-2{GREEN}", False)]
    assert [(row.id, row.writer) for row in green.members()] == [
        ("instance-1", True), ("instance-2", False),
    ]  # fmt: skip


def test_without_a_deployment_no_switchover_is_played():
    with pytest.raises(GatewayError, match="create one first"):
        World().play([Step(at=0.0, action="switch", instance="instance-1")])
    with pytest.raises(GatewayError, match="a number of seconds"):
        Step(at=0.0, action="guard", instance="instance-1")


@pytest.mark.parametrize("actions", [("initiate", "freeze", "switch", "complete"), ("freeze",)])
def test_readers_answer_as_before_when_the_deployment_has_ended(actions):
    router = Router(2)
    for instance in router.instances.values():
        instance.read_only_error = 1836
    deployment = Deployment(router, GREEN)
    played(deployment, *actions)
    deployment.end()

    assert {instance.read_only_error for instance in router.instances.values()} == {1836}


def test_the_topology_lists_both_clusters_until_only_green_is_left():
    deployment = Deployment(Router(2), GREEN)
    both = [
        ("cluster", "BLUE_GREEN_DEPLOYMENT_SOURCE"),
        ("cluster" + GREEN, "BLUE_GREEN_DEPLOYMENT_TARGET"),
    ]
    for action in ("initiate", "freeze", "switch", "rename", "remove"):
        assert deployment.roles() == both
        assert (deployment.removed, deployment.renamed) == (False, action == "remove")
        deployment.do(action)
    assert deployment.removed
    deployment.do("complete")
    assert deployment.removed
    assert deployment.roles() == [("cluster", "BLUE_GREEN_DEPLOYMENT_TARGET")]


def test_a_cluster_of_one_instance_has_a_green_one_that_answers_as_it_does():
    router = Router(1)
    router.instances["instance-1"].read_only_error = 1836
    deployment = Deployment(router, GREEN)
    assert [one.read_only_error for one in deployment.other.instances.values()] == [1836]
    assert deployment.other.frozen
