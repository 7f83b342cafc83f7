"""What the control plane makes of calls, and how it shows the cluster; the gateway is a stand-in."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.aws_api import plane as module
from pytest_rdsfailover.local.aws_api import request
from pytest_rdsfailover.local.aws_api.impairment import Impairment
from pytest_rdsfailover.local.aws_api.plane import Plane, RefusalError
from pytest_rdsfailover.local.aws_api.script import Script
from pytest_rdsfailover.local.aws_api.shown import Shown
from pytest_rdsfailover.local.gateway.views import ClusterView, InstanceView, PlayView
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.server.accounts import Address
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.records import Milestone

QUICK, CRASH = (
    Script(profile=load_profile("quick"), seed=7),
    Script(profile=load_profile("crash"), seed=8),
)
SHOWN = Shown(
    cluster="orders", region="eu-west-1", control="", places={}, user="u", password="p",
    database="d", server=Address(host="h", port=1), usual=QUICK, abroad=("d",),
)  # fmt: skip
TIERS = {"a": 1, "b": 2, "c": 1}


def play(target, victim="a", *, over=True):
    return PlayView(name="p", started=1.0, target=target, victim=victim, dns_ttl=0.0, over=over)


class Gateway:
    """A cluster of four instances, the last one in another region; notes what it is to play."""

    def __init__(self, *plays, playing=False, states=(), history=()):
        self.asked, self.played, self.refuses = 0, [], False
        self._plays, self._history, self._playing = plays, history, playing
        self._states = dict(states)

    def describe(self):
        self.asked += 1
        instances = [
            InstanceView(
                id=name, role="writer" if name == "a" else "reader",
                state=self._states.get(name, "up"), sessions=0,
            )
            for name in "abcd"
        ]  # fmt: skip
        return ClusterView(
            writer="a", dns="a", reader="b", ports={}, playing=self._playing, busy=0, failures=[],
            instances=instances,
        )  # fmt: skip

    def plays(self):
        return self._plays

    def milestones(self, _number):
        return self._history

    def play(self, steps, read_only_error, *, name, dns_ttl):
        if self.refuses:
            raise GatewayError("a script is on")
        self.played.append((name, read_only_error, dns_ttl, steps))


def plane(*plays, **more):
    return Plane(Gateway(*plays, **more), SHOWN)


@pytest.fixture(autouse=True)
def one_request():
    """Let each test be one request."""
    request.begin(None)
    yield
    request.answers.set(None)


@pytest.mark.parametrize(
    ("latest", "statuses", "status", "switching"),
    [
        (None, "aaaa", "available", False),
        (play("b"), "aaaa", "available", False),
        (play("b", over=False), "aaaa", "failing-over", False),
        (play("d", over=False), "aaaa", "failing-over", True),
        (play("d"), "aaaa", "available", False),
        (play("d", "d", over=False), "aaaa", "failing-over", False),
        (play(None, "b", over=False), "araa", "available", False),
        (play(None, "b"), "aaaa", "available", False),
    ],
)
def test_a_cluster_fails_over_from_the_trigger_to_the_last_step(
    latest, statuses, status, switching
):
    found = plane(*([play("c")] * 2 + [latest] if latest else []))

    assert "".join(member.status[0] for member in found.members()) == statuses
    assert (found.status(), found.switching()) == (status, switching)
    assert [member.id for member in found.members() if member.writer] == ["a"]
    assert found.member("c").id == "c"


@pytest.mark.parametrize("state", ["refusing", "silent"])
def test_an_instance_that_is_not_up_is_rebooting(state):
    assert plane(states={"c": state}).member("c").status == "rebooting"


def test_a_request_sees_the_cluster_at_one_moment_and_another_one_at_its_own():
    found = plane()
    before = found.gateway.asked
    for _ in range(3):
        found.members()
        found.status()
    assert found.gateway.asked == before + 1
    found.look_again()
    found.members()
    request.begin(None)
    found.members()
    assert found.gateway.asked == before + 3

    request.answers.set(None)  # outside of any request
    found.look_again()
    found.members()
    found.members()
    assert found.gateway.asked == before + 5


def test_what_happened_within_the_lag_is_not_known_yet(monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: 12.0, time=lambda: 1012.0)
    monkeypatch.setattr(module, "time", clock)
    history = [Milestone(name="promoted", at=10.0, instance="a")]
    found = plane(play("a", "b"), history=history)
    found.impairment = Impairment(lag=1.5)
    assert found.member("a").writer
    found.impairment = Impairment(lag=2.5)
    found.look_again()
    assert found.member("b").writer


@pytest.mark.parametrize(
    ("states", "target", "tiers", "promoted"),
    [
        ({}, None, TIERS, "c"),
        ({"c": "silent"}, None, TIERS, "b"),
        ({}, "b", TIERS, "b"),
        ({}, None, {"a": 0, "b": 1, "c": 1}, "b"),
    ],
)
def test_the_available_reader_of_the_lowest_tier_is_promoted_unless_one_is_named(
    monkeypatch, states, target, tiers, promoted
):
    told = []
    monkeypatch.setattr(
        module, "choreography", lambda profile, **who: told.append((profile.name, who)) or []
    )
    plane(states=states).fail_over(target, tiers, None)

    ((name, who),) = told
    assert (name, who["writer"], who["target"]) == ("quick", "a", promoted)


@pytest.mark.parametrize(
    ("more", "target", "tiers", "script", "code", "said"),
    [
        ({"playing": True}, None, TIERS, None, "InvalidDBClusterStateFault", "not in available state"),
        ({}, None, {"a": 1}, None, "InvalidDBClusterStateFault", "at least two database instances"),
        ({"states": {"b": "silent", "c": "refusing"}}, None, TIERS, None,
         "InvalidDBClusterStateFault", "at least two"),
        ({}, "a", TIERS, None, "InvalidParameterValue", "already the writer"),
        ({}, "x", TIERS, None, "InvalidParameterValue", "Cannot find target instance: x"),
        ({}, "d", TIERS, None, "InvalidParameterValue", "Cannot find"),
        ({"states": {"b": "silent"}}, "b", TIERS, None, "InvalidDBInstanceState", "Instance b"),
        ({}, None, TIERS, CRASH, "InvalidDBClusterStateFault", "promotes nobody"),
    ],
)  # fmt: skip
def test_a_failover_is_refused_as_rds_refuses_it(more, target, tiers, script, code, said):
    found = plane(**more)
    with pytest.raises(RefusalError, match=said) as refused:
        found.fail_over(target, tiers, script)

    assert refused.value.code == code
    assert found.gateway.played == []


def test_what_the_gateway_refuses_is_refused_in_rds_words():
    found = plane()
    found.gateway.refuses = True
    with pytest.raises(RefusalError, match="a script is on") as refused:
        found.fail_over(None, TIERS, None)
    assert refused.value.code == "InvalidDBClusterStateFault"


def test_every_run_has_the_same_sequence_of_failovers(monkeypatch):
    seeds = []
    monkeypatch.setattr(module, "choreography", lambda *_, seed, **__: seeds.append(seed) or [])
    for _ in range(2):
        found = plane()
        for _ in range(2):
            found.fail_over(None, TIERS, None)
        found.fail_over(None, TIERS, replace(QUICK, seed=5))

    assert seeds[:3] == seeds[3:]
    assert len(set(seeds)) == 3
    assert seeds[2] == 5


@pytest.mark.parametrize(
    ("script", "played"), [(None, "crash"), (QUICK, "crash"), (CRASH, "crash")]
)
def test_a_reboot_restarts_the_instance_and_promotes_nobody(script, played):
    found = plane()
    found.members()
    found.reboot("b", script)

    ((name, *_),) = found.gateway.played
    assert name == played
    before = found.gateway.asked
    found.members()
    assert found.gateway.asked == before + 1  # the answer shows it


@pytest.mark.parametrize("more", [{"playing": True}, {"states": {"b": "silent"}}])
def test_one_thing_happens_to_an_instance_at_a_time(more):
    with pytest.raises(RefusalError, match="Instance b is not in available state") as refused:
        plane(**more).reboot("b", None)
    assert refused.value.code == "InvalidDBInstanceState"


def test_events_are_told_in_the_time_of_the_epoch_once_they_are_listed(monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: 12.0, time=lambda: 1012.0)
    monkeypatch.setattr(module, "time", clock)
    found = plane(play("b"), history=[
        Milestone(name="trigger", at=5.0), Milestone(name="promoted", at=10.0, instance="b"),
    ])  # fmt: skip
    whole = found.story()
    assert {event.at for event in whole} <= {1001.0, 1010.0}
    assert len({event.at for event in whole}) == 2
    found.impairment = Impairment(late_events=2.0)
    assert found.story() == whole
    found.impairment = Impairment(late_events=2.5)
    assert {event.at for event in found.story()} == {1001.0}


def test_zones_are_given_by_turns():
    assert [plane().zone(name) for name in "abcd"] == ["a", "b", "c", "a"]
