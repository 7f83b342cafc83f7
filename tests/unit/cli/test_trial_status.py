"""What the trials of one command prove together, and what is said of what no bound is about."""

import pytest
from builders import acks, course, everything_acked, journal, refused

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.cli.trial_status import BROKEN, MET, NOTHING_PROVEN, status_of
from pytest_rdsfailover.cli.unasked import told, unasked
from pytest_rdsfailover.journal.complaints import CONTRADICTS, Complaint
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report.terminal import timeline

INVALID = {"writer_after": "instance-1"}
ALL = 10_000


def trial(lost=0, *, twice=0, audited=True, believed=True, **changes):
    """Return a trial that has lost its first acknowledged writes, or stored them twice, or a refused one."""
    made = journal([*acks(1.0, 10.3, 0.05), refused(10.5), *acks(12.5, 20.05, 0.05)])
    kept = everything_acked(made) if believed else [(each.writer, each.sequence) for each in made]
    stored = Stored(positions=kept[lost:] + kept[:twice])
    return summarise(made, course(**changes), stored if audited else None)


@pytest.mark.parametrize(
    ("trials", "problems", "status"),
    [
        ([trial()], [], MET),
        ([trial(), trial(lost=1)], [], BROKEN),
        ([trial()], ["trial 2 of 2 was not run"], NOTHING_PROVEN),
        ([trial(audited=False)], [], NOTHING_PROVEN),
        ([trial(**INVALID)], [], NOTHING_PROVEN),
        # Loss is proven whatever else is not.
        ([trial(lost=1)], ["trial 2 of 2 was not run"], BROKEN),
        ([trial(lost=1), trial(**INVALID)], [], BROKEN),
        ([trial(lost=1, **INVALID)], [], BROKEN),
        ([trial(twice=1, **INVALID)], [], BROKEN),
        # Nothing of the load was found: the query may read another table.
        ([trial(lost=ALL, **INVALID)], [], NOTHING_PROVEN),
    ],
)
def test_a_proven_breach_wins_over_all_that_is_unknown(trials, problems, status):
    assert status_of(trials, parse_expectations(lost=0, duplicated=0), problems) == status


def test_what_is_stored_although_it_was_refused_is_told_as_what_is_lost_is():
    untrue = trial(believed=False)
    (told_of,) = unasked([untrue], ["lost"])

    assert told([told_of], MET).endswith("--expect 'unexpected = 0', or --strict")
    assert any("0 lost, 1 unexpected, 1 refused" in line for line in timeline(untrue))
    assert unasked([untrue], ["unexpected"]) == []


def test_how_long_a_failover_took_that_was_not_meant_proves_nothing():
    found = status_of([trial(**INVALID)], parse_expectations(downtime="< 1s"), [])
    assert found == NOTHING_PROVEN


def test_a_load_whose_program_answered_a_key_twice_proves_nothing():
    said = "app said 'ok k' and later 'refused k 1290'; answer each key once"
    doubled = Complaint(error=CONTRADICTS, text=said, count=1, first=20.0, trace="")
    contradicted = trial(complaints=[doubled])

    assert contradicted.reason == f"answers contradict each other: {said}"
    assert status_of([contradicted], parse_expectations(downtime="< 60s"), []) == NOTHING_PROVEN


def test_lost_writes_that_no_bound_is_about_are_told_with_the_bound_that_is():
    trials = [trial(lost=2), trial(lost=3)]
    (lost,) = [finding for finding in unasked(trials, ["downtime"]) if finding.name == "lost"]

    assert lost.evidence.startswith("2 ")
    for status in (MET, NOTHING_PROVEN):
        assert told([lost], status) == (
            f"status {status}, because no --expect asks for it: --expect 'lost = 0', or --strict"
        )
    assert told([lost], BROKEN) == "status 1 by --strict: no --expect asks for lost"
    assert "lost" not in [finding.name for finding in unasked(trials, ["lost"])]
