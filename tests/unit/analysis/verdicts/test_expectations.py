import pytest
from builders import ack, acks, course, everything_acked, journal, refused

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.verdicts import expectations
from pytest_rdsfailover.analysis.verdicts.arguments import Claims, Expectations
from pytest_rdsfailover.analysis.verdicts.bounds import (
    KINDS,
    check_resolution,
    parse_expectations,
)
from pytest_rdsfailover.analysis.verdicts.claims import NO_DOWNTIME
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.traffic import LeftSession, Sessions

FAILOVER = [
    *acks(0.01, 10.3, 0.01),
    *(refused(10.305 + n / 50) for n in range(100)),
    *acks(12.41, 20.0, 0.01),
]


def trial(events=FAILOVER, *, forget=0, stored=True, writers=1, **changes):
    made = journal(events, writers=writers)
    read = Stored(positions=everything_acked(made)[forget:]) if stored else None
    return summarise(made, course(**changes), read)


def complaint(summary, **bounds):
    with pytest.raises(AssertionError) as caught:
        expectations.expect(summary, **bounds)
    return str(caught.value)


def test_a_trial_that_keeps_all_its_bounds_passes():
    told = [ack(each.finished, instance="instance-2") if each.finished > 12 and not each.fault
            else each for each in FAILOVER]  # fmt: skip

    expectations.expect(
        trial(told),
        downtime="< 3s",
        lost=0,
        duplicated=0,
        recovered=0,
        unexpected=0,
        stuck_writers=0,
        stale_writes="<= 0",
        outages=1,
        refused="<= 100",
        not_issued=0,
        p50="< 2.5s",
        p99="< 2.5s",
        max="<= 2.5s",
        writer_outage="< 3s",
        last_writer_back="< 3s",
    )


def test_no_bounds_hold_for_any_valid_trial():
    expectations.expect(trial())
    assert expectations.complaints(trial(), ()) == []


def test_a_broken_bound_names_figure_bound_and_outage():
    text = complaint(trial(), downtime="< 1s")

    assert "FAIL: downtime < 1.00 s: was 2.05 s ±0.07" in text
    assert "no write acknowledged from 0.290 s to 2.410 s after the trigger (2.12 s)" in text


def test_every_broken_bound_is_listed_and_no_kept_one():
    text = complaint(trial(forget=2), downtime="< 1s", lost=0, duplicated=0, p99="< 500ms")

    assert "3 of 4 expectations not met" in text
    assert "\n  BROKEN: 2 acknowledged writes are not in the database (run-0-0, run-0-1)" in text
    assert "FAIL: lost == 0: was 2\n    run-0-0, run-0-1" in text
    assert "FAIL: p99 < 500 ms: was 2.0" in text
    assert "duplicated" not in text


def test_many_lost_keys_are_cut_short_with_their_count():
    text = complaint(trial(forget=25), lost=0)

    assert "was 25" in text
    assert "run-0-9 and 15 more" in text


def test_a_bound_within_the_resolution_is_inconclusive_and_fails():
    text = complaint(trial(), downtime="< 2.05s")

    assert "INCONCLUSIVE: downtime < 2.05 s" in text
    assert "it was between 1.98 s and 2.12 s\n    a higher rate would not decide it; more" in text


def test_what_was_not_over_is_said_to_be_no_less_than_its_lower_end():
    away = [*acks(0.01, 10.3, 0.01), *(refused(10.305 + n / 50) for n in range(484))]

    assert "\n    of that 9." in complaint(trial(away), downtime="< 20s")


def test_an_invalid_trial_never_passes():
    text = complaint(trial(writer_after="instance-1"), lost=0)

    assert (
        "invalid, so it cannot pass: the writer did not stay changed: it moved to instance-2"
        in text
    )
    complaint(trial(writer_after="instance-1"))


def test_lost_writes_of_a_trial_that_was_not_audited_are_inconclusive():
    assert "INCONCLUSIVE: lost == 0: nothing was read back" in complaint(
        trial(stored=False), lost=0
    )


def test_stuck_writers_are_named_and_break_any_bound_on_their_return():
    other = [
        *acks(0.01, 10.3, 0.01, writer=1),
        *(refused(11 + n / 10, writer=1) for n in range(90)),
    ]
    text = complaint(
        trial([*FAILOVER, *other], writers=2), stuck_writers=0, last_writer_back="< 5s"
    )

    assert "FAIL: stuck_writers == 0: was 1\n    writer 1 never came back" in text
    assert "FAIL: last_writer_back < 5.00 s: was 10.0 s or more, not over" in text


def test_of_two_stuck_writers_both_are_named():
    calm = [each for writer in (1, 2) for each in acks(0.01, 10.3, 0.01, writer=writer)]
    text = complaint(trial([*FAILOVER, *calm], writers=3, rate=300.0), stuck_writers=0)

    assert "was 2\n    writers 1, 2 never came back" in text


def test_stuck_sessions_are_told_with_where_they_stayed():
    left = LeftSession(instance="instance-1", since=5.0, refused=11.0, refusals=3, error=1836)
    text = complaint(trial(sessions=Sessions(open=8, left=[left])), stuck_sessions=0, lost=5)

    assert "was 1\n    1 of 8 connections stayed on instance-1, which is not the writer" in text


def test_stale_writes_are_counted_and_undecided_if_the_instance_is_unknown():
    stale = ack(13.005, instance="instance-1", sent=13.004)

    assert "FAIL: stale_writes == 0: was 1" in complaint(trial([*FAILOVER, stale]), stale_writes=0)
    said = complaint(trial(), stale_writes=0)
    assert "INCONCLUSIVE: stale_writes == 0" in said
    assert "writes were answered by an unknown instance" in said
    failed = complaint(trial([*FAILOVER, stale]), stale_writes=0)
    assert "unknown instance" not in failed


def test_a_latency_without_writes_is_inconclusive():
    calm = trial(acks(0.01, 10.0, 0.01), settled=10.0, stop=10.02)

    assert calm.latency.during is None
    assert "INCONCLUSIVE: p99 < 1.00 s: there was nothing to measure" in complaint(calm, p99="< 1s")


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ({"downtime": "< 2s"}, "downtime < 2.00 s"),
        ({"downtime": "<=500ms"}, "downtime <= 500 ms"),
        ({"downtime": "> 1s"}, "downtime > 1.00 s"),
        ({"lost": 0}, "lost == 0"),
        ({"unknown": "<= 12"}, "unknown <= 12"),
        ({"p99": "< 1.5m"}, "p99 < 90.0 s"),
    ],
)
def test_bounds_are_read(bounds, text):
    assert [str(each) for each in parse_expectations(**bounds)] == [text]


@pytest.mark.parametrize(
    ("bounds", "remedy"),
    [
        ({"downtime": 2}, 'write downtime="< 2s"'),
        ({"downtime": "< 2"}, "'2' is not a duration; write 250ms"),
        ({"downtime": "2s"}, 'write downtime="< 2s"'),
        ({"downtime": "== 2s"}, 'write downtime="< 2s"'),
        ({"lost": "none"}, "write lost=0"),
        ({"lost": -1}, "write lost=0"),
        ({"lost": True}, "write lost=0"),
        ({"lost": 0.5}, "write lost=0"),
        ({"lost": "< 1.5"}, "write lost=0"),
        ({"down_time": "< 2s"}, "did you mean 'downtime'?"),
        ({"zzz": 0}, "known: downtime"),
        ({"lost": ">= 0"}, "lost >= 0 holds for every trial"),
        ({"downtime": ">= 0s"}, "holds for every trial"),
        ({"success": ">= 0%"}, "holds for every trial"),
        ({"success": "<= 100%"}, "holds for every trial"),
        ({"served_within_500ms": ">= 0%"}, "holds for every trial"),
        ({"lost": "< 0"}, "lost < 0 holds for no trial"),
        ({"downtime": "< 0s"}, "holds for no trial"),
        ({"success": "> 100%"}, "holds for no trial"),
    ],
)
def test_what_is_no_bound_is_refused_with_the_remedy(bounds, remedy):
    with pytest.raises(SettingError) as caught:
        parse_expectations(**bounds)
    assert remedy in str(caught.value)


def test_a_bound_finer_than_the_rate_can_see_is_refused_with_the_rate_that_could():
    fine = parse_expectations(downtime="< 100ms", p99="< 1ms")

    check_resolution(fine, rate=20)
    check_resolution(fine, rate=0)  # without a schedule
    with pytest.raises(SettingError, match=r"\(2\.00 s\); it needs a rate of at least 20 writes"):
        check_resolution(reversed(fine), rate=1)
    with pytest.raises(SettingError, match=r"\(105 ms\); it needs a rate of at least 20 writes"):
        check_resolution(fine, rate=19)


def test_the_attempts_downtime_is_resolved_by_the_rate_and_the_staleness_is_not():
    check_resolution(parse_expectations(staleness="< 1ms"), rate=20)
    with pytest.raises(SettingError, match=r"attempts_downtime < 99.* at least 21 writes"):
        check_resolution(parse_expectations(attempts_downtime="< 99ms"), rate=20)


def test_a_trial_is_not_held_to_what_its_rate_cannot_see():
    with pytest.raises(SettingError, match="finer than a load of 100 writes per second can see"):
        expectations.expect(trial(), downtime="< 1ms")


def test_no_rate_can_prove_a_downtime_of_nothing():
    with pytest.raises(SettingError, match="no rate can prove"):
        check_resolution(parse_expectations(downtime="<= 0s"), rate=1000)


def test_a_plain_comparison_is_explained():
    down = Figure(1.9, 2.1, rate=100)

    assert expectations.explain_comparison("<", down, 1.0)[1] == "FAIL: was 2.00 s ±0.1"
    assert expectations.explain_comparison(">", 1.0, down)[1] == "FAIL: was 2.00 s ±0.1"
    assert expectations.explain_comparison("<", down, 2.0)[1:3] == [
        "INCONCLUSIVE: was 2.00 s ±0.1",
        "it was between 1.90 s and 2.10 s",
    ]
    assert expectations.explain_comparison("==", down, 2.0) is None
    assert expectations.explain_comparison("<", 1.0, 2.0) is None


def test_a_plain_comparison_that_too_few_writes_left_open_says_so():
    down = Figure(0, 1.1, best=0, rate=2)

    assert "too few writes (2 per second)" in "".join(
        expectations.explain_comparison("<", down, 0.5)
    )
    assert "rate of at least 4" in "".join(expectations.explain_comparison("<", down, 0.5))


def test_what_checkers_know_is_what_can_be_expected():
    texts = {name for name, of in Expectations.__annotations__.items() if of is str}
    assert texts == {name for name, kind in KINDS.items() if kind != "count"} - {"served_within"}
    assert Expectations.__optional_keys__ == set(KINDS)
    assert Claims.__optional_keys__ - Expectations.__optional_keys__ == {NO_DOWNTIME}
