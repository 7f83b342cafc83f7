"""RDS' own words, old and new."""

import pytest

from pytest_rdsfailover.live.event_texts import is_failover, milestone_of


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
