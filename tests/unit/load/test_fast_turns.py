"""The turns of the fast engine: when it wakes, whom it serves, and whom it gives up."""

import select
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import fast
from pytest_rdsfailover.load.engine import LoadError
from pytest_rdsfailover.load.fast import STORM, SWEEP, FastLoad
from pytest_rdsfailover.load.fast_writer import AWAY, CONNECTING, READY
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.model.endpoints import Endpoint

PLACE = Endpoint(
    name="c", kind="writer", host="127.0.0.1", port=1, user="u", password="p", database="d"
)
TIMER = 7  # the descriptor of the timer


class Writer:
    """A writer that notes what it is told."""

    def __init__(self, number=0, state=READY, **more):
        self.state, self.told = state, []
        self.working = self.planned = self.fresh = False
        self.deadline = self.next_try = self.slot = self.accounted = self.last_acked = 0
        self.problem, self.sock = "", None
        self.journal = SimpleNamespace(writer=number, skip=lambda *span: self.told.append(span))
        self.slots = SimpleNamespace(
            start=0, span=lambda first, stop: (first, stop),
            first_after=lambda moment, accounted: accounted + moment,
        )  # fmt: skip
        vars(self).update(more)

    def use(self, moment):
        self.told.append(("use", moment))
        self.working = True

    def connect(self):
        self.told.append("connect")
        self.state = CONNECTING

    def connected(self):
        self.told.append("connected")
        self.state = READY

    def receive(self):
        self.told.append("receive")

    def expire(self):
        self.told.append("expire")


class Poll:
    """Keeps what is watched."""

    def __init__(self):
        self.watched = []

    def register(self, fd, events):
        self.watched.append((fd, events))

    modify = register


class Clock:
    def __init__(self):
        self.now = 0

    def monotonic_ns(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(fast, "time", clock)
    return clock


def engine(*writers, rate=10.0, count=4):
    load = FastLoad(InsertWorkload(PLACE, "r"), Journal("r", count), rate=rate)
    load._writers = list(writers)
    return load


# Turns -------------------------------------------------------------------------------------------


class Turns:
    """An engine of which only the order of a turn's steps is its own.

    Args:
        due: when the next write is due, in each turn; None for never.
    """

    def __init__(self, clock, *due, takes=1, opens=0):
        self.load, self.clock, self.due, self.takes = (
            engine(Writer(), Writer(1)),
            clock,
            [*due],
            takes,
        )
        self.done, self.armed, self.opens = [], [], opens
        self.left = len(due)
        for name in ("_sweep", "_serve", "_answer", "_plan", "_account"):
            setattr(self.load, name, getattr(self, name[1:]))
        self.load._turn(
            None, SimpleNamespace(arm=lambda moment: self.armed.append((clock.now, moment)))
        )

    def sweep(self, _, now, *, begun):
        self.done.append(("sweep", now, begun))

    def serve(self, *_):
        due = self.due.pop(0)
        self.load._due = [] if due is None else [(due, 0), (due + 99, 1)]

    def answer(self, *_, begun):
        self.left -= 1
        self.done.append(("answer", begun))
        self.clock.now += self.takes
        if self.opens and self.clock.now >= self.opens and not self.load._gate.begun.is_set():
            self.load._gate.open(5)
        if not self.left:
            self.load._gate.ended.set()
            self.load._gate.begun.set()

    def plan(self, writer, now):
        self.done.append(("plan", writer.journal.writer, now))

    def account(self):
        self.done.append("account")


def test_it_wakes_for_the_next_write_or_the_next_look_and_is_told_so_only_when_that_changes(clock):
    clock.now = SWEEP
    turns = Turns(clock, None, None, SWEEP + 50, SWEEP + 50, 3 * SWEEP, None)
    assert turns.armed == [(SWEEP, 2 * SWEEP), (SWEEP + 2, SWEEP + 50), (SWEEP + 4, 2 * SWEEP)]


def test_it_looks_for_who_waits_too_long_no_more_often_than_it_must(clock):
    clock.now = SWEEP
    turns = Turns(clock, *[None] * 5, takes=SWEEP // 2)
    assert [step for step in turns.done if step[0] == "sweep"] == [
        ("sweep", SWEEP, False), ("sweep", 2 * SWEEP, False), ("sweep", 3 * SWEEP, False),
    ]  # fmt: skip


def test_writers_are_planned_once_when_the_load_has_begun(clock):
    clock.now = SWEEP
    turns = Turns(clock, *[None] * 4, takes=SWEEP, opens=2 * SWEEP)
    assert [step for step in turns.done if step[0] == "plan"] == [
        ("plan", 0, 2 * SWEEP), ("plan", 1, 2 * SWEEP),
    ]  # fmt: skip
    assert [step[1] for step in turns.done if step[0] == "answer"] == [False, True, True, True]
    assert [step[2] for step in turns.done if step[0] == "sweep"] == [False, False, True, True]
    assert turns.done[-1] == "account"


def test_a_load_that_never_began_has_no_slots_to_account_for(clock):
    clock.now = SWEEP
    assert "account" not in Turns(clock, None).done


@pytest.mark.parametrize(
    ("ended", "working", "over"), [(False, False, False), (True, True, False), (True, False, True)]
)
def test_a_load_is_over_once_it_was_ended_and_the_last_answer_is_there(ended, working, over):
    load = engine(Writer(), Writer(working=working))
    if ended:
        load._gate.ended.set()
    assert load._over() is over


# Looks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deadline", "now", "expires"), [(0, 5, False), (6, 5, False), (5, 5, True), (4, 5, True)]
)
def test_who_has_waited_to_its_deadline_is_given_up(deadline, now, expires):
    writer = Writer(deadline=deadline)
    engine(writer)._sweep(Poll(), now, begun=False)
    assert writer.told == ["expire"] * expires


@pytest.mark.parametrize("begun", [True, False])
def test_only_before_the_first_slot_writers_are_connected_at_a_look(begun):
    writer = Writer(state=AWAY)
    load = engine(writer)
    load._sweep(Poll(), 5, begun=begun)
    assert writer.told == ["connect"] * (not begun)
    assert not load._ready.is_set()


@pytest.mark.parametrize(
    ("rate", "begun", "adapts"), [(0.0, True, 1), (10.0, True, 0), (0.0, False, 0)]
)
def test_only_a_closed_loop_that_has_begun_adapts_to_the_machine(monkeypatch, rate, begun, adapts):
    monkeypatch.setattr(fast, "crowded", lambda: True)
    load, adapted = engine(Writer(), rate=rate), []
    monkeypatch.setattr(load._window, "adapt", lambda **how: adapted.append(how))
    load._sweep(Poll(), 5, begun=begun)
    assert adapted == [{"crowded": True}] * adapts


@pytest.mark.parametrize(
    ("connecting", "ready", "connects"),
    [(0, 0, STORM), (STORM - 2, 0, 2), (0, 9, STORM), (STORM, 0, 0)],
)
def test_no_more_are_connected_at_once_than_a_server_lets_wait(connecting, ready, connects):
    busy = [Writer(state=CONNECTING) for _ in range(connecting)] + [Writer() for _ in range(ready)]
    away = [Writer(state=AWAY) for _ in range(STORM + 5)]
    engine(*busy, *away)._connect(Poll(), 5)
    assert sum(writer.told == ["connect"] for writer in away) == connects


def test_who_must_wait_before_its_next_try_takes_nobody_s_place():
    late, due = Writer(state=AWAY, next_try=6), Writer(state=AWAY, next_try=5)
    load = engine(late, due)
    load._connect(Poll(), 5)
    assert (late.told, due.told) == ([], ["connect"])


@pytest.mark.parametrize(("state", "ready"), [(READY, True), (CONNECTING, False)])
def test_the_engine_is_ready_once_all_its_writers_are(state, ready):
    load = engine(Writer(), Writer(state=state))
    load._connect(Poll(), 5)
    assert load._ready.is_set() is ready


# Writes ------------------------------------------------------------------------------------------


def test_every_write_whose_time_has_come_is_done_and_the_slots_before_it_are_skipped():
    writers = [Writer(number, slot=number + 3, accounted=3, planned=True) for number in range(3)]
    load = engine(*writers)
    load._due = [(4, 0), (5, 2), (6, 1)]
    load._serve(Poll(), 5)
    assert [writer.told for writer in writers] == [[("use", 4)], [], [(3, 5), ("use", 5)]]
    assert [writer.accounted for writer in writers] == [4, 3, 6]
    assert [writer.planned for writer in writers] == [False, True, False]
    assert load._due == [(6, 1)]


def test_once_the_load_has_ended_nothing_more_is_written():
    writer = Writer(planned=True)
    load = engine(writer)
    load._due = [(4, 0), (5, 0)]
    load._gate.ended.set()
    load._serve(Poll(), 5)
    assert (writer.told, load._due, writer.accounted) == ([], [], 0)


def test_a_closed_loop_has_no_slots_to_skip(monkeypatch):
    writer, sent = Writer(slot=3), []
    load = engine(writer, rate=0.0)
    monkeypatch.setattr(load._window, "sent", lambda: sent.append(1))
    load._due = [(4, 0)]
    load._serve(Poll(), 5)
    assert (writer.told, sent, writer.accounted) == ([("use", 4)], [1], 0)


# Sockets -----------------------------------------------------------------------------------------


def socket_of(fd):
    return SimpleNamespace(fileno=lambda: fd)


@pytest.mark.parametrize(
    ("state", "events", "told", "watched"),
    [
        (CONNECTING, select.EPOLLOUT, ["connected"], [(4, select.EPOLLIN)]),
        (READY, select.EPOLLIN, ["receive"], []),
        (READY, 0, [], []),
    ],
)
def test_a_socket_that_is_ready_lets_its_writer_go_on(state, events, told, watched):
    writer, poll = Writer(state=state, sock=socket_of(4)), Poll()
    load = engine(writer)
    load._by_fd[4] = writer
    load._handle(poll, 4, events, begun=False)
    assert (writer.told, poll.watched) == (told, watched)


@pytest.mark.parametrize("sock", [None, socket_of(5)])
def test_what_is_told_of_a_socket_that_was_closed_meanwhile_is_nobody_s(sock):
    writer = Writer(sock=sock)
    load = engine(writer)
    load._by_fd[4] = writer
    for fd in (4, 6):
        load._handle(Poll(), fd, select.EPOLLIN, begun=True)
    assert (writer.told, load._due) == ([], [])


def test_a_connection_that_could_not_be_made_is_watched_no_more():
    writer, poll = Writer(state=CONNECTING, sock=socket_of(4)), Poll()

    def fails():
        writer.state, writer.sock = AWAY, None

    writer.connected = fails
    load = engine(writer)
    load._by_fd[4] = writer
    load._handle(poll, 4, select.EPOLLERR, begun=False)
    assert poll.watched == []


def test_a_new_connection_is_watched_once_and_again_when_it_is_another():
    writer, poll = Writer(state=CONNECTING, sock=socket_of(4)), Poll()
    load = engine(writer)
    for _ in range(2):
        load._follow(poll, writer, begun=False)
    assert poll.watched == [(4, select.EPOLLOUT)]
    writer.fresh = True  # another one with the number of the last
    load._follow(poll, writer, begun=False)
    assert (len(poll.watched), writer.fresh) == (2, False)
    load._by_fd[4] = Writer()
    load._follow(poll, writer, begun=False)
    assert load._by_fd[4] is writer


@pytest.mark.parametrize(
    ("begun", "working", "planned", "plans"),
    [(True, False, False, True), (False, False, False, False), (True, True, False, False),
     (True, False, True, False)],
)  # fmt: skip
def test_a_writer_that_is_free_is_planned_anew(begun, working, planned, plans, clock):
    writer = Writer(working=working, planned=planned)
    load, asked = engine(writer), []
    load._plan = lambda one, now: asked.append((one, now))
    clock.now = 9
    load._follow(Poll(), writer, begun=begun)
    assert asked == [(writer, 9)] * plans


# What it tells -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "says"),
    [
        ([(AWAY, ""), (READY, "old")], "1 of 4 writers got no connection within 2 s: no answer"),
        ([(AWAY, ""), (AWAY, "denied")], "2 of 4 writers got no connection within 2 s: denied"),
    ],
)
def test_who_got_no_connection_is_counted_and_the_first_reason_is_told(states, says):
    load = engine(*(Writer(state=state, problem=problem) for state, problem in states))
    assert str(load._not_started(2.0)) == says


def test_a_fault_of_ours_is_told_before_anything_else():
    load = engine(Writer(state=AWAY))
    load._bug = ValueError("planted")
    assert "planted" in str(load._not_started(2.0))
    with pytest.raises(LoadError, match="planted"):
        load.stop()


def test_slots_up_to_the_end_that_nobody_used_are_noted_of_a_schedule_only():
    for rate, told in ((10.0, [(2, 11)]), (0.0, [])):
        writer = Writer(accounted=2)
        load = engine(writer, rate=rate)
        load._gate.end = 9
        load._account()
        assert writer.told == told
    used = Writer(accounted=2)
    load = engine(used)
    load._account()  # up to 0: none is left
    assert used.told == []
