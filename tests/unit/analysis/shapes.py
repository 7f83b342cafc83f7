"""The shapes that ordeals come in: each draws one from a seed."""

import random
from collections.abc import Callable

from ordeals import Ordeal, Trouble

from pytest_rdsfailover.model.records import Fault

LOADS = [(1000, 32), (1000, 32), (1000, 8), (200, 32), (100, 8), (20, 2), (50, 1)]
LATENCIES = [0.0003, 0.002, 0.01]
LENGTHS = [0.03, 0.05, 0.1, 0.2, 0.5, 1.0]
CALM, AFTER = 1.2, 0.8
GENTLE = 1.6  # times


def _load(chance: random.Random, *, least_writers: int = 1) -> dict:
    rate, writers = chance.choice([each for each in LOADS if each[1] >= least_writers])
    return {"rate": rate, "writers": writers, "latency": chance.choice(LATENCIES)}


def _length(chance: random.Random) -> float:
    return chance.choice(LENGTHS) * (0.8 + 0.4 * chance.random())


def _failover(chance: random.Random, kind: str, load: dict, *, length=None, **trouble) -> dict:
    """Return a trigger, one trouble soon after it, and time to get well again."""
    trigger = CALM + chance.random() * 0.3
    start = trigger + chance.random() * 0.1
    stop = start + (_length(chance) if length is None else length)
    return {
        "trigger": trigger,
        "settled": stop,
        "stop": stop + AFTER + 2 * load["writers"] / load["rate"],
        "troubles": (Trouble(kind=kind, start=start, stop=stop, **trouble),),
        "away": ((start, stop),),
    }


def quiet(chance):
    """Nothing happens."""
    load = _load(chance)
    return Ordeal(**load, trigger=chance.choice([None, CALM]), settled=CALM + 0.1,
                  hiccups=chance.choice([0.0, 0.02]))  # fmt: skip


def stalled(chance):
    load = _load(chance)
    return Ordeal(**load, **_failover(chance, "stall", load), resume=0.0024 * chance.random(),
                  hiccups=chance.choice([0.0, 0.02]))  # fmt: skip


def stalled_without_trigger(chance):
    """The server stops up to three times; nobody knows when."""
    return _untriggered(chance, _load(chance), _length)


def barely_stalled_without_trigger(chance):
    """The same, for hardly longer than gaps and operations of the calm last."""
    load = _load(chance) | {"latency": 0.01}
    natural = max(0.02, 2 / load["rate"])
    return _untriggered(chance, load, lambda _: natural * (1 + 3 * chance.random()))


def _untriggered(chance, load, length_of):
    at, troubles = 0.5 + chance.random(), []
    for _ in range(chance.choice([1, 2, 3])):
        length = length_of(chance)
        troubles.append(Trouble(kind="stall", start=at, stop=at + length))
        at += length + 0.5 + chance.random() * 0.5
    away = tuple((each.start, each.stop) for each in troubles)
    return Ordeal(
        **load,
        stop=at + AFTER,
        troubles=tuple(troubles),
        away=away,
        resume=0.0024 * chance.random(),
    )


def stalled_with_jitter(chance):
    load = _load(chance)
    length = 0.03 + 0.07 * chance.random()
    return Ordeal(**load, **_failover(chance, "stall", load, length=length), resume=0.0024 * chance.random(),
                  jitter=chance.choice([0.005, 0.02, 0.05]))  # fmt: skip


def segments_dropped(chance):
    load = _load(chance)
    length = chance.choice([0.1, 0.3, 0.7, 0.7, 1.5]) * (0.8 + 0.4 * chance.random())
    return Ordeal(**load, **(_failover(chance, "drop", load, length=length)
                             | {"stop": CALM + 2.5 * length + 2.5}))  # fmt: skip


def refused(chance):
    load = _load(chance)
    return Ordeal(**load, **_failover(chance, "refuse", load))


def hung(chance):
    load = _load(chance)
    found = _failover(chance, "hang", load)
    return Ordeal(**load, **(found | {"stop": found["stop"] + 1.5}), patience=0.3)


def lazy_pool(chance):
    """A stall or a cut of a load whose pool connects lazily, in the calm and later."""
    load = _load(chance)
    return Ordeal(**load, **_failover(chance, chance.choice(["stall", "refuse"]), load),
                  connecting=0.1, filling=chance.choice([0.005, 0.02, 0.05]))  # fmt: skip


def server_errors(chance):
    return _erring(chance, Fault(1146, "server"))


def client_errors(chance):
    return _erring(chance, Fault(0, "client"))


def out_of_connections(chance):
    return _erring(chance, Fault(1040, "server"))


def _erring(chance, fault):
    load = _load(chance)
    return Ordeal(**load, **_failover(chance, "error", load, fault=fault))


def one_writer_served(chance):
    """All writers but one are refused; that one is always served."""
    load = _load(chance, least_writers=8)
    whom = frozenset(range(1, load["writers"]))
    kind = chance.choice(["error", "refuse", "stall"])
    # Long enough for that one to be served again and again, and for the others to try again.
    length = 0.3 + (2 + 4 * chance.random()) * load["writers"] / load["rate"]
    return Ordeal(
        **load, **(_failover(chance, kind, load, length=length, whom=whom) | {"away": ()})
    )


def brownout(chance):
    """Some writes fail, others are served."""
    load = _load(chance, least_writers=8)
    found = _failover(chance, "error", load, length=0.3 + chance.random() * 1.2,
                      share=chance.choice([0.2, 0.5, 0.8]))  # fmt: skip
    return Ordeal(**load, **(found | {"away": ()}))


def late_answers(chance):
    """The network is slow for a while: no answer is lost, none comes in time."""
    load = _load(chance)
    by = chance.choice([0.01, 0.05, 0.2])
    late = chance.choice([(0.0, by), (by, by * 1.1)])
    return Ordeal(**load, **(_failover(chance, "late", load, late=late) | {"away": ()}))


def own_pauses(chance):
    """The load generator stands still, once or in a storm; the database does not."""
    load = _load(chance)
    return Ordeal(**load, trigger=chance.choice([None, CALM]), settled=CALM + 0.1,
                  pauses=_pauses(chance, CALM, CALM + 0.8))  # fmt: skip


def _pauses(chance, first, last):
    if chance.random() < 0.5:
        at, length = first + chance.random() * (last - first) / 2, 0.05 + chance.random() * 0.3
        return ((at, at + length),)
    found, at = [], first
    while at < last:
        length = 0.006 + chance.random() * 0.03
        found.append((at, at + length))
        at += length + chance.random() * 0.03
    return tuple(found)


def one_process_stopped(chance):
    """One of two processes of the load stands still."""
    load = _load(chance, least_writers=2)
    return Ordeal(**load, trigger=CALM, settled=CALM + 0.1, paused=frozenset(range(0, 99, 2)),
                  pauses=((CALM + 0.2, CALM + 0.3 + chance.random() * 0.4),))  # fmt: skip


def one_process_stopped_in_failover(chance):
    """One of two processes of the load stands still while the database is away, or a part of it."""
    load = _load(chance, least_writers=2)
    found = _failover(chance, chance.choice(["stall", "refuse", "hang"]), load)
    start, stop = found["away"][0]
    at = start - 0.2 + chance.random() * (stop - start + 0.3)
    return Ordeal(**load, **found, paused=frozenset(range(0, 99, 2)),
                  pauses=((at, at + 0.05 + chance.random() * 0.8),))  # fmt: skip


def paused_calm(chance):
    """A pause in the calm, of the server or of ourselves, then a failover."""
    load = _load(chance)
    found = _failover(chance, chance.choice(["stall", "refuse"]), load,
                      length=0.3 + 0.2 * chance.random())  # fmt: skip
    at = 0.3 + 0.3 * chance.random()
    pause = at, at + 0.25 + 0.05 * chance.random()
    if chance.random() < 0.5:
        return Ordeal(**load, **found, pauses=(pause,))
    earlier = Trouble(kind="stall", start=pause[0], stop=pause[1])
    return Ordeal(**load, **(found | {"troubles": (earlier, *found["troubles"])}))


def paused_in_failover(chance):
    """The load generator stands still while the database is away, too."""
    load = _load(chance)
    found = _failover(chance, chance.choice(["stall", "refuse"]), load)
    start, stop = found["away"][0]
    at = start - 0.1 + chance.random() * (stop - start + 0.2)
    return Ordeal(**load, **found, pauses=((at, at + 0.02 + chance.random() * 0.2),))


def unfinished(chance):
    """Observation ends before the trouble does."""
    load = _load(chance)
    found = _failover(chance, chance.choice(["stall", "refuse", "hang", "error", "drop"]), load)
    start, _ = found["away"][0]
    least = 0.03 + 3 / load["rate"]
    stop = start + least + chance.random() * 0.6
    (trouble,) = found["troubles"]
    lasts = Trouble(kind=trouble.kind, start=start, stop=stop + 3.0)
    return Ordeal(**load, **(found | {"stop": stop, "troubles": (lasts,), "settled": None,
                                      "away": ((start, stop + 3.0),)}))  # fmt: skip


def deadlocks(chance):
    """A failover of a load of which some writes deadlock all along."""
    load = _load(chance)
    found = _failover(chance, chance.choice(["stall", "refuse"]), load)
    return Ordeal(**load, **(found | {"stop": found["stop"] + 1.0}),
                  deadlocks=chance.choice([0.01, 0.1, 0.3]))  # fmt: skip


def flapping(chance):
    load = _load(chance)
    found = _failover(chance, "refuse", load)
    troubles, at = list(found["troubles"]), found["settled"]
    for _ in range(chance.choice([1, 2])):
        at += 0.3 + 0.5 * chance.random() + 3 * load["writers"] / load["rate"]
        length = _length(chance)
        troubles.append(Trouble(kind="refuse", start=at, stop=at + length))
        at += length
    away = tuple((each.start, each.stop) for each in troubles)
    return Ordeal(**load, **(found | {"troubles": tuple(troubles), "away": away, "settled": at,
                                      "stop": at + AFTER}))  # fmt: skip


SHAPES: dict[str, Callable[[random.Random], Ordeal]] = {
    each.__name__: each
    for each in (
        quiet, stalled, stalled_without_trigger, barely_stalled_without_trigger, stalled_with_jitter,
        segments_dropped, refused, hung, lazy_pool, server_errors, client_errors, out_of_connections, one_writer_served, brownout,
        late_answers, own_pauses, one_process_stopped,
        one_process_stopped_in_failover, paused_calm, paused_in_failover, unfinished,
        deadlocks, flapping,
    )
}  # fmt: skip
