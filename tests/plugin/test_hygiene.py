"""Nothing is left behind, however a run ends: no process, no directory, no database."""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pytest_rdsfailover.local.processes.process import MEMORY

MOMENTS = [0.05 + 0.11 * n for n in range(24)]  # from start-up to after the trial
MARK = "RDS_HYGIENE_TEST"

OURS = re.compile(r"pytest_rdsfailover\.\S*Error: |UsageError: .* cannot be run")

# Others run clusters of theirs on this machine: ours have a place of their own for their files.
PLACE = """
from pathlib import Path
from pytest_rdsfailover.local import process
process.bases = lambda: [Path({place!r})]
"""
TRIAL = """
def test_trial(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint, writers=4, rate=100, warmup="300ms", cooldown="100ms")
"""


def ours(mark):
    """Return the command lines of all processes that carry our mark in their environment."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment and line:
            found[int(process.name)] = line
    return found


@pytest.fixture
def place():
    """Where run directories are made."""
    parent = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="t", ignore_cleanup_errors=True) as path:
        yield Path(path)


@pytest.fixture
def run(project, place):
    """Start a pytest that runs one trial; its processes are known by a mark."""
    project.makepyfile(TRIAL)
    project.makeconftest(PLACE.format(place=str(place)))
    mark = os.urandom(6).hex()
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "--rds-seed=1", *arguments],
            cwd=project.path,
            env=os.environ | {MARK: mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A shell may have started us with Ctrl-C ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads here
        )
        started.append(process)
        return process

    start.mark = mark
    yield start
    for process in started:
        process.stdout.close()
        process.wait()
    for pid in ours(mark):
        os.kill(pid, signal.SIGKILL)


def gone(mark, timeout=15.0):
    """Wait until no marked process is left; return those that stay."""
    deadline = time.monotonic() + timeout
    while ours(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return ours(mark)


def seen(place, timeout):
    """Wait for the first run directory; return those that are there."""
    deadline = time.monotonic() + timeout
    while not list(place.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return list(place.iterdir())


def test_a_run_that_passes_leaves_nothing(run, place):
    process = run()
    made = seen(place, timeout=30)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert gone(run.mark, timeout=1.0) == {}
    assert made
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("moment", random.Random(1).sample(MOMENTS, 6))
@pytest.mark.parametrize(
    "how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name
)
def test_a_run_that_is_ended_at_any_moment_leaves_nothing(run, place, how, moment):
    process = run()
    time.sleep(moment)
    os.killpg(process.pid, how)  # as a terminal does; SIGKILL and SIGTERM as a CI runner
    process.communicate(timeout=60)

    assert gone(run.mark) == {}
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("moment", random.Random(2).sample(MOMENTS[4:], 4))
@pytest.mark.parametrize("victim", ["gateway", "toxiproxy", "mysqld|mariadbd"])
def test_a_server_that_is_killed_at_any_moment_leaves_nothing(run, place, victim, moment):
    process = run("--rds-toxiproxy=builtin")
    time.sleep(moment)
    names = victim.split("|")
    for pid, line in ours(run.mark).items():
        program = line if len(names) == 1 else Path(line.split()[0]).name
        if any(f"{name}.process" in line or name == program for name in names):
            os.kill(pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=120)

    assert gone(run.mark) == {}
    assert list(place.iterdir()) == []
    # Killed before or after it was needed it may go unnoticed; otherwise it is our own error, or a
    # usage error for a program that cannot even tell its version, and never a figure.
    if process.returncode != 0:
        assert OURS.search(output), output
        assert "database failover" not in output


def test_the_check_for_what_is_left_sees_a_planted_orphan(run):
    orphan = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(30)"], env=os.environ | {MARK: run.mark}
    )
    try:
        assert gone(run.mark, timeout=0.5) != {}
    finally:
        orphan.kill()
        orphan.wait()


def test_two_workers_have_a_cluster_each_and_leave_nothing(run, project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("n", range(4))
        def test_writer(rds_cluster, n):
            with rds_cluster.writer_endpoint.connect() as connection:
                connection.ping()
        """
    )
    process = run("-n2")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert gone(run.mark, timeout=1.0) == {}
