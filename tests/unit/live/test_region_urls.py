"""A signed URL of a live run leads to the cluster's own region, which a private subnet reaches."""

import pytest

pytest.importorskip("boto3")

from pytest_rdsfailover.aws.bucket import Bucket
from pytest_rdsfailover.live.region import Region


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_url_leads_to_the_region(monkeypatch, region):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    asked = Region(region)
    url = Bucket(asked.signing_client(), "results", "rdsfailover/run").url("7", 60)

    assert url.startswith(f"https://results.s3.{region}.amazonaws.com/rdsfailover/run/7?")
    assert asked.calls == []
