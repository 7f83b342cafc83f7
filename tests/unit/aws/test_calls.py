"""What each call asks of AWS, and what becomes of its answer; botocore's Stubber holds both to the model."""

import copy
import io
import logging
import pickle

import pytest

pytest.importorskip("boto3")

from botocore.response import StreamingBody
from botocore.stub import Stubber
from clocks import SteppingClock

from pytest_rdsfailover.aws import bucket as buckets
from pytest_rdsfailover.aws import client as clients
from pytest_rdsfailover.aws import trigger
from pytest_rdsfailover.aws.bucket import Bucket
from pytest_rdsfailover.aws.client import (
    ApiPlace,
    AwsError,
    add_headers,
    explained,
    has_boto3,
    make_client,
    stray_variables,
    unlogged,
)
from pytest_rdsfailover.aws.functions import LONGEST_TEXT, LambdaFunction, deployed

PLACE = ApiPlace(url="http://127.0.0.1:9", region="eu-west-1", key="k", secret="Hush")
ANSWERED = {"ResponseMetadata": {"RequestId": "r-1", "HTTPHeaders": {"x-extra": "1"}}}


@pytest.fixture
def stub():
    """Return a client of a service, and what is to be told to it; all of that must be asked."""
    made = []

    def make(service):
        client = make_client(PLACE, service)
        stubber = Stubber(client)
        stubber.activate()
        made.append(stubber)
        return client, stubber

    yield make
    for one in made:
        one.assert_no_pending_responses()


def body(data):
    return {"Body": StreamingBody(io.BytesIO(data), len(data))}


def told_bucket(stub):
    client, told = stub("s3")
    return Bucket(client, "results", "run"), told


def test_a_bucket_is_tried_with_one_object_that_is_removed_again(stub):
    bucket, told = told_bucket(stub)
    told.add_response("put_object", {}, {"Bucket": "results", "Key": "run/probe", "Body": b""})
    removed = {"Objects": [{"Key": "run/probe"}], "Quiet": True}
    told.add_response("delete_objects", {}, {"Bucket": "results", "Delete": removed})
    bucket.check()


def test_a_bucket_from_which_nothing_may_be_removed_is_an_error(stub):
    bucket, told = told_bucket(stub)
    told.add_response("put_object", {})
    told.add_response("delete_objects", {"Errors": [{"Code": "AccessDenied", "Key": "run/probe"}]})

    with pytest.raises(
        AwsError, match="removing an object from the bucket results failed"
    ) as caught:
        bucket.check()
    assert caught.value.code == "AccessDenied"


@pytest.mark.parametrize("size", [0, 4, 5])
def test_an_object_is_read_up_to_its_greatest_size(stub, size):
    bucket, told = told_bucket(stub)
    told.add_response("get_object", body(b"x" * size), {"Bucket": "results", "Key": "run/7"})

    assert bucket.read("7", 5) == b"x" * size


def test_an_object_that_is_too_large_is_refused_and_not_read_whole(stub):
    bucket, told = told_bucket(stub)
    answer = body(b"x" * 100)
    told.add_response("get_object", answer)

    with pytest.raises(ValueError, match="more than 5 bytes"):
        bucket.read("7", 5)
    assert answer["Body"].tell() == 6


def test_many_objects_are_removed_in_several_requests_and_the_first_refusal_is_told(
    stub, monkeypatch
):
    monkeypatch.setattr(buckets, "MOST_REMOVED", 2)
    bucket, told = told_bucket(stub)
    for keys in (["run/1", "run/2"], ["run/3"]):
        removed = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        told.add_response("delete_objects", {}, {"Bucket": "results", "Delete": removed})
    assert bucket.remove(["1", "2", "3"]) == ""
    told.add_response("delete_objects", {"Errors": [{"Code": "SlowDown"}, {"Code": "Other"}]})

    assert bucket.remove(["1"]) == "removing from the bucket results failed: SlowDown"


def test_a_function_may_run_as_often_as_is_reserved_for_it_or_left_to_the_account(stub):
    client, told = stub("lambda")
    function = LambdaFunction(client, "load")
    told.add_response(
        "get_function_concurrency", {"ReservedConcurrentExecutions": 5}, {"FunctionName": "load"}
    )
    assert function.room() == 5
    told.add_response("get_function_concurrency", {})
    told.add_response(
        "get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": 90}}
    )
    assert function.room() == 90


def invoke(stub, answer, payload):
    client, told = stub("lambda")
    stream = StreamingBody(io.BytesIO(payload), len(payload))
    asked = {"FunctionName": "load", "Payload": '{"a": 1}'}
    told.add_response("invoke", answer | {"Payload": stream}, asked)
    return LambdaFunction(client, "load").invoke({"a": 1})


def test_what_a_function_returns_is_its_payload(stub):
    found = invoke(stub, {}, b"fine")

    assert (found.payload, found.problem, found.text, found.kind) == (b"fine", "", "", "")


@pytest.mark.parametrize(
    ("payload", "problem", "text", "kind"),
    [
        (b'{"errorType": "Sandbox.Timedout", "errorMessage": "after 3 s"}', "timed out",
         "Sandbox.Timedout: after 3 s", "Sandbox.Timedout"),
        (b'{"errorType": "Runtime.ExitError", "errorMessage": ""}', "crashed",
         "Runtime.ExitError: ", "Runtime.ExitError"),
        (b'{"errorType": "KeyError", "errorMessage": "x"}', "failed", "KeyError: x", "KeyError"),
        (b'{"errorMessage": "nameless"}', "failed", "nameless", ""),
        (b"no JSON \xff", "failed", "no JSON \N{REPLACEMENT CHARACTER}", ""),
        (b"[1]", "failed", "[1]", ""),
        (b'{"errorMessage": "' + b"x" * 600 + b'"}', "failed", "x" * LONGEST_TEXT, ""),
    ],
)  # fmt: skip
def test_what_became_of_a_function_that_failed_is_said_in_one_word(
    stub, payload, problem, text, kind
):
    found = invoke(stub, {"FunctionError": "Unhandled"}, payload)

    assert (found.payload, found.problem, found.text, found.kind) == (b"", problem, text, kind)


def test_a_call_that_lambda_refuses_is_a_failed_one(stub):
    client, told = stub("lambda")
    told.add_client_error("invoke", "TooManyRequestsException", "Rate Exceeded.")
    found = LambdaFunction(client, "load").invoke({})

    assert (found.problem, found.kind) == ("throttled", "TooManyRequestsException")
    assert found.text == "TooManyRequestsException: Rate Exceeded."


def test_a_deployed_function_is_removed_whatever_becomes_of_the_block(stub):
    client, told = stub("lambda")
    told.add_response("create_function", {})
    told.add_response("delete_function", {}, {"FunctionName": "load"})

    with (
        pytest.raises(KeyError),
        deployed(client, "load", b"zip", handler="m.f", timeout=3),
    ):
        raise KeyError


@pytest.mark.parametrize(
    ("service", "operation", "call", "asked", "answer", "experiment"),
    [
        ("rds", "failover_db_cluster", lambda api, clock: trigger.fail_over(api, "c", clock=clock),
         {"DBClusterIdentifier": "c"}, {}, ""),
        ("rds", "failover_db_cluster",
         lambda api, clock: trigger.fail_over(api, "c", "two", clock=clock),
         {"DBClusterIdentifier": "c", "TargetDBInstanceIdentifier": "two"}, {}, ""),
        ("rds", "reboot_db_instance", lambda api, clock: trigger.reboot(api, "one", clock=clock),
         {"DBInstanceIdentifier": "one"}, {}, ""),
        ("rds", "switchover_global_cluster",
         lambda api, clock: trigger.switch_over(api, "world", "arn:x", clock=clock),
         {"GlobalClusterIdentifier": "world", "TargetDbClusterIdentifier": "arn:x"}, {}, ""),
    ],
)  # fmt: skip
def test_a_trigger_is_one_call_with_its_times_and_what_aws_calls_it(
    stub, monkeypatch, service, operation, call, asked, answer, experiment
):
    client, told = stub(service)
    told.add_response(operation, answer | ANSWERED, asked)
    clock = SteppingClock(10.0)
    real = getattr(client, operation)
    monkeypatch.setattr(client, operation, lambda **options: (clock.sleep(2.0), real(**options))[1])
    done = call(client, clock)

    assert (done.sent, done.answered, done.request_id) == (10.0, 12.0, "r-1")
    assert (done.headers, done.experiment) == ({"x-extra": "1"}, experiment)


def test_an_experiment_is_known_by_its_id(stub):
    client, told = stub("fis")
    told.add_response("start_experiment", {"experiment": {"id": "EXP1"}} | ANSWERED)

    assert trigger.start_experiment(client, "EXT1").experiment == "EXP1"


@pytest.mark.parametrize("answer", [{}, {"experiment": {}}, {"experiment": {"id": ""}}])
def test_an_experiment_without_an_id_may_act_and_cannot_be_asked_for(stub, answer):
    client, told = stub("fis")
    told.add_response("start_experiment", answer | ANSWERED)

    with pytest.raises(AwsError, match="start_experiment failed: NoExperiment") as caught:
        trigger.start_experiment(client, "EXT1")
    assert caught.value.unanswered


def test_what_aws_says_is_shown_and_not_obeyed_by_a_terminal():
    assert str(AwsError("call", "Code", "red \x1b[31m")) == "call failed: Code: red \\x1b[31m"


def test_a_trigger_that_is_refused_names_the_call(stub):
    client, told = stub("rds")
    told.add_client_error("failover_db_cluster", "InvalidDBClusterStateFault", "not now")

    with pytest.raises(
        AwsError, match="failover_db_cluster failed: InvalidDBClusterStateFault: not now"
    ):
        trigger.fail_over(client, "c")


def test_a_client_waits_shortly_tries_once_and_takes_no_proxy():
    config = make_client(PLACE, "rds", answer_within=7.0, at_once=3).meta.config

    assert (config.connect_timeout, config.read_timeout) == (clients.CONNECT_WITHIN, 7.0)
    assert (config.max_pool_connections, config.proxies) == (3, {})
    assert config.retries["total_max_attempts"] == 1


def test_headers_are_made_anew_for_each_request_of_one_operation_only():
    client, sent, number = make_client(PLACE, "rds"), [], iter("12")
    add_headers(client, "FailoverDBCluster", lambda: {"x-script": next(number)})
    for operation in ("FailoverDBCluster", "DescribeDBClusters", "FailoverDBCluster"):
        params = {"headers": {}}
        model = client.meta.service_model.operation_model(operation)
        client.meta.events.emit(f"before-call.rds.{operation}", params=params, model=model)
        sent.append(params["headers"].get("x-script"))

    assert sent == ["1", None, "2"]


def test_variables_that_lead_elsewhere_are_found():
    environ = {
        "AWS_PROFILE": "p",
        "AWS_ENDPOINT_URL_RDS": "u",
        "AWS_ENDPOINT_URL": "u",
        "HOME": "/",
    }

    assert stray_variables(environ) == ["AWS_PROFILE", "AWS_ENDPOINT_URL_RDS"]
    assert "Hush" not in repr(PLACE)
    assert PLACE.environment()["AWS_SECRET_ACCESS_KEY"] == "Hush"
    assert PLACE.environment()["AWS_ENDPOINT_URL"] == PLACE.url


def test_boto3_is_found_without_an_import(monkeypatch):
    assert has_boto3()
    monkeypatch.setattr(clients.importlib.util, "find_spec", lambda _: None)
    assert not has_boto3()


def test_nothing_is_logged_in_the_block_and_everything_after_it(caplog):
    log = logging.getLogger(clients.TALKATIVE[0])
    with caplog.at_level(logging.DEBUG):
        with unlogged():
            with unlogged():
                log.debug("inner")
            log.debug("outer")
        log.debug("after")

    assert caplog.messages == ["after"]


def test_an_error_of_aws_goes_to_another_process_and_a_fault_of_ours_is_none():
    error = AwsError("describe", "Throttling", "slow down", "r-1")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (str(other), other.request_id) == ("describe failed: Throttling: slow down", "r-1")
    with pytest.raises(ValueError, match="ours"), explained("describe"):
        raise ValueError("ours")
