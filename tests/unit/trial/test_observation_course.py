"""What an observation does in which order, and what it says of the load and its failovers."""

import os
from types import SimpleNamespace

import pytest
from quiet_loads import Load, Target, Workload, observe

from pytest_rdsfailover.load.mix import READ, WRITE
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.load.watchdog import cpu_seconds
from pytest_rdsfailover.model.records import Milestone, Outcome
from pytest_rdsfailover.trial.calm import UnfitLoadError
from pytest_rdsfailover.trial.plan import Plan


class Failover:
    """One that is triggered at a moment, and over a second later."""

    moves_writer, names = True, ("trigger", "promoted")

    def __init__(self, at, profile="quick"):
        self.triggered, self.profile = at, profile

    def settled(self):
        return True

    def told(self):
        return True

    def milestones(self):
        return [
            Milestone(name=name, at=self.triggered + n, instance=f"instance-{self.triggered:.0f}")
            for n, name in enumerate(self.names)
        ]


class Remains:
    """Where a trial is kept while it runs: remembers what of it was, and the error that it is left with."""

    def __init__(self):
        self.kept, self.discarded, self.left = [], 0, []

    def events(self, _):
        return None

    def keep(self, course):
        self.kept.append(course)

    def discard(self):
        self.discarded += 1

    def leave(self, error):
        self.left.append(error)


def kept(**more):
    """Return where a trial is kept, and its observation on a machine that never stands still."""
    remains = Remains()
    observation = observe(Workload(), remains=lambda *_: remains, **more)
    observation._watchdog = SimpleNamespace(
        start=lambda: None, stop=lambda: None, pauses=[], strangers=0.0
    )
    return remains, observation


def noting(steps, part, *names):
    """Let a part tell of each call in a list, and do it."""
    for name in names:
        method = getattr(part, name)

        def told(*given, name=name, method=method, **options):
            steps.append(name)
            return method(*given, **options)

        setattr(part, name, told)
    return part


@pytest.mark.parametrize(
    ("functions", "order"),
    [
        (0, ["create", "prepare", "traffic", "start", "arm"]),
        (2, ["create", "prepare", "traffic", "arm", "start", "arm"]),
    ],
    ids=["here", "functions, whose time is limited"],
)
def test_all_is_ready_before_the_first_write_and_the_trigger_before_observation(functions, order):
    steps = []
    target, load = (
        noting(steps, Target(), "prepare", "traffic", "arm"),
        noting(steps, Load(), "start"),
    )
    observation = observe(noting(steps, Workload(), "create"), load, target=target)
    observation._plan = Plan(writers=1, rate=10.0, functions=functions, function="f" * functions)

    with observation:
        assert steps == order


def test_all_is_looked_at_before_writers_hang_up_and_nothing_is_written_once_it_is_judged():
    steps = []
    names = ("sessions", "traffic", "check")
    target, load = Target(), Load()
    observation = observe(noting(steps, Workload(), "stored"), load, target=target)
    with observation:
        noting(steps, target, *names)
        noting(steps, load, "stop")
        noting(steps, observation._watchdog, "stop")
        noting(steps, observation.journal, "detach")

    first = {name: steps.index(name) for name in (*names, "stop", "detach", "stored")}
    assert sorted(first, key=first.get) == [
        "check",
        "sessions",
        "stop",
        "traffic",
        "detach",
        "stored",
    ]
    if (
        cpu_seconds(os.getpid()) is not None
    ):  # where the system tells, it is known once all is stopped
        assert observation.trial.evidence.course.strangers is not None


def test_times_count_from_when_the_load_has_begun_and_is_observed():
    load = Load()
    load.started = 12.0
    with observe(Workload(), load) as late:
        pass
    with observe(Workload()) as early:
        early._target.writer = "instance-2"

    assert late.trial.evidence.course.start == 12.0
    course = early.trial.evidence.course
    assert course.start == 10.0
    assert (course.writer_before, course.writer_after) == ("instance-1", "instance-2")
    assert (course.trigger, course.profile, course.moves_writer) == (None, "", None)


def test_a_block_gets_the_observation_and_its_trial_once_it_has_ended():
    observation = observe(Workload())
    with pytest.raises(RuntimeError, match="judged when its block ends"), observation as entered:
        assert entered is observation
        _ = observation.trial


def test_the_course_has_the_trigger_of_the_first_and_the_profile_of_the_last_failover():
    observation = observe(Workload(), plan=Plan(writers=1, rate=10.0, seed=5))
    course = observation._course(
        [Failover(11.0, "crash"), Failover(13.0, "quick")], stop=20.0, writer_after="w"
    )

    assert (course.trigger, course.profile, course.settled) == (11.0, "quick", 14.0)
    assert [seen.at for seen in course.milestones] == [11.0, 12.0, 13.0, 14.0]
    assert (course.seed, course.rate) == (5, 10.0)


@pytest.mark.parametrize(
    ("mode", "seeds", "told"),
    [("local", [7], 7), ("local", [7, 8], None), ("local", [], None), ("live", [7], None)],
)
def test_the_seed_of_a_failover_is_told_where_it_decided_one(mode, seeds, told):
    target = Target()
    target.mode = mode
    observation = observe(Workload(), target=target)
    for seed in seeds:
        observation.sampled(seed)

    assert observation._course([], stop=20.0, writer_after="w").failover_seed == told


def test_silence_counts_from_the_last_write_that_was_acknowledged():
    observation = observe(Workload())
    assert observation.silence == 9.0  # the load has begun at 1 s
    for second, outcome in ((10.5, Outcome.ACKED), (10.8, Outcome.REFUSED)):
        at = round(second * 1e9)
        observation.journal.writers[0].record((at, at, at), outcome)
    observation._clock.sleep(1.0)
    assert observation.silence == pytest.approx(0.5)
    observation._clock.sleep(1.0)
    assert observation.silence == pytest.approx(1.5)


def test_nobody_can_tell_of_silence_while_writers_are_in_other_processes():
    observation = observe(Workload())
    observation._plan = Plan(writers=2, rate=10.0, processes=2)

    with pytest.raises(RuntimeError, match="when they have ended"):
        _ = observation.silence


def test_a_load_that_is_disturbed_already_is_not_asked_whether_it_works_by_itself():
    target = Target()
    observation = observe(Workload(), target=target)
    asked = []
    progress = Progress(acked_by={"0": 3}, failed=1, complaints=())
    observation._calm = SimpleNamespace(check=lambda: asked.append("calm") or progress)

    observation.check_calm()
    assert (asked, observation._recovery._calm) == (["calm"], 0.25)
    target.failovers = [Failover(11.0)]
    observation.check_calm()
    assert asked == ["calm"]


def test_a_warm_up_lasts_as_planned_and_ends_with_a_look_at_the_servers():
    target = Target()
    observation = observe(Workload(), target=target, plan=Plan(writers=1, rate=10.0, warmup=3.0))
    steps = []
    noting(steps, target, "check")
    observation.warm_up()

    assert (observation._clock.now(), steps) == (13.0, ["check"])


def test_a_trial_is_kept_as_it_begins_and_whenever_there_is_news():
    remains, observation = kept()
    with observation:
        assert [(course.start, course.trigger) for course in remains.kept] == [(10.0, None)]
        observation.keep()
        assert len(remains.kept) == 1
        failover = Failover(11.0)
        observation._target.failovers = [failover]
        observation.note_trigger(failover)
        (_, course) = remains.kept
        assert (course.trigger, course.own_trigger, course.writer_after) == (
            11.0,
            True,
            "instance-11",
        )
        observation._target.failovers = ()
        observation.keep()  # it is no news that something is over
    assert remains.discarded == 0
    observation.forget()
    assert remains.discarded == 1


@pytest.mark.parametrize("step", ["create", "prepare", "start"])
def test_what_never_began_is_not_kept(step):
    remains, observation = kept()

    def broken(*_, **__):
        raise OSError(step)

    part = {"create": observation._workload, "prepare": observation._target}
    setattr(part.get(step, observation._load), step, broken)
    with pytest.raises(OSError, match=step), observation:
        raise NotImplementedError("it began")

    assert (remains.discarded, remains.left) == (1, [])


def test_what_a_block_ends_with_is_where_the_rest_of_its_trial_is_told():
    remains, observation = kept()
    with pytest.raises(ZeroDivisionError) as raised, observation:
        raise ZeroDivisionError
    assert remains.left == [raised.value]
    assert observation._trial is None

    remains, observation = kept()
    observation._load.breaks = OSError("it hangs")
    with pytest.raises(OSError, match="it hangs") as raised, observation:
        pass
    assert remains.left == [raised.value]


def test_a_load_that_does_not_work_by_itself_ends_its_block_with_an_invalid_trial():
    remains, observation = kept()
    with observation:
        raise UnfitLoadError("no write was acknowledged")

    assert observation.trial.evidence.course.unfit == "no write was acknowledged"
    assert not observation.trial.valid
    assert remains.left == []


def test_a_failover_that_was_over_before_the_first_write_is_told_to_have_disturbed_nothing():
    target, failover = Target(), Failover(5.0)
    failover.settled = lambda: False
    target.failovers = [failover]
    observation = observe(Workload(), target=target)
    failover.settled = lambda: True
    with observation:
        pass

    assert "begin the load first" in observation.trial.evidence.course.unfit


def test_a_fleet_of_which_nobody_told_anything_is_not_said_to_have_never_worked():
    observation = observe(Workload())
    observation._load.unreported = range(observation._plan.all_writers)
    with observation:
        pass

    assert observation.trial.reason.startswith("no function has told what its writers did")


@pytest.mark.parametrize(
    ("failovers", "happened", "asked"),
    [([], "switched", 0), ([11.0], "switched", 1), ([11.0], "guardrail_failed", 0)],
)
def test_the_environment_that_a_switchover_left_is_read_only_if_there_was_one(
    failovers, happened, asked, monkeypatch
):
    monkeypatch.setattr(Failover, "names", ("trigger", happened))
    target, read = Target(), []
    observation = observe(
        Workload(), target=target, old=lambda: read.append("old") or target.audit_endpoint()
    )
    with observation:
        target.failovers = [Failover(at) for at in failovers]
        target.writer = "instance-11"

    assert len(read) == asked


def test_a_failover_is_watched_looked_at_and_kept_until_all_is_well():
    remains, observation = kept()
    target = observation._target
    with observation:
        noting(steps := [], target, "check")
        noting(steps, observation._witness, "watch")
        target.failovers = [Failover(11.0)]
        observation._clock.sleep(2.0)

    assert steps[:2] == ["check", "watch"]
    assert [course.trigger for course in remains.kept] == [None, 11.0]


def test_what_functions_have_confirmed_is_known_only_when_they_have_ended():
    observation = observe(Workload())
    noting(steps := [], observation._witness, "watch")
    observation._load.ends = 30.0
    observation.watch()
    assert steps == []


def test_a_failover_after_the_end_of_observation_is_none_of_the_trials():
    target = Target()
    observation = observe(Workload(), target=target)
    with observation:
        target.failovers = failovers = [Failover(11.0)]
        observation._clock.sleep(2.0)
        stop = observation._load.stop
        observation._load.stop = lambda patience: failovers.append(Failover(99.0)) or stop(patience)

    assert [seen.at for seen in observation.trial.evidence.course.milestones] == [11.0, 12.0]


@pytest.mark.parametrize(("bound", "patience"), [(4.0, 4.0), (60.0, 10.0)])
def test_writers_have_until_the_bound_for_their_last_operation_and_not_for_ever(bound, patience):
    given = []
    observation = observe(Workload(), plan=Plan(writers=1, rate=10.0, bound=bound, cooldown=0.0))
    with observation:
        observation._load.stop = given.append

    assert given[0] == patience


def test_operations_before_observation_are_not_asked_whether_the_load_works():
    observation = observe(Workload())
    noting(steps := [], observation._calm, "begin")
    with observation:
        assert steps == ["begin"]


@pytest.mark.parametrize(("told", "cpus"), [(8, 8), (None, 0)])
def test_a_machine_whose_processors_nobody_can_count_has_an_unknown_number(monkeypatch, told, cpus):
    monkeypatch.setattr(os, "cpu_count", lambda: told)
    assert observe(Workload())._course([], stop=1.0, writer_after="w").cpus == cpus


def test_only_writes_have_a_rate_of_their_own():
    workload = Workload()
    workload.steps = (WRITE, READ, READ, READ)
    assert observe(workload)._course([], stop=1.0, writer_after="w").rate == 2.5
