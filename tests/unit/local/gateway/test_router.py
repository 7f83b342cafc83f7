import pytest

from pytest_rdsfailover.local.gateway.router import Router, State
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
