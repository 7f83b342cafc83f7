"""Rules of engines that no load shows by itself: bounds of waits, who writes next, what is made."""

import threading
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import engine, function_notes, inserts
from pytest_rdsfailover.load.engine import LOOK_EVERY, happens
from pytest_rdsfailover.load.fast import FastLoad
from pytest_rdsfailover.load.fast_writer import AWAY, CONNECTING, READY
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.programs import ProcessWorkload
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import ContradictionError, ToldError
from pytest_rdsfailover.model.records import Outcome

PLACE = Endpoint(
    name="c", kind="writer", host="127.0.0.1", port=1, user="u", password="p", database="d"
)


# Waiting -----------------------------------------------------------------------------------------


class Waits:
    """An event that never comes, and how long somebody waited for it each time."""

    def __init__(self, clock):
        self.clock, self.waited = clock, []

    def wait(self, seconds):
        self.waited.append(seconds)
        self.clock.now += seconds
        return False


def test_a_wait_ends_at_its_deadline_and_looks_around_meanwhile(monkeypatch):
    clock = SimpleNamespace(now=10.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(engine, "time", clock)
    event, looked = Waits(clock), []

    assert not happens(event, 10.0 + 2.5 * LOOK_EVERY, lambda: looked.append(clock.now))
    assert event.waited == pytest.approx([LOOK_EVERY, LOOK_EVERY, LOOK_EVERY / 2])
    assert len(looked) == 2
    assert not happens(Waits(clock), clock.now - 1, None)


def test_what_has_happened_needs_no_look():
    event = threading.Event()
    event.set()
    assert happens(event, 0.0, pytest.fail)


# The fast engine ---------------------------------------------------------------------------------


@pytest.fixture
def load():
    return FastLoad(InsertWorkload(PLACE, "r"), Journal("r", 4), rate=0.0)


@pytest.mark.parametrize(("ready", "all_may"), [([], True), ([(7, 1)], False)])
def test_only_silence_lets_all_writers_of_a_closed_loop_write(load, ready, all_may):
    asked = []
    for writer in load._writers:
        load._window.keep(writer)
    load._window.size = 1
    load._gate.ended.set()
    poll = SimpleNamespace(poll=lambda patience: asked.append(patience) or ready)

    load._answer(poll, SimpleNamespace(fd=7), begun=True)

    assert (load._window.size > 1) is all_may
    assert asked == [load._window.patience]
    assert asked[0] > 0


@pytest.mark.parametrize(
    ("state", "now", "moment"),
    [(AWAY, 50, 100), (AWAY, 200, 200), (READY, 5, 20), (CONNECTING, 50, 50), (READY, 50, None)],
)
def test_a_writer_of_a_closed_loop_writes_as_soon_as_it_may(load, state, now, moment):
    """The load begins at 20; one without a connection may try again at 100."""
    load._gate.open(20)
    writer = load._writers[2]
    writer.state, writer.next_try = state, 100

    load._plan(writer, now)

    assert load._due == ([] if moment is None else [(moment, 2)])
    assert [*load._window.take()] == ([writer] if moment is None else [])
    assert writer.planned


def test_a_write_counts_as_acknowledged_since_a_moment_that_was_sent_after_it(load):
    load._writers[0].last_acked, load._writers[1].last_acked = 1_000_000_000, 1_000_000_001
    assert load.acked_since(1.0) == 1


# What is made and told ---------------------------------------------------------------------------


def test_a_workload_makes_its_own_table_and_drops_it(monkeypatch):
    done = []
    monkeypatch.setattr(inserts, "execute", lambda control, sql: done.append((control, sql)))
    workload = InsertWorkload(PLACE, "abc")
    workload.create(PLACE)
    workload.drop(PLACE)

    (where, made), (_, dropped) = done
    assert where is PLACE
    assert made.startswith("CREATE TABLE IF NOT EXISTS rds_writes_abc (id BIGINT AUTO_INCREMENT")
    assert dropped == "DROP TABLE IF EXISTS rds_writes_abc"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([4], "function 4"),
        (range(8), "functions 0, 1, 2, 3, 4, 5, 6, 7"),
        (range(11), "functions 0, 1, 2, 3, 4, 5, 6, 7 and 3 more"),
    ],
)
def test_a_few_functions_are_named_and_the_others_counted(numbers, text):
    assert function_notes._named([*numbers]) == text


# Programs ----------------------------------------------------------------------------------------


def program(script, **options):
    return ProcessWorkload(command=["/bin/sh", "-c", script], **options).open()


def test_an_answer_that_comes_late_is_not_taken_for_that_of_the_next_key():
    session = program(
        'read a; read b; echo "refused $a 1290"; echo "ok $b"; read c; echo "ok $c"',
        answer_within=0.1,
    )
    with pytest.raises(ToldError) as told:
        session.write("first")
    assert told.value.outcome is Outcome.UNKNOWN
    session.write("second")
    session.write("third")
    session.close()


def test_a_program_that_answers_a_key_twice_is_not_believed_at_its_end():
    session = program('read a; echo "ok $a"; echo "refused $a 1"; read b; echo "ok $b"; cat')
    session.write("first")
    session.write("second")
    with pytest.raises(ContradictionError, match=r"said .ok first. and later .refused first 1."):
        session.close()
