"""Runs that are killed or interrupted, and the runs that take them up."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest
from finished import CONFTEST, clean

from pytest_rdsfailover.trial.sampling import Sampling

# What was started in the background ignores Ctrl-C, and so do its children.
INTERRUPTIBLE = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
"""
TWO = """
def test_a(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=2)

def test_b(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=2)
"""
SEED = 7
COMMAND = (
    "-p",
    "rdsfailover",
    "-p",
    "no:randomly",
    "--rds-toxiproxy=builtin",
    f"--rds-seed={SEED}",
)
PATIENCE = 60.0  # seconds


class Night:
    """A run of pytest in a project, in a process of its own."""

    def __init__(self, path, *options):
        command = [sys.executable, "-c", INTERRUPTIBLE, *COMMAND, *options]
        self.process = subprocess.Popen(
            command, cwd=path, env=clean(), stdout=subprocess.PIPE, text=True
        )
        self.text = ""

    def until(self, pattern):
        """Read until something is said."""
        for line in self.process.stdout:
            self.text += line
            if re.search(pattern, line):
                return
        raise AssertionError(self.text)

    def end(self, how):
        """Send a signal, and wait; a killed controller's workers may hold its output open."""
        workers = children(self.process.pid)
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        if how == signal.SIGINT:
            self.text += self.process.stdout.read()
        self.process.stdout.close()
        return workers


def children(pid):
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], text=True, capture_output=True, check=False
    )
    return [int(child) for child in listed.stdout.split()]


def is_alive(pid):
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], text=True, capture_output=True, check=False
    )
    return state.stdout.strip()[:1] not in {"", "Z"}


def seeds(document):
    """Return the seeds of the failovers of each test, in order."""
    found = {}
    for trial in document["trials"]:
        found.setdefault(trial["test"].partition("::")[2], []).append(trial["failover_seed"])
    return found


def expected(*tests):
    found = {}
    for test in tests:
        sampling = Sampling(SEED, f"test_it.py::{test}")
        found[test] = [sampling.next(("cluster", "quick")) for _ in range(2)]
    return found


@pytest.fixture
def two(project):
    """A project with two populations of two trials."""
    project.makeconftest(CONFTEST)
    project.makepyfile(test_it=TWO)
    return project.path


def take_up(path, *options):
    """Take the run up; return what was printed, and the result document."""
    night = Night(path, "--rds-resume", "--rds-json=out.json", *options)
    text = night.process.communicate(timeout=PATIENCE)[0]
    assert night.process.returncode == 0, text
    return text, json.loads((path / "out.json").read_text())


def cache(path):
    return {each.name for each in (path / ".pytest_cache" / "d" / "rdsfailover").iterdir()}


# Without workers the first population is over, and only the run's report would let it go.
@pytest.mark.parametrize(("workers", "moment"), [("0", r"test_b 1/2: "), ("2", r"test_a 1/2: ")])
def test_a_run_that_is_killed_is_taken_up_whole_and_each_trial_once(two, workers, moment):
    xdist = ("-p", "xdist", f"-n{workers}")
    night = Night(two, *xdist)
    night.until(moment)
    orphans = night.end(signal.SIGKILL)

    text, document = take_up(two, *xdist)

    assert seeds(document) == expected("test_a", "test_b")
    for line in re.findall(r"test_\w \d/2: down .*", night.text):
        assert line in text  # the very same trial
    assert cache(two) == set()  # nor is anything left of the trial that was cut short
    deadline = time.monotonic() + PATIENCE
    while alive := list(filter(is_alive, orphans)):
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_ctrl_c_reports_what_is_finished_and_keeps_it(two, workers):
    xdist = ("-p", "xdist", f"-n{workers}")
    night = Night(two, "--rds-json=first.json", *xdist)
    night.until(r"test_a 1/2: ")
    night.end(signal.SIGINT)

    assert night.process.returncode == pytest.ExitCode.INTERRUPTED, night.text
    shown = seeds(json.loads((two / "first.json").read_text()))
    assert shown["test_a"] == expected("test_a")["test_a"][: len(shown["test_a"])]
    assert "= database failover =" in night.text
    _, document = take_up(two, *xdist)
    assert seeds(document) == expected("test_a", "test_b")
    assert cache(two) == set()


OWN = 'refused = "100ms"\npromotion = "200ms"\ndns = "300ms"\n'


def test_trials_of_what_is_another_profile_by_now_do_not_count_and_that_is_said(two):
    (two / "own.toml").write_text(OWN)
    profile = "--rds-profile=own.toml"
    night = Night(two, profile, "-k", "test_a")
    night.until(r"test_a 1/2: ")
    night.end(signal.SIGKILL)
    (two / "own.toml").write_text(OWN.replace("300ms", "350ms"))

    text, document = take_up(two, profile, "-k", "test_a")

    why = "test_a: 1 kept trials do not count: profile dns was"
    assert why in " ".join(text.split())
    assert len(document["trials"]) == 2
    assert cache(two) == set()
