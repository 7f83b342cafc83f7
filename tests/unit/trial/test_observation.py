"""Whose pauses are the load generator's: of the processes that write, and of no other."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.trial.observation import Observation
from pytest_rdsfailover.trial.plan import Plan

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)
HERE, THERE = (1.0, 2.0), (5.0, 6.0)


@pytest.mark.parametrize(("processes", "pauses"), [(1, [HERE]), (2, [THERE])])
def test_only_the_pauses_of_processes_that_write_count(tmp_path, processes, pauses):
    observation = Observation(
        SimpleNamespace(mode="local", failovers=[]),
        PLACE,
        choose({}, PLACE, retries=0, policy=ReconnectPolicy(), classify=None),
        Plan(writers=2, rate=10.0, processes=processes),
        remains=lambda *_: SimpleNamespace(events=lambda n: tmp_path / f"{n}.events"),
    )
    observation._watchdog.pauses.append(HERE)
    if processes > 1:
        observation._load.pauses = [THERE, THERE]

    course = observation._course([], stop=10.0, writer_after="instance-1")

    assert list(course.pauses) == pauses
