"""Writers on other machines: their clocks widen what lies between them; who tells nothing is not judged."""

import math
from dataclasses import replace

import pytest
from builders import ack, course, journal

from pytest_rdsfailover.analysis.elsewhere import told_of
from pytest_rdsfailover.analysis.judging import judge, summarise
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.records import Milestone

OUTAGE = (11.0, 12.0)


def trial(*, writers=2, silent=(), stored=None, **changes):
    events = [
        ack(10 + n / 100, writer=n % 2)
        for n in range(400)
        if not OUTAGE[0] < 10 + n / 100 < OUTAGE[1]
    ]
    skips = [(writer, 10.0, 14.0, 100) for writer in silent]
    made = journal(events, writers=writers, skips=skips)
    about = course(start=10.0, stop=14.0, trigger=10.8, settled=12.5)
    positions = [(write.writer, write.sequence) for write in made] if stored is None else stored
    return summarise(made, replace(about, **changes), Stored(positions=positions))


def test_what_lies_between_two_clocks_is_wider_by_both_their_errors():
    plain, doubted = trial(rate=100.0), trial(rate=100.0, alignment=0.02)
    for name in ("downtime", "first_writer_back"):
        before, after = plain.figure(name), doubted.figure(name)
        assert after.lower == pytest.approx(max(0.0, before.lower - 0.04))
        assert after.upper == pytest.approx(before.upper + 0.04)
        assert after.value == pytest.approx(before.value)
    assert doubted.figure("last_writer_back").upper == 0  # nobody was away by its own clock
    assert doubted.figure("writer_outage").upper == plain.figure("writer_outage").upper
    assert doubted.figure("max").upper == plain.figure("max").upper


def test_writers_of_whom_nobody_told_are_neither_stuck_nor_away_and_their_slots_are_not_issued():
    told = trial(rate=100.0)
    whole = trial(rate=200.0, writers=4, silent=(2, 3), unreported=[2, 3])
    assert (whole.writers, whole.rate, whole.stuck) == (4, 200.0, [])
    assert whole.not_issued == 200
    assert whole.clock.problem == told.clock.problem == ""
    for name in ("downtime", "writer_outage", "availability_area", "success"):
        assert (whole.figure(name).lower, whole.figure(name).upper) == (
            told.figure(name).lower,
            told.figure(name).upper,
        )


@pytest.mark.parametrize(
    ("writers", "silent", "rate"), [(4, (2, 3), 100.0), (1, (), 200.0), (2, (0, 1), 0.0)]
)
def test_the_load_that_is_judged_is_the_part_of_those_who_told(writers, silent, rate):
    every = series_of(journal([], writers=writers))
    told, about = told_of(every, course(rate=200.0, unreported=silent))
    assert (len(told), about.rate) == (writers - len(silent), rate)


def test_without_being_told_so_the_same_writers_would_be_stuck():
    whole = trial(rate=200.0, writers=4, silent=(2, 3))
    assert whole.stuck == [2, 3]


def test_what_they_have_stored_is_judged_by_nobody():
    stored = [(0, n) for n in range(140)] + [(3, 7), (3, 7)]
    whole = trial(rate=200.0, writers=4, silent=(2, 3), unreported=[2, 3], stored=stored)
    assert whole.unexpected == whole.duplicated == []
    assert whole.lost  # of writer 1, who has told what it did
    other = trial(rate=200.0, writers=4, silent=(2, 3), unreported=[2], stored=stored)
    assert other.unexpected == other.duplicated == ["run-3-7"]


def test_a_fleet_of_which_nobody_told_anything_has_a_verdict():
    made = journal([], writers=2, skips=[(writer, 10.0, 20.0, 100) for writer in (0, 1)])
    found = summarise(made, course(unreported=[0, 1]), Stored(positions=[(0, 7)]))
    assert "no write was acknowledged before the trigger" in found.reason
    assert (found.stuck, found.unexpected, found.not_issued) == ([], [], 200)
    assert found.figure("downtime").upper == math.inf


@pytest.mark.parametrize(("alignment", "stale"), [(0.0, 1), (0.005, 0)])
@pytest.mark.parametrize("sent", [11.001, 12.996])
def test_a_write_that_may_have_been_outside_the_time_of_no_writer_is_not_stale(
    alignment, stale, sent
):
    milestones = [
        Milestone(name="writer_cut", at=11.0, instance="instance-1"),
        Milestone(name="promoted", at=12.0, instance="instance-2"),
        Milestone(name="promoted", at=13.0, instance="instance-1"),
    ]
    events = [ack(10 + n / 10, instance="instance-1") for n in range(10)]
    made = journal([*events, ack(sent + 0.002, sent=sent, instance="instance-1")])
    about = course(
        start=10.0, stop=14.0, trigger=10.8, settled=12.5, milestones=milestones,
        writer_before="instance-1", alignment=alignment,
    )  # fmt: skip
    assert summarise(made, about, None).stale_writes.value == stale


def test_what_is_known_of_a_fleet_is_kept_in_its_file(tmp_path):
    made = journal([ack(10 + n / 10, writer=n % 2) for n in range(30)], writers=3)
    about = course(start=10.0, stop=14.0, trigger=10.8, settled=12.5)
    evidence = Evidence(
        journal=made,
        course=replace(about, alignment=0.002, unreported=[2]),
        stored=Stored(positions=[(2, 0)]),
    )
    label = archive.Label(test="t", scenario="s", seed=1, rerun="", versions={})
    again, _ = archive.read(archive.write(tmp_path, evidence, label))
    assert judge(again) == judge(evidence)
    assert again.course.unreported == [2]
