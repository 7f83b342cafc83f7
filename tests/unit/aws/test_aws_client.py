"""Clients of the AWS API know one place only, and their errors hold no request."""

import pytest

from pytest_rdsfailover.aws.client import ApiPlace, AwsError, explained, session

botocore = pytest.importorskip("botocore.exceptions")
pytest.importorskip("boto3")
parsers = pytest.importorskip("botocore.parsers")
ResponseParserError = parsers.ResponseParserError

PLACE = ApiPlace(url="http://127.0.0.1:9", region="us-east-2", key="k", secret="s")
BROKEN = {
    "Error": {"Code": "InternalFailure", "Message": "boom"},
    "ResponseMetadata": {"RequestId": "r-2", "HTTPStatusCode": 500},
}
REFUSED = {
    "Error": {"Code": "Throttling", "Message": "Rate exceeded"},
    "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": 400},
}


@pytest.mark.parametrize(
    ("error", "told", "unanswered"),
    [
        (botocore.ClientError(REFUSED, "X"), ("Throttling", "Rate exceeded", "r-1"), False),
        (botocore.ClientError(BROKEN, "X"), ("InternalFailure", "boom", "r-2"), True),
        (
            botocore.ReadTimeoutError(endpoint_url="http://x"),
            ("ReadTimeoutError", 'Read timeout on endpoint URL: "http://x"', ""),
            True,
        ),
        (
            botocore.ConnectTimeoutError(endpoint_url="http://x"),
            ("ConnectTimeoutError", 'Connect timeout on endpoint URL: "http://x"', ""),
            False,
        ),
        (
            ResponseParserError("half an answer"),
            ("ResponseParserError", "half an answer", ""),
            True,
        ),
    ],
)
def test_an_error_keeps_no_frame_of_who_has_sent_a_request(error, told, unanswered):
    def send():
        raise error

    with pytest.raises(AwsError) as raised, explained("describe"):
        send()

    assert (raised.value.code, raised.value.message, raised.value.request_id) == told
    assert raised.value.unanswered is unanswered
    # Of the frames in which the request was, none is left; the last one raises our own error.
    assert raised.value.__cause__.__traceback__ is None


def test_a_page_of_html_in_place_of_an_answer_is_an_error_of_aws_without_its_frames():
    shape = (
        pytest.importorskip("botocore.session")
        .get_session()
        .get_service_model("rds")
        .operation_model("DescribeDBClusters")
    )
    page = {"body": b"<html><body>hello</body></html>", "headers": {}, "status_code": 200}

    with (
        pytest.raises(AwsError, match="describe failed: KeyError") as raised,
        explained("describe"),
    ):
        parsers.create_parser("query").parse(page, shape.output_shape)

    assert raised.value.unanswered
    assert raised.value.__cause__.__traceback__ is None


def test_an_endpoint_in_the_environment_leads_no_client_astray(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_RDS", "http://elsewhere")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere")

    assert session(PLACE).client("rds").meta.endpoint_url == "https://rds.us-east-2.amazonaws.com"
