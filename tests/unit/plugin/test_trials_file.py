"""When a run's finished trials are given up, and when they are left to another run."""

import os
import signal
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin import trials_file
from pytest_rdsfailover.plugin.trials_file import TOLD, TrialsFile
from pytest_rdsfailover.trial.key import ProjectCode, TrialKey
from pytest_rdsfailover.trial.resume import PopulationName, recall

NAME = PopulationName("t", 1)
KEY = TrialKey({}, ProjectCode(Path("/gone")))
TRIAL = {"number": 1, "sample": {}, "entry": {}, "verdict": ""}


@pytest.fixture
def begin(tmp_path):
    """Begin a run."""

    def begin(*, is_whole=True, **settings):
        chosen = Settings(seed=7, **settings)
        return TrialsFile(SimpleNamespace(), chosen, lambda: tmp_path, lambda: is_whole)

    return begin


def end(trials, status):
    trials.pytest_sessionstart(SimpleNamespace(exitstatus=status))
    trials.pytest_unconfigure()


def left(directory):
    return dict(recall(directory, NAME, KEY).trials)


@pytest.mark.parametrize(
    ("status", "is_whole", "kept"),
    [(0, True, {}), (1, True, {}), (2, True, {1: TRIAL}), (3, True, {1: TRIAL}), (1, False, {1: TRIAL})],
    ids=["passed", "failed", "interrupted", "broken", "unwritten"],
)  # fmt: skip
def test_only_a_run_that_has_reported_gives_its_trials_up(begin, tmp_path, status, is_whole, kept):
    trials = begin(is_whole=is_whole)
    trials.store.begin(NAME, KEY.plain())
    trials.store.append(NAME, TRIAL)
    assert left(tmp_path) == {}  # it is running
    end(trials, status)

    assert left(tmp_path) == kept


def test_a_run_that_has_taken_trials_up_gives_up_those_as_well(begin, tmp_path):
    for resume, kept in ((False, 1), (True, 0)):
        first = begin()
        first.store.begin(NAME, KEY.plain())
        first.store.append(NAME, TRIAL)
        end(first, 2)
        second = begin(resume=resume)
        second.store.begin(NAME, KEY.plain())
        end(second, 0)

        assert len(left(tmp_path)) == kept


def test_kept_trials_that_nobody_asked_for_are_told(begin):
    first = begin()
    first.store.begin(NAME, KEY.plain())
    first.store.append(NAME, TRIAL)
    end(first, 2)

    lines = []
    terminal = SimpleNamespace(write_line=lines.append)
    begin().pytest_terminal_summary(terminal)  # it takes nothing up
    taking = begin(resume=True)
    taking.pytest_terminal_summary(terminal)
    assert lines == ["1 kept trials of t were not asked for, and are kept"]
    taking.store.begin(NAME, KEY.plain())
    taking.pytest_terminal_summary(terminal)
    assert len(lines) == 1


def test_nothing_is_made_where_nothing_can_be_kept(tmp_path):
    trials = TrialsFile(SimpleNamespace(), Settings(), lambda: None, lambda: True)
    gone = TrialsFile(SimpleNamespace(), Settings(), lambda: tmp_path / "gone", lambda: True)

    assert trials.store is None
    assert gone.store is None
    trials.pytest_unconfigure()


def test_a_worker_has_the_file_of_its_controller_or_none(begin, tmp_path):
    controller, node = begin(), SimpleNamespace(workerinput={})
    controller.pytest_configure_node(node)

    elsewhere = SimpleNamespace(workerinput={})
    assert node.workerinput[TOLD] == str(controller.store.path)
    assert TrialsFile(elsewhere, Settings(), lambda: tmp_path, lambda: True).store is None
    end(controller, 0)


def test_a_worker_ends_as_by_ctrl_c_once_its_controller_is_gone_and_else_soon_after(
    monkeypatch, tmp_path
):
    steps, gone = [], threading.Event()
    monkeypatch.setattr(
        trials_file, "wait_until_free", lambda path: steps.append(path.name) or gone.wait(10)
    )
    system = {
        name: lambda *what, name=name: steps.append((name, *what)) for name in ("kill", "_exit")
    }
    monkeypatch.setattr(trials_file, "os", SimpleNamespace(getpid=os.getpid, **system))
    monkeypatch.setattr(trials_file, "time", SimpleNamespace(sleep=steps.append))
    trials_file.end_with_owner(tmp_path / "run")
    gone.set()
    for thread in threading.enumerate():
        if thread.name == "rds-controller":
            thread.join(10)

    assert steps == [
        "run", ("kill", os.getpid(), signal.SIGINT), trials_file.GRACE,
        ("_exit", pytest.ExitCode.INTERRUPTED),
    ]  # fmt: skip


class Terminal(list):
    write_line = list.append


@pytest.mark.parametrize(
    ("resume", "asks", "told"), [(True, False, 1), (False, False, 0), (True, True, 0)]
)
def test_kept_trials_that_no_test_has_asked_for_are_named(begin, resume, asks, told):
    first = begin()
    first.store.begin(NAME, KEY.plain())
    first.store.append(NAME, TRIAL)
    end(first, 2)
    later = begin(resume=resume)
    if asks:
        later.store.begin(NAME, KEY.plain())
    terminal = Terminal()
    later.pytest_terminal_summary(terminal)
    assert terminal == ["1 kept trials of t were not asked for, and are kept"] * told
    end(later, 2)


def test_a_run_that_keeps_trials_first_prunes_what_is_too_old(begin, tmp_path, monkeypatch):
    pruned = []
    monkeypatch.setattr(trials_file, "prune", pruned.append)
    trials = begin()
    assert pruned == []
    assert trials.store is trials.store
    assert pruned == [tmp_path]
    end(trials, 0)
