"""What ends a standing cluster, and what does not."""

import pytest

from pytest_rdsfailover.local.gateway.control_connection import SilentGatewayError
from pytest_rdsfailover.local.standing import host
from pytest_rdsfailover.local.standing.host import ClusterHost, Limits
from pytest_rdsfailover.model.errors import GatewayError


class Parent:
    """Lives for some looks."""

    def __init__(self, looks):
        self._looks = looks

    @property
    def lives(self):
        self._looks -= 1
        return self._looks >= 0


class Cluster:
    """Says at each look what it is told to; nothing is asked of it."""

    failovers = ()

    def __init__(self, *faults):
        self._faults = list(faults)

    def traffic(self, _):
        return {}

    def check(self):
        fault = self._faults.pop(0) if self._faults else None
        if fault is not None:
            raise fault


@pytest.fixture
def kept(monkeypatch):
    """Keep a cluster for some looks, or as long as nothing ends it."""
    monkeypatch.setattr(host, "LOOK_EVERY", 0)

    def kept(cluster, looks, idle=None):
        one = ClusterHost.__new__(ClusterHost)
        one.cluster = cluster
        return one.wait(Limits(parent=Parent(looks), idle=idle), lambda: None)

    return kept


def test_a_gateway_that_is_silent_for_a_while_does_not_end_its_cluster(kept):
    silent = SilentGatewayError("the gateway does not answer: timed out")
    assert kept(Cluster(silent, silent, None, silent), 6) == "its parent has ended"


def test_one_that_stays_silent_does(kept, monkeypatch):
    monkeypatch.setattr(host, "SILENT_FOR", -1.0)
    with pytest.raises(SilentGatewayError, match="timed out"):
        kept(Cluster(SilentGatewayError("timed out")), 6)


def test_a_failover_that_could_not_be_played_ends_it_at_once(kept):
    with pytest.raises(GatewayError, match="all steps"):
        kept(Cluster(None, GatewayError("could not play all steps")), 6)


class BusyCluster(Cluster):
    """Works on a statement for some looks, and on nothing after that."""

    def __init__(self, looks):
        super().__init__()
        self._looks = looks

    @property
    def busy(self):
        self._looks -= 1
        return int(self._looks >= 0)


def test_a_statement_under_way_is_something_that_was_asked(kept):
    assert kept(BusyCluster(looks=50), 40, idle=1e-9) == "its parent has ended"
    assert kept(BusyCluster(looks=5), 40, idle=1e-9).startswith("nothing was asked of it")
