"""When a blue/green switchover is over, or has not happened: by a clock of the test's."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from facts import ARN, GREEN, NOW, cluster, deployment, member

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.blue_green import LiveBlueGreen
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.live.watch import GIVE_UP, LATE_EVENTS

BEGUN = NOW.timestamp()
CANCELED = (
    "Switchover from DB cluster orders-test to orders-test-green-abc123 was canceled due to lag."
)


class Aws:
    """The API: what the deployment, the cluster and the events are just now."""

    def __init__(self):
        self.asked = SimpleNamespace(poll=1.0, effect_within=60.0, switchover_timeout=300.0)
        self.uncertainty, self.region = 0.5, self
        self.status, self.details, self.fails = "AVAILABLE", "", None
        self.now, self.told = cluster(), []

    def deployment(self, _):
        if self.fails:
            raise self.fails
        return {
            "BlueGreenDeploymentIdentifier": "bgd-1", "Status": self.status, "Source": ARN,
            "Target": GREEN, "StatusDetails": self.details,
        }  # fmt: skip

    def cluster(self):
        return self.now

    def deployment_events(self, _):
        return list(self.told)


class Watched:
    """A switchover that is looked at when the test says so; its threads do not run."""

    def __init__(self):
        self.clock, self.timeline, self.aws = SteppingClock(1000.0), Timeline(), Aws()
        self.taken = True
        self.probes = SimpleNamespace(
            all=[], conclude=lambda: self.timeline.add("concluded", self.clock.now()),
            take_writes=lambda after: self.taken and after <= self.clock.now(),
        )  # fmt: skip
        self.watch = LiveBlueGreen(
            self.aws, deployment(), self.probes, self.timeline, clock=self.clock,
            to_monotonic=lambda seconds: seconds - BEGUN + 1000.0,
        )  # fmt: skip
        self.watch._over.wait = self.passes

    def passes(self, seconds):
        self.clock.moment += seconds
        return False

    def look(self, *statuses, each=1.0):
        for status in statuses:
            self.aws.status = status
            self.clock.moment += each
            self.watch._look()
        return self.watch.settled()

    def tell(self, text, seconds=1.0, source="bgd-1"):
        at = datetime.fromtimestamp(BEGUN + seconds, UTC)
        self.aws.told = [*self.aws.told, {"Message": text, "SourceIdentifier": source, "Date": at}]

    def names(self):
        return [one.name for one in self.watch.milestones()]

    def why(self):
        return [one.instance for one in self.watch.milestones() if one.name == "switchover_failed"]


@pytest.fixture
def watched():
    return Watched()


def test_it_is_over_once_rds_says_so_and_both_endpoints_take_writes(watched):
    watched.tell("Switchover completed on blue/green deployment.", 3.0)
    watched.timeline.add("switched", 1002.0, "one")
    watched.taken = False
    assert not watched.look(
        "SWITCHOVER_IN_PROGRESS", "SWITCHOVER_COMPLETED", "SWITCHOVER_COMPLETED"
    )
    watched.taken = True
    assert watched.look("SWITCHOVER_COMPLETED")

    assert watched.names() == [
        "api_switchover_in_progress", "switched", "switchover_completed", "event_completed",
        "concluded",
    ]  # fmt: skip
    assert watched.watch.moves_writer is None  # the new writer has the name of the old one


@pytest.mark.parametrize(
    "now",
    [
        cluster(status="renaming"),
        cluster(members=(member("one", writer=True), member("two", status="rebooting"))),
    ],
)
def test_it_is_not_over_while_the_cluster_is_not_healthy(watched, now):
    watched.aws.now = now
    assert not watched.look("SWITCHOVER_COMPLETED")


def test_the_last_event_is_waited_for_within_a_bound(watched):
    assert watched.look("SWITCHOVER_COMPLETED")
    assert watched.clock.moment == 1001.0 + LATE_EVENTS


def test_it_has_settled_before_its_late_events_come(watched):
    seen = []

    def passes(seconds):
        seen.append((watched.watch.settled(), watched.watch.told(), watched.names()[-1]))
        return watched.passes(seconds)

    watched.watch._over.wait = passes
    watched.look("SWITCHOVER_COMPLETED")

    assert seen[0] == (True, False, "concluded")
    assert watched.watch.told()


def test_events_that_cannot_be_read_undo_no_switchover_that_is_over(watched):
    def denied(_):
        raise AwsError("describe_events", "AccessDenied", "no")

    watched.aws.deployment_events = denied
    assert watched.look("SWITCHOVER_COMPLETED")
    assert "api_silent" in watched.names()
    assert watched.why() == []


@pytest.mark.parametrize("turn", [1, -1])
def test_a_switchover_that_is_canceled_says_why_in_the_words_of_rds(watched, turn):
    """Not before two looks agree: an answer may be older than the one before it."""
    for text in ("Switchover canceled on blue/green deployment.", CANCELED)[::turn]:
        watched.tell(text, 2.0)
    assert not watched.look("SWITCHOVER_IN_PROGRESS", "AVAILABLE")
    assert watched.look("AVAILABLE")

    assert watched.why() == [f"bgd-1 is AVAILABLE: {CANCELED} (nothing of it was felt)"]
    assert watched.clock.moment == 1003.0  # nobody waited for an event that was there


def test_an_older_answer_between_two_newer_ones_cancels_nothing(watched):
    statuses = ["SWITCHOVER_IN_PROGRESS", "AVAILABLE"] * 2
    assert not watched.look(*statuses)
    assert watched.why() == []


@pytest.mark.parametrize("told", ["AVAILABLE", "SWITCHOVER_FINALIZING"])
@pytest.mark.parametrize("then", ["SWITCHOVER_IN_PROGRESS", "SWITCHOVER_COMPLETED"])
def test_old_answers_and_an_unknown_status_fail_no_switchover_that_goes_on(watched, told, then):
    """It is asked for once more when RDS has had the time to tell a reason, and told none."""

    def goes_on(seconds):
        watched.aws.status = then
        return watched.passes(seconds)

    watched.watch._over.wait = goes_on
    watched.look("SWITCHOVER_IN_PROGRESS", told, told)
    assert watched.why() == []
    assert watched.look("SWITCHOVER_COMPLETED")


def test_a_guardrail_that_refuses_at_once_is_known_by_its_event(watched):
    watched.tell(CANCELED, 0.5)
    assert watched.look(*["AVAILABLE"] * 5)
    assert watched.why() == [f"bgd-1 is AVAILABLE: {CANCELED} (nothing of it was felt)"]


@pytest.mark.parametrize("felt", ["writes_refused", "writer_cut"])
def test_a_roll_back_says_that_it_was_felt(watched, felt):
    watched.timeline.add(felt, 1001.0, "one")
    watched.aws.details = "its time-out"
    assert watched.look("SWITCHOVER_IN_PROGRESS", "AVAILABLE", "AVAILABLE")
    (why,) = watched.why()
    assert why.startswith("bgd-1 is AVAILABLE: its time-out (blue had refused writes")


@pytest.mark.parametrize("status", ["SWITCHOVER_FAILED", "INVALID_CONFIGURATION", "DELETING"])
def test_what_is_no_switchover_any_more_has_failed(watched, status):
    assert watched.look(status)
    assert watched.why()[0].startswith(f"bgd-1 is {status}: RDS gives no reason")
    assert watched.clock.moment == 1001.0 + LATE_EVENTS  # one was waited for


def test_one_that_nobody_begins_is_not_waited_for_beyond_the_time_for_an_effect(watched):
    assert not watched.look(*["AVAILABLE"] * 60)
    assert watched.look("AVAILABLE")
    assert watched.why() == ["bgd-1 is AVAILABLE: RDS gives no reason (nothing of it was felt)"]


def test_one_that_sql_has_seen_switched_is_not_taken_for_one_without_effect(watched):
    watched.timeline.add("switched", 1002.0, "one")
    assert not watched.look(*["AVAILABLE"] * 70)


def test_a_deployment_that_is_deleted_meanwhile_tells_nothing(watched):
    watched.aws.fails = AwsError("describe", "BlueGreenDeploymentNotFoundFault", "gone")
    assert watched.look("AVAILABLE")
    assert watched.why() == ["bgd-1 is not there any more"]


def test_an_api_that_does_not_answer_is_asked_again(watched):
    watched.aws.fails = AwsError("describe", "Throttling", "slow down")
    assert not watched.look("AVAILABLE", "AVAILABLE")
    watched.aws.fails = None
    assert watched.look("SWITCHOVER_COMPLETED")
    assert watched.names()[0] == "api_silent"


@pytest.mark.parametrize(
    ("status", "passed", "given_up"),
    [
        ("SWITCHOVER_IN_PROGRESS", 300.0 + GIVE_UP, False),
        ("SWITCHOVER_IN_PROGRESS", 300.1 + GIVE_UP, True),
        ("SWITCHOVER_COMPLETED", 300.1 + GIVE_UP, True),
    ],
)
def test_one_that_does_not_end_is_given_up_and_never_a_pass(watched, status, passed, given_up):
    watched.taken = False
    assert watched.look(status, each=passed) == given_up
    assert watched.why() == [f"bgd-1 was still {status} when it was given up"] * given_up
    assert watched.watch.within == 300.0 + GIVE_UP


def test_an_api_that_is_silent_for_ever_is_given_up(watched):
    watched.aws.fails = AwsError("describe", "Throttling", "slow down")
    assert watched.look("AVAILABLE", each=301.0 + GIVE_UP)


def test_events_of_an_earlier_switchover_are_none_of_this_one(watched):
    watched.tell(CANCELED, 0.2)
    watched.watch.start_probes()
    watched.tell("Switchover completed on blue/green deployment.", -2.0)
    watched.tell(CANCELED, 1.0, source="bgd-2")  # its text names green
    watched.tell("Switchover canceled on blue/green deployment.", 1.0, source="bgd-2")
    watched.look(*["SWITCHOVER_IN_PROGRESS"] * 5)

    assert watched.names() == ["api_switchover_in_progress", "event_canceled"]
    assert watched.watch._canceled == CANCELED
