"""The local Lambda as AWS's own SDK calls it."""

import base64
import json
import time
from pathlib import Path

import handlers
import pytest

pytest.importorskip("moto")
pytest.importorskip("awslambdaric")

from botocore.exceptions import ClientError
from waiting import until

from pytest_rdsfailover.load import package

# The API asks the gateway, never the server.
pytestmark = [
    pytest.mark.local,
    pytest.mark.one_server,
    pytest.mark.contract("local/aws_api"),
    pytest.mark.contract("local/functions"),
]
USUAL = {
    "Runtime": "python3.11", "Handler": handlers.HANDLER, "Timeout": 20,
    "Role": "arn:aws:iam::123456789012:role/load",
}  # fmt: skip


@pytest.fixture(scope="module")
def api(cluster):
    return cluster.aws.client("lambda")


@pytest.fixture
def function(api, cluster):
    """The name of a function that does what its event says; all are forgotten afterwards."""
    api.create_function(FunctionName="f", Code={"ZipFile": handlers.package()}, **USUAL)
    yield "f"
    cluster.aws.undo()


def invoked(api, name="f", event=None, **options):
    answer = api.invoke(FunctionName=name, Payload=json.dumps(event or {}), **options)
    return json.loads(answer["Payload"].read() or b"null"), answer


def refusal(call):
    """Return the status and the code that a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def test_a_function_is_made_shown_changed_and_removed(api, function):
    shown = api.get_function(FunctionName=function)["Configuration"]
    assert (shown["Handler"], shown["Timeout"], shown["State"]) == (handlers.HANDLER, 20, "Active")
    assert [each["FunctionName"] for each in api.list_functions()["Functions"]] == [function]
    api.get_waiter("function_active_v2").wait(FunctionName=function)
    changed = api.update_function_configuration(
        FunctionName=shown["FunctionArn"], Timeout=30, Environment={"Variables": {"A": "b"}}
    )
    assert (changed["Timeout"], changed["Environment"]) == (30, {"Variables": {"A": "b"}})
    before = shown["CodeSha256"]
    again = api.update_function_code(FunctionName=function, ZipFile=handlers.package("x = 1"))
    assert again["CodeSha256"] != before
    with pytest.raises(api.exceptions.ResourceConflictException):
        api.create_function(FunctionName=function, Code={"ZipFile": handlers.package()}, **USUAL)
    api.delete_function(FunctionName=function)
    with pytest.raises(api.exceptions.ResourceNotFoundException):
        api.get_function(FunctionName=function)


@pytest.mark.usefixtures("function")
def test_a_function_answers_and_shows_its_log(api):
    told, answer = invoked(api, LogType="Tail")
    assert told["served"] == 1
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    assert "served 1" in base64.b64decode(answer["LogResult"]).decode()
    assert "AWS_ENDPOINT_URL" in told["variables"]  # its own calls of AWS come here, too


def test_errors_are_answers_as_lambda_gives_them(api, function):
    told, answer = invoked(api, event={"raise": "no"})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (told["errorType"], told["errorMessage"]) == ("ValueError", "no")
    api.update_function_configuration(FunctionName=function, Timeout=1)
    told, answer = invoked(api, event={"sleep": 30})
    assert (answer["FunctionError"], told["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert refusal(lambda: invoked(api, "another")) == (404, "ResourceNotFoundException")
    for wrong in (
        lambda: api.delete_function(FunctionName="another"),
        lambda: api.get_function_concurrency(FunctionName="another"),
        lambda: api.update_function_configuration(FunctionName="another", Timeout=1),
    ):
        assert refusal(wrong) == (404, "ResourceNotFoundException")
    no_json = refusal(lambda: api.invoke(FunctionName=function, Payload=b"no json"))
    assert no_json == (400, "InvalidRequestContentException")
    large = refusal(lambda: invoked(api, event={"x": "x" * 6_300_000}))
    assert large == (413, "RequestTooLargeException")
    again = {"FunctionName": function, "Code": {"ZipFile": handlers.package()}, **USUAL}
    assert refusal(lambda: api.create_function(**again)) == (409, "ResourceConflictException")


def test_a_function_without_places_is_throttled(api, function):
    put = api.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    assert put["ReservedConcurrentExecutions"] == 0
    limits = api.get_account_settings()["AccountLimit"]
    assert limits["ConcurrentExecutions"] == limits["UnreservedConcurrentExecutions"] == 1000
    with pytest.raises(api.exceptions.TooManyRequestsException) as caught:
        invoked(api)
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    api.delete_function_concurrency(FunctionName=function)
    assert api.get_function_concurrency(FunctionName=function).get("x") is None
    assert invoked(api)[0]["served"] == 1


def test_an_event_waits_for_nobody(api, function):
    begun = time.monotonic()
    answer = api.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps({"sleep": 5})
    )
    assert answer["StatusCode"] == 202
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Runtime": "nodejs22.x"}, "Runtime nodejs22.x"),
        ({"Timeout": 901}, "from 1 to 900"),
        ({"Code": {"ZipFile": b"no zip"}}, "unzip"),
        ({"Code": {"S3Bucket": "bucket", "S3Key": "key"}}, "ZipFile only"),
        ({"FunctionName": "no name"}, "no name"),
    ],
)
def test_what_cannot_be_run_here_is_refused(api, changes, why):
    asked = {"FunctionName": "wrong", "Code": {"ZipFile": handlers.package()}, **USUAL, **changes}
    with pytest.raises(api.exceptions.ClientError, match=why):
        api.create_function(**asked)


def test_the_load_function_runs_from_its_package_alone(api, cluster):
    usual = {**USUAL, "Handler": package.HANDLER}
    api.create_function(FunctionName="load", Code={"ZipFile": package.packed()}, **usual)
    first, _ = invoked(api, "load", {"warm": 0.0})
    second, _ = invoked(api, "load", {"warm": 0.0})
    cluster.aws.undo()
    assert (first["cold"], second["cold"]) == (True, False)
    assert first["environment"] == second["environment"]
    assert api.list_functions()["Functions"] == []


def test_undoing_what_a_test_changed_ends_its_environments(api, cluster):
    api.create_function(FunctionName="f", Code={"ZipFile": handlers.package()}, **USUAL)
    pid = invoked(api)[0]["pid"]
    cluster.aws.undo()
    until(lambda: not Path(f"/proc/{pid}").exists())
    assert api.list_functions()["Functions"] == []
