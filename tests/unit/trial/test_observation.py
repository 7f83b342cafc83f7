"""What a load leaves behind: nothing, whatever breaks; and whose pauses are its own."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from clocks import SteppingClock
from quiet_loads import PLACE, Load, Target, Workload, observe

from pytest_rdsfailover.journal.archive import Label
from pytest_rdsfailover.journal.unfinished import Remains
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.errors import AuditError, DiedError, LeftBehindWarning
from pytest_rdsfailover.model.records import Outcome
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.auditing import audited
from pytest_rdsfailover.trial.extensions import Extensions
from pytest_rdsfailover.trial.observation import Observation
from pytest_rdsfailover.trial.plan import Plan
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import InvalidTrialError

OPEN = Path("/proc/self/fd")
HERE, THERE = (1.0, 2.0), (5.0, 6.0)
GONE = OSError("the table is locked")
LABEL = Label(test="t", scenario="t", seed=1, rerun="pytest t", versions={})


@pytest.mark.parametrize(("processes", "pauses"), [(1, [HERE]), (2, [THERE])])
def test_only_the_pauses_of_processes_that_write_count(tmp_path, processes, pauses):
    observation = Observation(
        SimpleNamespace(mode="local", failovers=[], check=lambda: None),
        PLACE,
        choose({}, PLACE, retries=0, policy=ReconnectPolicy(), classify=None),
        Plan(writers=2, rate=10.0, processes=processes),
        remains=lambda *_: SimpleNamespace(events=lambda n: tmp_path / f"{n}.events"),
    )
    observation._watchdog.pauses.append(HERE)
    if processes > 1:
        observation._load.asleep = [[THERE], [THERE]]

    course = observation._course([], stop=10.0, writer_after="instance-1")

    assert list(course.pauses) == pauses


def test_the_table_goes_though_the_engine_does_not_stop():
    workload, broken = Workload(), LoadError("a writer hangs")
    observation = observe(workload, Load(broken))

    with pytest.raises(LoadError) as raised, observation:
        pass

    assert raised.value is broken
    assert not workload.there
    assert not observation._watchdog._thread.is_alive()


@pytest.mark.parametrize("breaking", ["watchdog", "load", "journal"])
def test_no_step_of_the_clean_up_waits_for_another(monkeypatch, breaking):
    workload, load = Workload(), Load()
    observation = observe(workload, load)
    part, step = {
        "watchdog": (observation._watchdog, "stop"),
        "load": (load, "stop"),
        "journal": (observation.journal, "detach"),
    }[breaking]

    def fails(*_):
        raise GONE

    with pytest.raises(ZeroDivisionError) as raised, observation:
        with monkeypatch.context() as only:
            only.setattr(part, step, fails)
            observation._cleanup.end(None)
        raise ZeroDivisionError
    assert not workload.there
    assert any(str(GONE) in note for note in raised.value.__notes__)


@pytest.mark.filterwarnings("ignore::pytest_rdsfailover.model.errors.LeftBehindWarning")
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), pytest.fail.Exception("too slow")])
@pytest.mark.parametrize("error", [None, AssertionError("a verdict")])
def test_who_interrupts_the_clean_up_leaves_no_table(interrupt, error):
    workload = Workload()
    observation = observe(workload, Load(interrupt))

    with pytest.raises(type(interrupt)) as raised, suppress(AssertionError), observation:
        if error is not None:
            raise error

    assert raised.value is interrupt
    assert not workload.there
    assert not observation._watchdog._thread.is_alive()
    assert interrupt.__notes__[-1] == f"the load was not stopped: {interrupt!r}"


@pytest.mark.parametrize(
    ("error", "patience"), [(KeyboardInterrupt(), 1.0), (AssertionError("a verdict"), 10.0)]
)
def test_who_interrupts_a_load_does_not_wait_for_writers_that_hang(error, patience):
    load = Load()

    with pytest.raises(type(error)), observe(Workload(), load):
        raise error

    assert (load.stops, load.patience) == (1, patience)


@pytest.mark.filterwarnings("ignore::pytest_rdsfailover.model.errors.LeftBehindWarning")
def test_a_table_whose_drop_is_interrupted_is_named():
    with pytest.raises(KeyboardInterrupt) as raised, observe(Workload(drop=KeyboardInterrupt())):
        pass
    (line,) = raised.value.__notes__
    assert "table d.rds_writes_x is left behind" in line


@pytest.mark.filterwarnings("ignore::pytest_rdsfailover.model.errors.LeftBehindWarning")
@pytest.mark.parametrize("error", [AssertionError("a verdict"), KeyboardInterrupt()])
def test_what_ended_the_block_stays_the_error_and_names_the_rest(error):
    workload = Workload(drop=GONE)

    with pytest.raises(type(error)) as raised, observe(workload, Load(LoadError("it hangs"))):
        raise error

    assert raised.value is error
    assert error.__notes__ == [
        "the load was not stopped: it hangs",
        "table d.rds_writes_x is left behind: the table is locked",
    ]


def test_a_table_of_which_nobody_knows_whether_it_was_made_is_dropped():
    workload = Workload(create=TimeoutError("no answer"))

    with pytest.raises(TimeoutError), observe(workload):
        pass

    assert not workload.there


def test_a_dead_server_is_the_error_whatever_it_made_fail():
    target = Target()
    with (
        pytest.raises(DiedError) as raised,
        observe(Workload(drop=GONE), target=target),
    ):
        target.dead = True
        raise ConnectionError("2013")
    assert isinstance(raised.value.__context__, ConnectionError)


class Watched(TrialRunner):
    """A runner whose loads have the workload and the engine of this module."""

    def __init__(self, workload, expectations):
        self.noted = []
        super().__init__(
            Target(), Settings(), test="t", profile=None, expectations=expectations,
            note=self.noted.append,
        )  # fmt: skip
        self.workload = workload

    def run(self):
        observation = observe(self.workload)
        with observation:
            at = round(10.5e9)
            observation.journal.writers[0].record((at, at, at), Outcome.ACKED)
            observation._clock.sleep(1.0)
        self._conclude(observation, PLACE)


def test_a_judged_trial_is_noted_though_its_table_stays():
    runner = Watched(Workload(drop=GONE), {})

    with pytest.warns(LeftBehindWarning, match=r"table d\.rds_writes_x is left behind.*locked"):
        runner.run()

    assert len(runner.noted) == 1


def test_a_verdict_comes_before_what_is_left_behind():
    runner = Watched(Workload(drop=GONE), {"lost": 0})

    with pytest.raises(AssertionError) as raised:
        runner.run()

    assert not isinstance(raised.value, InvalidTrialError)
    assert "table d.rds_writes_x is left behind" in raised.value.__notes__[0]
    assert len(runner.noted) == 1


def test_a_hook_that_fails_the_test_does_not_hide_what_is_left_behind():
    class Strict(Extensions):
        def after_trial(self, *_):
            pytest.fail("the project does not like it")

    runner = Watched(Workload(drop=GONE), {})
    runner._extensions = Strict()

    with pytest.raises(pytest.fail.Exception) as raised:
        runner.run()

    assert "table d.rds_writes_x is left behind" in raised.value.__notes__[0]


@pytest.mark.parametrize("expectations", [{}, {"lost": 0}])
def test_figures_are_noted_though_nothing_could_be_read_back(expectations):
    runner = Watched(Workload(stored=TypeError("stored is wrong")), expectations)

    with pytest.raises((AssertionError, AuditError)) as raised:
        runner.run()

    (trial,) = runner.noted
    assert trial.acked == 1
    assert not trial.audited
    assert "stored is wrong" in trial.notes[0]
    said = [str(raised.value), *getattr(raised.value, "__notes__", ())]
    assert any("stored is wrong" in line for line in said)
    assert isinstance(raised.value, AssertionError if expectations else AuditError)


class TwoSides(Workload):
    """A table of which the environments have different rows."""

    def stored(self, control):
        return [(0, 0), (0, 1)] if control is THE_OLD else [(0, 0)]


THE_OLD = replace(PLACE, name="cluster-old1")


@pytest.mark.parametrize(
    ("workload", "said"),
    [
        (TwoSides(), "the old environment has 2 rows of this load, 1 of them alone"),
        (Workload(), "the old environment has 0 rows of this load, 0 of them alone"),
    ],
)
def test_the_rows_of_the_environment_that_was_left_are_compared(workload, said):
    clock, course = SteppingClock(10.0), observe(workload)._course([], stop=1.0, writer_after="w")
    found = audited(course, workload, Target(), clock, old=lambda: THE_OLD, secret="p")

    assert found.course.notes == [said]
    assert not audited(course, workload, Target(), clock, secret="p").course.notes
    workload.needs_writer = False
    (note,) = audited(
        course, workload, Target(), clock, old=lambda: THE_OLD, secret="p"
    ).course.notes
    assert "was not audited" in note


def test_an_audit_waits_for_a_late_failover_and_says_where_the_users_code_hangs():
    clock, late = SteppingClock(10.0), Target()
    late.failovers = [SimpleNamespace(profile="late", settled=lambda: clock.now() > 15.0)]
    hangs = Workload(stored=AuditError("no answer", trace="File app.py, line 3, in stored"))
    course = observe(hangs)._course([], stop=1.0, writer_after="w")
    found = audited(course, hangs, late, clock, secret="app.py")

    assert 15.0 < clock.now() < 16.0
    (complaint,) = found.course.complaints
    assert "line 3, in stored" in complaint.trace
    assert "app.py" not in complaint.trace  # it could be a password
    assert found.problem is hangs.breaks["stored"]


def open_files():
    return len(list(OPEN.iterdir()))


def broken_workload(_):
    raise GONE


@pytest.mark.skipif(not OPEN.is_dir(), reason="counts descriptors in /proc")
@pytest.mark.parametrize("breaking", ["workload", "engine", "events", "table"])
def test_a_load_that_never_began_leaves_no_file(tmp_path, breaking):
    class Full(Remains):
        def events(self, process):
            usual = super().events(process)
            return usual.parent / "not there" / usual.name if breaking == "events" else usual

    def attempt():
        plan = Plan(writers=1, rate=10.0, processes=1)
        make = broken_workload if breaking == "workload" else lambda _: Workload(create=GONE)
        if breaking == "engine":
            plan = Plan(writers=1, rate=10.0, engine="fast")  # writes nothing of the user's own
        with suppress(Exception), Observation(
            Target(), PLACE, make, plan, remains=lambda *_: Full(tmp_path, LABEL, "run", 1)
        ):  # fmt: skip
            raise NotImplementedError("it began")

    before = open_files()
    for _ in range(3):
        attempt()

    assert open_files() == before
    assert list(tmp_path.iterdir()) == []
