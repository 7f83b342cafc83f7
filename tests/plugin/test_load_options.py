"""Options of a load in whole trials, as users write them."""

import json

from fitness import fit, unfit_line

WORK = """
def place(key):
    assert key
"""
TRIALS = """
import time
import pytest
from work import place
from pytest_rdsfailover import InvalidTrialError, SettingError

def test_processes(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.writer_endpoint, processes=2)
    trial.expect(downtime="< 3s", lost=0, duplicated=0, stuck_writers=0)
    assert trial.acked > 20

def test_processes_of_your_own(rds_load, rds_cluster):
    options = {"workload": place, "stored": lambda: ()}
    with pytest.raises(InvalidTrialError, match="the workload writes elsewhere, or nowhere"):
        with rds_load(rds_cluster.writer_endpoint, processes=2, **options) as load:
            load.warm_up()
    assert len(load.trial.lost) == load.trial.acked > 20

def test_retries(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.writer_endpoint, retries=30)
    trial.expect(refused=0, unknown=0, lost=0, unexpected=0)
    assert trial.attempts.retried > 0
    assert trial.attempts.refused + trial.attempts.unknown > 0

def test_silence(rds_load, rds_cluster, rds_failover):
    with rds_load(rds_cluster.writer_endpoint) as load:
        load.warm_up()
        assert load.silence < 1.0
        rds_failover(wait=False)
        while load.silence < 0.1:
            time.sleep(0.005)
    assert load.trial.downtime.upper > 0.1

def test_refused(rds_trial, rds_cluster):
    with pytest.raises(SettingError, match="functions of a module"):
        rds_trial(rds_cluster.writer_endpoint, processes=2, workload=lambda key: None)
"""
HOOK = """
from pytest_rdsfailover.model.records import Fault, Outcome

def pytest_rdsfailover_classify_error(error):
    return Outcome.REFUSED, Fault(0, "ours")
"""
WITH_HOOK = """
import pytest
from pytest_rdsfailover.model.errors import SettingError

def test_refused(rds_load, rds_cluster):
    with pytest.raises(SettingError, match="the hook pytest_rdsfailover_classify_error"):
        with rds_load(rds_cluster.writer_endpoint, processes=2):
            pass

def test_fast(rds_load, rds_cluster):
    with rds_load(rds_cluster.writer_endpoint, processes=2, engine="fast") as load:
        load.warm_up()
    assert load.trial.acked > 20
"""


def test_each_option_does_what_it_says_and_leaves_nothing(project):
    project.makepyfile(work=WORK, test_them=TRIALS)

    options = ("--rds-json=out.json", "--rds-journal=kept")
    result = fit(lambda: project.runpytest_subprocess(*options), unfit_line)

    result.assert_outcomes(passed=5)
    trials = json.loads((project.path / "out.json").read_text())["trials"]
    assert [trial["attempts"]["retried"] > 0 for trial in trials if "attempts" in trial] == [True]
    assert {path.suffix for path in (project.path / "kept").iterdir()} == {".gz"}
    assert list(project.path.rglob("*.unfinished")) == []


def test_a_hook_that_only_pytest_can_ask_is_named_where_it_stands_in_the_way(project):
    project.makeconftest(HOOK)
    project.makepyfile(WITH_HOOK)

    project.runpytest_subprocess("--rds-journal=kept").assert_outcomes(passed=2)
