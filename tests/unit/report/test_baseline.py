import pytest
from populations import document

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.report.baseline import (
    baseline,
    compare_with,
    parse_rules,
    path_of,
    read,
    write,
)
from pytest_rdsfailover.report.document import run_document

MACHINE = {"system": "Linux", "machine": "x86_64", "cpus": 2}


def run(*downtimes, rate=200.0, writers=32, mode="local", machine=MACHINE, versions=None, **more):
    trials = [document(each, **more) for each in downtimes]
    made = run_document(trials, mode=mode, seed=7, versions=versions or {"pytest": "9"})
    return baseline(made, [{"rate": rate, "writers": writers}] * len(trials), machine)


BEFORE = run(1.0, 1.1, 1.2)


def problems(after, rules="median:10%", **options):
    return compare_with(BEFORE, after, parse_rules(rules), **options).problems


def test_a_growth_within_the_rule_is_no_problem():
    assert problems(run(1.1, 1.2, 1.3)) == []
    assert problems(run(0.1, 0.2, 0.3)) == []


def test_a_growth_beyond_the_rule_is_named():
    assert problems(run(1.1, 1.3, 1.3)) == [
        "cluster: median grew from 1.10 s to 1.30 s, beyond median:10%"
    ]
    assert problems(run(1.1, 1.1, 1.5), "median:10%,max:200ms") == [
        "cluster: max grew from 1.20 s to 1.50 s, beyond max:200ms"
    ]


def test_without_rules_nothing_fails():
    assert compare_with(BEFORE, run(9.0, 9.0), ()).problems == []


def test_any_downtime_is_more_than_a_share_of_none():
    before = run(0.0, 0.0)
    report = compare_with(before, run(0.0, 0.5, 0.5), parse_rules("median:10%"))

    assert len(report.problems) == 1


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (run(1.0, 1.1, mode="live"), "mode was local and is live"),
        (run(1.0, 1.1, rate=500), "rate was 200 and is 500"),
        (run(1.0, 1.1, writers=8), "writers was 32 and is 8"),
        (run(1.0, 1.1, profile="aurora"), "profile was quick and is aurora"),
        (run(1.0, 1.1, endpoint="proxy"), "endpoint was writer and is proxy"),
    ],
)
def test_other_conditions_are_refused_unless_told_to(after, what):
    (problem,) = problems(after)

    assert what in problem
    assert "--rds-compare-anyway" in problem
    report = compare_with(BEFORE, after, (), anyway=True)
    assert report.problems == []
    assert any("warning" in line and what in line for line in report.lines)


def test_other_versions_and_machines_are_warned_of():
    after = run(1.0, 1.1, versions={"pytest": "10"}, machine=MACHINE | {"cpus": 64})
    report = compare_with(BEFORE, after, ())

    assert report.problems == []
    assert "warning: pytest was '9' and is '10'" in report.lines
    assert "warning: cpus was 2 and is 64" in report.lines


def test_scenarios_without_a_counterpart_are_named():
    before = run(1.0, 1.1, scenario="old")
    lines = compare_with(before, run(1.0, 1.1, scenario="new"), ()).lines

    assert lines == ["new: not in the baseline", "old: only in the baseline"]


def test_a_side_without_a_valid_trial_cannot_be_compared():
    assert problems(run(1.0, valid=False)) == ["cluster: not compared, no valid trial on one side"]


def test_a_baseline_is_read_as_it_was_written(tmp_path):
    path = path_of("main", tmp_path)
    write(path, BEFORE)

    assert path == tmp_path / "rds-baselines" / "main.json"
    assert read(path) == BEFORE
    assert path_of("ci/main.json", tmp_path) == tmp_path / "ci" / "main.json"


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"schema": 1}'])
def test_what_is_no_baseline_is_refused(tmp_path, text):
    path = tmp_path / "it.json"
    path.write_text(text)

    with pytest.raises(SettingError, match=r"is no JSON|is no baseline"):
        read(path)
    with pytest.raises(SettingError, match="--rds-save makes one"):
        read(tmp_path / "gone.json")


UNFIT = {"clock": {"reliable": False, "problem": "busy"}}


def test_a_single_figure_beside_unreliable_ones_is_a_problem_on_either_side():
    few = run(1.0)
    unfit = [document(None, **UNFIT) for _ in range(14)]
    few["document"]["trials"] += unfit
    few["loads"] *= 15

    (problem,) = compare_with(BEFORE, few, ()).problems
    assert "only 1 of 15 trials have a figure (7%) in this run" in problem
    (problem,) = compare_with(few, BEFORE, ()).problems
    assert "in the baseline" in problem


def test_one_trial_against_one_shows_no_interval():
    lines = compare_with(run(1.0), run(2.0), ()).lines
    assert "one trial has no interval" in "\n".join(lines)
    assert "95 %" not in "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        "median",
        "mean:10%",
        "median:ten%",
        "median:10",
        "",
        "p95:",
        "median:nan%",
        "median:inf%",
        "max:-5%",
        "median:%",
        "median:-1s",
        "median:nan",
        "p95:infs",
        "median:1e999%",
        "median:1_0%",
        "median:10%,",
        "max:+5%",
    ],
)
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(SettingError):
        parse_rules(text)
