"""What a killed process leaves of a trial is judged as far as it goes, and never passes."""

import json
import subprocess
import sys

import pytest
from builders import MOVE, course

from pytest_rdsfailover.analysis.summary import judge
from pytest_rdsfailover.cli.main import NO, WRONG, main
from pytest_rdsfailover.journal import unfinished
from pytest_rdsfailover.journal.archive import Label
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.errors import ArchiveError
from pytest_rdsfailover.model.records import Fault, Outcome

LABEL = Label(test="tests/test_a.py::test_b", scenario="x", seed=7, rerun="pytest a", versions={})
SECOND = 10**9


def write(journal, first, last, *, fault=None, every=0.01):
    """Let a writer write from *first* to *last* seconds."""
    at = first
    while at < last:
        sent = round(at * SECOND)
        outcome = Outcome.ACKED if fault is None else Outcome.REFUSED
        journal.writers[0].record((sent, sent, sent + 10**6), outcome, fault, "instance-1")
        at += every


@pytest.fixture
def left(tmp_path):
    """What is left of a trial that was killed 3 s after its trigger, 1 s after it was back."""
    kept = unfinished.Remains(tmp_path, LABEL, "run", 1)
    journal = Journal("run", 1, kept.events(0))
    kept.keep(course(trigger=None, settled=None, milestones=(), stop=1.0))
    write(journal, 8.0, 10.3)
    kept.keep(course(settled=None, milestones=MOVE[:2], stop=10.4))
    write(journal, 10.3, 12.0, fault=Fault(2003, "refused"), every=0.05)
    write(journal, 12.0, 13.0)
    return kept


def dead():
    """Return the id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_trial_that_was_cut_short_is_judged_up_to_its_last_event(left):
    evidence, label = unfinished.read(left.path)
    trial = judge(evidence)

    assert label == LABEL
    assert trial.downtime == pytest.approx(1.7, abs=0.06)
    assert (trial.errors[0].kind, trial.errors[0].count) == ("refused", 34)
    assert trial.window.stop == pytest.approx(3.0, abs=0.02)
    assert not trial.audited
    assert not trial.valid
    assert trial.reason.startswith("it was cut short 3.")
    assert "lost and duplicated writes are undecided" in trial.reason


def test_judge_shows_it_and_never_lets_it_pass(left, capsys):
    assert main(["judge", str(left.path), "--expect=downtime < 30s"]) == NO
    shown = capsys.readouterr().out
    assert "cut short" in shown
    assert "not audited" in shown or "nothing was read back" in shown
    assert "2003 refused" in shown


def test_a_directory_shows_what_was_cut_short_and_not_what_is_running(left, tmp_path, capsys):
    assert main(["judge", str(tmp_path)]) == WRONG
    assert "holds no journal" in capsys.readouterr().err

    left._about["pid"] = dead()
    left.keep(course())

    assert list(unfinished.recent(tmp_path)) == [left.path]
    assert main(["judge", str(tmp_path)]) == NO
    assert "cut short" in capsys.readouterr().out


def test_what_is_older_than_a_week_is_removed(left, tmp_path):
    left._about["pid"] = dead()
    left.keep(course())
    now = left.path.stat().st_mtime

    assert list(unfinished.recent(tmp_path, now + 6 * 24 * 3600)) == [left.path]
    assert list(unfinished.recent(tmp_path, now + 8 * 24 * 3600)) == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_trial_that_was_noted(left, tmp_path):
    left.discard()
    left.discard()

    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_may_read_what_was_written(left):
    assert left.events(0).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("about", "complaint"),
    [
        (None, "cannot be read"),
        ("{", "is no unfinished trial"),
        ('{"format": "x", "version": 1}', "is no unfinished trial"),
        ("course", "before anything was written"),
    ],
)
def test_a_directory_that_is_no_trial_is_refused_by_name(left, about, complaint):
    path = left.path / unfinished.ABOUT
    if about is None:
        path.unlink()
    elif about == "course":
        path.write_text(json.dumps(left._about | {"course": None}))
    else:
        path.write_text(about)

    with pytest.raises(ArchiveError, match=complaint) as raised:
        unfinished.read(left.path)
    assert str(left.path) in str(raised.value)
