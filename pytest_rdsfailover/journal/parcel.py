"""What some writers did, as one compressed piece of bytes, for the way from another machine.

A JSON header says which writers and sorts of events follow, and what their numbers mean. Each sort's
events are four columns: the distance from one intended time to the next, the wait, the duration, and
what became of it. The bytes of a column are sorted by their weight, so that they compress well.
"""

import json
import math
import struct
import zlib
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from operator import add, gt, sub

from pytest_rdsfailover.journal.events import WORDS, Events
from pytest_rdsfailover.journal.journal import ATTEMPTS, OPERATIONS, READS, SKIPS, WriterJournal
from pytest_rdsfailover.journal.names import Names
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.model.typed import typed

LENGTH = struct.Struct("<I")  # of the header
WORD = 8  # bytes
MOST_HEADER = 1 << 24  # bytes
MOST_EVENTS = 20_000_000  # of one parcel
OUTCOMES = bytes(int(outcome) + 1 for outcome in Outcome)
Columns = Sequence["array[int]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelPart:
    """The events of one sort of one writer.

    Attributes:
        writer: number of the writer.
        sort: number of the sort.
        count: how many there are.
    """

    writer: int
    sort: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelHeader:
    """What a parcel holds.

    Attributes:
        parts: in the order of their columns.
        faults: (code, kind) of the faults that numbers stand for, from 1.
        instances: names of the instances that numbers stand for, from 1.
    """

    parts: Sequence[ParcelPart]
    faults: Sequence[tuple[int, str]]
    instances: Sequence[str]


def pack(writers: Sequence[WriterJournal]) -> bytes:
    """Return what writers of one journal did."""
    sorts = [events for writer in writers for events in writer.sorts if len(events)]
    first = writers[0]
    header = {
        "parts": [
            {"writer": events.writer, "sort": events.sort, "count": len(events)} for events in sorts
        ],
        "faults": [[fault.code, fault.kind] for fault in first.faults if fault is not None],
        "instances": [instance for instance in first.instances if instance is not None],
    }
    head = json.dumps(header, separators=(",", ":")).encode()
    packer = zlib.compressobj()
    pieces = [packer.compress(LENGTH.pack(len(head)) + head)]
    for events in sorts:
        pieces += [packer.compress(_by_weight(column)) for column in _packed(events)]
    return b"".join([*pieces, packer.flush()])


def unpack(
    data: bytes,
    journals: Sequence[WriterJournal],
    *,
    shift: int,
    span: tuple[int, int] | None = None,
    slots: float = math.inf,
) -> None:
    """Put what a parcel holds into journals that are empty so far; nothing of one that is refused.

    Args:
        data: the parcel.
        journals: of the writers that it may speak of.
        shift: nanoseconds to add to each time, from the clock of its writers to that of the journal.
        span: between which moments of the journal's clock all of it was; None for any.
        slots: how many slots each writer can have left out at most.

    Raises:
        ValueError: if it is no parcel, tells of another writer, tells of one twice, or of times that
            cannot be.
    """
    try:
        _unpack(data, journals, shift, span, slots)
    except BaseException:
        for events in (events for journal in journals for events in journal.sorts):
            events.hold([array("q")] * WORDS, Names())
        raise


def _unpack(
    data: bytes,
    journals: Sequence[WriterJournal],
    shift: int,
    span: tuple[int, int] | None,
    slots: float,
) -> None:
    reader = _Reader(data)
    head = reader.take(LENGTH.unpack(reader.take(LENGTH.size))[0], MOST_HEADER)
    header = typed(ParcelHeader, json.loads(head), "the header")
    _check(header, [journal.writer for journal in journals])
    names = Names()
    names.faults += [Fault(code, kind) for code, kind in header.faults]
    names.instances += header.instances
    by_writer = {journal.writer: journal for journal in journals}
    for part in header.parts:
        columns = [_from_weights(reader.take(part.count * WORD)) for _ in range(WORDS)]
        _check_words(columns[-1])
        times = list(_times(columns, shift, only_two=part.sort == SKIPS))
        if part.sort == SKIPS:
            _check_skips(times, span, slots)
        else:
            _check_times(times, span)
        by_writer[part.writer].sorts[part.sort].hold([*times, columns[-1]], names)
    reader.end()


def _check(header: ParcelHeader, known: Collection[int]) -> None:
    told: set[tuple[int, int]] = set()
    for part in header.parts:
        if part.writer not in known:
            raise ValueError(f"it tells of writer {part.writer}, whose keys are not its own")
        if (part.writer, part.sort) in told:
            raise ValueError(f"it tells of writer {part.writer} twice")
        if part.sort not in (OPERATIONS, ATTEMPTS, READS, SKIPS) or part.count < 1:
            raise ValueError(f"it tells of {part.count} events of sort {part.sort}")
        told.add((part.writer, part.sort))
    if sum(part.count for part in header.parts) > MOST_EVENTS:
        raise ValueError(f"it tells of more than {MOST_EVENTS} events")


def _check_times(times: Columns, span: tuple[int, int] | None) -> None:
    """Refuse events that ended before they began, or that nobody can have known of."""
    intended, started, finished = times
    if any(map(gt, intended, started)) or any(map(gt, started, finished)):
        raise ValueError("it tells of a write that was over before it began")
    _check_span("a write", span, min(intended), max(finished))


def _check_skips(times: Columns, span: tuple[int, int] | None, most: float) -> None:
    """Refuse slots that nobody had; the third column counts them."""
    first, last, counts = times
    if min(counts) < 1 or any(map(gt, first, last)):
        raise ValueError("it tells of slots that are none")
    if sum(counts) > most:
        raise ValueError(f"it tells of {sum(counts)} slots, and had {most:.0f} at most")
    _check_span("a slot", span, min(first), max(last))


def _check_span(what: str, span: tuple[int, int] | None, first: int, last: int) -> None:
    if span is None:
        return
    early, late = span[0] - first, last - span[1]
    if early > 0:
        raise ValueError(f"it tells of {what} {format_duration(to_seconds(early))} before the load")
    if late > 0:
        raise ValueError(
            f"it tells of {what} {format_duration(to_seconds(late))} after its own report came"
        )


def _check_words(words: "array[int]") -> None:
    """Refuse what no event says: an outcome that there is not, a detail below 0."""
    if words.tobytes()[::WORD].translate(None, OUTCOMES) or min(words) < 0:
        raise ValueError("it tells of an outcome that is none")


def _packed(events: Events) -> Columns:
    intended, started, finished = (events.times(place) for place in range(3))
    return [
        array("q", chain(intended[:1], (b - a for a, b in pairwise(intended)))),
        array("q", map(sub, started, intended)),
        array("q", map(sub, finished, started)),
        events.times(3),
    ]


def _times(columns: Columns, shift: int, *, only_two: bool) -> Iterator["array[int]"]:
    """Yield intended, started and finished times; the third time of a skip is a count."""
    intended = array("q", accumulate(columns[0]))
    started = array("q", map(add, intended, columns[1]))
    finished = array("q", map(add, started, columns[2]))
    yield from (array("q", [at + shift for at in times]) for times in (intended, started))
    yield finished if only_two else array("q", [at + shift for at in finished])


def _by_weight(column: "array[int]") -> bytes:
    data = column.tobytes()
    return b"".join(data[place::WORD] for place in range(WORD))


def _from_weights(data: bytes) -> "array[int]":
    count, sorted_back = len(data) // WORD, bytearray(len(data))
    for place in range(WORD):
        sorted_back[place::WORD] = data[place * count : (place + 1) * count]
    column = array("q")
    column.frombytes(sorted_back)
    return column


class _Reader:
    """Unpacks as much as is asked for, so that a small parcel cannot fill the memory."""

    def __init__(self, data: bytes) -> None:
        self._unpacker, self._left = zlib.decompressobj(), data

    def take(self, size: int, most: int = MOST_EVENTS * WORD) -> bytes:
        """Return the next bytes.

        Raises:
            ValueError: if there are not as many, or that would be too many.
        """
        if size > most:
            raise ValueError(f"it is too large: {size} bytes in one piece")
        pieces, missing = [], size
        while missing:
            try:
                piece = self._unpacker.decompress(self._left, missing)
            except zlib.error as error:
                raise ValueError(f"it is damaged: {error}") from None
            self._left = self._unpacker.unconsumed_tail
            if not piece:
                raise ValueError("it is cut off")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def end(self) -> None:
        """Raise ValueError unless all was taken."""
        more = self._unpacker.decompress(self._left, 1)
        if more or self._unpacker.unused_data or not self._unpacker.eof:
            raise ValueError("it does not end where its header says")
