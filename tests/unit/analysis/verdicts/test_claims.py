import pytest

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.analysis.verdicts import claims, support
from pytest_rdsfailover.analysis.verdicts.expectations import FAIL, INCONCLUSIVE, PASS
from pytest_rdsfailover.model.errors import SettingError


def sample(downtime=1.0, *, valid=True, problem="", spread=0.0, rate=200.0, **figures):
    return Sample(
        valid=valid,
        reason="" if valid else "the writer did not change",
        problem=problem,
        downtime=Figure(
            max(0, downtime - spread), downtime + spread, problem, rate=rate, best=downtime
        ),
        rate=rate,
        figures={
            name: None if number is None else Figure.exact(number, "s" if name == "p99" else "")
            for name, number in ({"lost": 0, "p99": 0.1, "outages": 1} | figures).items()
        },
    )


def state(samples, confidence=0.95, **asked):
    (verdict,) = support.judge(samples, claims.parse_claims(**asked), confidence)
    return verdict.state


def complaint(samples, **asked):
    with pytest.raises(AssertionError) as caught:
        support.expect(samples, **asked)
    return str(caught.value)


def test_a_quantile_is_proven_by_enough_trials_only():
    assert state([sample()] * 59, downtime="p95 < 2s") == PASS
    assert state([sample()] * 58, downtime="p95 < 2s") == INCONCLUSIVE
    assert state([sample()] * 22, confidence=0.9, downtime="p90 < 2s") == PASS


def test_a_breach_takes_more_trials():
    assert state([sample()] * 91 + [sample(3.0)], downtime="p95 < 2s") == INCONCLUSIVE
    assert state([sample()] * 92 + [sample(3.0)], downtime="p95 < 2s") == PASS


def test_many_breaches_disprove_it():
    assert state([sample()] * 10 + [sample(3.0)] * 5, downtime="p95 < 2s") == FAIL
    assert state([sample()] * 14 + [sample(3.0)], downtime="p95 < 2s") == INCONCLUSIVE


def test_too_few_trials_are_a_failure_that_says_how_many_it_takes():
    text = complaint([sample()] * 15, downtime="p95 < 2s")

    assert "INCONCLUSIVE: p95 of downtime < 2.00 s: held in 15 of 15 trials" in text
    assert "shown for at least 82% of all failovers (95% confidence), not for 95%" in text
    assert "it takes 59 trials if no further one breaks it" in text


def test_a_failure_shows_the_trials_that_break_it_and_the_quantile_seen():
    text = complaint([sample()] * 10 + [sample(3.0)] * 5, downtime="p95 < 2s")

    assert "FAIL: p95 of downtime < 2.00 s" in text
    assert "trial 11: 3.00 s ±0.0001; trial 12: 3.00 s" in text
    assert "the p95 seen was 3.00 s" in text
    assert "undecided" not in text


def test_the_evidence_says_how_much_is_shown_and_what_would_show_more():
    """By the binomial distribution: of n trials that all held, 0.05 ** (1 / n) of all hold at least."""
    (verdict,) = support.judge([sample()] * 59, claims.parse_claims(downtime="p95 < 2s"))
    few = complaint([sample()] * 4, downtime="median < 2s")

    assert verdict.evidence == (
        "held in 59 of 59 trials",
        "so at most 5 % of all failovers (95% confidence) break it; 299 trials would prove 99 %",
    )
    assert "shown for at least 47% of all failovers (95% confidence), not for 50%" in few
    assert "it takes 5 trials if no further one breaks it" in few


def test_the_evidence_of_each_claim_is_a_line_with_its_state():
    assert support.evidence([sample()] * 5, lost=0, downtime="median < 2s") == [
        f"{claim}: pass, held in 5 of 5 trials, so at most 45 % of all failovers (95% confidence)"
        " break it; 299 trials would prove 99 %"
        for claim in ("lost == 0 in every trial", "median of downtime < 2.00 s")
    ]
    with pytest.raises(SettingError, match=r"write 0\.95 for 95 %"):
        support.evidence([sample()] * 5, confidence=95, lost=0)


def test_without_a_trial_no_figure_is_shown():
    (verdict,) = support.judge([], claims.parse_claims(lost=0))
    assert verdict.evidence == ("held in 0 of 0 trials",)


@pytest.mark.parametrize(("broken", "last"), [(10, "trial 10: 3"), (12, "and 2 more")])
def test_of_many_trials_that_break_a_claim_the_first_ten_are_shown(broken, last):
    text = complaint([sample(lost=3)] * broken, lost=0)
    assert text.rpartition("; ")[2] == last


def test_the_median_is_the_fiftieth_percentile():
    assert state([sample()] * 5, downtime="median < 2s") == PASS
    assert state([sample()] * 4, downtime="median < 2s") == INCONCLUSIVE
    assert state([sample(3.0)] * 5, downtime="median < 2s") == FAIL


def test_a_quantile_can_be_bounded_from_below():
    assert state([sample(11.0)] * 59, downtime="p5 > 10s") == PASS
    assert state([sample(9.0)] * 15, downtime="p5 > 10s") == FAIL


def test_a_bound_without_a_quantile_holds_for_every_trial_that_was_run():
    assert state([sample()] * 2, downtime="< 2s") == PASS
    assert state([sample(), sample(2.5)], downtime="max < 2s") == FAIL
    assert state([sample()], lost=0) == PASS
    assert state([sample(), sample(lost=3)], lost=0) == FAIL
    assert state([sample(lost=None)], lost=0) == INCONCLUSIVE
    assert state([], lost=0) == INCONCLUSIVE


def test_latencies_and_counts_have_quantiles_too():
    assert state([sample(p99=0.2)] * 59, p99="p95 < 500ms") == PASS
    assert state([sample(lost=2)] * 59, lost="p95 <= 3") == PASS


def test_a_trial_that_its_resolution_leaves_undecided_proves_nothing_either_way():
    samples = [sample()] * 58 + [sample(2.0, spread=0.1)]

    assert state(samples, downtime="p95 < 2s") == INCONCLUSIVE
    assert "held in 58 of 59 trials, undecided in 1:" in complaint(samples, downtime="p95 < 2s")
    mixed = [sample()] * 5 + [sample(3.0)] * 2 + [sample(2.0, spread=0.1)] * 3
    assert "held in 5 of 10 trials, undecided in 3" in complaint(mixed, downtime="p95 < 2s")
    assert state([sample(2.0, spread=0.1)] * 59, downtime="p95 < 2s") == INCONCLUSIVE


def test_what_an_unfit_clock_measured_decides_no_claim_on_downtime():
    unfit = [sample(0.0, problem="the load generator stood still")] * 5

    assert state(unfit, downtime="median < 2s") == INCONCLUSIVE
    assert state(unfit, no_downtime=">= 50%") == INCONCLUSIVE
    assert "held in 0 of 5 trials, undecided in 5" in complaint(unfit, downtime="< 2s")
    assert state(unfit, lost=0) == PASS


UNFIT = sample(0.9, problem="the load generator stood still")


@pytest.mark.parametrize("reliable", [1, 3, 7])
def test_few_reliable_trials_speak_for_no_others(reliable):
    samples = [sample()] * reliable + [UNFIT] * (15 - reliable)
    for asked in ({"p99": "median < 500ms"}, {"p99": "< 500ms"}, {"outages": 1}):
        assert state(samples, **asked) == INCONCLUSIVE
        share = f"only {reliable} of 15 trials have a figure ({reliable / 15:.0%})"
        assert share in complaint(samples, **asked)
        assert "held in 15 of 15 trials" in complaint(samples, **asked)
    assert state(samples, lost=0) == PASS  # what is counted needs no clock


def test_half_of_the_trials_reliable_are_enough():
    assert state([sample()] * 8 + [UNFIT] * 7, p99="median < 500ms") == PASS


def test_no_verdict_is_certain_while_too_few_trials_may_be_reliable():
    reliable, unfit = [sample()] * 20, [UNFIT] * 20
    assert certain(reliable, 40, p99="p80 < 1s") is False
    assert certain([*reliable, *unfit[:-1]], 40, p99="p80 < 1s")
    assert certain([*reliable[:-1], *unfit, sample()], 42, p99="p80 < 1s") is False
    assert certain([*reliable[:9], *unfit], 29, p99="p80 < 1s")  # it cannot pass any more
    assert certain([*reliable[:9], *unfit], 39, p99="p80 < 1s")


def test_the_share_of_trials_without_downtime_can_be_claimed():
    samples = [sample(0.0)] * 10 + [sample(1.0)] * 5

    assert state(samples, no_downtime=">= 40%") == PASS
    assert state(samples, no_downtime=">= 60%") == INCONCLUSIVE
    assert state(samples, no_downtime=">= 95%") == FAIL
    told = complaint(samples, no_downtime=">= 95%")  # how many it held in says all
    assert "trial 11" not in told
    assert "seen was" not in told
    assert state([sample(1.0)] * 15, no_downtime="<= 20%") == PASS


def test_a_downtime_of_zero_that_may_be_long_is_not_none():
    doubtful = [sample(0.0, spread=0.4)] * 15

    assert state(doubtful, no_downtime=">= 40%") == INCONCLUSIVE
    assert state(doubtful, no_downtime="<= 90%") == INCONCLUSIVE
    assert "undecided in 15" in complaint(doubtful, no_downtime=">= 40%")
    assert state([sample(0.0, spread=0.09)] * 15, no_downtime=">= 40%") == PASS
    assert state([sample(0.3, spread=0.4)] * 15, no_downtime="<= 90%") == INCONCLUSIVE


def test_an_invalid_trial_counts_for_nothing_and_never_passes():
    samples = [sample()] * 59 + [sample(valid=False)]

    assert state(samples, downtime="p95 < 2s") == PASS
    text = complaint(samples, downtime="p95 < 2s")
    assert "1 of 60 trials prove nothing: the writer did not change" in text


def test_claims_that_hold_raise_nothing():
    support.expect([sample()] * 59, downtime="p95 < 2s", lost=0, confidence=0.95)


@pytest.mark.parametrize(
    "asked",
    [
        {"downtime": "p95 < 2"},
        {"downtime": "p100 < 2s"},
        {"downtime": "p0 < 2s"},
        {"downtme": "p95 < 2s"},
        {"lost": "p95 == 0"},
        {"no_downtime": ">= 0%"},
        {"no_downtime": ">= 100%"},
        {"no_downtime": ">= 1s"},
        {"no_downtime": 0.5},
        {"confidence": 95, "lost": 0},
        {"downtime": "p95 < 1ms"},
        {"downtime": "p95"},
        {"downtime": ""},
        {"confidence": 0.9},
        {},
    ],
)
def test_what_makes_no_sense_is_refused(asked):
    with pytest.raises(SettingError):
        support.expect([sample()] * 59, **asked)


def test_a_claim_that_so_few_trials_can_never_support_is_refused_before_the_first():
    asked = claims.parse_claims(downtime="p95 < 2s", lost=0)

    with pytest.raises(
        SettingError, match=r"takes 59 trials, even if none breaks it; 15 can never"
    ):
        claims.check_support(asked, 15, 0.95)
    claims.check_support(asked, 59, 0.95)
    claims.check_support(claims.parse_claims(lost=0), 1, 0.95)


def certain(samples, planned, **asked):
    return support.certain(samples, claims.parse_claims(**asked), planned=planned, confidence=0.95)


def test_a_verdict_is_certain_once_no_further_trial_can_change_it():
    assert not certain([sample()] * 58, 100, downtime="p95 < 2s")
    assert not certain([sample()] * 98, 100, downtime="p95 < 2s")
    assert certain([sample()] * 99, 100, downtime="p95 < 2s")  # 100 may contain one breach
    assert not certain([sample(3.0)], 100, downtime="p95 < 2s")
    assert certain([sample(3.0)] * 2, 100, downtime="p95 < 2s")
    assert certain([sample()] * 58, 58, downtime="p95 < 2s")  # there is none to come


def test_one_broken_claim_makes_the_verdict_certain():
    assert certain([sample(lost=1)], 100, lost=0, downtime="p95 < 2s")
    assert not certain([sample(lost=0)], 100, lost=0, downtime="p95 < 2s")
    assert not certain([sample()] * 99, 100, lost=0, downtime="p95 < 2s")  # the latter is
    assert not certain([sample()], 100)


@pytest.mark.parametrize("breaches", range(4))
@pytest.mark.parametrize("planned", [10, 59, 100])
def test_stopping_early_gives_the_verdict_of_all_planned_trials(planned, breaches):
    asked = claims.parse_claims(downtime="p80 < 2s")
    every = [sample(3.0)] * breaches + [sample()] * (planned - breaches)
    whole = support.judge(every, asked)[0].state == PASS
    for order in (every, every[::-1]):
        stopped = next(
            n for n in range(planned + 1) if certain(order[:n], planned, downtime="p80 < 2s")
        )
        assert (support.judge(order[:stopped], asked)[0].state == PASS) == whole


@pytest.mark.parametrize("confidence", [0, 1, 95, True, 0.0, 1.0, 1.5, float("nan"), "95%", None])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(SettingError, match=r"write 0\.95 for 95 %"):
        support.check_confidence(confidence)
