"""Half a service: some operations fail while others are served."""

import pytest
from builders import acks, course, journal, refused

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.analysis.verdicts.expectations import FAIL, verdicts
from pytest_rdsfailover.journal.evidence import Evidence


def judged(events, **changes):
    made = journal(events, writers=4)
    return judge(Evidence(journal=made, course=course(rate=80.0, **changes), stored=None))


def diagnosed(events, **changes):
    return {finding.name: finding for finding in judged(events, **changes).findings}


def partly(first, last, every=2, writers=4):
    """Return a stretch in which every so many operation of each writer fails."""
    return [
        refused(each.finished, 1040, writer=writer) if number % every == 0 else each
        for writer in range(writers)
        for number, each in enumerate(acks(first, last, 0.05, writer=writer))
    ]


def of_all(first, last, writers=4):
    return [each for writer in range(writers) for each in acks(first, last, 0.05, writer=writer)]


@pytest.mark.parametrize(
    ("stretch", "told"),
    [
        (partly(12.0, 13.5), True),
        (partly(12.0, 13.5, every=5), True),
        (partly(12.0, 12.8), False),  # writers that come back one after the other
        (partly(12.0, 13.5, every=20), False),  # as few as an application may have
    ],
)
def test_half_a_service_is_told_though_no_outage_shows_it(stretch, told):
    events = [*of_all(1.0, 12.0), *stretch, *of_all(stretch[-1].finished + 0.05, 20.0)]
    trial = judged(events)
    found = {finding.name: finding for finding in trial.findings}
    assert ("brownout" in found) is told
    if told:
        assert "1.50 s from 2.00 s on, while the others were served" in found["brownout"].evidence
        assert found["brownout"].expectation == 'worst_second=">= 90%"'
        (verdict,) = verdicts(trial, parse_expectations(worst_second=">= 90%"))
        assert verdict.state == FAIL


@pytest.mark.parametrize(
    ("stretch", "severity"),
    [(partly(12.0, 20.0), "broken"), ([*partly(12.0, 16.0), *of_all(16.0, 20.0)], "risky")],
)
def test_half_a_service_that_no_failover_explains_is_broken_if_it_lasts(stretch, severity):
    untouched = {"trigger": None, "settled": None, "moves_writer": None, "milestones": ()}
    events = [*partly(2.0, 7.0), *of_all(7.0, 12.0), *stretch]
    found = diagnosed(events, **untouched)["brownout"]
    assert found.severity == severity
    assert ("it was not over when observation ended" in found.evidence) is (severity == "broken")


def test_an_outage_is_no_half_a_service_and_neither_is_what_fails_all_along():
    down = [refused(10.4 + n / 20, writer=w) for n in range(40) for w in range(4)]
    outage = [*of_all(1.0, 10.4), *down, *of_all(12.5, 20.0)]
    assert "brownout" not in diagnosed(outage)
    assert "brownout" not in diagnosed(partly(1.0, 20.0, every=4))
