"""Tries that a function of the user's reports become attempts; what cannot be true is named."""

import json
import time

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.engine import Gate
from pytest_rdsfailover.load.invocations import LambdaWorkload
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.told_tries import told_tries
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy, Writer
from pytest_rdsfailover.model.records import Fault, Outcome

SECOND = 1_000_000_000
SENT, ANSWERED = 100 * SECOND, 102 * SECOND
THERE = 1_700_000_000.0  # the function's clock at its beginning


def told(*tries):
    """Return the tries of an answer; their times in seconds after the function began."""
    moved = [[THERE + began, THERE + ended, code] for began, ended, code in tries]
    return told_tries(json.dumps({"tries": moved, "order": 7}).encode(), SENT, ANSWERED)


def test_tries_are_placed_before_the_answer_in_their_distances():
    refused, lost, done = told((0.0, 0.25, 1836), (0.5, 0.75, 2013), (1.0, 1.5, None))

    began, ended = zip(*[(one.began, one.ended) for one in (refused, lost, done)], strict=True)
    assert [(at - SENT) / SECOND for at in began] == pytest.approx([0.5, 1.0, 1.5], abs=1e-6)
    assert [(at - SENT) / SECOND for at in ended] == pytest.approx([0.75, 1.25, 2.0], abs=1e-6)
    assert (refused.outcome, refused.fault) == (Outcome.REFUSED, Fault(1836, "read-only"))
    assert (lost.outcome, lost.fault) == (Outcome.UNKNOWN, Fault(2013, "reset"))
    assert (done.outcome, done.fault) == (Outcome.ACKED, None)


def test_a_clock_that_is_a_little_fast_makes_no_liar():
    [only] = told((0.0, 2.0005, None))
    assert (only.began, only.ended) == (SENT, ANSWERED)


@pytest.mark.parametrize(
    "payload", [b"", b"null", b'"tries"', b"[1]", b"3", b'{"statusCode": 200}']
)
def test_an_answer_need_not_tell_of_tries(payload):
    assert told_tries(payload, SENT, ANSWERED) == []


@pytest.mark.parametrize(
    ("tries", "why"),
    [
        ([], "tells of no try"),
        ([(0.5, 0.4, None)], "a try ended before it began"),
        ([(0.1, 0.2, 1290), (0.5, 0.4, None)], "a try ended before it began"),
        ([(0.0, 0.5, 1290), (0.4, 0.6, None)], "began before the one before it ended"),
        ([(0.0, 2.01, None)], r"its tries take 2.010 s, and the invocation took 2.000 s"),
        ([(0.0, 0.5, 70000)], "70000 is no error number of MySQL"),
        ([(0.0, 0.5, -1)], "-1 is no error number of MySQL"),
    ],
)
def test_tries_that_cannot_be_are_refused(tries, why):
    with pytest.raises(ValueError, match=why):
        told(*tries)


@pytest.mark.parametrize(
    "tries", [3, "many", [1, 2], [[1, 2]], [[0, 1, "2013"]], [[0, 1e999, None]]]
)
def test_tries_of_another_shape_are_refused(tries):
    with pytest.raises(ValueError, match=r"its answer\.tries"):
        told_tries(json.dumps({"tries": tries}).encode(), SENT, ANSWERED)


class Client:
    """A Lambda whose function answers what it is made with, after 10 ms."""

    def __init__(self, tries):
        self.answer = json.dumps({"tries": tries}).encode()

    def invoke(self, **_):
        time.sleep(0.01)
        return {"Payload": self}

    def read(self):
        return self.answer


def wrote(tries):
    """Return the journal of one write, and the writer's error."""
    journal = Journal("run", 1)
    workload = LambdaWorkload(function="orders", client=Client(tries))
    calls = CallWorkload(journal, workload.write, setup=workload.open, teardown=workload.close)
    schedule = Schedule(writer=0, writers=1, rate=0)
    writer = Writer(calls, journal.writers[0], schedule, Gate(), ReconnectPolicy(backoff=0.0))
    writer._first_connection()
    writer._use(time.monotonic_ns())
    return journal.writers[0], [item.text for item in writer._complaints.found()]


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        ([None], Outcome.ACKED),
        ([1836, None], Outcome.ACKED),
        ([1836, 2003], Outcome.REFUSED),
        ([2013, 1836], Outcome.UNKNOWN),
        ([1836, 2013], Outcome.UNKNOWN),
    ],
)
def test_a_write_is_what_its_last_try_is_and_no_surer_than_all(codes, outcome):
    tries = [[0.001 * place, 0.001 * (place + 1), code] for place, code in enumerate(codes)]
    writer, complaints = wrote(tries)

    assert Outcome(writer.outcome[0]) is outcome
    assert len(writer.attempts) == len(codes)
    assert set(writer.attempts.detail) == {0}
    assert writer.started[0] <= writer.attempts.started[0]
    assert writer.attempts.finished[-1] <= writer.finished[0]
    given_up = f"orders has given up after 2 tries: MySQL error {codes[-1]}"
    assert [given_up in text for text in complaints] == [True] * (codes[-1] is not None)


def test_a_function_that_reports_nonsense_is_named_and_its_write_is_unknown():
    writer, [complaint] = wrote([[0.0, 5.0, None]])
    assert Outcome(writer.outcome[0]) is Outcome.UNKNOWN
    assert len(writer.attempts) == 0
    assert "orders: its report of tries was refused: its tries take 5.000 s" in complaint
