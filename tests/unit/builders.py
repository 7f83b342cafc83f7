"""Journals of a few attempts, written down as a test needs them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.records import Fault, Milestone, Outcome

KINDS = {2003: "refused", 2013: "reset", 2006: "reset", 1290: "read-only", 1836: "read-only"}
TAKES = 0.001


@dataclass(frozen=True)
class Event:
    """An attempt of a writer; its sequence follows from its place in the journal."""

    finished: float
    started: float
    intended: float
    outcome: Outcome
    fault: Fault | None = None
    writer: int = 0
    instance: str | None = None


def event(at, outcome, fault, *, sent=None, intended=None, writer=0, instance=None):
    """Return an attempt that was over at *at*; sent a millisecond before, unless told."""
    sent = at - TAKES if sent is None else sent
    intended = sent if intended is None else intended
    return Event(at, sent, intended, outcome, fault, writer, instance)


def ack(at, **more):
    return event(at, Outcome.ACKED, None, **more)


def refused(at, code=2003, kind=None, **more):
    return event(at, Outcome.REFUSED, Fault(code, kind or KINDS.get(code, "server")), **more)


def unknown(at, code=2013, kind=None, **more):
    return event(at, Outcome.UNKNOWN, Fault(code, kind or KINDS.get(code, "server")), **more)


def acks(first: float, last: float, every: float, **more) -> Iterator[Event]:
    """Yield acknowledged writes from *first* up to, not including, *last*."""
    for number in range(round((last - first) / every)):
        yield ack(first + number * every, **more)


def journal(events: Iterable[Event], *, writers: int = 1, skips=()) -> Journal:
    """Return a journal; *skips* are (writer, first, last, count) in seconds."""
    made = Journal("run", writers)
    for each in sorted(events, key=lambda each: each.finished):
        times = [round(t * 1e9) for t in (each.intended, each.started, each.finished)]
        made.writers[each.writer].record(tuple(times), each.outcome, each.fault, each.instance)
    for writer, first, last, count in skips:
        made.writers[writer].skip(round(first * 1e9), round(last * 1e9), count)
    return made


def everything_acked(made: Journal) -> list[tuple[int, int]]:
    """Return what is stored when each promise was kept and nothing more was done."""
    return [(each.writer, each.sequence) for each in made if each.outcome is Outcome.ACKED]


def milestone(name: str, at: float, instance: str | None = None) -> Milestone:
    return Milestone(name=name, at=at, instance=instance)


MOVE = (
    milestone("trigger", 10.0),
    milestone("writer_cut", 10.3, "instance-1"),
    milestone("promoted", 12.0, "instance-2"),
    milestone("dns_flip", 12.4, "instance-2"),
)


def course(**changes) -> Course:
    """Return a failover at 10 s from instance-1 to instance-2, settled at 12.4 s, seen to 20 s."""
    usual = {
        "start": 0.0,
        "stop": 20.0,
        "trigger": 10.0,
        "settled": 12.4,
        "moves_writer": True,
        "milestones": MOVE,
        "writer_before": "instance-1",
        "writer_after": "instance-2",
        "profile": "quick",
        "seed": 7,
        "rate": 100.0,
    }
    return Course(**usual | changes)
