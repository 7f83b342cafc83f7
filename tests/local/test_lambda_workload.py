"""A function of the user's own as the workload: what is tested is their code, in Lambda."""

import pytest

pytest.importorskip("moto")
pytest.importorskip("awslambdaric")

import fleets
from fitness import fit

from pytest_rdsfailover.load.invocations import LambdaWorkload
from pytest_rdsfailover.model.errors import SettingError, ToldError
from pytest_rdsfailover.model.records import Outcome

pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.contract("local/functions")]


@pytest.fixture
def api(resting):
    yield resting.aws.client("lambda", answer_within=20.0)
    resting.aws.undo()


@pytest.fixture
def orders(api, resting):
    """The name of the function, whose table is there."""
    with fleets.orders(api, resting) as name:
        yield name


def test_a_function_of_the_user_s_is_put_under_load_and_judged(api, resting, runner, orders):
    trial = fit(
        lambda: runner.trial(
            resting.writer_endpoint, writers=4, rate=60.0, warmup="1500ms", bound="10s",
            calm_not_issued="100%", workload=LambdaWorkload(function=orders, client=api),
            stored=lambda: fleets.stored_orders(resting),
        )
    )  # fmt: skip
    assert trial.lost == trial.duplicated == trial.unexpected == []
    assert trial.acked > 50
    assert trial.refused + trial.unknown > 0  # their connections were cut
    assert trial.downtime.upper > 0
    tries = trial.attempts
    assert tries.count == tries.acked + tries.refused + tries.unknown > trial.attempted
    assert tries.retried > 0
    assert 0 < tries.downtime.lower <= trial.downtime.upper
    assert {phase.code for phase in tries.errors} & {1290, 1836, 2003, 2013}


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize(
    ("key", "outcome", "fault"),
    [
        ("raise", Outcome.UNKNOWN, (0, "server")),
        ("exit", Outcome.UNKNOWN, (0, "reset")),
        ("slow", Outcome.UNKNOWN, (0, "timeout")),
        ("throttled", Outcome.REFUSED, (429, "server")),
        ("nobody", Outcome.REFUSED, (404, "server")),
    ],
)
def test_what_became_of_an_invocation_says_what_may_be_stored(api, key, outcome, fault):
    if key == "throttled":
        api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=0)
    workload = LambdaWorkload(function="nobody" if key == "nobody" else "orders", client=api)
    with pytest.raises(ToldError) as caught:
        workload.write(key, workload.open())
    assert caught.value.outcome is outcome
    assert (caught.value.fault.code, caught.value.fault.kind) == fault


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"function": ""}, "has a name"),
        ({"client": None}, r"rds_aws\.client"),
        ({"event": {"key": 1}}, "is the key to write"),
    ],
)
def test_what_can_never_write_a_key_is_refused(api, changes, why):
    with pytest.raises(SettingError, match=why):
        LambdaWorkload(**{"function": "f", "client": api, **changes})
