"""The calls that move a writer have the shape that AWS wants; botocore itself checks it."""

import pytest

pytest.importorskip("boto3")

from botocore.stub import Stubber

from pytest_rdsfailover.aws import trigger
from pytest_rdsfailover.aws.client import ApiPlace, AwsError, add_headers, make_client

PLACE = ApiPlace(url="http://127.0.0.1:1", region="us-east-1", key="k", secret="never shown")
ANSWER = {"ResponseMetadata": {"RequestId": "id-1", "HTTPHeaders": {"x": "y"}}}


class FakeClock:
    def __init__(self):
        self.time = 0.0

    def now(self):
        self.time += 1.0
        return self.time


@pytest.fixture
def rds():
    return make_client(PLACE, "rds")


def test_a_failover_names_its_cluster_and_leaves_out_a_target_it_has_not(rds):
    with Stubber(rds) as stub:
        stub.add_response("failover_db_cluster", ANSWER, {"DBClusterIdentifier": "c"})
        done = trigger.fail_over(rds, "c", clock=FakeClock())

    assert (done.sent, done.answered, done.request_id, done.headers) == (
        1.0,
        2.0,
        "id-1",
        {"x": "y"},
    )


def test_a_failover_names_its_target(rds):
    with Stubber(rds) as stub:
        wanted = {"DBClusterIdentifier": "c", "TargetDBInstanceIdentifier": "i"}
        stub.add_response("failover_db_cluster", ANSWER, wanted)
        trigger.fail_over(rds, "c", "i")
        stub.assert_no_pending_responses()


def test_a_reboot_never_forces_a_failover(rds):
    with Stubber(rds) as stub:
        stub.add_response("reboot_db_instance", ANSWER, {"DBInstanceIdentifier": "i"})
        trigger.reboot(rds, "i")
        stub.assert_no_pending_responses()


def test_a_switchover_names_the_cluster_by_its_arn_and_never_allows_data_loss(rds):
    arn = "arn:aws:rds:us-west-2:111122223333:cluster:orders"
    with Stubber(rds) as stub:
        wanted = {"GlobalClusterIdentifier": "world", "TargetDbClusterIdentifier": arn}
        stub.add_response("switchover_global_cluster", ANSWER, wanted)
        done = trigger.switch_over(rds, "world", arn)
        stub.assert_no_pending_responses()

    assert done.request_id == "id-1"


def test_an_experiment_is_started_by_its_template():
    fis = make_client(PLACE, "fis")
    with Stubber(fis) as stub:
        # botocore makes up the clientToken itself, after this check
        answer = {"experiment": {"id": "EXP1"}} | ANSWER
        stub.add_response("start_experiment", answer, {"experimentTemplateId": "t"})
        trigger.start_experiment(fis, "t")
        stub.assert_no_pending_responses()


def test_a_refusal_names_the_call_the_code_and_the_reason(rds):
    with Stubber(rds) as stub:
        stub.add_client_error("failover_db_cluster", "InvalidDBClusterStateFault", "not available")
        with pytest.raises(AwsError) as caught:
            trigger.fail_over(rds, "c")

    assert caught.value.code == "InvalidDBClusterStateFault"
    assert (
        str(caught.value) == "failover_db_cluster failed: InvalidDBClusterStateFault: not available"
    )


def test_a_call_that_reaches_nobody_is_an_error_of_ours(rds):
    with pytest.raises(AwsError, match="EndpointConnectionError"):
        trigger.fail_over(rds, "c")


def test_a_call_that_botocore_finds_wrong_is_an_error_of_ours(rds):
    with pytest.raises(AwsError, match="ParamValidationError"):
        trigger.fail_over(rds, None)


def test_headers_are_asked_for_with_each_request(rds):
    sent, count = [], iter("12")
    add_headers(rds, "FailoverDBCluster", lambda: {"X-Count": next(count)})
    rds.meta.events.register(
        "before-send.rds", lambda request, **_: sent.append(request.headers["X-Count"])
    )
    for _ in range(2):
        with pytest.raises(AwsError):
            trigger.fail_over(rds, "c")

    assert [one.decode() if isinstance(one, bytes) else one for one in sent] == ["1", "2"]


def test_no_repr_shows_the_secret():
    assert "never shown" not in repr(PLACE)
