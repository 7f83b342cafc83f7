"""What the cluster's own side is asked for, and when."""

import pytest
from clocks import SteppingClock

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.target import Traffic
from pytest_rdsfailover.trial import witness
from pytest_rdsfailover.trial.server_counts import ServerCounts
from pytest_rdsfailover.trial.witness import Witness

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)


class Target:
    """A cluster whose clients have called so many procedures."""

    def __init__(self, calls):
        self.calls = [0, calls]

    def traffic(self, _mark):
        return {"cluster": Traffic(calls=self.calls.pop(0))}


@pytest.mark.parametrize(
    ("may_call", "calls", "asked", "told"),
    [(False, 0, 0, None), (True, 0, 1, None), (True, 9, 2, 7)],
    ids=["our own statements", "code that calls nothing", "code that calls procedures"],
)
def test_the_server_is_asked_for_its_rollbacks_only_where_procedures_may_be_called(
    monkeypatch, may_call, calls, asked, told
):
    counts = iter([ServerCounts(5, 0), ServerCounts(12, 0)])
    monkeypatch.setattr(witness, "server_counts", lambda _: next(counts))
    monkeypatch.setattr(witness, "tables_in_memory", lambda _: ("app.carts",))
    looks = Witness(Target(calls), PLACE, "mark", SteppingClock(), may_call=may_call)
    looks.begin()

    found = looks.end()
    assert found.rollbacks == told
    assert bool(found.in_memory) is may_call
    assert 2 - len([*counts]) == asked
