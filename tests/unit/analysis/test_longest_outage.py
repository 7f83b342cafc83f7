"""The downtime of a failover with several outages: which is the longest need not be known."""

import pytest
from builders import ack, acks, course, journal, refused, unknown

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.model.errors import UndecidedError

EVERY = 0.01


def judged(*events, pauses=()):
    everything = [one for part in events for one in (part if hasattr(part, "__iter__") else [part])]
    observed = course(trigger=2.0, settled=2.1, stop=7.9, rate=100.0, pauses=pauses)
    return summarise(journal(everything), observed, None)


def refusals(first, last):
    return [refused(at, sent=at - 0.001) for at in (first, (first + last) / 2, last)]


HANG = unknown(4.0, kind="timeout", sent=3.0)  # proves one moment only
OURS = (2.995, 4.045)  # seconds of a pause of the load generator itself
CALM, BETWEEN = [*acks(0.01, 3.0, EVERY)], [*acks(4.05, 5.0, EVERY)]


def test_a_shorter_outage_may_prove_more_than_the_widest_gap():
    found = judged(CALM, HANG, BETWEEN, refusals(5.02, 5.9), acks(5.95, 7.9, EVERY)).downtime

    assert found.lower == pytest.approx(0.88, abs=0.01)
    assert found.upper == pytest.approx(1.07, abs=0.01)
    assert found > 0.8


def test_a_shorter_gap_may_hide_more_than_the_widest():
    slow = ack(5.2, sent=5.0)  # the database may have been away since its start
    found = judged(CALM, acks(4.0, 5.0, EVERY), slow, acks(6.15, 7.9, EVERY)).downtime

    assert found.upper == pytest.approx(6.15 - 5.0, abs=0.01)
    assert found.decide("<", 1.1) is None


def test_a_pause_of_our_own_does_not_hide_an_outage_beside_it():
    found = judged(CALM, BETWEEN, refusals(5.02, 5.9), acks(5.95, 7.9, EVERY), pauses=[OURS])

    assert [round(each.seconds, 2) for each in found.outage_windows] == [0.96]
    assert found.downtime.lower == pytest.approx(0.88, abs=0.01)
    assert found.downtime.upper == pytest.approx(1.07, abs=0.01)
    assert found.clock.problem == ""


def test_a_pause_of_our_own_that_is_most_of_what_may_be_leaves_no_figure():
    found = judged(CALM, BETWEEN, refusals(5.02, 5.2), acks(5.25, 7.9, EVERY), pauses=[OURS])

    assert "the load generator itself stood still" in found.clock.problem
    assert str(found.downtime) == "no figure (0 s to 1.06 s)"
    with pytest.raises(UndecidedError, match="the load generator itself stood still"):
        assert not found.downtime < 0.5


@pytest.mark.parametrize(
    ("rate", "upper", "bound", "decides"),
    [(200, 0.012, 0.011, 251), (200, 0.008, 0.007, 251), (200, 0.03, 0.02, None)],
)
def test_without_an_outage_the_gap_can_only_become_shorter(rate, upper, bound, decides):
    found = Figure(0.0, upper, best=0.0, rate=rate)

    assert found.deciding_rate(bound) == (decides and pytest.approx(decides, abs=1))
    if decides:  # what the writes waited for stays, what their spacing leaves becomes less
        assert upper - 1 / rate + 1 / (decides + 1) < bound
