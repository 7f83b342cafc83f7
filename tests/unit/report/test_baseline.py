import json

import pytest
from populations import document

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.report.baseline import (
    baseline,
    lacks,
    path_of,
    read,
    write,
)
from pytest_rdsfailover.report.baseline_comparison import compare_with
from pytest_rdsfailover.report.document import run_document
from pytest_rdsfailover.report.rules import parse_rules

MACHINE = {"system": "Linux", "machine": "x86_64", "cpus": 2}


def run(*downtimes, rate=200.0, writers=32, mode="local", machine=MACHINE, versions=None, **more):
    trials = [document(each, **more) for each in downtimes]
    made = run_document(trials, mode=mode, seed=7, versions=versions or {"pytest": "9"})
    return baseline(made, [{"rate": rate, "writers": writers}] * len(trials), machine)


BEFORE = run(*(1 + n / 100 for n in range(15)))


def grown(by, **more):
    """Return a run in which every trial was so much longer, beside a little chance."""
    return run(*(by * (1 + n / 100) + n % 3 / 1000 for n in range(15)), **more)


def problems(after, rules="median:10%", before=BEFORE, **options):
    return compare_with(before, after, parse_rules(rules), **options).problems


def test_a_growth_within_the_rule_is_no_problem():
    assert problems(grown(1.05)) == []
    assert problems(grown(0.1)) == []


def test_a_growth_beyond_the_rule_is_named_with_its_evidence():
    (problem,) = problems(grown(1.3))
    assert problem == (
        "cluster: median grew from 1.07 s to 1.39 s, by at least 25% (99% confidence, 15 and 15"
        " trials), beyond median:10%"
    )
    assert problems(grown(1.4), "max:200ms")[0].endswith("beyond max:200ms")


def test_a_growth_that_the_trials_do_not_show_is_told_and_fails_nothing():
    wide = run(*(1 + n for n in range(15)))
    report = compare_with(wide, run(*(2.5 + n for n in range(15))), parse_rules("median:10%"))

    assert report.problems == []
    (line,) = (line for line in report.lines if "beyond" in line)
    assert "median grew from 8.00 s to 9.50 s, beyond median:10%, which these trials do" in line


def test_without_rules_nothing_fails():
    assert compare_with(BEFORE, run(9.0, 9.0), ()).problems == []


def test_any_downtime_is_more_than_a_share_of_none():
    (problem,) = problems(run(*[0.5] * 8), before=run(*[0.0] * 8))

    assert "median grew from 0 s to 500 ms (99% confidence" in problem


def test_a_scenario_with_too_few_trials_for_any_rule_is_told_and_alone_a_problem():
    few = run(1.0, 1.1)
    assert problems(few, before=few) == [
        "no scenario can be held to a rule: it takes 7 trials of the same seed"
    ]
    (problem,) = problems(run(1.0))
    assert "held to no rule, 15 trials and 1 can show no growth; it takes 7 of the same" in problem
    both = both_of(BEFORE, run(1.0, scenario="single"))
    report = compare_with(both, both, parse_rules("median:10%"))
    assert report.problems == []
    assert any(line.startswith("single: held to no rule") for line in report.lines)


def both_of(*runs):
    """Return one run with the trials of several."""
    trials = [trial for each in runs for trial in each["document"]["trials"]]
    made = run_document(trials, mode="local", seed=7, versions={"pytest": "9"})
    return baseline(made, [load for each in runs for load in each["loads"]], MACHINE)


def test_a_scenario_is_the_same_whatever_else_the_run_has():
    """Its short name depends on the other tests of the run, and on -k."""
    other = run(*[1.0] * 15, test="test_other.py::test_pay")
    before, after = both_of(BEFORE, other), grown(1.3)

    assert len(problems(both_of(after, other), before=before)) == 1
    (grew, missing) = problems(after, before=before)
    assert grew.startswith("cluster: median grew")
    assert missing.startswith("test_other.py::test_pay[cluster] writer quick: only in the baseline")


RENAMED = {
    "test": {"test": "test_article.py::test_that"},
    "file": {"test": "test_b.py::test_it"},
    "parameters": {"scenario": "direct"},
}


@pytest.mark.parametrize("changes", RENAMED.values(), ids=RENAMED)
def test_a_renamed_scenario_breaks_the_rules_and_names_what_it_was(changes):
    after = grown(1.3, **changes)
    (problem,) = problems(after)
    assert "where it may be test_article.py::test_it[cluster] writer quick, so no rule" in problem

    assert compare_with(BEFORE, after, ()).problems == []
    (problem,) = problems(after, anyway=True)
    assert "median grew from 1.07 s" in problem


def test_a_scenario_that_is_new_or_missing_breaks_the_rules():
    other = run(*[1.0] * 15, test="x.py::test_y", scenario="z", endpoint="proxy")
    both = both_of(BEFORE, other)
    (problem,) = problems(both)
    assert problem.startswith("x.py::test_y[z] proxy quick: not in the baseline, so no rule holds")
    (problem,) = problems(BEFORE, before=both)
    assert problem.startswith("x.py::test_y[z] proxy quick: only in the baseline, so no rule holds")
    assert problems(both, anyway=True) == problems(BEFORE, before=both, anyway=True) == []


@pytest.mark.parametrize(
    ("after", "what"),
    [
        (grown(1, mode="live"), "mode was local and is live"),
        (grown(1, rate=500), "rate was 200 and is 500"),
        (grown(1, writers=8), "writers was 32 and is 8"),
        (grown(1, profile="aurora"), "profile was quick and is aurora"),
        (grown(1, endpoint="proxy"), "endpoint was writer and is proxy"),
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


def test_without_rules_a_scenario_without_a_counterpart_is_told():
    before = run(1.0, 1.1, scenario="old")
    lines = compare_with(before, run(1.0, 1.1, scenario="new"), ()).lines

    (line,) = lines
    assert line == (
        "test_article.py::test_it[new] writer quick: not in the baseline, where it may be"
        " test_article.py::test_it[old] writer quick"
    )


def test_a_side_without_a_valid_trial_cannot_be_compared():
    assert problems(run(1.0, valid=False)) == ["cluster: not compared, no valid trial on one side"]


def test_a_baseline_is_read_as_it_was_written(tmp_path):
    path = path_of("main", tmp_path)
    write(path, BEFORE)

    assert path == tmp_path / "rds-baselines" / "main.json"
    assert read(path) == BEFORE
    for named in ("ci/main.json", "main.json", "ci/main"):
        assert path_of(named, tmp_path) == tmp_path / named


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


def without(name, **changes):
    """Return a baseline without a part, or with others."""
    plain = json.loads(json.dumps(BEFORE | changes))
    return {key: value for key, value in plain.items() if key != name}


BROKEN = {
    "no machine": without("machine"),
    "no loads": without("loads"),
    "too few loads": without("", loads=BEFORE["loads"][:3]),
    "no trials": without("", document=BEFORE["document"] | {"trials": []}, loads=[]),
    "another schema": without("", document=BEFORE["document"] | {"schema": 2}),
    "another format": without("", baseline=2),
    "no seed": without("", document={k: v for k, v in BEFORE["document"].items() if k != "seed"}),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_baseline_that_is_not_whole_is_refused_when_it_is_read(tmp_path, content):
    (tmp_path / "it.json").write_text(json.dumps(content))

    with pytest.raises(SettingError, match=r"it\.json is no .*baseline.*--rds-save makes one"):
        read(tmp_path / "it.json")


def says(profile):
    """Return a run whose trials were taken by a profile that says so."""
    made = grown(1)
    return made | {"loads": [load | {"profile": profile} for load in made["loads"]]}


def test_a_profile_that_says_something_else_by_now_is_another():
    (problem,) = problems(says("b"), before=says("a"))
    assert "not compared, profile quick says something else by now" in problem
    assert problems(says("a"), before=says("a")) == []
    assert problems(says("a")) == []  # a baseline of an earlier version does not say
    assert problems(says("b"), before=says("a"), anyway=True) == []


def test_what_lacks_figures_or_scenarios_is_no_baseline_for_others():
    unfit = [document(None, **UNFIT) for _ in range(14)]
    few = run_document([document(1.0), *unfit], mode="local", seed=7, versions={})
    both = both_of(BEFORE, run(1.0, test="test_b.py::test_other"))

    assert lacks(BEFORE["document"], None) == lacks(BEFORE["document"], BEFORE) == ""
    assert lacks(both["document"], BEFORE) == ""
    assert "only 1 of 15 trials have a figure" in lacks(few, None)
    assert lacks(run(*[1.0] * 8)["document"], BEFORE) == ""
    assert lacks(run(*[1.0] * 7)["document"], BEFORE) == (
        "it has 15 trials of test_article.py::test_it[cluster] writer quick, and this run 7"
    )
    assert "it has 3 trials" in lacks(run(1.0)["document"], run(1.0, 1.0, 1.0))
    assert lacks(BEFORE["document"], both) == (
        "it has test_b.py::test_other[cluster] writer quick, and this run has not"
    )


def compared(after, before=BEFORE, **options):
    lines = compare_with(before, after, parse_rules("median:10%"), **options).lines
    return any("against the baseline" in line for line in lines)


def test_what_is_refused_is_not_compared_and_what_is_forced_is():
    renamed = run(*[1.0] * 15, test="test_article.py::test_renamed")
    assert not compared(renamed)
    assert compared(renamed, anyway=True)
    report = compare_with(BEFORE, renamed, (), anyway=True)
    assert report.lines[0].startswith(
        "warning, test_article.py::test_renamed[cluster] writer quick: not in"
    )
    assert not compared(run(*[1.0] * 15, rate=100.0))
    assert compared(run(*[1.0] * 15, rate=100.0), anyway=True)
    assert not compared(run(1.0, valid=False))
    assert not compared(run(1.0), before=run(1.0, valid=False))
