"""A load goes through a blue/green switchover, and is judged by it as by a failover."""

import pytest
from test_failovers_of_a_load import LOAD

pytestmark = [pytest.mark.local, pytest.mark.one_server]

SWITCHOVER = """
prepare = "50ms"
drop = "200ms"
switch = "500ms"
blue_dns = "1s"
green_dns = "1100ms"
"""


@pytest.mark.parametrize(("endpoint", "least"), [("writer_endpoint", 0.7), ("proxy_endpoint", 0.0)])
def test_a_switchover_is_the_failover_of_its_load(runner, resting, tmp_path, endpoint, least):
    profile = tmp_path / "short.toml"
    profile.write_text(SWITCHOVER)
    with resting.blue_green() as deployment:
        with runner.load(getattr(resting, endpoint), **LOAD) as load:
            load.warm_up()
            deployment.switch_over(str(profile))
        trial = load.trial

    names = [mark.name for mark in trial.milestones]
    assert trial.valid, trial.reason
    assert names[0] == "trigger"
    assert "switched" in names
    trial.expect(lost=0, duplicated=0, stale_writes=0)
    assert trial.downtime > least  # by the cluster endpoint, as long as DNS leads to blue
