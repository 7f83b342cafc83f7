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


def unserved_but_one(first, last):
    """Return a stretch in which one operation of each quarter of a second is served."""
    return [
        each if number % 5 == writer == 0 else refused(each.finished, 1040, writer=writer)
        for writer in range(4)
        for number, each in enumerate(acks(first, last, 0.05, writer=writer))
    ]


def a_tenth(first, last):
    """Return a stretch in which two of the twenty operations of each quarter of a second fail."""
    return [
        refused(each.finished, 1040, writer=writer) if number % 5 == 0 and writer < 2 else each
        for writer in range(4)
        for number, each in enumerate(acks(first, last, 0.05, writer=writer))
    ]


@pytest.mark.parametrize(
    ("stretch", "told"),
    [
        (partly(12.0, 13.5), "60 of 120 operations failed (60 x 1040) for 1.50 s from 2.00 s on"),
        (partly(12.0, 13.5, every=5), "24 of 120 operations failed (24 x 1040) for 1.50 s"),
        (partly(12.0, 13.0), "40 of 80 operations failed (40 x 1040) for 1.00 s from 2.00 s on"),
        (partly(10.0, 11.0), "40 of 80 operations failed (40 x 1040) for 1.00 s from 0 s on"),
        (unserved_but_one(12.0, 13.0), "76 of 80 operations failed"),
        (partly(12.0, 12.8), ""),  # writers that come back one after the other
        (partly(12.0, 13.5, every=20), ""),  # as few as an application may have
        (a_tenth(12.0, 14.0), ""),  # no more than an application may have
    ],
)
@pytest.mark.parametrize("calm", [[], [refused(5.01, 1213)]], ids=["well", "one error before"])
def test_half_a_service_is_told_though_no_outage_shows_it(stretch, told, calm):
    before = [each for each in of_all(1.0, 12.0) if each.finished < stretch[0].finished]
    trial = judged([*calm, *before, *stretch, *of_all(stretch[-1].finished + 0.05, 20.0)])
    found = {finding.name: finding for finding in trial.findings}
    assert ("brownout" in found) is bool(told)
    if told:
        assert found["brownout"].evidence.startswith(told)
        assert found["brownout"].evidence.endswith("on, while the others were served")
        assert found["brownout"].expectation == 'worst_second=">= 90%"'
        (verdict,) = verdicts(trial, parse_expectations(worst_second=">= 90%"))
        assert verdict.state == FAIL


@pytest.mark.parametrize(
    ("stretch", "severity", "told"),
    [
        (partly(12.0, 20.0), "broken", "8.00 s from 12.0 s on"),
        (partly(16.0, 20.0), "broken", "4.00 s from 16.0 s on"),  # not the longer one before it
        (
            partly(16.0, 19.75),
            "broken",
            "3.75 s from 16.0 s on",
        ),  # what is left is too little to tell
        (partly(16.0, 19.5), "risky", "5.00 s from 2.00 s on"),  # the longest
        (partly(13.0, 19.0), "risky", "6.00 s from 13.0 s on"),
    ],
)
def test_half_a_service_that_no_failover_explains_is_broken_if_it_lasts(stretch, severity, told):
    untouched = {"trigger": None, "settled": None, "moves_writer": None, "milestones": ()}
    last = stretch[-1].finished + 0.05
    events = [*partly(2.0, 7.0), *of_all(7.0, stretch[0].finished), *stretch, *of_all(last, 20.0)]
    found = diagnosed(events, **untouched)["brownout"]
    assert found.severity == severity
    assert f"for {told}, while" in found.evidence
    assert ("it was not over when observation ended" in found.evidence) is (severity == "broken")


def test_a_slow_load_is_looked_at_in_stretches_of_several_operations():
    """Two operations each quarter of a second: all fail, or none, for a second one after the other."""
    events = [
        refused(each.finished, 1040) if 11.5 <= each.finished < 16 and number // 2 % 2 else each
        for number, each in enumerate(acks(1.0, 20.0, 0.125))
    ]
    made = journal(events)
    findings = judge(Evidence(journal=made, course=course(rate=8.0), stored=None)).findings
    assert "brownout" in {finding.name for finding in findings}


def test_an_outage_is_no_half_a_service_and_neither_is_what_fails_all_along():
    down = [refused(10.4 + n / 20, writer=w) for n in range(40) for w in range(4)]
    outage = [*of_all(1.0, 10.4), *down, *of_all(12.5, 20.0)]
    assert "brownout" not in diagnosed(outage)
    assert "brownout" not in diagnosed(partly(1.0, 20.0, every=4))
