"""The evidence of a trial survives the process that took it, and nothing else does."""

import re
import signal
import subprocess
import sys

import pytest

TRIAL = """
import os, signal, time

def test_trial(rds_load, rds_failover, rds_cluster):
    processes = int(os.environ.get("PROCESSES", "1"))
    with rds_load(rds_cluster.writer_endpoint, processes=processes):
        time.sleep(0.3)
        rds_failover(wait=False)
        if os.environ.get("KILLED"):
            time.sleep(0.4)
            os.kill(os.getpid(), signal.SIGKILL)

def test_other():
    pass
"""
UNITS = {"ms": 0.001, "s": 1.0}
LEFT = re.compile(r"a trial was cut short: rdsfailover judge (\S+)")


@pytest.fixture
def killed(project, monkeypatch):
    """A project whose trial kills its process half a second after its trigger."""
    project.makepyfile(TRIAL)
    monkeypatch.setenv("KILLED", "1")
    return project


HANGS = """
import threading

HANG = threading.Event()

def write(key):
    if int(key.rpartition("-")[2]) >= 3:
        HANG.wait()

def test_trial(rds_load, rds_failover, rds_cluster):
    with rds_load(rds_cluster.writer_endpoint, workload=write, writers=2):
        rds_failover()
"""


def judge(project, *paths):
    command = [sys.executable, "-m", "pytest_rdsfailover.cli.main", "judge", *paths]
    return subprocess.run(command, capture_output=True, text=True, cwd=project.path, check=False)


def said(judged):
    """Return what must be said of every trial that was cut short half a second after its trigger."""
    assert judged.returncode == 1, judged.stderr
    found = re.search(r"cut short (\d[\d.]*) (ms|s) after its trigger", judged.stdout)
    assert found, judged.stdout
    # Nobody notes more than was there, and a busy machine only kills later than it was asked to.
    assert float(found[1]) * UNITS[found[2]] > 0.3
    assert "lost and duplicated writes are undecided" in judged.stdout
    return judged.stdout


@pytest.mark.parametrize(
    ("where", "processes"), [((), "1"), (("--rds-journal=kept",), "2")], ids=["cache", "processes"]
)
def test_a_killed_pytest_leaves_its_trial_to_be_judged(killed, monkeypatch, where, processes):
    monkeypatch.setenv("PROCESSES", processes)
    result = killed.runpytest_subprocess("-k", "test_trial", "--rds-seed=3", *where)
    assert result.ret == -signal.SIGKILL

    monkeypatch.delenv("KILLED")
    again = killed.runpytest_subprocess("-k", "test_trial", "--rds-seed=3", *where)
    again.assert_outcomes(passed=1)  # another run is not disturbed, and tells of it
    (left,) = LEFT.findall(again.stdout.str())
    shown = said(judge(killed, left))
    assert re.search(r"[1-9]\d+ acked|acknowledged +[1-9]\d+", shown), shown
    assert "trigger" in shown

    # It is told once, and can be judged for as long as it is there.
    third = killed.runpytest_subprocess("-k", "test_other", "--rds-seed=3", *where)
    assert LEFT.findall(third.stdout.str()) == []
    said(judge(killed, left))

    # Of the trial that passed nothing is left but, where it was asked for, its journal.
    kept = list((killed.path / "kept").iterdir()) if where else []
    assert sum(path.suffix == ".gz" for path in kept) == len(where)
    assert len(list(killed.path.rglob("*.unfinished"))) == 1


def test_a_killed_worker_leaves_its_trial_and_the_controller_says_where(killed):
    result = killed.runpytest_subprocess("-p", "xdist", "-n1", "--rds-seed=3")

    result.assert_outcomes(failed=1, passed=1)
    (left,) = LEFT.findall(result.stdout.str())
    said(judge(killed, left))


def test_a_trial_that_breaks_says_where_its_evidence_is(project):
    project.makepyfile("""
        import time

        def test_trial(rds_load, rds_cluster):
            with rds_load(rds_cluster.writer_endpoint):
                time.sleep(0.3)
                raise ZeroDivisionError
    """)

    result = project.runpytest_subprocess()

    result.assert_outcomes(failed=1)
    told = r"what the writers did until then: rdsfailover judge (\S+)"
    (left,) = set(re.findall(told, result.stdout.str()))  # where CI is set, pytest says it twice
    judged = judge(project, left)
    assert re.search(r"cut short \d+ ms after its start", judged.stdout), judged.stdout


def test_a_workload_that_hangs_makes_a_trial_that_says_where(project):
    project.makepyfile(HANGS)

    result = project.runpytest_subprocess("--rds-bound=2s")

    result.assert_outcomes(failed=1)
    assert "this trial proves nothing" in result.stdout.str()  # it never went to the cluster
    assert re.search(r"hangs: writer 0 is still in the workload", result.stdout.str())
    assert LEFT.findall(result.stdout.str()) == []  # a trial was made of it
