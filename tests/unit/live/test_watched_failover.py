"""When a failover of a real cluster is over, had no effect, or is given up: by a clock of the test's."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from facts import NOW, cluster, member, proxy

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.aws.trigger import Triggered
from pytest_rdsfailover.live import failover
from pytest_rdsfailover.live.failover import LiveFailover
from pytest_rdsfailover.live.probes import EndpointProbe, InstanceProbe
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.live.watch import GIVE_UP, LATE_EVENTS, LostWatchError
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.target import settled_at

BEGUN = NOW.timestamp()
FAILED_OVER = cluster(members=(member("one"), member("two", writer=True)))


class Aws:
    """The API: what the cluster, its proxy, its events and an experiment are just now."""

    def __init__(self, clock):
        self.clock, self.uncertainty, self.region = clock, 0.5, self
        self.asked = SimpleNamespace(poll=0.0, effect_within=60.0, attempts=3)
        self.name, self.state, self.fails = "eu-west-1", {}, None
        self.now, self.targets, self.told, self.readers_told = cluster(), proxy(), [], {}
        self.silent = None  # what asking for events raises
        self.actions = {}

    def cluster(self):
        if self.fails:
            raise self.fails
        return self.now

    def proxy(self):
        return self.targets

    def events(self, source, _, kind="db-cluster"):
        if self.silent:
            raise self.silent
        return self.told if kind == "db-cluster" else self.readers_told.get(source, [])

    def experiment(self, _):
        return {"state": self.state, "actions": self.actions}


class Watch:
    """A failover that is looked at when the test says so; its threads do not run."""

    def __init__(self, *, moves_writer=True, repeated=(), experiment=""):
        self.clock, self.timeline = SteppingClock(1000.0), Timeline()
        self.aws, self.repeated = Aws(self.clock), list(repeated)
        place = Endpoint(
            name="one", kind="instance", host="127.0.0.1", port=9, user="u", password="p",
            database="d",
        )  # fmt: skip
        self.instances = [
            InstanceProbe(
                replace(place, name=name), self.timeline, self.clock, writer=name == "one",
                writes=name == "one",
            )
            for name in ("one", "two")
        ]  # fmt: skip
        self.endpoint = EndpointProbe(place, self.timeline, self.clock, "one")
        self.failover = LiveFailover(
            self.aws, self.aws.now, self.aws.targets, [*self.instances, self.endpoint],
            self.timeline, again=self.again, moves_writer=moves_writer, profile="aws-failover",
            clock=self.clock, to_monotonic=lambda seconds: seconds - BEGUN + 1000.0,
        )  # fmt: skip
        self.failover._experiment = experiment
        self.failover._over.wait = self.passes

    def passes(self, _):
        self.clock.moment += 1.0
        return False

    def again(self):
        return self.repeated.pop(0) if self.repeated else None

    def look(self, times=1):
        for _ in range(times):
            self.failover._look()
        return self.failover.settled()

    def names(self):
        return [one.name for one in self.failover.milestones()]

    def fail_over(self):
        self.aws.now = FAILED_OVER
        self.endpoint.leads_to = "two"

    def tell(self, text, seconds=1.0, source="orders-test"):
        at = datetime.fromtimestamp(BEGUN + seconds, UTC)
        self.aws.told = [*self.aws.told, {"Message": text, "SourceIdentifier": source, "Date": at}]


@pytest.fixture
def watch():
    return Watch()


def test_it_is_over_once_api_and_sql_agree_and_the_last_event_is_there(watch):
    watch.tell("Completed failover to DB instance: two")
    assert not watch.look()
    watch.fail_over()
    assert watch.look()
    assert watch.names() == ["api_writer", "event_completed"]
    assert watch.clock.moment == 1000.0  # nobody waited for an event that was there


def when_settled(watch):
    """Have each moment for which the watch waits noted, with whether it had settled and told all."""
    seen = []

    def passes(_):
        seen.append((watch.clock.moment, watch.failover.settled(), watch.failover.told()))
        watch.clock.moment += 1.0
        return False

    watch.failover._over.wait = passes
    return seen


def test_it_has_settled_before_its_late_events_come_and_whether_or_not_they_do(watch):
    seen = when_settled(watch)
    watch.fail_over()
    watch.look()

    assert seen[0] == (1000.0, True, False)
    assert {told for _, _, told in seen} == {False}
    assert settled_at([watch.failover]) == 1000.0
    watch.tell("Completed failover to DB instance: two", 14.0)
    watch.failover._note_events()
    assert watch.names()[-1] == "event_completed"
    assert settled_at([watch.failover]) == 1000.0


def test_it_is_all_told_at_the_end_of_its_wait_though_an_answer_is_still_out(watch):
    watch.fail_over()
    told = []

    def slow(*_):
        watch.clock.moment += 2 * LATE_EVENTS
        told.append(watch.failover.told())
        raise THROTTLED

    watch.aws.events = slow
    watch.look()
    assert told == [True]


def test_a_proxy_that_cannot_be_asked_for_keeps_no_failover_from_being_over(watch):
    def throttled(*_):
        raise THROTTLED

    watch.aws.proxy = throttled
    watch.fail_over()
    watch.tell("Completed failover to DB instance: two")

    assert watch.look()
    assert watch.names() == ["api_writer", "api_silent", "event_completed"]


def test_a_writer_that_is_moved_away_and_back_is_at_rest(watch):
    """Somebody may have failed it back; the API, which is late, may have shown only the old one."""
    one, two = watch.instances
    watch.timeline.once("promoted", 1000.5, "two")
    one.writes, two.writes = False, True
    watch.endpoint.leads_to = "two"
    assert not watch.look()  # the API shows the old writer still
    watch.endpoint.leads_to = "one"
    assert not watch.look()  # a reader, by its own word
    one.writes = True
    assert not watch.look()  # both take writes
    two.writes = False
    watch.tell("Completed failover to DB instance: one")
    assert watch.look()


def test_a_writer_that_only_the_api_showed_elsewhere_came_back_too(watch):
    watch.fail_over()
    watch.endpoint.leads_to = "one"
    assert not watch.look()
    watch.aws.now = cluster()
    watch.tell("Completed failover to DB instance: one")
    assert watch.look()


def spoil(name):
    def not_available(watch):
        watch.aws.now = replace(
            FAILED_OVER, members=(member("one", status="rebooting"), *FAILED_OVER.members[1:])
        )

    return {
        "the cluster is not available": lambda watch: setattr(
            watch.aws, "now", replace(FAILED_OVER, status="failing-over")
        ),
        "a member is not available": not_available,
        "an instance is down": lambda watch: setattr(watch.instances[0], "up", False),
        "the endpoint leads to the old writer": lambda watch: setattr(watch.endpoint, "leads_to", "one"),
        "the endpoint takes no writes": lambda watch: setattr(watch.endpoint, "writes", False),
        "the writer is still the old one": lambda watch: (
            setattr(watch.aws, "now", cluster()), setattr(watch.endpoint, "leads_to", "one")
        ),
    }[name]  # fmt: skip


@pytest.mark.parametrize(
    "what",
    [
        "the cluster is not available",
        "a member is not available",
        "an instance is down",
        "the endpoint leads to the old writer",
        "the endpoint takes no writes",
        "the writer is still the old one",
    ],
)
def test_it_is_not_over_while(watch, what):
    watch.fail_over()
    spoil(what)(watch)

    assert not watch.look()


def test_a_restart_is_over_only_after_the_writer_was_cut():
    watch = Watch(moves_writer=False)
    assert not watch.look()
    watch.timeline.add("writer_cut", 1000.1, "one")
    watch.tell("DB instance restarted", source="one")
    assert watch.look()
    assert watch.clock.moment == 1000.0


def test_the_last_event_is_waited_for_within_a_bound(watch):
    watch.fail_over()

    assert watch.look()
    assert watch.clock.moment == 1000.0 + LATE_EVENTS


@pytest.mark.parametrize(("passed", "given_up"), [(GIVE_UP, False), (GIVE_UP + 0.1, True)])
def test_one_that_does_not_end_is_given_up(watch, passed, given_up):
    watch.timeline.add("writer_cut", 1000.1, "one")  # it had an effect
    watch.aws.now = cluster(status="failing-over")
    watch.clock.moment += passed

    assert watch.look() == given_up
    assert ("gave_up" in watch.names()) == given_up


def test_changes_of_status_writer_and_targets_are_noted_once_each(watch):
    watch.aws.now = cluster(status="failing-over")
    watch.aws.targets = proxy(available=1)
    watch.look(2)
    watch.aws.now = replace(FAILED_OVER, status="failing-over")
    watch.look(2)

    assert watch.names() == ["api_failing-over", "proxy_targets", "api_writer"]
    assert watch.failover.milestones()[1].instance == "1 available"


def test_an_api_that_does_not_answer_is_noted_and_asked_again(watch):
    watch.aws.fails = AwsError("describe", "Throttling", "slow down")
    assert not watch.look(3)
    watch.aws.fails = None
    watch.fail_over()

    assert watch.look()
    assert watch.names() == ["api_silent", "api_writer"]


THROTTLED = AwsError("describe_events", "Throttling", "slow down")


def test_a_failover_that_is_over_is_not_lost_because_its_events_cannot_be_read(watch):
    watch.aws.silent = THROTTLED
    watch.fail_over()

    assert watch.look()
    assert watch.names() == ["api_writer", "api_silent"]
    assert watch.clock.moment == 1000.0 + LATE_EVENTS  # they were asked for meanwhile
    watch.failover.check()


def test_whether_there_was_an_effect_is_not_guessed_while_events_cannot_be_read():
    done = Triggered(sent=0.0, answered=0.0, request_id="r", headers={})
    watch = Watch(repeated=[done])
    watch.aws.silent = THROTTLED
    watch.clock.moment += 100.0
    assert not watch.look()
    assert watch.repeated == [done]
    watch.aws.silent = None

    assert not watch.look()
    assert watch.names() == ["api_silent", "trigger_again"]


@pytest.mark.parametrize("refused", [True, False])
def test_who_can_log_in_no_more_watches_no_longer_and_says_why(watch, refused):
    one = watch.instances[0]
    one._endpoint, one.refused = replace(one._endpoint, lost=lambda: "denied"), refused

    assert watch.look() is refused
    assert [seen.instance for seen in watch.failover.milestones()] == ["denied"] * refused


def test_who_can_log_in_no_more_makes_no_failover_undone(watch):
    one = watch.instances[0]
    one._endpoint, one.refused = replace(one._endpoint, lost=lambda: "denied"), True
    watch.fail_over()
    watch.look()

    assert "login_lost" not in watch.names()


def test_an_api_that_never_answers_again_is_given_up(watch):
    watch.aws.fails = THROTTLED
    watch.clock.moment += GIVE_UP + 0.1

    assert watch.look()
    assert watch.names() == ["api_silent", "gave_up"]


def test_without_effect_it_is_triggered_again_and_then_said_to_have_none():
    done = Triggered(sent=1060.0, answered=1061.0, request_id="r", headers={})
    watch = Watch(repeated=[done, done, done])
    watch.clock.moment = 1060.0
    assert not watch.look()  # as long as an effect may still come
    assert watch.names() == []
    for _ in range(2):
        watch.clock.moment += 60.1
        assert not watch.look()
    watch.clock.moment += 60.1

    assert watch.look()
    assert watch.names() == ["trigger_again", "trigger_again", "no_effect"]
    assert len(watch.repeated) == 1  # three attempts in all


@pytest.mark.parametrize("touched", ["writer_cut", "event_started"])
def test_what_had_an_effect_is_not_triggered_again(touched):
    watch = Watch(repeated=[Triggered(sent=0.0, answered=0.0, request_id="r", headers={})])
    watch.timeline.add(touched, 1001.0)
    watch.clock.moment += 100.0

    assert not watch.look()
    assert watch.names() == [touched]


def test_an_event_that_has_come_since_prevents_another_trigger():
    watch = Watch(repeated=[Triggered(sent=0.0, answered=0.0, request_id="r", headers={})])
    watch.tell("Started failover to DB instance: two")
    watch.clock.moment += 100.0

    assert not watch.look()
    assert watch.names() == ["event_started"]


@pytest.mark.parametrize(
    ("status", "repeats", "over"),
    [("running", False, False), ("failed", False, True), ("completed", True, False)],
)
def test_an_experiment_is_repeated_only_once_it_has_done_all_it_could(status, repeats, over):
    done = Triggered(sent=0.0, answered=0.0, request_id="r", headers={}, experiment="EXP2")
    watch = Watch(repeated=[done], experiment="EXP1")
    watch.aws.state = {"status": status, "reason": "because"}
    watch.clock.moment += 100.0

    assert watch.look() == over
    assert ("trigger_again" in watch.names()) == repeats
    assert f"experiment_{status}" in watch.names()
    assert watch.failover._experiment == ("EXP2" if repeats else "EXP1")


@pytest.mark.parametrize("status", ["skipped", "failed", "cancelled", "stopped"])
def test_an_experiment_that_is_completed_without_its_action_is_named_and_not_repeated(status):
    """As where its template skips actions whose target is empty."""
    watch = Watch(repeated=[Triggered(sent=0.0, answered=0.0, request_id="r", headers={})])
    watch.failover._experiment = "EXP1"
    watch.aws.state = {"status": "completed", "reason": "Experiment completed."}
    watch.aws.actions = {
        "fail": {"state": {"status": status, "reason": "Target was empty."}},
        "wait": {"state": {"status": "completed"}},
    }
    watch.clock.moment += 100.0

    assert watch.look()
    assert watch.failover.milestones()[-1].instance == (
        f"experiment EXP1 is completed: Experiment completed.; action fail is {status}: Target was empty."
    )
    assert len(watch.repeated) == 1


def test_events_are_read_at_each_fifth_look(watch):
    watch.tell("Started failover to DB instance: two")
    watch.look(4)
    before = watch.names()
    watch.look()

    assert (before, watch.names()) == ([], ["event_started"])


@pytest.mark.parametrize(("seconds", "noted"), [(-0.9, True), (-1.1, False)])
def test_an_event_from_before_the_trigger_is_not_one_of_this_failover(watch, seconds, noted):
    """AWS' clock may be 0.5 s off here, and an event is dated half a second early at most."""
    watch.tell("Started failover to DB instance: two", seconds)
    watch.look(5)

    assert ("event_started" in watch.names()) == noted


def test_events_that_were_told_before_the_trigger_are_left_out_and_no_others(watch, monkeypatch):
    monkeypatch.setattr(failover.Probe, "start", lambda _: None)
    watch.tell("Started failover to DB instance: two", 0.0)
    watch.tell("Completed failover to DB instance: two", 0.0)
    watch.failover.start_probes()
    watch.tell("Started failover to DB instance: two", 0.2)  # the same words, another event
    watch.tell("DB instance restarted", 0.0, source="one")  # the same moment, other words
    watch.look(5)

    assert watch.names() == ["event_started", "event_restart"]


def test_an_experiment_of_a_failover_that_is_over_at_once_is_told_all_the_same():
    watch = Watch(experiment="EXP1")
    watch.aws.state = {"status": "completed"}
    watch.tell("Completed failover to DB instance: two")
    watch.fail_over()

    assert watch.look()
    assert "experiment_completed" in watch.names()


def test_an_experiment_on_its_way_is_looked_at_now_and_then():
    watch = Watch(experiment="EXP1")
    watch.aws.state = {"status": "running"}
    watch.look(4)
    before = watch.names()
    watch.look()

    assert (before, watch.names()) == ([], ["experiment_running"])


def test_events_of_instances_are_read_too_and_none_is_later_than_it_was_told(watch):
    at = datetime.fromtimestamp(BEGUN + 5.0, UTC)
    watch.aws.readers_told = {
        "two": [{"Message": "DB instance restarted", "SourceIdentifier": "two", "Date": at}]
    }
    watch.look(5)
    (seen,) = watch.failover.milestones()

    assert (seen.name, seen.instance, seen.at, seen.uncertainty) == (
        "event_restart",
        "two",
        1000.0,
        0.5,
    )


def test_a_thread_that_has_failed_makes_the_watch_a_lost_one(watch):
    watch.failover.check()
    watch.endpoint.error = ValueError("planted")

    with pytest.raises(LostWatchError, match="planted"):
        watch.failover.check()


def test_what_the_watching_thread_raises_is_kept_and_ends_all(watch):
    watch.aws.fails = ValueError("planted")
    watch.failover._run()

    assert watch.failover.settled()
    assert all(probe._stop_asked.is_set() for probe in (*watch.instances, watch.endpoint))
    with pytest.raises(LostWatchError, match="planted"):
        watch.failover.check()


def test_the_trigger_s_times_are_those_of_the_call(watch):
    watch.failover._thread = SimpleNamespace(start=lambda: None)
    watch.failover.start(
        Triggered(sent=999.0, answered=999.5, request_id="r", headers={}, experiment="EXP")
    )

    assert [(one.name, one.at) for one in watch.failover.milestones()] == [
        ("trigger", 999.0),
        ("api_answered", 999.5),
    ]
    assert (watch.failover.triggered, watch.failover._experiment) == (999.0, "EXP")


def test_ending_the_watch_waits_for_the_threads_that_were_started(watch):
    joined = []
    watch.failover._thread = SimpleNamespace(ident=1, join=lambda timeout: joined.extend([timeout]))
    watch.failover.stop()

    assert joined == [10.0]  # and none of the probes, which never ran
    assert watch.failover.settled()
