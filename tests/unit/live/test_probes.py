"""What the probes take an answer, or none, for."""

import pymysql
import pytest

from pytest_rdsfailover.live import probes
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.model.clock import MonotonicClock
from pytest_rdsfailover.model.endpoints import Endpoint

ENDPOINT = Endpoint(
    name="one", kind="instance", host="127.0.0.1", port=9, user="u", password="p", database="d"
)


@pytest.fixture
def failing(monkeypatch):
    """Let every connection fail with an error of the driver."""

    def plant(code):
        def connect(*_, **__):
            raise pymysql.err.OperationalError(code, "planted")

        monkeypatch.setattr(probes.driver, "connect", connect)

    return plant


def probe():
    timeline = Timeline()
    made = probes.InstanceProbe(ENDPOINT, timeline, MonotonicClock(), writer=True, writes=True)
    return made, timeline


@pytest.mark.parametrize(
    "code",
    [1040, 1044, 1045, 1049, 1129, 1130, 1203, 1226, 1698, 1820, 1862, 3118, 3159, 3955],
)
def test_an_instance_that_refuses_a_login_runs(failing, code):
    """A rotated password or too many connections are no outage of the instance."""
    failing(code)
    made, timeline = probe()
    made.look()

    assert (made.up, made.writes) == (True, True)
    assert [milestone.name for milestone in timeline.all()] == ["login_refused"]


@pytest.mark.parametrize("code", [2003, 2006, 2013, 1053])
def test_an_instance_that_does_not_answer_is_lost(failing, code):
    failing(code)
    made, timeline = probe()
    made.look()

    assert not made.up
    assert [milestone.name for milestone in timeline.all()] == ["writer_cut"]


@pytest.mark.parametrize("code", [1040, 1045])
def test_who_refuses_a_login_is_asked_less_often(failing, code):
    """Twenty wrong logins a second may lock the account; and each takes part in the rush."""
    failing(code)
    timeline = Timeline()
    endpoint = probes.EndpointProbe(ENDPOINT, timeline, MonotonicClock(), "one")
    both = (endpoint, probe()[0])
    assert {each.pause for each in both} == {probes.EVERY}
    for each in both:
        each.look()

    assert {each.pause for each in both} == {probes.SPARING}
    assert [milestone.name for milestone in timeline.all()] == ["login_refused"]
    failing(2003)
    for each in both:
        each.look()
    assert {each.pause for each in both} == {probes.EVERY}


def test_a_new_address_of_the_cluster_is_noted_with_the_instance_that_has_it(monkeypatch):
    addresses = {"cluster": "10.0.0.1", "one": "10.0.0.1", "two": "10.0.0.2"}
    monkeypatch.setattr(probes, "resolve", addresses.get)
    timeline = Timeline()
    made = probes.ResolverProbe(
        "cluster", {"instance-1": "one", "instance-2": "two"}, timeline, MonotonicClock()
    )
    for address in ("10.0.0.1", None, "10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.9"):
        addresses["cluster"] = address
        made.look()

    noted = [(milestone.name, milestone.instance) for milestone in timeline.all()]
    assert noted == [("dns_flip", "instance-2"), ("dns_flip", None)]
