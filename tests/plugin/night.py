"""Runs of pytest in a project, to be ended in the middle and taken up by others."""

import json
import re
import signal
import subprocess
import sys

from finished import clean, few_plugins

from pytest_rdsfailover.trial.sampling import Sampling

# What was started in the background ignores Ctrl-C, and so do its children.
INTERRUPTIBLE = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
"""
TWO = """
import pytest

@pytest.mark.xdist_group("a group of its own")
def test_a(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=2)

def test_b(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=2)
"""
SEED = 7
COMMAND = ("--rds-toxiproxy=builtin", f"--rds-seed={SEED}")
PATIENCE = 60.0  # seconds


class Night:
    """A run of pytest in a project, in a process of its own."""

    def __init__(self, path, *options):
        command = [sys.executable, "-c", INTERRUPTIBLE, *COMMAND, *options]
        self.process = subprocess.Popen(
            command, cwd=path, env=clean() | few_plugins(()), stdout=subprocess.PIPE, text=True
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
        if how == signal.SIGKILL:
            self.process.send_signal(signal.SIGSTOP)  # at this moment, however long `ps` takes
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


def take_up(path, *options):
    """Take the run up; return what was printed, and the result document."""
    night = Night(path, "--rds-resume", "--rds-json=out.json", *options)
    text = night.process.communicate(timeout=PATIENCE)[0]
    assert night.process.returncode == 0, text
    return text, json.loads((path / "out.json").read_text())


def cache(path):
    return {each.name for each in (path / ".pytest_cache" / "d" / "rdsfailover").iterdir()}
