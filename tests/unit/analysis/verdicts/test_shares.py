"""Bounds on the shares of operations: how they are written, and what holds or breaks them."""

import pytest
from builders import acks, course, journal, refused

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.analysis.service_figures import ServiceFigures
from pytest_rdsfailover.analysis.verdicts import expectations, support
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.analysis.verdicts.expectations import FAIL, INCONCLUSIVE, PASS, sample_of
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.trial.trial import Trial

AWAY = [refused(10.001 + n / 100) for n in range(250)]
EVENTS = [*acks(0.001, 10.0, 0.01), *AWAY, *acks(12.501, 20.0, 0.01)]  # 1,750 of 2,000 are served


def judged(events=EVENTS, skips=(), **changes):
    return Trial.of(summarise(journal(events, skips=skips), course(**changes), None))


def verdict(trial, **bounds):
    (found,) = expectations.verdicts(trial, parse_expectations(**bounds))
    return found


@pytest.mark.parametrize(
    ("bounds", "state"),
    [
        ({"success": ">= 87.5%"}, PASS),
        ({"success": "> 87.5%"}, FAIL),
        ({"success": "== 87.5%"}, PASS),
        ({"success_during": "< 1%"}, PASS),
        ({"success_after": ">= 100%"}, PASS),
        ({"served_within_500ms": ">= 87.5%"}, PASS),
        ({"served_within": {"500ms": ">= 87.6%"}}, FAIL),
        ({"worst_second": ">= 1%"}, FAIL),
        ({"late_error_share": "< 2%"}, PASS),
        ({"late_errors": 0}, PASS),  # they end within a second
        ({"late_errors": "> 0"}, FAIL),
        ({"demoted_writer": 0}, PASS),
        ({"recovery": "< 3s"}, PASS),
        ({"recovery": "< 2s"}, FAIL),
        ({"incident_sum": "< 3s"}, PASS),
        ({"incident_span": "< 2s"}, FAIL),
        ({"p99_before": "< 5ms"}, PASS),
        ({"max_after": "< 5ms"}, PASS),
    ],
)
def test_what_can_be_expected_of_operations_holds_or_breaks(bounds, state):
    assert verdict(judged(), **bounds).state == state


def test_one_late_error_breaks_that_there_are_none():
    later = [*acks(12.501, 15.0, 0.01), refused(15.001), *acks(15.011, 20.0, 0.01)]

    assert verdict(judged([*EVENTS[:1000], *AWAY, *later]), late_errors=0).state == FAIL


def test_a_broken_share_says_of_how_many():
    assert verdict(judged(), success=">= 99.9%").evidence == ("was 87.5 %", "1750 of 2000")
    assert "in the second from 0.000 s" in verdict(judged(), worst_second=">= 1%").evidence[1]


def test_nine_hundred_and_ninety_nine_of_a_thousand_are_99_9_percent():
    events = [*acks(0.001, 5.0, 0.01), refused(5.001), *acks(5.011, 10.0, 0.01)]

    assert (
        verdict(judged(events, stop=10.0, trigger=None, settled=None), success=">= 99.9%").state
        == PASS
    )


def test_a_share_of_what_was_not_over_proves_no_objective():
    trial = judged([*acks(0.0, 19.9, 0.01), *(refused(19.9 + n / 100) for n in range(10))])
    found = verdict(trial, success=">= 99%")

    assert found.state == INCONCLUSIVE
    assert "observation ended before it did" in found.evidence[-2]


def test_a_share_of_a_doubted_trial_breaks_nothing_and_names_why():
    trial = judged(
        [*acks(0.001, 10.3, 0.01), *acks(11.301, 20.0, 0.01)],
        skips=[(0, 10.3, 11.29, 100)],
        pauses=[(10.595, 11.295)],
    )
    found = verdict(trial, worst_second=">= 99%")

    assert "stood still" in trial.clock.problem
    assert found.state == INCONCLUSIVE
    assert found.evidence[1] == trial.clock.problem


def test_a_trial_tells_the_share_of_any_latency():
    assert judged().served_within("500ms") == pytest.approx(0.875)
    assert judged().served_within("1.5s") == judged().success
    with pytest.raises(SettingError, match="not a duration"):
        judged().served_within("500")


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"served_within_500": ">= 99%"}, "'500' is not a duration"),
        ({"served_within_0s": ">= 99%"}, "nothing is served within no time"),
        ({"served_within": ">= 99%"}, "has no latency; write served_within_500ms"),
        ({"served_within": {}}, "has no latency"),
        ({"served_within": {"soon": ">= 99%"}}, "'soon' is not a duration"),
        ({"served_within": {"1s": "99%"}}, "is no bound on a share"),
        ({"success": 0.99}, 'is no bound on a share; write success=">= 99.9%"'),
        ({"success": ">= 0.99"}, "is not a share"),
        ({"success": ">= 101%"}, "100% at most"),
        ({"recovery": ">= 99%"}, "is not a duration"),
        ({"late_errors": "<= 1%"}, "is no bound on a count"),
        ({"stuck": 0}, "did you mean 'stuck_writers'"),
        ({"availability": ">= 99%"}, "did you mean 'success'"),
        ({"succes": ">= 99%"}, "did you mean 'success'"),
        ({"latency": "< 1s"}, "did you mean 'p99'"),
        ({"late_error": 0}, "did you mean 'late_errors'"),
    ],
)
def test_a_wrong_bound_is_refused_with_the_remedy(bounds, said):
    with pytest.raises(SettingError) as refusal:
        parse_expectations(**bounds)
    assert said in str(refusal.value)


def test_claims_are_about_all_of_these_figures():
    samples = [sample_of(judged(), ["served_within_300ms"])] * 60
    samples = [Sample.of_plain(each.plain()) for each in samples]

    support.expect(
        samples,
        success="p5 >= 80%",
        served_within={"300ms": ">= 87%", "500ms": "p5 >= 87%"},
        worst_second="< 1%",
        recovery="p95 < 3s",
        late_errors="median <= 10",
        p99_after="p90 < 5ms",
    )


def test_a_claim_on_a_latency_that_nobody_asked_for_says_how_to_ask():
    with pytest.raises(AssertionError, match=r"give the claim to rds_trials\(\.\.\., claims="):
        support.expect([sample_of(judged())], served_within_300ms=">= 87%")


def test_no_share_is_measured_that_nobody_asks_for(monkeypatch):
    measured, measure = [], ServiceFigures.measure
    monkeypatch.setattr(
        ServiceFigures, "measure", lambda self, name: measured.append(name) or measure(self, name)
    )
    trial = judged()
    trial.expect(downtime="< 3s")
    assert measured == []

    trial.expect(success=">= 80%", success_after=">= 80%")
    assert measured == ["success", "success_after"]
