"""The load as a function of AWS Lambda: one function's share of it, run and reported.

The handler takes a `FunctionOrder` and returns a `FunctionReport`, both as JSON has them. What a
function does between the two is what local mode does: the same engine, schedule and journal. Its times
are those of its own clock; how that stands to the database's is in the report.
"""

import base64
import itertools
import math
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Protocol

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.parcel import pack
from pytest_rdsfailover.load.alignment import aligned
from pytest_rdsfailover.load.engine import LEAD, Engine, LoadError
from pytest_rdsfailover.load.engines import engine
from pytest_rdsfailover.load.function_messages import FunctionOrder, FunctionReport, Warmed
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.upload import put
from pytest_rdsfailover.load.watchdog import Watchdog
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.typed import typed

MOST_ANSWER = 6_000_000  # bytes of an answer; Lambda takes 6 MiB, its JSON included
CONNECTS_WITHIN = 15.0  # seconds
LAST_CALL = 5.0  # seconds that a write at the end of the load is let finish
RESERVE = 3.0  # seconds at the end for the report
_invocations = itertools.count()
_environment = uuid.uuid4().hex


class Context(Protocol):
    """What of Lambda's context is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""


def handler(event: Mapping[str, object], context: Context) -> Mapping[str, object]:
    """Run a function's share of a load, and report it.

    Args:
        event: a `FunctionOrder`; or `{"warm": SECONDS}` for an environment that is kept busy so long,
            so that others that are warmed at the same time are made beside it.
        context: tells how long the function may run.

    Raises:
        LoadError: if its writers get no connection, or its time or the room of its answer do not do.
        ValueError: if the event is none of these.
    """
    cold = next(_invocations) == 0
    if "warm" in event:
        time.sleep(typed(float, event["warm"], "warm"))
        return asdict(Warmed(cold=cold, environment=_environment))
    order = typed(FunctionOrder, dict(event), "the order")
    report = run(order, cold=cold, left=context.get_remaining_time_in_millis() / 1000)
    return asdict(report)


def run(order: FunctionOrder, *, cold: bool, left: float) -> FunctionReport:
    """Run the load; return the report. See `handler`.

    Args:
        order: what to do.
        cold: whether the environment was made for it.
        left: for how many seconds the function may run.
    """
    over_by = time.monotonic_ns() + to_nanoseconds(left - RESERVE)
    endpoint = order.place.endpoint()
    before = aligned(endpoint)
    start = order.start - before.middle
    end = start + to_nanoseconds(order.seconds)
    if end + to_nanoseconds(LAST_CALL) > over_by:
        raise LoadError(
            f"the load ends in {to_seconds(end - time.monotonic_ns()):.0f} s, and the function may"
            f" run for {left:.0f} s: give it a longer time-out, or the load less time"
        )
    journal = Journal(order.run, order.writers)
    told = order.load_order(endpoint)
    writers = engine(told, told.make(journal), journal)
    with Watchdog() as watchdog:
        try:
            writers.connect(CONNECTS_WITHIN)
            late = _begin(writers, order, journal, start)
            time.sleep(max(0.0, to_seconds(end - time.monotonic_ns())))
        finally:
            writers.stop(LAST_CALL)
    return FunctionReport(
        parcel=_parcel(journal, order),
        offset=before.until_now(lambda: aligned(endpoint), since=start),
        pauses=list(watchdog.pauses),
        complaints=list(writers.complaints),
        late=late,
        cold=cold,
        environment=_environment,
    )


def _begin(writers: Engine, order: FunctionOrder, journal: Journal, start: int) -> float:
    """Let the writers begin at their first slots that are still to come; return how late that is."""
    first = max(start, time.monotonic_ns() + to_nanoseconds(LEAD))
    late = to_seconds(first - start)
    if order.rate and late:
        first = start + _leave_out(order, journal, start, until=first)
    writers.begin(first)
    return late


def _leave_out(order: FunctionOrder, journal: Journal, start: int, *, until: int) -> int:
    """Note the slots before a moment as not issued; return for how long they take."""
    all_slots = Schedule(writer=0, writers=order.writers, rate=order.rate)
    turns = math.ceil((until - start) / all_slots.period)
    for columns in journal.writers[order.function :: order.functions]:
        slots = replace(all_slots, writer=columns.writer, start=start)
        columns.skip(*slots.span(0, turns))
    return all_slots.intended(turns)


def _parcel(journal: Journal, order: FunctionOrder) -> str | None:
    """Return what the writers did, as the answer has it; None if it is in the bucket instead."""
    packed = pack(journal.writers[order.function :: order.functions])
    answer = base64.b64encode(packed).decode()
    if len(answer) <= MOST_ANSWER:
        return answer
    if order.upload is None:
        raise LoadError(
            f"{len(journal)} writes take {len(answer) / 1e6:.1f} MB, and an answer of Lambda has"
            f" room for {MOST_ANSWER / 1e6:.0f}: name a bucket with functions_bucket, let more"
            " functions share the load, or give it less time"
        )
    put(order.upload, packed)
    return None
