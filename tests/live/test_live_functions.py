"""Load from functions through the live path: the load function, and a user's own, of the region."""

import boto3
import pytest
from botocore.config import Config
from policies import FUNCTIONS, POLICY, allowed

pytest.importorskip("awslambdaric")

import fleets
from fitness import TIMES, fit

from pytest_rdsfailover.load.invocations import LambdaWorkload
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = pytest.mark.local
LOAD = {"writers": 2, "rate": 100.0, "warmup": 0.5, "cooldown": 0.2}
NO_ROOM = "import pytest_rdsfailover.load.function as own; own.MOST_ANSWER = 100"
GRANTS = {"lambda:Invoke": "lambda:InvokeFunction", "s3:DeleteObjects": "s3:DeleteObject"}


@pytest.fixture
def api(stand_in):
    yield stand_in.cluster.aws.client("lambda", answer_within=60.0)
    stand_in.cluster.aws.undo()


def taken(cluster, **load):
    """Return a trial of a live cluster, which is at rest afterwards."""
    runner = TrialRunner(
        cluster, Settings(seed=7), test="t", profile=None, expectations={}, note=lambda _: None
    )
    trial = runner.trial(cluster.writer_endpoint, **LOAD, **load)
    cluster.rest()
    return trial


def test_functions_of_the_region_write_with_the_run_s_credentials(backend, stand_in, api):
    bucket = fleets.BucketOf(stand_in.cluster.storage())
    function = fleets.made(api, fleets.spoiled(before=NO_ROOM))
    live = backend(tls="verify", ca=stand_in.cluster.writer_endpoint.tls.ca, max_failovers=TIMES)
    options = {"functions": 2, "function": function, "functions_bucket": bucket.name}
    trial = fit(lambda: taken(live.cluster(), bound=2.5, **options))

    assert trial.valid, trial.reason
    assert (trial.mode, trial.writers) == ("live", 4)
    assert trial.lost == trial.duplicated == trial.unexpected == []
    assert trial.acked > 0
    assert "2 of 2 functions" in "".join(trial.notes)
    assert "; 2 put what they report into the bucket" in "".join(trial.notes)
    assert bucket.names() == []
    asked = {call.action for call in live.region.calls if call.action.startswith(("lambda", "s3"))}
    assert {GRANTS.get(action, action) for action in asked} == allowed(only=FUNCTIONS)


def test_a_function_of_the_user_s_is_judged_through_the_live_path(backend, stand_in, api):
    client = boto3.client(
        "lambda", region_name="us-east-2", endpoint_url=stand_in.url,
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    live = backend(max_failovers=TIMES)
    with fleets.orders(api, stand_in.cluster) as orders:
        workload = LambdaWorkload(function=orders, client=client)
        trial = fit(
            lambda: taken(
                live.cluster(), bound=20.0, workload=workload, calm_not_issued="100%",
                stored=lambda: fleets.stored_orders(stand_in.cluster),
            )
        )  # fmt: skip
    client.close()

    assert trial.valid, trial.reason
    assert trial.mode == "live"
    assert trial.lost == trial.duplicated == []
    assert trial.attempts.retried > 0


def test_only_one_function_and_one_prefix_of_a_bucket_are_allowed():
    found = {
        statement["Sid"]: statement["Resource"]
        for statement in POLICY["Statement"]
        if statement["Sid"].startswith(FUNCTIONS)
    }
    assert found.pop("OnlyForFunctionsWithoutTheirOwnConcurrency") == "*"  # an account's settings
    assert found == {
        "OnlyForFunctions": "arn:aws:lambda:REGION:ACCOUNT:function:FUNCTION",
        "OnlyForFunctionsBucket": "arn:aws:s3:::BUCKET/rdsfailover/*",
    }
