"""What a killed process leaves of a trial is judged as far as it goes, and never passes."""

import errno
import fcntl
import json
import os
import time
from pathlib import Path

import pytest
from builders import MOVE, course

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.cli.main import NO, WRONG, main
from pytest_rdsfailover.journal import unfinished
from pytest_rdsfailover.journal.archive import Label
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.report.trial_drawing import portrait

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


def killed(kept):
    """Let go of what the system would let go of."""
    kept._lock.release()


def test_a_trial_that_was_cut_short_is_judged_up_to_its_last_event(left):
    evidence, label = unfinished.read(left.path)
    trial = judge(evidence)

    assert label == LABEL
    assert trial.downtime.value == pytest.approx(1.7, abs=0.06)
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

    killed(left)

    assert unfinished.cut_short(tmp_path) == [left.path]
    assert main(["judge", str(tmp_path)]) == NO
    assert "cut short" in capsys.readouterr().out


def test_who_only_looks_is_taken_for_nobody_who_works_on_it(left):
    killed(left)
    looking = os.open(left.path / unfinished.LOCK, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)

    assert not unfinished.is_running(left.path)
    os.close(looking)


def test_a_trial_that_was_cut_short_is_told_once_and_can_still_be_judged(left, tmp_path, capsys):
    killed(left)

    assert unfinished.untold(tmp_path) == [left.path]
    unfinished.mark_told(left.path)
    assert unfinished.untold(tmp_path) == []
    assert main(["judge", str(tmp_path)]) == NO
    assert "cut short" in capsys.readouterr().out


def test_a_trial_whose_error_has_named_it_is_not_told_again(left, tmp_path):
    error = ZeroDivisionError()
    left.leave(error)

    assert str(left.path) in error.__notes__[0]
    assert unfinished.untold(tmp_path) == []
    assert unfinished.cut_short(tmp_path) == [left.path]


def test_what_is_older_than_a_week_is_removed_unless_it_is_running(left, tmp_path):
    now = left.path.stat().st_mtime

    unfinished.prune(tmp_path, now + 8 * 24 * 3600)
    assert list(tmp_path.iterdir()) == [left.path]
    killed(left)
    unfinished.prune(tmp_path, now + 6 * 24 * 3600)
    assert list(tmp_path.iterdir()) == [left.path]
    unfinished.prune(tmp_path, now + 8 * 24 * 3600)
    assert list(tmp_path.iterdir()) == []


def test_a_trial_of_exactly_a_week_ago_is_kept(left, tmp_path):
    killed(left)
    os.utime(left.path, (1000.0, 1000.0))

    unfinished.prune(tmp_path, 1000.0 + unfinished.KEPT)
    assert left.path.exists()
    unfinished.prune(tmp_path, 1001.0 + unfinished.KEPT)
    assert not left.path.exists()


def test_a_trial_that_ends_while_old_ones_are_removed_is_no_fault(left, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "glob", lambda *_: iter([tmp_path / f"gone{unfinished.SUFFIX}"]))

    unfinished.prune(tmp_path)

    assert left.path.is_dir()


def test_a_trial_that_begins_is_not_held_up_by_those_who_remove_old_ones(left, tmp_path):
    killed(left)  # as young as one that has not locked its directory yet
    looked = []

    def looks(path):
        looked.append(path)
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unfinished, "is_running", looks)
        unfinished.prune(tmp_path)

    assert looked == []


def test_a_disk_that_is_full_is_named_and_keeps_what_was_known_before(left):
    draft = left.path / "about.json.part"
    draft.symlink_to("/dev/full")

    with pytest.raises(FileWriteError, match=r"about\.json cannot be written: No space left"):
        left.keep(course(stop=20.0))
    assert not draft.is_symlink()
    assert unfinished.read(left.path)[0].course.stop < 20.0


def test_a_directory_that_could_not_be_filled_is_not_left(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="no space"):
        unfinished.Remains(tmp_path, LABEL, "run", 1)

    assert list(tmp_path.iterdir()) == []


def test_a_trial_that_was_killed_between_its_trigger_and_the_next_event_is_judged(tmp_path, capsys):
    """So, too, one whose workload hangs."""
    kept = unfinished.Remains(tmp_path, LABEL, "run", 1)
    write(Journal("run", 1, kept.events(0)), 8.0, 9.9)
    kept.keep(course(settled=None, milestones=MOVE[:1], stop=10.0004))

    assert main(["judge", str(kept.path)]) == NO

    assert "cut short 0.40 ms after its trigger" in capsys.readouterr().out


@pytest.mark.parametrize("look", [0.5, 8.0, 10.0, 10.01, 12.0, 13.5])
@pytest.mark.parametrize("last", [8.005, 8.015, 9.995, 10.0, 10.01, 11.99, 12.005, 13.0])
def test_a_trial_is_judged_and_drawn_wherever_it_was_cut_short(tmp_path, look, last):
    kept = unfinished.Remains(tmp_path, LABEL, "run", 2)
    journal = Journal("run", 2, kept.events(0))
    write(journal, 8.0, min(last, 10.0))
    write(journal, 10.0, min(last, 12.0), fault=Fault(2003, "refused"), every=0.05)
    write(journal, 12.0, last)
    trigger = 10.0 if look >= 10 else None
    kept.keep(course(start=0.51, settled=None, trigger=trigger, milestones=(), stop=look))

    evidence, _ = unfinished.read(kept.path)
    summary = judge(evidence)

    assert summary.reason.startswith("it was cut short")
    assert portrait(summary, evidence)


def test_the_last_event_of_a_trial_may_be_a_read(left):
    journal = Journal("run", 1, left.events(1))
    at = round(14.0 * SECOND)
    journal.writers[0].reads.record((at, at, at), Outcome.ACKED)

    evidence, _ = unfinished.read(left.path)

    assert evidence.course.stop == pytest.approx(14.0)


def test_a_fault_that_is_said_to_come_after_the_end_is_judged():
    evidence = Evidence(
        journal=Journal("run", 1), course=course(trigger=1e9, settled=1e9), stored=None
    )

    assert not judge(evidence).valid


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
        ({"version": 2}, "it is 'rdsfailover-unfinished' 2"),
        ({"writers": unfinished.MOST_WRITERS + 1}, "it speaks of 100001 writers"),
        ("{", "is no JSON"),
        ('{"format": "x", "version": 1}', "is no unfinished trial"),
        ({"course": None}, "before anything was written"),
    ],
)
def test_a_directory_that_is_no_trial_is_refused_by_name(left, about, complaint):
    path = left.path / unfinished.ABOUT
    if about is None:
        path.unlink()
    elif isinstance(about, dict):
        path.write_text(json.dumps(json.loads(path.read_text()) | about))
    else:
        path.write_text(about)

    with pytest.raises(ArchiveError, match=complaint) as raised:
        unfinished.read(left.path)
    assert str(left.path) in str(raised.value)


def test_a_trial_whose_writers_had_not_begun_is_refused(tmp_path):
    kept = unfinished.Remains(tmp_path / "new" / "one", LABEL, "run", 1)
    kept.keep(course())

    with pytest.raises(ArchiveError, match="before anything was written"):
        unfinished.read(kept.path)


def test_one_that_says_nothing_of_itself_does_not_keep_the_next_from_being_removed(left, tmp_path):
    killed(left)
    strange = tmp_path / f"a{unfinished.SUFFIX}"
    strange.mkdir()
    (strange / unfinished.ABOUT).write_text("{}")

    unfinished.forget(tmp_path, LABEL.seed, [LABEL.test], before=0.0)

    assert list(tmp_path.iterdir()) == [strange]


def test_what_has_lain_there_since_the_run_began_may_be_a_trial_that_begins(tmp_path):
    half = tmp_path / f"half{unfinished.SUFFIX}"
    half.mkdir()
    os.utime(half, (1000.0, 1000.0))

    unfinished.forget(tmp_path, 1, [], before=1000.0)
    assert half.exists()
    unfinished.forget(tmp_path, 1, [], before=1000.5)
    assert not half.exists()


def test_a_run_that_was_taken_up_leaves_nothing_of_its_trials(left, tmp_path):
    def forget(seed=LABEL.seed, tests=(LABEL.test,), later=60.0):
        unfinished.forget(tmp_path, seed, tests, before=time.time() + later)

    half = tmp_path / f"half{unfinished.SUFFIX}"  # its process was killed as it made or removed it
    half.mkdir()
    forget()
    assert left.path.exists()  # it is running
    killed(left)
    half.mkdir()
    forget(seed=LABEL.seed + 1)
    assert left.path.exists()
    assert not half.exists()
    forget(tests=("another",))
    assert left.path.exists()
    half.mkdir()
    forget(tests=(), later=-60.0)  # it may be a trial that begins
    assert half.exists()
    forget()
    assert not left.path.exists()
