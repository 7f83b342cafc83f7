"""What one writer notes of what it does, and when it replaces a connection; no thread is started."""

from types import SimpleNamespace

import pymysql
import pytest

from pytest_rdsfailover.journal.complaints import CONTRADICTS, HANGING, TEARDOWN
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import writer as writer_module
from pytest_rdsfailover.load.engine import Gate
from pytest_rdsfailover.load.mix import READ, WRITE
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.writer import ReconnectPolicy, Writer
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.errors import ContradictionError
from pytest_rdsfailover.model.records import Fault, Outcome


def error(code):
    return pymysql.err.OperationalError(code, "no")


class Session:
    """Does what it is told, in turn; its attempts may have left something open."""

    instance = "i-1"

    def __init__(self, results, *, undecided=None, close=None):
        self.results, self.closed, self.breaks = results, 0, close
        self.attempts = None
        if undecided is not None:
            self.begun = []
            self.attempts = SimpleNamespace(begin=self.begun.append, undecided=undecided)

    def perform(self, *_):
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def close(self):
        self.closed += 1
        if self.breaks:
            raise self.breaks


class Workload:
    """Opens the next of its sessions, or fails to."""

    renews = True

    def __init__(self, *sessions, steps=(WRITE,)):
        self.steps, self.sessions = steps, list(sessions)

    def open(self, *_):
        one = self.sessions.pop(0)
        if isinstance(one, Exception):
            raise one
        return one


def writer(*sessions, rate=10.0, steps=(WRITE,), policy=None, renews=True):
    """Return a writer that has its first connection, and its journal."""
    journal, workload = Journal("run", 1).writers[0], Workload(*sessions, steps=steps)
    workload.renews = renews
    made = Writer(
        workload, journal, Schedule(writer=0, writers=1, rate=rate), Gate(),
        policy or ReconnectPolicy(jitter=0.0),
    )  # fmt: skip
    made._first_connection()
    return made, journal


def noted(events):
    return [Outcome(outcome).name for outcome in events.outcome]


def test_writes_and_reads_are_noted_apart_and_only_a_write_counts_as_served():
    made, journal = writer(Session([None, 5, None]), steps=(READ, READ, WRITE))
    made._use(0)
    made._use(0)
    assert (noted(journal), noted(journal.reads), made.last_acked) == ([], ["ACKED"] * 2, 0)
    made._use(3)
    assert noted(journal) == ["ACKED"]
    assert made.last_acked == journal.started[0] > 0
    assert list(journal.reads.detail) == [0, 5]
    (write,) = journal
    assert (write.instance, round(write.intended * SECOND)) == ("i-1", 3)


@pytest.mark.parametrize(
    ("first", "code", "extra"),
    [
        ([None], 2013, True), ([None], 1836, True), ([None], 2003, False), ([], 2013, False),
        ([None], 1213, False),
    ],
    ids=["cut", "read only", "refused", "never served", "a deadlock"],
)  # fmt: skip
def test_a_connection_that_had_served_and_is_cut_is_replaced_at_once(first, code, extra):
    one, other = Session([*first, error(code)]), Session([None])
    made, journal = writer(one, other)
    for _ in range(len(first) + 1):
        made._use(0)
    before = len(journal)

    assert bool(made._use_at_once()) is extra
    assert len(journal) == before + extra
    assert made._use_at_once() == 0  # once


def test_nothing_is_written_beside_the_schedule_once_the_load_has_ended():
    made, _ = writer(Session([None, error(2013)]), Session([None]))
    made._use(0)
    made._use(0)
    made._gate.close()
    assert made._use_at_once() == 0


@pytest.mark.parametrize(
    ("code", "on_read_only", "dropped"),
    [(2013, True, 1), (1836, True, 1), (1836, False, 0), (1290, False, 0), (1213, True, 0),
     (2003, True, 1), (1064, True, 0)],
)  # fmt: skip
def test_a_connection_is_dropped_for_what_makes_it_of_no_more_use(code, on_read_only, dropped):
    session = Session([error(code)])
    made, journal = writer(session, policy=ReconnectPolicy(on_read_only=on_read_only))
    made._use(0)

    assert session.closed == dropped
    assert (made._next_try > 0) is bool(dropped)
    assert journal.faults[journal.fault[0]].code == code


@pytest.mark.parametrize(("rate", "waits"), [(10.0, False), (0.0, True)])
def test_what_the_users_code_made_is_theirs_to_heal_and_a_slot_comes_soon_enough(rate, waits):
    session = Session([error(2013)])
    made, _ = writer(session, rate=rate, renews=False)
    made._use(0)

    assert session.closed == 0
    assert (made._next_try > 0) is waits


def test_a_try_to_connect_that_fails_is_a_refused_write_and_is_tried_again_after_a_while():
    made, journal = writer(Session([error(2013)]), error(2003), Session([None]))
    for _ in range(3):
        made._use(0)

    assert noted(journal) == ["UNKNOWN", "REFUSED", "ACKED"]
    back_off = made._policy.backoff * SECOND
    assert made._next_try == pytest.approx(journal.finished[1] + back_off, abs=1)


@pytest.mark.parametrize(
    ("undecided", "outcome"), [(True, "UNKNOWN"), (False, "REFUSED"), (None, "REFUSED")]
)
def test_a_refused_last_try_says_nothing_of_one_before_it_that_may_be_stored(undecided, outcome):
    session = Session([error(1064)], undecided=undecided)
    made, journal = writer(session)
    made._use(0)

    assert noted(journal) == [outcome]
    if undecided is not None:
        assert session.begun == [0]


@pytest.mark.parametrize(
    ("breaks", "within"),
    [(ValueError("pool"), TEARDOWN), (ContradictionError("app", "k", ("a", "b"), 1), CONTRADICTS)],
)
def test_a_teardown_that_breaks_is_complained_of_and_harms_no_write(breaks, within):
    made, journal = writer(Session([error(2013)], close=breaks), Session([None]))
    made._use(0)
    made._use(0)

    assert noted(journal) == ["UNKNOWN", "ACKED"]
    assert within in [complaint.error for complaint in made._complaints.found()]


def test_a_writer_that_hangs_has_a_write_of_unknown_outcome_and_what_it_does_later_counts_nowhere():
    made, journal = writer(Session([None, None]))
    assert made.abandon() is False  # it does not run
    made.thread = SimpleNamespace(is_alive=lambda: True)
    made._use(0)
    made._gate.close()
    made._busy = (5, 6)
    assert made.abandon() is made.abandon() is True
    made._use(0)

    assert noted(journal) == ["ACKED", "UNKNOWN"]
    assert (journal.intended[1], journal.started[1], journal.finished[1]) == (5, 6, made._gate.end)
    assert journal.faults[journal.fault[1]] == HANGING == Fault(HANGING.code, HANGING.kind)


def test_a_writer_that_hangs_between_two_writes_has_none_more():
    made, journal = writer(Session([]))
    made.thread = SimpleNamespace(is_alive=lambda: True)
    assert made.abandon() is True
    assert noted(journal) == []


def test_a_write_at_the_end_counts_as_long_as_nobody_has_given_its_writer_up():
    made, journal = writer(Session([None]))
    made._gate.close()
    made._use(0)
    assert noted(journal) == ["ACKED"]


@pytest.mark.parametrize(
    ("first", "stop", "skips"), [(2, 2, []), (3, 2, []), (2, 5, [(0.2, 0.4, 3)])]
)
def test_slots_that_nobody_used_are_noted_once(first, stop, skips):
    made, journal = writer(Session([]))
    made._skip(made._schedule, first, stop)

    assert [(skip.first, skip.last, skip.count) for skip in journal.skips] == [
        (pytest.approx(a), pytest.approx(b), n) for a, b, n in skips
    ]


def test_a_writer_thinks_for_half_to_one_and_a_half_times_the_average():
    made, _ = writer(Session([]))
    assert made._think_time() == 0
    made._think = 2.0
    found = [made._think_time() / SECOND for _ in range(200)]
    assert 1.0 <= min(found) < 1.2
    assert 2.8 < max(found) <= 3.0


def test_a_moment_is_reached_unless_the_load_ends_before(monkeypatch):
    made, _ = writer(Session([]))
    now, naps = [0], []

    def sleep(seconds):
        naps.append(seconds)
        now[0] += round(seconds * SECOND)

    clock = SimpleNamespace(monotonic_ns=lambda: now[0], sleep=sleep)
    monkeypatch.setattr(writer_module, "time", clock)
    assert made._reaches(SECOND // 4)
    assert naps == pytest.approx([0.1, 0.1, 0.05])
    assert made._reaches(SECOND // 4)
    made._gate.close()
    assert not made._reaches(0)
