"""Where and when what a workload needs is made and dropped."""

from types import SimpleNamespace

import pymysql
import pytest
from clocks import SteppingClock
from quiet_loads import PLACE, Workload

from pytest_rdsfailover.model.errors import NotReadyError
from pytest_rdsfailover.trial.provisioning import Provision
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
    provision = Provision(target, PLACE, clock)
    provision._made = True
    getattr(provision, step)(workload)

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
    provision = Provision(target, PLACE, clock)
    provision._made = True
    provision.drop(workload, interrupted=True)

    assert given == [WRITER]
    assert clock.now() == pytest.approx(BRIEF, abs=0.1)


@pytest.mark.parametrize(
    ("codes", "left"),
    [
        ((1045,), False), ((1836,), False), ((2003,), False), ((1044,), False),
        ((2013,), True), ((1053,), True), ((1317,), True), ((2013, 1044), True),
    ],
)  # fmt: skip
def test_only_what_may_have_been_made_is_dropped(codes, left):
    """A table whose CREATE was never sent, or was refused, is not left behind by anybody."""
    errors, dropped = iter([*codes, *[codes[-1]] * 200]), []
    target = SimpleNamespace(
        failovers=[], audit_endpoint=lambda: PLACE, check=lambda: None, rest=lambda: None
    )

    def create(_):
        raise pymysql.err.OperationalError(next(errors), "planted")

    workload, provision = Workload(), Provision(target, PLACE, SteppingClock())
    workload.create, workload.drop = create, dropped.append
    with pytest.raises((NotReadyError, pymysql.err.OperationalError)):
        provision.create(workload)
    provision.drop(workload)

    assert dropped == [PLACE] * left
