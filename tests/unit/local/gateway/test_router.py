import pytest

from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.instance import LARGE, Instance, Size, State
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.model.errors import GatewayError


def chosen(router, endpoint):
    return router.choose(endpoint).id


def test_the_cluster_leads_where_dns_points():
    router = Router(3)
    assert chosen(router, "cluster") == "instance-1"
    router.point("instance-3")
    assert chosen(router, "cluster") == "instance-3"
    assert router.writer == "instance-1"


def test_the_reader_takes_the_least_busy_reader_by_turns():
    router = Router(3)
    assert {chosen(router, "reader") for _ in range(4)} == {"instance-2", "instance-3"}
    router.instances["instance-2"].sessions = 1
    assert {chosen(router, "reader") for _ in range(4)} == {"instance-3"}


def test_the_reader_falls_back_to_the_writer_and_refuses_when_nobody_is_up():
    router = Router(2)
    router.cut("instance-2", State.REFUSING)
    assert chosen(router, "reader") == "instance-1"
    assert router.refused() == {"instance-2"}
    router.cut("instance-1", State.REFUSING)
    assert router.refused() == {"instance-1", "instance-2", "cluster", "reader"}


def test_a_hanging_instance_refuses_nobody():
    router = Router(2)
    router.cut("instance-1", State.SILENT)
    assert router.refused() == frozenset()
    assert router.choose("cluster").state is State.SILENT
    assert chosen(router, "reader") == "instance-2"


def test_a_promotion_moves_the_right_to_write():
    router = Router(2)
    router.cut("instance-1", State.REFUSING)
    router.depose("instance-1")
    assert router.writer == "instance-1"
    router.promote("instance-2")
    assert router.writer == "instance-2"
    assert [one.writer for one in router.instances.values()] == [False, True]
    assert chosen(router, "cluster") == "instance-1"


def test_an_unknown_instance_is_an_error():
    with pytest.raises(GatewayError, match="instance-7"):
        Router(2).point("instance-7")


@pytest.mark.parametrize(
    ("small", "growth", "after", "slowness"),
    [
        (0.2, 10.0, 0.0, 0.2), (0.2, 10.0, 5.0, 0.1), (0.2, 10.0, 10.0, 0.0), (0.2, 10.0, 15.0, 0.0),
        (0.2, 0.0, 0.0, 0.0), (0.2, 4.0, 1.0, 0.15),
    ],
)  # fmt: skip
def test_a_small_instance_is_slow_in_proportion_to_what_it_has_yet_to_grow(
    small, growth, after, slowness
):
    size = Size(small=small, growth=growth, since=100.0)
    assert size.slowness(100.0 + after) == pytest.approx(slowness)


def test_who_is_promoted_small_is_slow_until_it_is_cut_and_others_never_are():
    router = Router(2)
    one, two = router.instances.values()
    router.promote("instance-2", small=0.2, growth=1000.0)
    assert (one.slowness(), two.slowness()) == (0.0, pytest.approx(0.2, rel=0.5))
    router.cut("instance-2", State.REFUSING)
    assert two.slowness() == 0.0
    router.promote("instance-2")
    assert two.size is LARGE


@pytest.mark.parametrize(
    ("most", "sessions", "others", "room"),
    [(None, 9, 9, True), (2, 1, 0, True), (2, 2, 0, False), (2, 0, 1, True), (2, 1, 1, False)],
)
def test_an_instance_has_room_for_as_many_as_it_takes_and_others_count(
    most, sessions, others, room
):
    instance = Instance(id="a", most=most, sessions=sessions)
    assert instance.has_room(others) is room
    assert instance.has_room() is (most is None or sessions < most)


def test_an_instance_of_its_own_is_an_idle_reader_that_refuses_writes_with_1290():
    instance = Instance(id="a")
    assert (instance.writer, instance.sessions, instance.was_writer) == (False, 0, False)
    assert (instance.read_only_error, instance.state) == (1290, State.UP)
    assert not instance.writable()
    assert not instance.members()


def test_the_topology_says_of_each_row_how_old_it_is():
    router = Router(2)
    router.cut("instance-2", State.REFUSING)
    router.instances["instance-2"].down_since -= 100
    assert [row.age for row in router.members()] == [0.0, pytest.approx(100, abs=50)]


def test_an_old_writer_shows_the_masters_session_until_it_is_back_however_often_it_is_cut():
    router = Router(3)

    def shown():
        return [row.writer for row in router.members()]

    router.cut("instance-1", State.SILENT)
    router.depose("instance-1")
    assert shown() == [True, False, False]
    router.cut("instance-1", State.REFUSING)
    router.promote("instance-2")
    assert shown() == [True, True, False]
    router.back("instance-1")
    assert shown() == [False, True, False]
    router.cut("instance-1", State.REFUSING)
    assert shown() == [False, True, False]


def test_a_frozen_environment_still_shows_its_writer_and_takes_no_writes():
    router = Router(2)
    assert (router.frozen, router.writable()) == (False, True)
    router.freeze()
    assert [row.writer for row in router.members()] == [True, False]
    assert ([one.writer for one in router.instances.values()], router.writable()) == (
        [False, False],
        False,
    )
    router.thaw()
    assert (router.frozen, router.writable()) == (False, True)
    assert [one.writer for one in router.instances.values()] == [True, False]


def test_writes_are_taken_by_a_writer_that_is_up():
    router = Router(2)
    assert router.instances["instance-2"].writable()
    router.depose("instance-1")
    assert not router.writable()
    router.promote("instance-2")
    assert router.writable()
    router.cut("instance-2", State.SILENT)
    assert not router.writable()


def custom(kind="ANY", members=()):
    return {"mine": CustomEndpoint(name="mine", host="h", port=1, kind=kind, members=members)}


def test_a_custom_endpoint_leads_to_its_least_busy_instance_by_turns_and_then_to_a_hanging_one():
    router = Router(3)
    router.custom = custom(members=("instance-1", "instance-2"))
    assert [chosen(router, "mine") for _ in range(3)] == ["instance-2", "instance-1", "instance-2"]
    router.instances["instance-2"].sessions = 1
    assert {chosen(router, "mine") for _ in range(3)} == {"instance-1"}
    router.cut("instance-1", State.SILENT)
    assert chosen(router, "mine") == "instance-2"
    router.cut("instance-2", State.REFUSING)
    assert chosen(router, "mine") == "instance-1"
    router.cut("instance-1", State.REFUSING)
    nobody = router.choose("mine")
    assert (nobody.id, nobody.state) == ("mine", State.REFUSING)


def test_a_custom_endpoint_of_readers_follows_the_roles():
    router = Router(2)
    router.custom = custom("READER")
    assert chosen(router, "mine") == "instance-2"
    router.promote("instance-2")
    assert chosen(router, "mine") == "instance-1"


def test_equals_take_turns_from_the_second_on():
    router = Router(3)
    assert [chosen(router, "reader")[-1] for _ in range(4)] == ["3", "2", "3", "2"]


def test_a_hanging_reader_is_chosen_only_if_nobody_else_is_there():
    router = Router(2)
    router.cut("instance-2", State.SILENT)
    assert chosen(router, "reader") == "instance-1"
    router.cut("instance-1", State.REFUSING)
    assert chosen(router, "reader") == "instance-2"


def test_an_environment_that_takes_over_has_the_instances_up_and_under_its_own_names():
    blue, green = Router(2), Router(2, "-green")
    assert chosen(green, "instance-1") == "instance-1-green"
    taken = [*green.instances.values()]
    green.cut("instance-2-green", State.REFUSING)
    blue.adopt(taken, taken[1], "")
    assert [*blue.instances] == ["instance-1", "instance-2"]
    assert blue.writer == blue.dns == "instance-2"
    assert [(one.state, one.down_since) for one in taken] == [(State.UP, None)] * 2
    assert [row.id for row in taken[0].members()] == ["instance-1", "instance-2"]
    assert not taken[0].writable()
    blue.promote("instance-1")
    assert taken[0].writable()


def test_an_instance_of_the_twin_is_found_and_told_of_like_an_own_one():
    blue, green = Router(1), Router(1, "-green")
    blue.twin = green
    assert blue.instance("instance-1-green") is green.instances["instance-1-green"]
    assert blue.instance("instance-1") is blue.instances["instance-1"]
    (view,) = green.views()
    assert (view.id, view.role, view.state, view.sessions) == (
        "instance-1-green",
        "writer",
        "up",
        0,
    )
    green.freeze()
    assert green.views()[0].role == "reader"


def test_a_detour_leads_elsewhere_while_it_is_there():
    router = Router(2)
    router.detour = lambda name: router.instances["instance-2"] if name == "cluster" else None
    assert chosen(router, "cluster") == "instance-2"
    assert router.lead("cluster").id == chosen(router, "instance-1") == "instance-1"


def test_the_regions_and_the_lag_of_instances_are_in_the_topology():
    router = Router(2)
    router.regions = {"instance-2": "eu-west-1"}
    rows = router.members()
    assert [row.region for row in rows] == ["", "eu-west-1"]
    assert {row.lag for row in rows} == {router.volume.told_lag}
