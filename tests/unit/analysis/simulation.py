"""Journals of writers that meet an outage, for whoever reads, keeps or draws journals."""

import random
from dataclasses import dataclass

from builders import Event, journal

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.records import Fault, Outcome

RESET, GONE = Fault(2013, "reset"), Fault(2006, "reset")
REFUSED, SILENT = Fault(2003, "refused"), Fault(2013, "timeout")
NO_CONNECTION = Fault(2003, "timeout")


@dataclass(frozen=True, kw_only=True)
class World:
    """How long the database is away, how that shows, and who asks it how often."""

    how: str  # refuse, stall or hang
    start: float
    stop: float
    writers: int
    rate: float
    latency: float
    patience: float
    end: float = 7.5
    backoff: float = 0.05
    connecting: float = 5.0  # latencies


def some_world(seed: int, how: str) -> World:
    chance = random.Random(seed)
    start = 1.5 + chance.random()
    return World(
        how=how,
        start=start,
        stop=start + chance.choice([0.03, 0.2, 1.0, 3.0]) * (0.5 + chance.random()),
        writers=chance.choice([1, 2, 8, 16]),
        rate=chance.choice([20, 100, 400]),
        latency=chance.choice([0.0005, 0.002, 0.01]),
        patience=chance.choice([0.2, 0.5, 1.0]),
    )


def play(world: World, seed: int) -> Journal:
    """Return what the writers of a world wrote down."""
    chance = random.Random(seed)
    events = [event for number in range(world.writers) for event in _writer(world, number, chance)]
    return journal(events, writers=world.writers)


def _writer(world: World, number: int, chance: random.Random):
    slot, free, opened, broken = number / world.rate, 0.0, 0.0, False
    period = world.writers / world.rate
    while slot < world.end:
        if slot < free:  # an open loop skips what it could not issue
            slot += period
            continue
        sent = slot + chance.random() * 0.0005
        takes = world.latency * (1 + chance.random())
        if broken:  # its attempt before failed, so that this one has to connect first
            takes += world.connecting * world.latency
        finished, outcome, fault = _answer(world, sent, takes, dead=opened < world.start)
        yield Event(finished, sent, slot, outcome, fault, number)
        if fault is not None:
            opened = finished
        broken = fault is not None
        free = finished + (world.backoff * (0.5 + chance.random()) if fault else 0)
        slot += period


def _answer(world: World, sent: float, takes: float, *, dead: bool):
    """Return end, outcome and fault of a write; *dead* if its connection is as old as the fault."""
    commits = sent + takes / 2
    if commits < world.start or (commits >= world.stop and not dead):
        return sent + takes, Outcome.ACKED, None
    return {"stall": _stall, "hang": _hang, "refuse": _refuse}[world.how](
        world, sent, takes, dead=dead
    )


def _stall(world: World, sent: float, takes: float, **_: bool):
    return max(sent, world.stop) + takes, Outcome.ACKED, None


def _hang(world: World, sent: float, takes: float, *, dead: bool):
    if dead:
        return sent + world.patience, Outcome.UNKNOWN, SILENT
    if sent < world.stop:
        return sent + world.patience, Outcome.REFUSED, NO_CONNECTION
    return sent + takes, Outcome.ACKED, None


def _refuse(world: World, sent: float, takes: float, *, dead: bool):
    if dead:
        noticed = max(sent, world.start) + takes / 4
        return noticed, Outcome.UNKNOWN, RESET if sent < world.start else GONE
    if sent < world.stop:
        return sent + takes / 4, Outcome.REFUSED, REFUSED
    return sent + takes, Outcome.ACKED, None
