import math
import pickle

import pytest
from builders import MOVE, ack, acks, course, everything_acked, journal, milestone, refused

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.stored import Stored

FAILOVER = [
    *acks(0.01, 10.3, 0.01),
    *(refused(10.305 + n / 50) for n in range(100)),
    *acks(12.41, 20.0, 0.01),
]


def judge(events=FAILOVER, *, writers=1, stored=True, skips=(), **changes):
    made = journal(events, writers=writers, skips=skips)
    read = Stored(positions=everything_acked(made)) if stored else None
    return summarise(made, course(**changes), read)


def test_a_failover_is_judged_with_times_from_its_trigger():
    trial = judge()

    assert trial.valid
    assert trial.downtime == pytest.approx(2.06, abs=0.1)
    assert [(w.start, w.stop) for w in trial.outage_windows] == [
        (pytest.approx(0.29), pytest.approx(2.41))
    ]
    assert (trial.attempted, trial.acked, trial.refused, trial.unknown) == (1888, 1788, 100, 0)
    assert (trial.lost, trial.duplicated, trial.recovered, trial.unexpected) == ([], [], [], [])
    assert trial.first_writer_back.upper == trial.last_writer_back.upper == pytest.approx(2.41)
    assert [(each.name, round(each.at, 3)) for each in trial.milestones][:2] == [
        ("trigger", 0.0),
        ("writer_cut", 0.3),
    ]
    assert trial.stuck_writers == trial.stale_writes.lower == 0
    assert trial.stale_writes.upper == trial.unjudged_writes == 759


def test_its_attributes_are_its_figures_by_their_names():
    trial = judge()
    for name in (
        "downtime", "outages", "writer_outage", "availability_area", "first_writer_back",
        "last_writer_back", "stale_writes", "stuck_writers", "stuck_sessions", "success",
        "worst_second", "late_errors", "recovery",
    ):  # fmt: skip
        assert repr(getattr(trial, name)) == repr(trial.figure(name)), name


def test_an_outage_to_the_end_of_observation_is_open():
    away = [refused(19.01 + n / 50) for n in range(50)]
    trial = judge([*acks(0.01, 5.0, 0.01), *acks(5.5, 19.0, 0.01), *away], trigger=None)

    assert [trial.is_open(outage) for outage in trial.outage_windows] == [False, True]


def test_what_errors_said_is_told_with_its_time_from_the_trigger():
    said = Complaint(error="KeyError", text="x", count=1, first=12.5, trace="")

    assert [each.first for each in judge(complaints=[said]).complaints] == [2.5]


def test_its_repr_is_one_telling_line():
    assert repr(judge()) == "<Summary local: down 2.05 s ±0.07, 1788 acked, 0 lost, 0 unknown>"
    assert "not audited" in repr(judge(stored=False))
    assert "INVALID" in repr(judge(writer_after="instance-1"))


def test_no_outage_is_no_downtime_up_to_the_largest_natural_gap():
    trial = judge(acks(0.01, 20.0, 0.01))

    assert trial.downtime.value == 0
    assert trial.outage_windows == []
    assert 0.009 < trial.downtime.upper < 0.012
    assert trial.first_writer_back.value == trial.last_writer_back.value == 0


def test_few_writes_leave_a_wide_bound_that_no_tight_assertion_passes():
    trial = judge(acks(0.25, 20.0, 0.5), rate=2.0)

    assert trial.downtime.value == 0
    assert trial.downtime.decide("<", 0.4) is None
    assert trial.downtime < 2.0


def test_an_outage_before_the_trigger_is_not_the_failovers():
    events = [*acks(0.01, 3.0, 0.01), *acks(8.0, 20.0, 0.01)]

    assert judge(events).outage_windows == []


def test_a_noisy_calm_raises_what_counts_as_an_outage():
    noisy = [at + n / 10 for n in range(100) for at in (0.01, 0.02, 0.03, 0.04, 0.05)]
    trial = judge(ack(at) for at in (*noisy, *(at + 10.05 for at in noisy)))

    assert trial.threshold == pytest.approx(0.18)
    assert trial.outage_windows == []
    assert trial.downtime.decide("<", 0.1) is None, (
        "the gap stays within the bounds of the downtime"
    )


def test_a_pause_in_the_calm_is_none_of_its_noise():
    events = [*acks(0.01, 3.0, 0.01), *acks(3.5, 10.3, 0.01), *acks(11.0, 20.0, 0.01)]

    trial = judge(events)

    assert trial.threshold == pytest.approx(0.03)
    assert [each.seconds for each in trial.outage_windows] == [pytest.approx(0.71)]


def test_an_outage_that_observation_did_not_see_the_end_of_has_no_upper_end():
    trial = judge([*acks(0.01, 19.5, 0.01)])

    assert trial.downtime.upper == float("inf")
    assert trial.downtime.decide("<", 100) is None
    assert repr(trial.downtime) == "511 ms or more, not over when observation ended"


def test_a_database_that_never_returns_is_down_to_the_end():
    trial = judge([*acks(0.01, 10.3, 0.01), *(refused(10.3 + n / 10) for n in range(1, 97))])

    assert trial.downtime > 9.0
    assert trial.stuck_writers == 1
    assert trial.first_writer_back > 9.0
    assert trial.first_writer_back.upper == trial.last_writer_back.upper == math.inf


def test_one_stuck_writer_is_seen_though_the_others_are_back():
    other = [
        *acks(0.01, 10.3, 0.01, writer=1),
        *(refused(11 + n / 10, writer=1) for n in range(90)),
    ]
    trial = judge([*FAILOVER, *other], writers=2)

    assert (trial.stuck_writers, trial.stuck) == (1, [1])
    assert trial.last_writer_back.upper == math.inf
    assert trial.first_writer_back.upper == pytest.approx(2.41)
    assert trial.writer_outage > 9.0


def test_the_availability_area_adds_up_what_single_writers_lost():
    other = [*acks(0.01, 10.3, 0.01, writer=1), refused(10.31, writer=1)]
    other += [*acks(15.0, 20.0, 0.01, writer=1)]
    alone, both = judge(), judge([*FAILOVER, *other], writers=2)

    assert alone.availability_area == pytest.approx(alone.writer_outage)
    assert both.availability_area == pytest.approx(alone.writer_outage + both.writer_outage)
    assert both.availability_area > 3 * both.downtime > alone.availability_area


def test_first_and_last_writer_back_are_two_times():
    other = [*acks(0.01, 10.3, 0.01, writer=1), refused(10.31, writer=1)]
    other += [*acks(15.0, 20.0, 0.01, writer=1)]
    trial = judge([*FAILOVER, *other], writers=2)

    assert trial.first_writer_back.upper == pytest.approx(2.41)
    assert trial.last_writer_back == pytest.approx(5.0)
    assert trial.downtime < 2.5


def test_slots_that_were_not_issued_are_counted():
    assert judge(skips=[(0, 10.4, 12.3, 190)]).not_issued == 190


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"writer_after": "instance-1"}, "did not stay changed"),
        ({"settled": None}, "was not over 10.0 s after"),
        ({"trigger": None, "settled": None}, "no failover was triggered"),
        ({"moves_writer": False}, "should have stayed"),
        (
            {"moves_writer": False, "writer_after": "instance-1", "milestones": MOVE[:1]},
            "never cut",
        ),
        (
            {"milestones": [milestone("guardrail_failed", 10.0, "a write was open")]},
            "a guardrail refused the switchover: a write was open",
        ),
        (
            {"milestones": [milestone("switchover_failed", 10.0, "bgd-1 is AVAILABLE: lag")]},
            "the switchover failed: bgd-1 is AVAILABLE: lag",
        ),
        (
            {"milestones": [milestone("login_lost", 10.0, "the secret is denied")]},
            "nobody could log in to see the end of the failover: the secret is denied",
        ),
        ({"milestones": [milestone("rolled_back", 12.0, "instance-1")]}, "was rolled back"),
    ],
)
def test_a_trial_in_which_the_failover_did_not_happen_is_invalid(changes, reason):
    trial = judge(**changes)

    assert not trial.valid
    assert reason in trial.reason


def test_a_load_that_never_worked_proves_nothing():
    assert "never worked" in judge(acks(13.0, 20.0, 0.01)).reason


def test_a_crash_is_valid_if_the_cut_was_seen():
    crash = [*MOVE[:2], milestone("old_writer_back", 12.0, "instance-1")]

    trial = judge(moves_writer=False, writer_after="instance-1", milestones=crash)

    assert trial.valid
    assert trial.stale_writes == 0


def test_a_fault_that_is_no_failover_is_measured_all_the_same():
    trial = judge(
        trigger=None, settled=None, moves_writer=None, milestones=[], writer_after="instance-1"
    )

    assert trial.valid
    assert trial.downtime == pytest.approx(2.06, abs=0.1)
    assert trial.window.start == 0.0


def test_a_stale_write_is_seen():
    stale = ack(13.005, instance="instance-1", sent=13.004)

    assert judge([*FAILOVER, stale]).stale_writes >= 1


def test_without_an_audit_nothing_can_be_said_about_lost_writes():
    trial = judge(stored=False)

    assert not trial.audited
    with pytest.raises(AssertionError, match="read back"):
        assert trial.lost == []


def test_the_pulse_shows_the_outage_and_not_the_whole_run():
    pulse = judge().pulse

    assert pulse.counts.count(0) > len(pulse.counts) / 2
    assert -1 < pulse.start < 0
    assert 2.41 < pulse.stop < 5


def test_a_summary_travels_between_processes():
    trial = judge()

    assert pickle.loads(pickle.dumps(trial)) == trial


def test_what_failed_before_observation_is_in_no_verdict_as_what_was_acknowledged_then():
    early = [refused(4 + n / 100 + 0.005, 0, "client") for n in range(90)]

    assert judge([*early, *FAILOVER], start=5.0, calm_errors=0.05).valid
    assert "90 of " in judge([*early, *FAILOVER], start=3.0, calm_errors=0.05).reason
