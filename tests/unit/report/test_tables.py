import dataclasses
import re

import pytest
from populations import article, document

from pytest_rdsfailover.analysis.compare import compare
from pytest_rdsfailover.analysis.population import population
from pytest_rdsfailover.report.scenarios import comparisons, scenarios
from pytest_rdsfailover.report.tables import article as article_table
from pytest_rdsfailover.report.tables import (
    comparison,
    comparison_lines,
    middle,
    populations,
    proofs,
    share,
    shares,
    summary_lines,
)
from pytest_rdsfailover.report.terminal import WIDTH

FOUND = scenarios(article())


def test_a_scenario_s_row_has_median_interval_and_share():
    heading, direct, proxy, *_ = populations(FOUND)

    assert heading.split()[:2] == ["scenario", "trials"]
    assert re.sub(" +", " ", direct) == (
        "cluster 15 11.0 s [10.4, 11.6] 12.0 s 12.0 s 0 of 15 (0-20 %)"
    )
    assert proxy.endswith("10 of 15 (42-85 %)")


def test_the_article_s_table_counts_none_short_and_long():
    _, direct, proxy = article_table(FOUND)

    assert re.split(" {2,}", direct) == [
        "cluster",
        "0 of 15 (0-20 %)",
        "0 of 15 (0-20 %)",
        "15 of 15 (80-100 %)",
    ]
    assert re.split(" {2,}", proxy)[1:] == [
        "10 of 15 (42-85 %)",
        "5 of 15 (15-58 %)",
        "0 of 15 (0-20 %)",
    ]


def test_a_share_is_never_shown_without_count_and_interval():
    assert share(10, 15) == "10 of 15 (42-85 %)"
    assert share(0, 0) == "0 of 0 (0-100 %)"
    assert shares([0.02, 0.5, 1.5]) == ["1 of 3 (6-79 %)"] * 3


def test_what_clean_trials_leave_open_is_said():
    (line,) = proofs(scenarios([document(0.0) for _ in range(15)]))

    assert line == (
        "cluster: 0 of 15 had downtime or may have, so up to 18 % of all failovers may (95 % confidence);"
        " 299 trials with no more than 0 such would prove that 99 % have none"
    )


def test_an_outage_that_an_unfit_clock_saw_is_no_trial_without_downtime():
    unfit = {"clock": {"reliable": False, "problem": "the load generator stood still"}}
    found = scenarios([document(1.0), document(1.2), document(0.0, **unfit)])
    lines = populations(found)

    assert lines[1].split()[1] == "2+1!"
    assert lines[1].endswith("0 of 2 (0-66 %)")
    assert "cluster: 1 trial measured by an unfit clock, counted nowhere" in lines


def test_invalid_trials_are_counted_apart_and_named():
    lines = populations(scenarios([document(1.0), document(9.0, valid=False)]))

    assert "1+1!" in lines[1]
    assert "cluster: 1 trial INVALID, counted nowhere" in lines


def test_a_scenario_without_a_valid_trial_has_no_figures():
    lines = populations(scenarios([document(9.0, valid=False)]))

    assert lines[1].split()[:5] == ["cluster", "0+1!", "-", "-", "-"]


def test_a_comparison_tells_medians_difference_interval_and_chance():
    first, *rest = comparison_lines(comparisons(FOUND))
    second = re.sub("\n +", " ", "\n".join(rest))

    assert first == "proxy against cluster: median 0 s against 11.0 s, ratio 0 (-100 %)"
    assert second.startswith("  difference -11.0 s, 95 % interval -11.")
    assert second.endswith("p = 1.3e-08 (n = 15 and 15)")


def test_a_comparison_with_no_downtime_names_no_percentage():
    assert "%" not in comparison("a", "b", compare([0.0, 0.0], [1.0, 1.0]))[0]


def test_every_line_fits_80_columns():
    wide = [
        *(document(1234.5678 + n, "a-very-long-name-of-a-scenario") for n in range(1500)),
        *(document(0.123456 + n / 1e4, "b" * 40) for n in range(100)),
    ]
    found = scenarios(wide)
    lines = [*populations(found), *article_table(found)]
    lines += comparison("a" * 60, "b" * 60, compare([1234.5, 1300.0], [1.0, 2.0]))

    assert [line for line in lines if len(line) > WIDTH] == []
    assert lines[1] == "a-very-long-name-of-a-scenario"
    assert lines[2].endswith(" 0/1500 (0-0 %)")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (10.4, 11.6, "11.0 s [10.4, 11.6]"),
        (0.95, 11.6, "11.0 s [950 ms, 11.6 s]"),
        (None, None, "11.0 s"),
    ],
)
def test_a_median_s_unit_stands_once_if_both_ends_share_it(low, high, text):
    found = dataclasses.replace(population([11.0]), low=low, high=high)

    assert middle(found) == text


def test_tables_are_for_trials_that_were_repeated():
    assert summary_lines([document(1.0), document(1.0, "proxy")]) == []
    repeated = summary_lines([document(1.0), document(1.0), document(1.0, "proxy")])
    assert {line.split()[0] for line in repeated if line} == {"scenario", "cluster"}
    assert any("against cluster" in line for line in summary_lines(article()))


@pytest.mark.parametrize(
    ("downtimes", "shown"),
    [
        ([0.499, 1.499, 1.5], ["1 of 3 (6-79 %)", "1 of 3 (6-79 %)", "1 of 3 (6-79 %)"]),
        ([0.0] * 999, ["999 of 999 (100-100 %)", "0 of 999 (0-0 %)", "0 of 999 (0-0 %)"]),
        ([0.0] * 1000, ["1000/1000 (100-100 %)", "0/1000 (0-0 %)", "0/1000 (0-0 %)"]),
    ],
)
def test_shares_part_at_half_a_second_and_one_and_a_half(downtimes, shown):
    assert shares(downtimes) == shown


def test_pairs_of_one_failover_are_told_with_what_has_no_partner():
    def sampled(name, *downtimes):
        return [document(each, name, failover_seed=seed) for seed, each in enumerate(downtimes)]

    trials = [*sampled("cluster", 1.0, 5.0, 9.0), *sampled("other", 1.5, 5.5)]
    told = " ".join(" ".join(comparison_lines(comparisons(scenarios(trials)))).split())
    assert "(2 pairs of the same failover, 1 trials without a partner)" in told
    assert ", ratio 1.17 (+17 %)" in told


def test_each_thing_that_trials_do_not_prove_is_said_of_its_scenario():
    unfit = document(1.0, clock={"reliable": False, "problem": "busy"})
    invalid = document(1.0, valid=False)
    open_ = document(
        1.0, figures={"downtime": {"lower": 1.0, "upper": None, "value": 1.0, "unit": "s"}}
    )

    def said(*trials):
        return [line.removeprefix("cluster: ") for line in proofs(scenarios(trials))]

    assert said(*[document(1.0)] * 3) == []
    assert said(*[document(1.0)] * 3, invalid) == ["1 trial INVALID, counted nowhere"]
    assert said(*[document(1.0)] * 3, unfit, unfit) == [
        "2 trials measured by an unfit clock, counted nowhere"
    ]
    assert said(document(1.0), document(1.0), open_)[0].startswith(
        "the downtime of 1 trial was not"
    )
    assert said(document(1.0), document(0.0)) == []  # half of them had downtime
    assert said(document(1.0), *[document(0.0)] * 2)[0].startswith(
        "1 of 3 had downtime or may have"
    )
    assert said(document(0.0)) == []
    assert "only 1 of 3 trials" in said(document(1.0), unfit, unfit)[1]
    assert said(unfit) == ["1 trial measured by an unfit clock, counted nowhere"]
