"""What RDS tells about a failover, and which of it a caller wants."""

import pytest

from pytest_rdsfailover.local.aws_api.events import Event, Query, deployment_story, story
from pytest_rdsfailover.local.gateway.views import PlayView
from pytest_rdsfailover.model.records import Milestone

MOVED = [
    Milestone(name="writer_cut", at=1.1, instance="a"),
    Milestone(name="instance_cut", at=1.1, instance="b"),
    Milestone(name="fenced", at=1.2, instance="a"),
    Milestone(name="old_writer_back", at=1.5, instance="a"),
    Milestone(name="promoted", at=1.8, instance="b"),
    Milestone(name="dns_flip", at=2.4, instance="b"),
]


def play(**changes):
    given = {
        "name": "quick",
        "started": 1.0,
        "target": "b",
        "victim": "a",
        "dns_ttl": 0.0,
        "over": True,
    }
    return PlayView(**(given | changes))


def test_a_failover_is_told_from_its_start_to_its_completion():
    told = story("c", play(), MOVED, cross_az=True)

    assert [(one.at, one.source, one.message) for one in told] == [
        (1.0, "c", "Started cross AZ failover to DB instance: b"),
        (1.1, "a", "DB instance shutdown"),
        (1.1, "b", "DB instance shutdown"),
        (1.5, "a", "DB instance restarted"),
        (1.8, "a", "A new writer was promoted. Restarting database as a reader."),
        (1.8, "b", "DB instance restarted"),
        (2.4, "c", "Completed customer initiated failover to DB instance: b"),
    ]


@pytest.mark.parametrize(
    ("end", "words", "category"),
    [
        (
            Milestone(name="switchover_completed", at=3.0, instance="a"),
            "completed. Renamed c to c-old1 and c-green-x to c.",
            "notification",
        ),
        (
            Milestone(name="guardrail_failed", at=3.0, instance="writes"),
            "was canceled due to writes.",
            "failure",
        ),
        (
            Milestone(name="rolled_back", at=3.0, instance="a"),
            "was canceled due to its time-out.",
            "failure",
        ),
    ],
)
def test_a_blue_green_switchover_is_told_by_its_deployment(end, words, category):
    begun = Milestone(name="switchover_initiated", at=1.0, instance="a")
    told = list(deployment_story("bgd-1", "c", "c-green-x", [begun, *MOVED, end]))

    what = "Switchover from DB cluster c to c-green-x"
    assert [one.message for one in told] == [f"{what} started.", f"{what} {words}"]
    assert {(one.source_type, one.source) for one in told} == {("blue-green-deployment", "bgd-1")}
    assert (told[1].at, told[1].categories) == (3.0, (category,))


def test_a_writer_that_moves_to_another_region_is_a_global_switchover():
    told = story("c", play(), MOVED, cross_az=True, away=("west", "us-west-2"))
    own = [one for one in told if one.source == "c"]
    place = "DB cluster west in Region us-west-2"

    assert [(one.at, one.message) for one in own] == [
        (1.0, f"Global switchover to {place} started."),
        (1.8, f"New primary {place} was successfully promoted."),
        (2.4, f"Global switchover to {place} finished."),
    ]
    assert {one.categories for one in own} == {("global failover",)}
    assert len(story("c", play(over=False), MOVED[:2], cross_az=True, away=("w", "r"))) == 3


def test_a_failover_on_its_way_is_not_completed():
    told = story("c", play(over=False), MOVED, cross_az=False)

    assert told[0].message == "Started same AZ failover to DB instance: b"
    assert not [one for one in told if one.message.startswith("Completed")]


def test_a_failover_that_promoted_nobody_is_not_completed():
    told = story("c", play(), MOVED[:3], cross_az=False)

    assert not [one for one in told if one.message.startswith("Completed")]


def test_a_restart_in_place_is_told_by_its_instance_only():
    marks = [MOVED[0], Milestone(name="instance_back", at=5.0, instance="a")]
    told = story("c", play(target=None), marks, cross_az=False)

    assert [one.message for one in told] == ["DB instance shutdown", "DB instance restarted"]
    assert {one.source_type for one in told} == {"db-instance"}


EVENT = Event(at=10.0, source_type="db-cluster", source="c", message="m", categories=("failover",))


@pytest.mark.parametrize(
    "query",
    [
        {}, {"source_type": "db-cluster"}, {"source": "c"}, {"start": 10.0}, {"end": 10.0},
        {"categories": ["availability", "failover"]},
    ],
)  # fmt: skip
def test_a_query_wants_what_fits(query):
    assert Query(**query).wants(EVENT)


@pytest.mark.parametrize(
    "query",
    [
        {"source_type": "db-instance"}, {"source": "d"}, {"start": 10.1}, {"end": 9.9},
        {"categories": ["availability"]},
    ],
)  # fmt: skip
def test_a_query_does_not_want_what_does_not_fit(query):
    assert not Query(**query).wants(EVENT)
