"""Clients of the AWS API know one place only, and their errors hold no request."""

import pytest

from pytest_rdsfailover.aws.client import ApiPlace, AwsError, explained, session

botocore = pytest.importorskip("botocore.exceptions")
pytest.importorskip("boto3")

PLACE = ApiPlace(url="http://127.0.0.1:9", region="us-east-2", key="k", secret="s")
REFUSED = {
    "Error": {"Code": "Throttling", "Message": "Rate exceeded"},
    "ResponseMetadata": {"RequestId": "r-1"},
}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (botocore.ClientError(REFUSED, "X"), ("Throttling", "Rate exceeded", "r-1")),
        (
            botocore.ReadTimeoutError(endpoint_url="http://x"),
            ("ReadTimeoutError", 'Read timeout on endpoint URL: "http://x"', ""),
        ),
    ],
)
def test_an_error_keeps_no_frame_of_who_has_sent_a_request(error, told):
    def send():
        raise error

    with pytest.raises(AwsError) as raised, explained("describe"):
        send()

    assert (raised.value.code, raised.value.message, raised.value.request_id) == told
    # Of the frames in which the request was, none is left; the last one raises our own error.
    assert raised.value.__cause__.__traceback__ is None


def test_an_endpoint_in_the_environment_leads_no_client_astray(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://elsewhere")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere")

    assert session(PLACE).client("sts").meta.endpoint_url == "https://sts.us-east-2.amazonaws.com"
