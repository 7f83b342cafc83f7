"""A signed URL leads to the region itself, for one object and a given time, and stands in no log."""

import logging
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("boto3")

from pytest_rdsfailover.aws.bucket import Bucket
from pytest_rdsfailover.aws.client import ApiPlace, AwsError, make_client, signing

NOWHERE = ApiPlace(url="http://127.0.0.1:1", region="eu-west-1", key="k", secret="s")
AWS = ApiPlace(url="https://s3.eu-west-1.amazonaws.com", region="eu-west-1", key="k", secret="s")


def bucket(place):
    return Bucket(make_client(place, "s3", more=signing()), "results", "rdsfailover/run")


@pytest.mark.parametrize(
    ("place", "host", "path"),
    [
        (NOWHERE, "127.0.0.1:1", "/results/rdsfailover/run/7"),
        (AWS, "results.s3.eu-west-1.amazonaws.com", "/rdsfailover/run/7"),
    ],
)
def test_a_url_is_for_one_object_and_in_no_log(caplog, place, host, path):
    with caplog.at_level(logging.DEBUG):
        url = bucket(place).url("7", 90.4)
    parts = urlsplit(url)
    asked = parse_qs(parts.query)

    assert (parts.netloc, parts.path) == (host, path)
    assert asked["X-Amz-Expires"] == ["90"]
    assert asked["X-Amz-SignedHeaders"] == ["host"]  # so that nothing else has to be sent
    assert asked["X-Amz-Signature"][0] not in caplog.text


def test_a_bucket_that_nobody_reaches_is_an_error_with_its_name():
    with pytest.raises(AwsError, match="storing an object in the bucket results failed: Endpoint"):
        bucket(NOWHERE).check()
    assert bucket(NOWHERE).remove(["7"]).startswith("removing from the bucket results failed: ")
