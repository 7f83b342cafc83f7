"""The AWS API as runbooks must bear it: behind SQL, with late events, too busy for some calls."""

import time

import boto3
import pytest

pytest.importorskip("moto")
pytest.importorskip("flask")

from region import described, fail_over, refusal, writers
from waiting import until

from pytest_rdsfailover.model.errors import SettingError

# The API asks the gateway, never the server.
pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/aws_api")]
LATER = 1.0  # seconds; the failover that is watched takes less


@pytest.fixture
def rds(resting):
    return resting.aws.client("rds")


def completed(rds, since):
    return sum(
        event["Message"].startswith("Completed")
        for event in cluster_events(rds)
        if event["Date"].timestamp() > since
    )


def cluster_events(rds):
    """Return all, however many earlier tests have left."""
    pages = rds.get_paginator("describe_events").paginate(SourceType="db-cluster", Duration=60)
    return pages.build_full_result()["Events"]


def test_the_api_shows_the_writer_of_before_while_sql_knows_the_new_one(resting, rds):
    before = resting.writer
    with resting.aws.impaired(lag=f"{LATER:g}s"):
        until(lambda: described(rds)["Status"] == "available")  # it has heard of earlier failovers
        begun = time.monotonic()
        fail_over(rds)
        until(lambda: resting.writer != before)
        resting.rest()
        shown = described(rds)
        if time.monotonic() < begun + LATER:  # else this machine stood still
            assert (writers(shown), shown["Status"]) == ([before], "failing-over")
        until(lambda: writers(described(rds)) == [resting.writer])
        assert time.monotonic() > begun + LATER
        until(lambda: described(rds)["Status"] == "available")


def test_without_lag_the_api_is_up_to_date_again(resting, rds):
    with resting.aws.impaired(lag="10m"):
        fail_over(rds)
        resting.rest()
        assert described(rds)["Status"] == "failing-over"

    shown = described(rds)
    assert (writers(shown), shown["Status"]) == ([resting.writer], "available")


def test_late_events_are_listed_with_their_true_time(resting, rds):
    since = time.time()
    with resting.aws.impaired(late_events=f"{LATER:g}s"):
        fail_over(rds)
        resting.rest()
        over = time.time()
        assert completed(rds, since) == 0 or time.time() > over + LATER / 2
        until(lambda: completed(rds, since))
        assert time.time() > over + LATER - 0.5
    [event] = [
        one["Date"].timestamp()
        for one in cluster_events(rds)
        if one["Message"].startswith("Completed") and one["Date"].timestamp() > since
    ]
    assert since < event <= over + 0.1


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("rds", "describe_db_clusters", "Throttling"),
        ("sts", "get_caller_identity", "Throttling"),
        ("secretsmanager", "list_secrets", "ThrottlingException"),
        ("fis", "list_experiments", "ThrottlingException"),
        ("cloudwatch", "describe_alarms", "ThrottlingException"),
    ],
)
def test_a_call_too_many_is_refused_as_its_service_words_it(resting, service, call, code):
    client = resting.aws.client(service)
    with resting.aws.impaired(rate_exceeded=1):
        assert refusal(getattr(client, call)) == code
        assert refusal(getattr(client, call)) == code
    getattr(client, call)()


def test_a_client_that_tries_again_gets_its_answer(resting):
    place = resting.aws.place
    client = boto3.client(
        "rds", endpoint_url=place.url, region_name=place.region,
        aws_access_key_id=place.key, aws_secret_access_key=place.secret,
        config=boto3.session.Config(retries={"mode": "standard", "total_max_attempts": 12}),
    )  # fmt: skip
    with resting.aws.impaired(rate_exceeded=0.5):
        tries = [
            client.describe_db_clusters()["ResponseMetadata"]["RetryAttempts"] for _ in range(3)
        ]

    assert sum(tries) > 0


def test_the_trigger_of_a_trial_is_never_refused(resting):
    before = resting.writer
    with resting.aws.impaired(rate_exceeded=1):
        resting.fail_over()
    resting.rest()

    assert resting.writer != before


def test_the_next_test_finds_the_api_as_it_was(resting, rds):
    with resting.aws.impaired(rate_exceeded=1):
        resting.aws.undo()
        assert writers(described(rds)) == [resting.writer]


@pytest.mark.parametrize("wrong", [{"lag": "soon"}, {"rate_exceeded": "10%"}])
def test_a_value_that_says_nothing_is_refused(resting, wrong):
    with pytest.raises(SettingError), resting.aws.impaired(**wrong):
        pass
