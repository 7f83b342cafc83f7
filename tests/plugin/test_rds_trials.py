"""Repeated trials on real clusters, from the fixture to the reports, with and without workers."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import pytest

TRIALS = """
import pytest

@pytest.mark.rds_trials(2)
@pytest.mark.parametrize("endpoint", ["cluster", "again"])
def test_failover(rds_trials, rds_cluster, endpoint):
    trials = rds_trials(rds_cluster.writer_endpoint)
    assert len(trials) == 2
    trials.expect(downtime="< 5s", lost=0)

def test_broken(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=2).expect(downtime="< 60ms")
"""


@pytest.fixture
def run(project):
    """Run pytest on a file; return its result and the text that it printed."""

    def run(*options, source=TRIALS):
        project.makepyfile(test_it=source)
        return project.runpytest_subprocess("--rds-toxiproxy=builtin", *options)

    return run


def document(project, name="out.json"):
    return json.loads((project.path / name).read_text())


def names(project, name="out.json"):
    return [trial["test"].partition("::")[2] for trial in document(project, name)["trials"]]


def test_a_run_reports_its_populations_everywhere(run, project):
    result = run(
        "--rds-json=out.json", "--rds-markdown=ci/out.md", "--junit-xml=out.xml", "--rds-save=main"
    )

    result.assert_outcomes(passed=2, failed=1)
    found = document(project)
    assert [each["name"] for each in found["scenarios"]] == ["cluster", "again", "test_broken"]
    assert [each["trials"] for each in found["scenarios"]] == [2, 2, 2]
    assert [(each["baseline"], each["candidate"]) for each in found["comparisons"]] == [
        ("cluster", "again")
    ]
    text = result.stdout.str()
    for words in (
        r"test_failover\[cluster\] 1/2: down 0\.\d+ s ±\S+; median 0\.\d+ s",
        r"test_failover\[again\] 2/2: down",
        r"\ncluster +2 ",
        r"again against cluster: median",
        r"test_broken: downtime < 60 ms in every trial: fail, held in 0 of 2",
        r"FAIL: downtime < 60 ms in every trial",
    ):
        assert re.search(words, text), words
    page = (project.path / "ci" / "out.md").read_text()
    assert "| cluster | 2 |" in page
    cases = {case.get("name"): case for case in ET.parse(project.path / "out.xml").iter("testcase")}
    properties = {
        each.get("name"): each.get("value")
        for each in cases["test_failover[cluster]"].iter("property")
    }
    assert properties["rds_trials"] == "2"
    assert float(properties["rds_downtime_max_s"]) > 0.1
    assert (
        document(project, "rds-baselines/main.json")["document"]["scenarios"]
        == (found["scenarios"])
    )


def test_four_workers_give_the_verdicts_of_none(run, project):
    # The first test is the last to finish, so that the order of finishing is another one.
    slow = TRIALS.replace(
        "    assert len", "    if endpoint == 'cluster': time.sleep(4)\n    assert len"
    )
    source = f"import time\n{slow}"
    plain = run("--rds-seed=7", "--rds-json=plain.json", source=source)
    workers = run("--rds-seed=7", "--rds-json=workers.json", "-n4", source=source)

    assert plain.parseoutcomes() == workers.parseoutcomes() == {"passed": 2, "failed": 1}
    order = ["test_failover[cluster]"] * 2 + ["test_failover[again]"] * 2 + ["test_broken"] * 2
    assert names(project, "plain.json") == order
    assert names(project, "workers.json") == order
    one, other = document(project, "plain.json"), document(project, "workers.json")
    assert [each["name"] for each in one["scenarios"]] == [
        each["name"] for each in other["scenarios"]
    ]
    text = workers.stdout.str()
    assert text.count("= database failover =") == 1
    assert "taken by several workers at once, which shared the CPU" in text
    assert "shared the CPU" not in plain.stdout.str()
    assert re.search(r"\[gw\d\] test_failover\[\w+\] 2/2: down", text)


def test_quiet_runs_show_no_progress(run):
    assert "1/2: down" not in run("-q").stdout.str()


DIES = """
import os, signal

def test_other(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=2)

def test_dies(rds_trials, rds_load, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=2)
    with rds_load(rds_cluster.writer_endpoint):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_that_dies_loses_its_running_trial_only(run, project):
    result = run("-n2", "--rds-json=out.json", source=DIES)

    result.assert_outcomes(passed=1, failed=1)
    assert names(project) == ["test_other", "test_other", "test_dies", "test_dies"]
    assert "2 trials were finished and are reported below" in result.stdout.str()
    assert document(project)["scenarios"][1]["trials"] == 2


LONG = """
import os, pathlib

def test_long(rds_trials, rds_cluster, pytestconfig):
    mark = pathlib.Path("stop")
    class Stop(Exception): ...
    trials = rds_trials(rds_cluster.writer_endpoint, trials=4)
    assert len(trials) == 4
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_an_interrupted_run_is_taken_up_where_it_was(project, how):
    project.makepyfile(test_it=LONG)
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--rds-toxiproxy=builtin", "-p", "no:randomly"],
        cwd=project.path,
        stdout=subprocess.PIPE,
        text=True,
    )
    cache = project.path / ".pytest_cache" / "d" / "rdsfailover"
    deadline = time.monotonic() + 60
    while _kept(cache) < 2:
        assert time.monotonic() < deadline, "no trial was kept"
        time.sleep(0.05)
    os.kill(process.pid, how)
    before = process.communicate(timeout=60)[0]

    result = project.runpytest_subprocess(
        "--rds-toxiproxy=builtin", "--rds-resume", "--rds-json=out.json"
    )

    result.assert_outcomes(passed=1)
    after = result.stdout.str()
    assert re.search(r"seed: (\d+)", after)[1] == re.search(r"seed: (\d+)", before)[1]
    first = re.findall(r"test_long [12]/4: down .*", before)
    assert first == re.findall(r"test_long [12]/4: down .*", after)
    assert names(project) == ["test_long"] * 4
    assert list(cache.iterdir()) == []


def test_nothing_to_take_up_is_said(run):
    result = run("--rds-resume", source="def test_it(): pass")

    result.assert_outcomes(passed=1)
    assert "no interrupted trials to take up" in result.stdout.str()


def test_a_failed_population_draws_its_longest_trials_only(run):
    source = """
def test_it(rds_trials, rds_cluster):
    trials = rds_trials(rds_cluster.writer_endpoint, trials=4)
    assert trials.summary.max < 0.05
"""
    text = run(source=source).stdout.str()

    assert len(re.findall(r"failover timeline, trial \d of 4", text)) == 3
    assert text.count("\nacknowledged  ") == 3


def _kept(cache):
    return sum(len(path.read_text().splitlines()) - 1 for path in cache.glob("*.trials.jsonl"))


def test_a_run_is_compared_with_its_baseline(run):
    source = """
def test_it(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=2)
"""
    run("--rds-save=main", source=source).assert_outcomes(passed=1)

    better = run("--rds-compare=main", "--rds-compare-fail=median:900%", source=source)
    assert better.ret == pytest.ExitCode.OK
    assert "test_it against the baseline: median" in better.stdout.str()

    other = run("--rds-compare=main", "--rds-rate=100", source=source)
    assert other.ret == pytest.ExitCode.TESTS_FAILED
    assert "FAILED: test_it: not compared, rate was 200 and is 100" in other.stdout.str()

    worse = run(
        "--rds-compare=main", "--rds-compare-fail=median:1ms", "--rds-profile=stuck-pool",
        "--rds-compare-anyway", source=source,
    )  # fmt: skip
    assert worse.ret == pytest.ExitCode.TESTS_FAILED
    assert "warning, profile was quick and is stuck-pool" in worse.stdout.str()
    assert "beyond median:1ms" in worse.stdout.str()
    worse.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--rds-trials=0"], "at least one trial"),
        (["--rds-trials=x"], "not a whole number"),
        (["--rds-spacing=5"], "not a duration"),
        (["--rds-compare=gone"], "cannot read the baseline"),
        (["--rds-compare-fail=mean:1%"], "'mean:1%' is no rule"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(run, options, complaint):
    result = run(*options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert complaint in result.stderr.str()


def test_a_wrong_marker_is_refused_before_anything_starts(run):
    result = run(source=TRIALS.replace("rds_trials(2)", "rds_trials('two')"))

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "at least one trial, not 'two'" in result.stderr.str()


def test_a_claim_that_so_few_trials_cannot_support_costs_no_trial(run):
    result = run(
        source="""
def test_it(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, claims={"downtime": "p95 < 2s"})
"""
    )

    result.assert_outcomes(failed=1)
    assert "takes 59 trials, even if none breaks it; 15 can never show it" in result.stdout.str()
    assert "database failover" not in result.stdout.str()
