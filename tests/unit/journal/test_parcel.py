"""What travels in a parcel arrives as it was; what cannot have been is refused."""

import contextlib
import json
import zlib

import pytest
from builders import ack, journal, refused, unknown

from pytest_rdsfailover.journal import parcel
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.parcel import LENGTH, pack, unpack
from pytest_rdsfailover.model.records import Outcome

SKEW = 4_000_000_000_123  # nanoseconds


def made():
    found = journal(
        [
            ack(9.0, writer=1, instance="instance-1"),
            unknown(10.4, writer=1, instance="instance-1"),
            refused(10.6, writer=3),
            *(ack(11 + n / 1000, writer=3, instance="instance-2") for n in range(600)),
        ],
        writers=4,
        skips=[(1, 11.0, 12.0, 5)],
    )
    found.writers[1].reads.record((1, 2, 3), Outcome.ACKED, None, "instance-2", 7)
    found.writers[3].attempts.record((1, 2, 3), Outcome.REFUSED, None, None, 1)
    return found


def arrived(data, *, writers=(1, 3), shift=0):
    journal = Journal("run", 4)
    unpack(data, [journal.writers[number] for number in writers], shift=shift)
    return journal


def altered(change, *, columns=lambda data: data):
    """Return a parcel whose header was changed, and perhaps its columns."""
    data = zlib.decompress(pack(made().writers[1::2]))
    (size,) = LENGTH.unpack(data[: LENGTH.size])
    header = json.loads(data[LENGTH.size : LENGTH.size + size])
    change(header)
    head = json.dumps(header).encode()
    return zlib.compress(LENGTH.pack(len(head)) + head + columns(data[LENGTH.size + size :]))


def test_events_of_all_sorts_arrive_as_they_were():
    sent, received = made(), arrived(pack(made().writers[1::2]))

    assert list(received) == list(sent)
    assert received.skips == sent.skips
    for number in range(4):
        for ours, theirs in zip(
            sent.writers[number].sorts, received.writers[number].sorts, strict=True
        ):
            assert list(ours.times(0)) == list(theirs.times(0))
            assert list(ours.detail) == list(theirs.detail)
            assert [ours.instances[n] for n in ours.instance] == [
                theirs.instances[n] for n in theirs.instance
            ]
            assert list(ours.fresh(0)) == list(theirs.fresh(0))


def test_all_times_are_shifted_and_counts_are_not():
    sent, received = made(), arrived(pack(made().writers[1::2]), shift=SKEW)

    for ours, theirs in zip(sent.writers[3].finished, received.writers[3].finished, strict=True):
        assert theirs == ours + SKEW
    [skip] = received.skips
    assert (skip.count, skip.last - skip.first) == (5, 1.0)
    assert skip.first == pytest.approx(11.0 + SKEW / 1e9)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda header: header["parts"][0].update(writer=2),
            "writer 2, whose keys are not its own",
        ),
        (lambda header: header["parts"][1].update(writer=1, sort=0), "writer 1 twice"),
        (lambda header: header["parts"][0].update(sort=4), "sort 4"),
        (lambda header: header["parts"][0].update(count=-1), "-1 events"),
        (lambda header: header["parts"][0].update(count=1 << 40), "more than"),
        (lambda header: header["parts"][0].update(count=3), "outcome|end|cut"),
        (lambda header: header.pop("faults"), "object with faults"),
        (lambda header: header.update(faults=[]), "name that is not there"),
        (lambda header: header.update(instances=[]), "name that is not there"),
    ],
)
def test_a_header_that_cannot_be_true_is_refused(change, why):
    with pytest.raises(ValueError, match=why):
        arrived(altered(change))


@pytest.mark.parametrize(
    ("early", "late", "why"),
    [(0, 0, None), (1, 0, "before the load"), (0, 1, "after its own report came")],
)
def test_a_write_that_nobody_can_know_of_is_refused_to_the_nanosecond(early, late, why):
    sent = Journal("run", 1)
    sent.writers[0].record((100, 110, 120), Outcome.ACKED)
    received = Journal("run", 1).writers[0]
    span = (100 + early, 120 - late)
    if why is None:
        unpack(pack(sent.writers), [received], shift=0, span=span)
        assert list(received.finished) == [120]
        return
    with pytest.raises(ValueError, match=why):
        unpack(pack(sent.writers), [received], shift=0, span=span)


def sent_again(events=(), skips=(), **limits):
    """Send what one writer did; return what has arrived of it."""
    sent, received = Journal("run", 1), Journal("run", 1)
    for times in events:
        sent.writers[0].record(times, Outcome.ACKED)
    for skip in skips:
        sent.writers[0].skip(*skip)
    unpack(pack(sent.writers), received.writers, shift=0, **limits)
    return received


@pytest.mark.parametrize(
    ("events", "skips", "limits", "why"),
    [
        ([(1, 2, 3), (5, 4, 6)], [], {}, "over before it began"),
        ([(1, 2, 3), (4, 6, 5)], [], {}, "over before it began"),
        ([], [(1, 2, 1), (5, 4, 1)], {}, "slots that are none"),
        ([], [(1, 2, 1), (5, 6, 0)], {}, "slots that are none"),
        ([], [(1, 2, 1), (3, 4, 2)], {"slots": 2}, "tells of 3 slots, and had 2 at most"),
        ([(5, 5, 6), (4, 5, 9), (6, 7, 8)], [], {"span": (5, 9)}, "a write .* before the load"),
        ([(5, 5, 6), (4, 5, 9), (6, 7, 8)], [], {"span": (4, 8)}, "a write .* after its own"),
        ([], [(5, 5, 1), (4, 9, 1), (6, 7, 1)], {"span": (5, 9)}, "a slot .* before the load"),
        ([], [(5, 5, 1), (4, 9, 1), (6, 7, 1)], {"span": (4, 8)}, "a slot .* after its own"),
    ],
)
def test_one_event_that_cannot_have_been_is_enough_to_refuse_all(events, skips, limits, why):
    with pytest.raises(ValueError, match=why):
        sent_again(events, skips, **limits)


def test_what_just_can_have_been_arrives():
    received = sent_again([(4, 4, 4)], [(4, 4, 1), (9, 9, 2)], span=(4, 9), slots=3)

    assert len(received) == 1
    assert [skip.count for skip in received.skips] == [1, 2]


@pytest.mark.parametrize("place", [0, 15])  # the last byte of the second event has its sign
def test_an_outcome_that_there_is_not_is_refused(place):
    def without_outcome(data):
        words = bytearray(data)  # of the first two events, behind three columns of times
        words[3 * 2 * 8 + place] = 0x80
        return bytes(words)

    with pytest.raises(ValueError, match="outcome that is none"):
        arrived(altered(lambda _: None, columns=without_outcome))


def test_nothing_is_kept_of_a_parcel_that_is_refused_late():
    received = Journal("run", 4)
    with pytest.raises(ValueError, match="end"):
        unpack(pack(made().writers) + b"more", received.writers, shift=0)

    assert [len(events) for writer in received.writers for events in writer.sorts] == [0] * 16


@pytest.mark.parametrize(("most", "fits"), [(605, False), (606, True)])
def test_a_parcel_has_so_many_events_and_no_more(monkeypatch, most, fits):
    monkeypatch.setattr(parcel, "MOST_EVENTS", most)
    with contextlib.nullcontext() if fits else pytest.raises(ValueError, match="more than 605"):
        arrived(pack(made().writers[1::2]))


@pytest.mark.parametrize("spoil", [lambda data: data[:-20], lambda data: data[:-2], lambda data: data[:50], lambda data: b"no" + data, lambda data: data + b"more", lambda _: b""])  # fmt: skip
def test_a_damaged_parcel_is_refused(spoil):
    with pytest.raises(ValueError, match=r"damaged|cut off|end"):
        arrived(spoil(pack(made().writers[1::2])))


def test_a_small_parcel_does_not_fill_the_memory():
    head = json.dumps(
        {"parts": [{"writer": 1, "sort": 0, "count": 19_000_000}], "faults": [], "instances": []}
    ).encode()
    bomb = zlib.compress(LENGTH.pack(len(head)) + head + bytes(1000))
    with pytest.raises(ValueError, match="cut off"):
        arrived(bomb)


def test_a_parcel_is_a_fraction_of_its_events():
    times = [
        (n * 1_000_000, n * 1_000_000 + 50_000 + n * 7919 % 30_000, n * 1_000_000 + 800_000 + n * 104_729 % 500_000)
        for n in range(20_000)
    ]  # fmt: skip
    busy = Journal("run", 1)
    for each in times:
        busy.writers[0].record(each, Outcome.ACKED, None, "instance-1")

    assert len(pack(busy.writers)) < 8 * len(times)  # bytes; an event has 32
