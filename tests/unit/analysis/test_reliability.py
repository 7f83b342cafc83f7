import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis import reliability
from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.pauses import Standstills
from pytest_rdsfailover.analysis.reliability import Reliability, lateness
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.verdicts import expectations
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report import document, terminal, trial_table

CALM = list(acks(0.01, 10.3, 0.01))
GAP = [*CALM, *acks(11.3, 20.0, 0.01)]  # nothing acknowledged for a second from 10.29


SHORT = [*CALM, *acks(10.35, 20.0, 0.01)]  # for 60 ms


def judge(events, *, writers=1, **changes):
    return summarise(journal(events, writers=writers), course(**changes), Stored(positions=[]))


def test_a_gap_that_the_generator_slept_through_is_no_outage_and_no_figure():
    trial = judge(GAP, pauses=[(10.295, 11.295)])

    assert trial.outage_windows == []
    assert "itself stood still" in trial.clock.problem
    assert trial.downtime.decide("<", 0.9) is None, "nobody looked, so nothing is proven"
    assert trial.downtime < 2.0, "no more than the whole gap in any case"
    assert "no figure" in repr(trial)


def test_of_very_many_writers_the_last_slot_of_each_tells_how_late_they_were(monkeypatch):
    monkeypatch.setattr(reliability, "RECENT", 3)
    late = [ack(at, sent=at - 0.001, intended=at - 0.001 - at / 100, writer=writer)
            for writer in range(3) for at in (1.0, 2.0, 3.0)]  # fmt: skip
    found = lateness(series_of(journal(late, writers=3)), Standstills.of(course()))

    assert found == pytest.approx([3e7] * 3)


def test_without_the_generator_s_pause_the_same_gap_is_the_database_s():
    trial = judge(GAP)

    assert [each.seconds for each in trial.outage_windows] == [pytest.approx(1.01)]
    assert trial.clock.problem == ""


def test_a_short_own_pause_in_a_long_outage_widens_its_bounds_and_is_remarked():
    refusals = [refused(10.4), refused(11.1, sent=11.05)]
    clean, paused = (judge([*GAP, *refusals], pauses=own) for own in ((), [(11.2, 11.3)]))

    assert paused.clock.problem == ""
    assert clean.downtime.lower == pytest.approx(0.65), "from the first refusal to the last"
    assert paused.downtime.lower == pytest.approx(0.55, abs=0.01), "less what nobody looked"
    assert paused.downtime.upper == clean.downtime.upper
    assert any("105 ms of the longest gap" in remark for remark in paused.clock.remarks)


def test_a_pause_in_the_calm_hides_no_outage():
    uneven = [*acks(0.01, 5.0, 0.01), *acks(5.5, 10.3, 0.01), *acks(11.3, 20.0, 0.01)]
    proven = judge([*uneven, refused(10.4), refused(10.8), refused(11.1, sent=11.05)])

    assert [each.seconds for each in judge(uneven).outage_windows] == [pytest.approx(1.01)]
    assert proven.downtime.lower == pytest.approx(0.65)
    assert judge(uneven).downtime.decide("<", 0.9) is None


def test_an_own_pause_elsewhere_changes_nothing():
    trial = judge(GAP, pauses=[(15.0, 16.0)])

    assert trial.clock.own_pause == pytest.approx(1.0)
    assert (trial.clock.own_pause_in_gap, trial.clock.problem) == (0.0, "")
    assert trial.downtime == judge(GAP).downtime


def test_a_broken_bound_on_an_unreliable_trial_is_undecided_and_says_why():
    trial = judge(GAP, pauses=[(10.295, 11.295)])
    (verdict,) = expectations.verdicts(trial, parse_expectations(downtime="< 500ms"))

    assert verdict.state == expectations.INCONCLUSIVE
    assert any("itself stood still" in line for line in verdict.evidence)


def crowd(late, every):
    """Return the writes of 100 free writers; one in *every* of them is sent *late* seconds late."""
    for number in (n for n in range(2000) if not 1030 <= n < 1130):
        at = number / 100
        by = late if number % every == 0 else 0.0
        yield ack(at, sent=at - 0.001, intended=at - 0.001 - by, writer=number % 100)


@pytest.mark.parametrize(
    ("late", "every", "fit"), [(0.48, 50, True), (0.53, 50, False), (0.53, 200, True)]
)
def test_a_hundredth_of_writes_later_than_half_a_gap_cannot_measure_it(late, every, fit):
    trial = judge(crowd(late, every), writers=100)

    assert trial.outage_windows
    assert fit == (trial.clock.problem == "")
    assert fit or "530 ms late or more" in trial.clock.problem
    assert trial.clock.lateness_max == pytest.approx(late)


def test_a_generator_that_is_late_throughout_says_nothing_of_gaps_that_are_no_outage():
    events = [ack(n / 4, intended=n / 4 - 0.2) for n in range(1, 80)]
    trial = judge(events, rate=4.0)

    assert trial.clock.lateness_p99 == pytest.approx(0.199)
    assert trial.outage_windows == []
    assert trial.clock.problem == ""


def test_lateness_counts_only_writers_that_were_free():
    free = [ack(1.0), ack(2.0, sent=1.95, intended=1.9)]
    busy = [ack(3.0, sent=2.95, intended=1.95)]
    found = lateness(series_of(journal([*free, *busy])))

    assert found == [pytest.approx(50_000_000, abs=2)]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"strangers": 0.25, "calm_not_issued": 0.01}, 0),
        ({"strangers": 0.26}, "other programs kept 0.3 CPUs busy during the trial"),
        ({"calm_not_issued": 0.011}, "1.1% of the slots before the trigger found no free writer"),
        ({"calm_not_issued": 0.011, "problem": "late"}, 0),
    ],
)
def test_what_is_more_than_usual_is_remarked(known, said):
    usual = dict.fromkeys(
        ("lateness_p99", "lateness_max", "natural_gap", "own_pause", "own_pause_in_gap"), 0.0
    )
    fit = usual | {"strangers": 0.0, "calm_not_issued": 0.0, "problem": ""}
    assert Reliability(**fit | known).remarks == ([said] if said else [])


def test_strangers_who_take_cpu_are_remarked_and_unknown_ones_are_not():
    assert judge(GAP, strangers=0.1).clock.remarks == []
    assert judge(GAP).clock.remarks == []
    assert "1.2 CPUs" in judge(GAP, strangers=1.2).clock.remarks[0]


def test_a_short_gap_on_a_crowded_machine_may_be_the_scheduler_s():
    crowded = {"strangers": 1.6, "cpus": 2}

    assert "80% of all CPUs" in judge(SHORT, **crowded).clock.problem
    assert judge(SHORT, strangers=1.6, cpus=8).clock.problem == ""
    assert judge(SHORT, strangers=1.6).clock.problem == "", "nobody knows of how many"
    assert judge(GAP, **crowded).clock.problem == "", "nobody waits for a CPU that long"


def test_terminal_and_document_say_that_a_figure_is_none():
    trial = judge(GAP, pauses=[(10.295, 11.295)])
    plain = document.trial_document(trial, test="t.py::test_it", scenario="it")

    assert plain["clock"]["reliable"] is False
    assert plain["downtime_s"] is None
    assert "load generator" in plain["clock"]["problem"]
    assert "unreliable" in trial_table.table([plain])[1].text
    assert any(line.startswith("clock: the load generator") for line in terminal.timeline(trial))


@pytest.mark.parametrize(
    ("asleep", "late"), [([[(1.0, 2.0)], []], []), ([[], [(1.0, 2.0)]], [1.0])]
)
def test_who_slept_is_not_late_where_others_ran(asleep, late):
    told = course(pauses=[(1.0, 2.0)], asleep=asleep)
    slept = series_of(journal([ack(0.9), ack(2.1, sent=2.0, intended=1.0)]))

    found = lateness(slept, Standstills.of(told))
    assert found == [pytest.approx(each * 1e9) for each in late]
