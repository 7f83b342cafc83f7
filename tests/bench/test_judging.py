"""What judging costs: a log that flaps ten thousand times, and one of a million events."""

import time

import pytest

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.records import Fault, Outcome

pytestmark = pytest.mark.bench
OUTAGES, WRITERS, RATE, EVENTS = 10_000, 32, 400, 1_000_000
EVERY, AWAY = 100_000_000, 40_000_000  # nanoseconds from one outage to the next, and of each
REFUSED = Fault(2003, "refused")


def flapping():
    journal = Journal("bench", WRITERS)
    apart = 1_000_000_000 // RATE
    for number, at in enumerate(range(EVERY, EVERY * (OUTAGES + 1), apart)):
        record = journal.writers[number % WRITERS].record
        if at % EVERY < AWAY:
            record((at, at, at + 100_000), Outcome.REFUSED, REFUSED)
        else:
            record((at, at, at + 300_000), Outcome.ACKED)
    return journal


def test_ten_thousand_outages(table):
    journal = flapping()
    found, end = series_of(journal), to_seconds(EVERY * (OUTAGES + 1))
    course = Course(
        start=0.05, stop=end, trigger=0.06, settled=end, moves_writer=None, milestones=(),
        writer_before=None, writer_after=None, rate=RATE,
    )  # fmt: skip
    begun = time.process_time()
    judged = absences(found, course)
    took = time.process_time() - begun
    assert len(judged.outages) == OUTAGES
    table.add(f"{OUTAGES:,} outages judged", f"{took:.2f} s", aim="≤ 2 s")
    whole = all_figures(journal, course)
    table.add(f"{OUTAGES:,} outages, every figure", f"{whole:.2f} s", aim="≤ 2 s")


def test_a_million_events(table):
    journal = Journal("bench", WRITERS)
    for number in range(EVENTS):
        at = number * 1000
        journal.writers[number % WRITERS].record((at, at + 1, at + 2), Outcome.ACKED)
    stop = EVENTS / 1e6
    course = Course(
        start=0.0, stop=stop, trigger=stop / 2, settled=stop / 2, moves_writer=None, milestones=(),
        writer_before=None, writer_after=None, rate=1e6,
    )  # fmt: skip
    took = all_figures(journal, course)
    table.add("a million events, every figure", f"{took:.2f} s", aim="≤ 0.5 s")


def all_figures(journal, course):
    """Return the CPU seconds of a verdict with each figure that can be expected."""
    begun = time.process_time()
    figures = dict(summarise(journal, course, None).figures)
    assert "worst_second" in figures
    return time.process_time() - begun
