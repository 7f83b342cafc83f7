"""Where and when what a workload needs is made and dropped."""

from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from quiet_loads import PLACE, Workload

from pytest_rdsfailover.trial import provisioning
from pytest_rdsfailover.trial.resting import BRIEF

WRITER = object()


@pytest.mark.parametrize("step", ["create", "drop"])
@pytest.mark.parametrize(
    ("needs_writer", "where", "waited"), [(True, WRITER, True), (False, PLACE, False)]
)
def test_a_table_is_made_on_the_writer_at_rest_and_all_else_where_the_load_writes(
    step, needs_writer, where, waited
):
    clock, given = SteppingClock(), []
    failover = SimpleNamespace(profile="late", settled=lambda: clock.now() > 5.0)
    target = SimpleNamespace(
        failovers=[failover], audit_endpoint=lambda: WRITER, check=lambda: None,
        rest=lambda: clock.sleep(5.1),
    )  # fmt: skip
    workload = Workload()
    workload.needs_writer = needs_writer
    setattr(workload, step, given.append)
    getattr(provisioning, step)(workload, target, PLACE, clock)

    assert given == [where]
    assert (clock.now() > 5.0) is waited


def test_an_interrupted_load_drops_its_table_without_waiting_for_a_stuck_failover():
    clock, given = SteppingClock(), []
    failover = SimpleNamespace(profile="stuck", settled=lambda: False)
    target = SimpleNamespace(
        failovers=[failover], audit_endpoint=lambda: WRITER, check=lambda: None
    )
    workload = Workload()
    workload.needs_writer, workload.drop = True, given.append
    provisioning.drop(workload, target, PLACE, clock, interrupted=True)

    assert given == [WRITER]
    assert clock.now() == pytest.approx(BRIEF, abs=0.1)
