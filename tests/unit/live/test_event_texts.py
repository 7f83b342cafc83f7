"""RDS' own words, old and new."""

import pytest

from pytest_rdsfailover.live.event_texts import is_failover, milestone_of, switchover_step


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Started cross AZ failover to DB instance: two", ("event_started", "two")),
        ("Started same AZ failover to DB instance: two", ("event_started", "two")),
        ("Completed failover to DB instance: two.", ("event_completed", "two")),
        ("Completed customer initiated failover to DB instance: two", ("event_completed", "two")),
        ("Completed RDS initiated failover to DB instance: two", ("event_completed", "two")),
        ("A new writer was promoted. Restarting database as a reader.", ("event_promoted", "one")),
        ("DB instance restarted", ("event_restart", "one")),
        ("DB instance shutdown", ("event_shutdown", "one")),
        (
            "Global switchover to DB cluster west in Region us-west-2 started.",
            ("event_started", "west"),
        ),
        (
            "Global switchover to DB cluster west in Region us-west-2 finished.",
            ("event_completed", "west"),
        ),
        ("DB cluster created", None),
    ],
)
def test_an_event_tells_of_a_milestone(message, found):
    assert milestone_of({"Message": message, "SourceIdentifier": "one"}) == found


def test_a_failover_is_known_by_its_category_or_its_words():
    assert is_failover({"EventCategories": ["failover"], "Message": "anything"})
    assert is_failover({"EventCategories": ["global failover"], "Message": "anything"})
    assert is_failover({"Message": "Completed failover to DB instance: two"})
    assert not is_failover({"EventCategories": ["backup"], "Message": "Backing up"})


BLUE_TO_GREEN = "Switchover from DB cluster completed to completed-green-abc123"


@pytest.mark.parametrize(
    ("message", "source", "step"),
    [
        (f"{BLUE_TO_GREEN} started.", "bgd-1", "started"),
        (f"{BLUE_TO_GREEN} started.", "upgrade", "started"),
        (f"{BLUE_TO_GREEN} started.", "whatever", "started"),  # the text names green
        (f"{BLUE_TO_GREEN} completed. Renamed completed to completed-old.", "bgd-1", "completed"),
        (f"{BLUE_TO_GREEN} was canceled due to replication lag.", "bgd-1", "canceled"),
        ("Switchover canceled on blue/green deployment.", "bgd-1", "canceled"),
        ("Switchover was cancelled on blue/green deployment.", "bgd-1", "canceled"),
        ("Switchover completed on blue/green deployment.", "bgd-1", "completed"),
        ("Switchover completed on blue/green deployment.", "bgd-2", ""),
        ("Switchover from DB cluster a to a-green-xyz789 started.", "bgd-2", ""),
        ("Blue/green deployment deleted.", "bgd-1", ""),
    ],
)
def test_an_event_tells_of_a_step_of_a_blue_green_switchover(message, source, step):
    event = {"Message": message, "SourceIdentifier": source}
    assert switchover_step(event, {"bgd-1", "upgrade", "completed-green-abc123"}) == step


def test_the_arn_of_a_deployment_will_do_as_its_name():
    event = {"Message": "Switchover canceled on blue/green deployment.", "SourceArn": "a:b:bgd-1"}
    assert switchover_step(event, {"bgd-1"}) == "canceled"
