"""A project's own trigger (`pytest_rdsfailover_trigger`) waits at the same gates, and is paid for."""

import time

import pytest
from regions import shut

from pytest_rdsfailover.live import gates
from pytest_rdsfailover.live.gates import RefusedError
from pytest_rdsfailover.model.errors import RdsFailoverError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.extensions import Extensions, OwnFault
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = pytest.mark.local


class Own(Extensions):
    """What a conftest.py adds; notes each call of its hook."""

    triggers = True

    def __init__(self, act):
        self.act, self.called = act, 0

    def trigger(self, cluster, instance, profile, seed):  # noqa: ARG002 - the hook's
        self.called += 1
        return self.act(cluster, instance)


def fault(_cluster, _instance):
    """Do something that no gate of ours could stop any more."""
    return OwnFault(triggered=time.monotonic(), profile="network-cut")


def runner(cluster, own):
    return TrialRunner(
        cluster, Settings(seed=7), test="t", profile=None, expectations={}, note=lambda _: None,
        extensions=own,
    )  # fmt: skip


def test_the_hook_is_not_called_while_any_gate_is_closed(backend, monkeypatch):
    live, own = backend(), Own(fault)
    lab = runner(live.cluster(), own)
    for gate in gates.GATES:
        with monkeypatch.context() as patch:
            shut(gate, patch)
            with pytest.raises(RefusedError, match=f"{gate.__name__}: planted"):
                lab.fail_over()
        assert (own.called, live.region.mutating, live._ledger.used) == (0, [], 0)

    lab.fail_over()  # which nothing else refuses
    assert (own.called, live._ledger.used) == (1, 1)


def test_a_gate_that_closes_after_the_plan_stops_the_hook_as_well(backend, stand_in):
    live, own = backend(), Own(fault)
    cluster = live.cluster()
    cluster.prepare()
    stand_in.tag()
    with pytest.raises(RefusedError, match="consent"):
        runner(cluster, own).fail_over()

    assert (own.called, live.region.mutating) == (0, [])


def test_a_fault_of_its_own_is_one_of_the_budget(backend, tmp_path):
    live, own = backend(), Own(fault)
    lab = runner(live.cluster(), own)
    lab.fail_over()
    with pytest.raises(RefusedError, match="1 of 1 failovers"):
        lab.fail_over()

    assert (own.called, live._ledger.used) == (1, 1)
    assert '"what": "trigger"' in (tmp_path / "live" / "audit.jsonl").read_text()


@pytest.mark.parametrize(
    "act",
    [lambda _cluster, _instance: None, lambda cluster, instance: cluster.fail_over(instance)],
    ids=["leaves it", "does it"],
)
def test_a_failover_within_the_hook_is_paid_for_once(backend, stand_in, act):
    live, own = backend(), Own(act)
    before = stand_in.cluster.writer
    runner(live.cluster(), own).fail_over()

    assert stand_in.cluster.writer != before
    assert live.region.mutating == ["rds:FailoverDBCluster"]
    assert (own.called, live._ledger.used) == (1, 1)


def test_a_second_failover_within_the_hook_is_refused(backend):
    def twice(cluster, instance):
        cluster.fail_over(instance)
        cluster.rest()
        return cluster.fail_over(instance)

    live = backend()
    with pytest.raises(RefusedError, match="1 of 1 failovers"):
        runner(live.cluster(), Own(twice)).fail_over()

    assert live.region.mutating == ["rds:FailoverDBCluster"]


def test_what_was_let_through_and_not_used_is_worth_nothing_later(backend):
    live = backend()
    cluster = live.cluster()
    runner(cluster, Own(fault)).fail_over()
    with pytest.raises(RdsFailoverError, match="1 of 1 failovers"):
        cluster.fail_over()

    assert live.region.mutating == []
