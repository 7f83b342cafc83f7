"""A drawing shows every write once, and stays small however long the trial was."""

import json
from dataclasses import asdict

import pytest
from builders import ack, acks, course, everything_acked, journal, refused, unknown
from simulation import World, play

from pytest_rdsfailover.analysis import drawing
from pytest_rdsfailover.analysis.drawing import MOST_SPELLS, SLICES, bucket, picture
from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored


def drawn(made, **changes):
    evidence = Evidence(
        journal=made, course=course(**changes), stored=Stored(positions=everything_acked(made))
    )
    summary = judge(evidence)
    return picture(evidence, summary), summary


def counted(cells):
    return sum(sum(cell[1::2]) for cell in cells)


def failover(writers=4):
    """Return writers of which the last one never comes back."""
    events = []
    for number in range(writers):
        events += acks(1.0 + number / 100, 10.3, 0.1, writer=number, instance="instance-1")
        events.append(unknown(10.35, writer=number, instance="instance-1"))
        events += [refused(10.5 + n / 10, writer=number) for n in range(5)]
        if number < writers - 1:
            events += acks(12.5, 19.9, 0.1, writer=number, instance="instance-2")
        else:
            events += [refused(11.0 + n / 10, 1290, writer=number) for n in range(89)]
    return journal(events, writers=writers)


def test_the_whole_trial_shows_every_write_in_one_slice():
    found, summary = drawn(failover())
    whole = found.strips[0]

    assert len(whole.acked) == SLICES
    assert sum(whole.acked) == summary.acked
    assert sum(map(sum, whole.failed.values())) == summary.refused + summary.unknown
    assert counted(whole.served) == summary.acked
    assert counted(whole.waited) == summary.refused + summary.unknown + summary.not_issued


def test_slots_that_were_not_issued_wait_for_their_writer_s_next_success():
    made = journal([ack(9.0), ack(14.0)], skips=[(0, 10.0, 13.0, 4)])
    whole = drawn(made)[0].strips[0]
    latencies = [cell[0] for cell in whole.waited if cell]

    assert counted(whole.waited) == 4
    assert latencies == [bucket(4.0), bucket(3.0), bucket(2.0), bucket(1.0)]


def places(cells):
    return [number for number, cell in enumerate(cells) if cell]


@pytest.mark.parametrize("slice_", [0, 7, 359])
def test_what_happened_is_shown_in_the_slice_of_its_time(slice_):
    since = 2.0 + slice_ / 20  # 18 s in 360 slices
    at = since + 0.03
    beside = [ack(3.5, writer=1), ack(19.0, writer=1)]
    acked = journal([ack(at, sent=at - 0.02), *beside], writers=2)
    failed = journal([refused(at, sent=at - 0.02), *beside], writers=2)
    whole, never = (drawn(made, start=2.0)[0].strips[0] for made in (acked, failed))

    assert whole.acked[slice_] == 1
    assert whole.served[slice_] == [bucket(0.02), 1]
    assert [places(counts) for counts in never.failed.values()] == [[slice_]]
    assert places(never.waited) == [slice_]
    assert never.waited[slice_] == [bucket(20.0 - at + 0.02), 1]  # to the end: nobody came back


def test_what_is_over_as_a_drawing_begins_is_in_it_and_as_it_ends_it_is_not():
    made = journal(
        [refused(2.0), ack(2.0, writer=1), ack(5.0), refused(20.0), ack(20.0, writer=1)],
        writers=2,
    )
    whole = drawn(made, start=2.0)[0].strips[0]

    assert places(whole.acked) == [0, 60]
    assert [places(counts) for counts in whole.failed.values()] == [[0]]


def test_the_time_around_the_failover_is_shown_in_finer_slices():
    found, summary = drawn(failover())
    whole, focus = found.strips

    assert (focus.start, focus.stop) == (
        round(summary.pulse.start * 1000), round(summary.pulse.stop * 1000)
    )  # fmt: skip
    assert focus.stop - focus.start < whole.stop - whole.start
    seen = [round((each.finished - 10) * 1000) for each in failover() if each.fault is None]
    inside = sum(focus.start <= at < focus.stop for at in seen)
    assert sum(focus.acked) == pytest.approx(inside, abs=1)  # an edge is rounded


def test_a_writer_that_never_comes_back_is_away_up_to_the_end():
    found, summary = drawn(failover())

    assert summary.stuck == [3]
    assert found.spells[3][-1].stop == 10_000
    assert found.states[found.spells[3][-1].state] == "1290 read-only"
    assert all(lane[-1].stop < 3000 for lane in found.spells[:3])


def test_failures_of_one_sort_that_follow_each_other_are_one_spell():
    found, _ = drawn(failover())
    spells = [(found.states[each.state], each.writes) for each in found.spells[0]]

    assert spells[:2] == [("2013 reset", 1), ("2003 refused", 5)]


def test_a_late_success_is_a_spell_from_its_intended_time():
    made = journal([*acks(1.0, 10.0, 0.1), ack(13.0, sent=10.5, intended=10.4),
                    *acks(13.1, 19.0, 0.1)])  # fmt: skip
    found, _ = drawn(made)

    assert [(each.start, each.stop) for each in found.spells[0]] == [(400, 3000)]
    assert found.states == ["slow"]


def test_a_spell_begins_at_the_schedule_behind_a_success_and_at_the_attempt_behind_a_failure():
    made = journal([
        ack(11.5, sent=11.2, intended=11.0),
        ack(11.6),
        refused(12.4, sent=12.2, intended=12.0),
        ack(13.5, sent=13.2, intended=12.5),
        ack(14.5, sent=14.2, intended=14.0),
        refused(15.4, 2006, sent=15.2, intended=15.0),
        refused(16.4, sent=16.2, intended=16.0),
    ])  # fmt: skip
    found, _ = drawn(made)

    assert [(each.start, each.stop, found.states[each.state]) for each in found.spells[0]] == [
        (1000, 1500, "slow"),
        (2200, 3200, "2003 refused"),
        (3200, 3500, "slow"),
        (4000, 4500, "slow"),
        (5200, 6200, "2006 reset"),
        (6200, 10_000, "2003 refused"),
    ]


@pytest.mark.parametrize(("more", "spells"), [(0.0, 0), (0.0001, 1)])
def test_a_success_that_took_as_long_as_is_explained_is_not_slow(more, spells):
    steady = [*acks(0.01, 20.0, 0.01)]
    threshold = drawn(journal(steady, writers=2))[1].threshold
    made = journal([*steady, ack(15.0, sent=15.0 - threshold - more, writer=1)], writers=2)
    found, summary = drawn(made)

    assert summary.threshold == threshold
    assert len(found.spells[1]) == spells


def test_a_lane_tells_which_instance_served_its_writer_from_when():
    found, _ = drawn(failover())
    homes = [(since, found.instances[place]) for since, place in found.homes[0]]

    assert [instance for _, instance in homes] == ["instance-1", "instance-2"]
    assert homes[0][0] < 0 < homes[1][0]


def test_a_log_that_flaps_for_minutes_is_drawn_in_columns():
    events = [
        refused(10.0 + n / 20, 2003 if n % 2 else 1290, writer=writer)
        for writer in range(16)
        for n in range(2_500)
    ]
    events += acks(1.0, 10.0, 0.5)
    found, _ = drawn(journal(events, writers=16), stop=140.0)

    assert sum(map(len, found.spells)) <= MOST_SPELLS * 3
    assert sum(each.writes for lane in found.spells for each in lane) == 16 * 2_500
    assert len(json.dumps(asdict(found))) < 150_000


def flapping(*moments):
    """Return what is drawn of a writer that fails at moments and is served in between."""
    failed = (refused(at + 0.0001, sent=at) for at in moments)
    served = (ack(at + 0.0003, sent=at + 0.0002) for at in moments)
    return drawn(journal([*failed, *served]))[0].spells[0]


@pytest.mark.parametrize(
    ("most", "fewest", "columns"), [(5, 1, 5), (4, 10, 2), (4, 5, 1), (4, 1, 1), (4, 10**6, 5)]
)
def test_spells_are_drawn_in_columns_only_where_they_are_too_many(
    monkeypatch, most, fewest, columns
):
    monkeypatch.setattr(drawing, "MOST_SPELLS", most)
    monkeypatch.setattr(drawing, "FEWEST_COLUMNS", fewest)
    spells = flapping(10.5, 10.501, 11.0, 12.49, 12.5)

    assert len(spells) == columns
    assert sum(each.writes for each in spells) == 5
    assert (spells[0].start, spells[-1].stop) == (500, 2500)


def test_a_trial_of_twenty_thousand_writes_is_drawn_with_forty_kilobytes():
    world = World(how="refuse", start=10.3, stop=12.2, writers=32, rate=1000, latency=0.001,
                  patience=0.5, end=20)  # fmt: skip
    made = play(world, 1)
    found, _ = drawn(made, rate=1000.0)

    assert len(made) > 18_000
    assert len(json.dumps(asdict(found), separators=(",", ":"))) < 40_000


def test_a_journal_without_a_single_write_is_drawn_empty():
    found, _ = drawn(journal([], writers=2), trigger=None)

    assert sum(found.strips[0].acked) == 0
    assert found.spells == [[], []]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, 0), (0.00005, 0), (0.0001, 0), (0.00011, 0), (0.0011, 8), (0.011, 16)],
)
def test_a_latency_s_bucket_counts_eighths_of_a_power_of_ten(seconds, expected):
    assert bucket(seconds) == expected
