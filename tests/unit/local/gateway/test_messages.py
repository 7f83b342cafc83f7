"""Records come back from the control socket's JSON as they were, or are refused."""

import json
from dataclasses import asdict

import pytest

from pytest_rdsfailover.local.gateway.messages import (
    AskMilestones,
    KnownAs,
    Milestones,
    PlayScript,
    ProxyState,
)
from pytest_rdsfailover.local.gateway.proxy.stats import Pin, ProxyStats
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.local.gateway.views import ClusterView, InstanceView
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.typed import typed

LATE = to_seconds(4_000_000_123_456_789)  # 46 days after the system began, to the nanosecond
PLAY = PlayScript(
    steps=[
        Step(at=0.5, action="cut", instance="instance-1", how="hang"),
        Step(at=1.0, action="promote", instance="instance-2"),
    ],
    read_only_error=1836, name="quick", dns_ttl=5.0,
)  # fmt: skip
VIEW = ClusterView(
    writer="instance-1", dns="instance-1", reader="instance-2", ports={"cluster": 12345},
    playing=False, busy=2, failures=[],
    instances=[InstanceView(id="instance-1", role="writer", state="up", sessions=3)],
)  # fmt: skip
MARKS = Milestones(
    milestones=[
        Milestone(name="cut", at=LATE, planned=None, instance="instance-1"),
        Milestone(name="dns", at=LATE, planned=LATE, instance="instance-2"),
    ]
)
NUMBERS = dict.fromkeys(ProxyStats.__slots__, 1)
PROXY = ProxyState(
    stats=ProxyStats(**NUMBERS | {"instances": ("instance-1",), "longest_wait": 0.25}),
    pins=[Pin(session=7, user="app", reason="user variable", statement="SET @a = 1", at=LATE, endpoint="proxy")],
)  # fmt: skip
KNOWN = KnownAs(addresses=["db.example:3306"], names=["db.example"])


@pytest.mark.parametrize("record", [PLAY, VIEW, MARKS, PROXY, KNOWN, AskMilestones()])
def test_a_record_comes_back_from_json(record):
    line = json.dumps({"command": "any", **asdict(record)})
    assert typed(type(record), json.loads(line)) == record


@pytest.mark.parametrize(
    "steps",
    [
        None, 7, [7], [{}], [{"at": "x", "action": "back", "instance": "a"}],
        [{"at": 0, "action": "explode", "instance": "a"}],
        [{"at": 0, "action": "cut", "instance": "a"}],
        [{"at": -1, "action": "back", "instance": "a"}],
        [{"at": float("inf"), "action": "back", "instance": "a"}],
        [{"at": float("nan"), "action": "back", "instance": "a"}],
    ],
)  # fmt: skip
def test_what_nobody_could_play_is_an_error(steps):
    with pytest.raises((GatewayError, ValueError)):
        typed(PlayScript, {"steps": steps, "read_only_error": 1290})
