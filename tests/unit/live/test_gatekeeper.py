"""Who is let through, what it costs, what is noted of it, and how long the next one waits."""

from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from facts import cluster, evidence, member, settings

from pytest_rdsfailover.aws.trigger import Triggered
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.failovers import LiveFailovers
from pytest_rdsfailover.live.gatekeeper import Gatekeeper
from pytest_rdsfailover.live.gates import RefusedError
from pytest_rdsfailover.live.ledger import LedgerError
from pytest_rdsfailover.model.errors import FileWriteError, RdsFailoverError

PLAN = TriggerPlan(writer="one", target="two")
DONE = Triggered(sent=1.0, answered=1.25, request_id="r-1", headers={})


class Gathered:
    """Evidence as the test has it, with a ledger that is a list."""

    def __init__(self, **asked):
        self.asked, self.ledger, self.to_monotonic = settings(**asked), self, float
        self.used, self.last, self.spent, self.noted, self.broken = 0, None, [], [], None
        self.changes, self.recent, self.clock = {}, (), SteppingClock()

    def evidence(self, plan):
        return evidence(asked=self.asked, plan=plan or PLAN, used=self.used, **self.changes)

    def failovers(self):
        return self.recent

    def now(self):
        return 1e9 + 3.0

    def spend(self, now):
        self.spent.append(now)

    def record(self, what, **facts):
        if self.broken:
            raise self.broken
        self.noted.append((what, facts))

    @property
    def gates(self):
        return Gatekeeper(self, self.clock)


def test_what_is_let_through_is_paid_and_noted_before_it_happens():
    gathered = Gathered()
    gathered.gates.admit(PLAN)
    ((what, facts),) = gathered.noted

    assert (what, facts["plan"], facts["used"], facts["refusals"]) == (
        "trigger",
        "one -> two",
        0,
        [],
    )
    assert facts["tags"] == {"rdsfailover:allowed": "true"}
    assert len(gathered.spent) == 1


def test_a_plan_without_a_target_leaves_the_choice():
    assert str(TriggerPlan(writer="one", target=None)) == "one -> the cluster chooses"


def test_what_is_refused_is_noted_and_costs_nothing():
    gathered = Gathered()
    gathered.changes = {"killed": True}

    with pytest.raises(RefusedError, match="kill"):
        gathered.gates.admit(PLAN)
    assert [what for what, _ in gathered.noted] == ["refused"]
    assert gathered.noted[0][1]["refusals"]
    assert gathered.spent == []


def test_what_cannot_be_noted_is_refused_without_trying_to():
    gathered = Gathered()
    gathered.changes, gathered.broken = {"recordable": "full"}, FileWriteError("a", OSError("full"))

    with pytest.raises(RefusedError, match="full"):
        gathered.gates.ask()


def test_asking_costs_and_notes_nothing():
    gathered = Gathered()

    assert gathered.gates.ask().plan == PLAN
    assert (gathered.spent, gathered.noted) == ([], [])


def test_a_permit_pays_once_for_the_trigger_within_it_and_for_one_only():
    gathered = Gathered(max_failovers=1)
    gates = gathered.gates
    with gates.permit(PLAN):
        gathered.used, gathered.last = 1, 5.0
        gathered.changes = {"failovers": (5.0,)}
        gates.admit(PLAN)
        with pytest.raises(RefusedError, match="budget"):
            gates.admit(PLAN)

    assert len(gathered.spent) == 1


def test_a_permit_that_was_not_used_pays_for_nothing_later():
    gathered = Gathered(max_failovers=1)
    gates = gathered.gates
    with gates.permit(PLAN):
        gathered.used = 1

    with pytest.raises(RefusedError, match="budget"):
        gates.admit(PLAN)


def test_the_last_trigger_may_be_repeated_as_if_it_had_not_been():
    gathered = Gathered(max_failovers=1)
    gathered.used, gathered.last, gathered.changes = 1, 5.0, {"failovers": (5.0,)}

    assert gathered.gates.admit_again(PLAN)
    gathered.changes |= {"killed": True}
    assert not gathered.gates.admit_again(PLAN)
    assert [(what, bool(facts["refusals"])) for what, facts in gathered.noted] == [
        ("trigger again", False),
        ("trigger again", True),
    ]
    assert gathered.spent == []


def test_a_writer_that_is_not_the_planned_one_is_refused_by_both_names():
    gates = Gathered().gates
    gates.check_writer(PLAN, cluster())
    for now, said in (
        ((member("one"), member("two", writer=True)), "two"),
        ((member("one"),), "nobody"),
    ):
        with pytest.raises(RefusedError, match=f"the writer was one .* now it is {said}"):
            gates.check_writer(PLAN, cluster(members=now))


def test_an_accepted_trigger_is_noted_and_one_that_cannot_be_is_a_warning():
    gathered = Gathered()
    gathered.gates.answered(DONE)
    assert gathered.noted == [("answered", {"request_id": "r-1", "seconds": 0.25})]
    gathered.broken = FileWriteError("audit", OSError("full"))

    with pytest.warns(UserWarning, match="audit.*r-1 was accepted"):
        gathered.gates.answered(DONE)


@pytest.mark.parametrize(
    ("used", "most", "interval", "ago", "waits"),
    [
        (1, 2, 600.0, 100.0, 501.0),
        (1, 2, 600.0, 700.0, 0.0),
        (1, 2, 600.0, -9e8, 601.0),  # an event that is dated years ahead
        (0, 2, 600.0, 100.0, 0.0),  # the failover of somebody else
        (2, 2, 600.0, 100.0, 0.0),  # there will be no other one
        (1, 2, 0.0, 100.0, 0.0),
    ],
)
def test_the_next_failover_of_a_session_is_waited_for(used, most, interval, ago, waits):
    gathered = Gathered(max_failovers=most, min_interval=interval)
    gathered.used, gathered.recent = used, (5.0, gathered.now() - ago)
    gathered.gates.wait()

    assert max(0.0, gathered.clock.moment) == pytest.approx(waits)


class Act:
    """A trigger that does as the test says."""

    moves_writer, kind = True, "failover"

    def __init__(self, error=None):
        self.error, self.plans = error, []

    def __call__(self, plan):
        self.plans.append(plan)
        if self.error:
            raise self.error
        return DONE


def failovers(act, gathered):
    return LiveFailovers(gathered, gathered.gates, act, lambda _: None, gathered.clock)


def test_a_repetition_acts_on_the_plan_only_if_the_gates_let_it():
    gathered, act = Gathered(), Act()
    made = failovers(act, gathered)

    assert made._again(PLAN) is DONE
    gathered.changes = {"killed": True}
    assert made._again(PLAN) is None
    assert act.plans == [PLAN]
    assert [what for what, _ in gathered.noted] == ["trigger again", "answered", "trigger again"]


def test_a_repetition_that_aws_refuses_is_noted_and_ends_nothing():
    gathered = Gathered()

    assert failovers(Act(RdsFailoverError("no")), gathered)._again(PLAN) is None
    assert gathered.noted[-1] == ("refused", {"message": "no"})


def test_a_failover_that_is_on_its_way_refuses_another_one_and_one_that_is_lost_says_so():
    made = failovers(Act(), Gathered())
    made.refuse_overlap()
    last = SimpleNamespace(settled=lambda: False, check=lambda: None)
    made._all = [last]
    with pytest.raises(RdsFailoverError, match="still on its way"):
        made.refuse_overlap()
    last.settled = lambda: True
    stopped = []
    last.stop = lambda: stopped.append(True)
    made.refuse_overlap()
    assert stopped == [True]  # its late events are waited for no more

    def lost():
        raise LedgerError("lost")

    last.check = lost
    with pytest.raises(LedgerError):
        made.refuse_overlap()
