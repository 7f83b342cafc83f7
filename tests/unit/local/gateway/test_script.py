import pytest

from pytest_rdsfailover.local.gateway.script import Step, decode_steps, encode_steps
from pytest_rdsfailover.model.errors import GatewayError


def test_steps_come_back_from_json():
    steps = [
        Step(at=0.5, action="cut", instance="instance-1", how="hang"),
        Step(at=1.0, action="promote", instance="instance-2"),
    ]
    assert decode_steps(encode_steps(steps)) == steps


@pytest.mark.parametrize(
    "document",
    [
        None, 7, [7], [{}], [{"at": "x", "action": "back", "instance": "a"}],
        [{"at": 0, "action": "explode", "instance": "a"}],
        [{"at": 0, "action": "cut", "instance": "a"}],
        [{"at": -1, "action": "back", "instance": "a"}],
        [{"at": float("inf"), "action": "back", "instance": "a"}],
        [{"at": float("nan"), "action": "back", "instance": "a"}],
    ],
)  # fmt: skip
def test_what_nobody_could_play_is_an_error(document):
    with pytest.raises(GatewayError):
        decode_steps(document)
