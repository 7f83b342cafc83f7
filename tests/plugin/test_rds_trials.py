"""Repeated trials on real clusters, from the fixture to the reports, with and without workers."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from finished import CONFTEST, ORDER, Project

from pytest_rdsfailover.report.markdown import escape

ONE = """
def test_it(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=1)
"""


REPEATED = {"cluster": 2, "again": 2, "test_broken": 4}


@pytest.fixture
def run(project):
    """Run pytest on a file; return its result."""
    project.makeconftest(CONFTEST)

    def run(*options, source=ONE):
        project.makepyfile(test_it=source)
        return project.runpytest_subprocess("--rds-toxiproxy=builtin", *options)

    return run


def test_populations_are_in_the_document(finished):
    repeated = finished.place.name != "without"
    found = {each["name"]: each["trials"] for each in finished.document["scenarios"]}
    pairs = [(each["baseline"], each["candidate"]) for each in finished.document["comparisons"]]

    assert found == (REPEATED if repeated else {}) | {"test_single[0]": 1, "test_single[1]": 1}
    assert pairs == [("cluster", "again")] * repeated


def test_populations_are_told_as_they_grow_and_at_the_end(plain):
    for words in (
        r"\ntest_failover\[cluster\] 1/2: down 0\.\d+ s ±\S+; median \d+ ms",
        r"\ntest_failover\[again\] 2/2: down",
        r"\ncluster +2 ",
        r"again against cluster: median \d+ ms against \d+ ms, ratio",
        r"test_broken: downtime < 60\.0 ms in every trial: fail, held in 0 of 4",
        r"FAIL: downtime < 60\.0 ms in every trial",
    ):
        assert re.search(words, plain.text), words


def test_populations_are_in_the_markdown(finished):
    page = (finished.place / "page.md").read_text()
    rows = [
        f"| {escape(each['name'])} | {each['trials']} |" for each in finished.document["scenarios"]
    ]

    assert len(rows) >= 2
    assert [row for row in rows if row not in page] == []


def test_populations_are_properties_of_their_tests(plain):
    cases = {
        case.get("name"): {
            each.get("name"): each.get("value") for each in case.iter("property")
        }
        for case in ET.parse(plain.place / "junit.xml").iter("testcase")
    }  # fmt: skip

    assert cases["test_failover[cluster]"]["rds_trials"] == "2"
    assert float(cases["test_failover[cluster]"]["rds_downtime_max_s"]) > 0.1
    assert cases["test_failover[cluster]"]["rds_zero_downtime"] == "0"
    assert 0 < float(cases["test_failover[cluster]"]["rds_zero_downtime_share_high"]) < 1
    assert float(cases["test_single[0]"]["rds_downtime_s"]) > 0.1


def test_a_failed_population_draws_its_longest_trials_only(plain):
    assert len(re.findall(r"failover timeline, trial \d of 4", plain.text)) == 3
    assert plain.text.count("\nacknowledged  ") == 3 + 1  # and the single one that failed


def planned_flips(finished):
    """Return when DNS was to flip in each trial, as its seed has it, by test."""
    found = {}
    for entry in finished.entries:
        flip = next(each["planned_s"] for each in entry["portrait"]["milestones"]
                    if each["name"] == "dns_flip")  # fmt: skip
        found.setdefault(entry["trial"]["test"], []).append(round(flip, 3))
    return found


def test_every_trial_has_a_failover_of_its_own_that_the_run_s_seed_decides(plain, several_workers):
    planned = planned_flips(plain)

    assert all(len(set(flips)) == len(flips) for flips in planned.values())
    assert planned_flips(several_workers).keys() == planned.keys()
    for test, flips in planned_flips(several_workers).items():
        assert flips == pytest.approx(planned[test], abs=0.0021)


def test_trial_i_of_every_scenario_of_a_test_meets_the_same_failover(plain):
    planned = planned_flips(plain)
    one, other = (flips for test, flips in planned.items() if "test_failover[" in test)
    (comparison,) = plain.document["comparisons"]

    assert one == pytest.approx(other, abs=0.0021)
    assert comparison["pairs"] == {"count": 2, "dropped": 0}
    assert re.search(r"2 pairs\s+of\s+the\s+same\s+failover", plain.text)


def test_several_workers_give_the_verdicts_of_none(plain, several_workers):
    assert plain.result.parseoutcomes() == several_workers.result.parseoutcomes()
    assert plain.result.parseoutcomes() == {"passed": 3, "failed": 2}
    assert plain.names == several_workers.names == ORDER
    one, other = plain.document, several_workers.document
    assert [(each["name"], each["trials"]) for each in one["scenarios"]] == [
        (each["name"], each["trials"]) for each in other["scenarios"]
    ]
    assert several_workers.text.count("= database failover =") == 1
    assert len(list(several_workers.place.rglob("*.html"))) == 1
    assert "taken by several workers at once, which shared the CPU" in several_workers.text
    assert "shared the CPU" not in plain.text
    assert re.search(r"\[gw\d\] test_failover\[\w+\] 2/2: down", several_workers.text)


DIES = """
def test_before(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint)

def test_dies(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=3)

def test_after(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint)
"""
# Its worker is killed in the middle of the third trial's load.
KILL = """
import os, signal, threading
begun = []

def pytest_rdsfailover_before_trial(item):
    begun.append(item.name)
    if begun.count("test_dies") == 3:
        threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGKILL)).start()
"""


def test_a_worker_that_dies_loses_its_running_trial_only(run, project):
    project.makeconftest(CONFTEST + KILL)

    result = run("-p", "xdist", "-n1", "--rds-json=out.json", source=DIES)

    result.assert_outcomes(passed=2, failed=1)
    document = json.loads((project.path / "out.json").read_text())
    assert [trial["test"].partition("::")[2] for trial in document["trials"]] == [
        "test_before", "test_dies", "test_dies", "test_after",
    ]  # fmt: skip
    assert all(trial["valid"] for trial in document["trials"])
    assert "2 trials were finished and are reported below" in result.stdout.str()


def test_nothing_to_take_up_is_said(project):
    project.makepyfile("def test_it(): pass")

    result = project.runpytest_inprocess("--rds-resume")

    result.assert_outcomes(passed=1)
    assert "no interrupted trials to take up" in result.stdout.str()


def test_a_run_is_compared_with_its_baseline(finished_project, plain, several_workers):
    kept = json.loads((finished_project.path / "rds-baselines" / "main.json").read_text())

    assert kept["document"]["scenarios"] == plain.document["scenarios"]
    told = re.findall(r"(\S+) against the baseline: median", several_workers.text)
    assert told == [each["name"] for each in plain.document["scenarios"]]
    assert "FAILED: " not in several_workers.text.partition("compared with the baseline main")[2]


def test_a_run_under_other_conditions_than_its_baseline_fails(single):
    assert single.result.ret == pytest.ExitCode.TESTS_FAILED
    single.result.assert_outcomes(passed=1, deselected=4)
    assert "FAILED: test_single[0]: not compared, rate was 100 and is 50" in single.text


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--rds-trials=0"], "at least one trial"),
        (["--rds-trials=x"], "not a whole number"),
        (["--rds-spacing=5"], "not a duration"),
        (["--rds-compare=gone"], "cannot be read"),
        (["--rds-compare-fail=mean:1%"], "'mean:1%' is no rule"),
        (["--rds-compare-fail=median:nan%"], "'nan%' is no share"),
        (["--rds-compare-fail=max:1s"], "--rds-compare-fail: with which baseline?"),
        (["--rds-compare-anyway"], "--rds-compare-anyway: with which baseline?"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(project, options, complaint):
    project.makepyfile(ONE)

    result = project.runpytest_inprocess(*options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert complaint in result.stderr.str()


def test_a_wrong_marker_is_refused_before_anything_starts(project):
    project.makepyfile(f"import pytest\n@pytest.mark.rds_trials('two'){ONE}")

    result = project.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "at least one trial, not 'two'" in result.stderr.str()


QUIET = """
import sys

def test_trial(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=1)
    assert "pytest_rdsfailover.report.html" not in sys.modules

def test_claim(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, claims={"downtime": "p95 < 2s"})
"""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """Return a quiet run that is asked to write nothing, and where it was."""
    project = Project(tmp_path_factory.mktemp("quiet"), QUIET)
    result = project.pytest("-q")
    result.assert_outcomes(passed=1, failed=1)
    return result.stdout.str(), project.path


def test_a_quiet_run_tells_no_progress(quiet):
    text, _ = quiet

    assert "test_trial 1/1" not in text
    assert "0 of 1" not in text  # nor the tables of repeats: there are none


def test_nothing_is_written_or_drawn_unless_asked_for(quiet):
    _, place = quiet

    written = {path.name for path in place.iterdir()} - {".pytest_cache", "__pycache__"}
    assert written == {"pytest.ini", "conftest.py", "test_it.py"}


def test_a_claim_that_so_few_trials_cannot_support_costs_no_trial(quiet):
    text, _ = quiet

    assert "takes 59 trials, even if none breaks it; 15 can never show it" in text
    assert text.count(" writer   quick ") == 1


def test_half_a_word_of_a_worker_is_no_end_of_the_run(run):
    """As a full disk leaves it, or a worker that is killed while it writes."""
    source = (
        ONE.replace("rds_cluster):", "rds_cluster, request):")
        + """
    with open(request.config.workerinput["rds_progress"], "ab") as file:
        file.write(b'{"line": "[gw0] hal')
    rds_trials(rds_cluster.writer_endpoint, trials=1)
"""
    )
    result = run("-p", "xdist", "-n1", source=source)

    result.assert_outcomes(passed=1)
    assert "INTERNALERROR" not in result.stdout.str()
    assert result.stdout.str().count("test_it 1/1: ") == 2
