"""Nothing is left behind, however a run ends: no process, no directory, no database."""

import itertools
import os
import random
import re
import signal
import sys
import time

import marked
import pytest
from waiting import until

ROW_OF_A_TRIAL = re.compile(r" (yes|INVALID)$", re.MULTILINE)
OURS = re.compile(r"pytest_rdsfailover\.\S*Error: |UsageError: .* cannot be run")
TRIAL = """
from pathlib import Path

def test_trial(rds_trial, rds_cluster):
    Path("begun").touch()
    rds_trial(rds_cluster.writer_endpoint, writers=4, rate=100, warmup="300ms", cooldown="100ms")
"""
# What a shell starts in the background ignores Ctrl-C from birth.
INTERRUPTIBLE = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
"""
# By what their command lines tell them.
PROGRAMS = {
    "supervisor": r"supervisor\.py ",
    "server": r"(mysqld|mariadbd) .*--socket=",
    "toxiproxy": r"local\.toxiproxy\.main ",
    "gateway": r"local\.gateway\.main ",
}


@pytest.fixture
def run(project):
    """Start a pytest that runs one trial."""
    project.makepyfile(TRIAL)
    with marked.run_directories() as place:
        project.makeconftest(marked.PLACE.format(base=str(place)))
        started = []

        def start(*options):
            argv = [sys.executable, "-c", INTERRUPTIBLE, "-q", "--rds-seed=1", *options]
            started.append(marked.Marked(argv, place, project.path))
            return started[-1]

        yield start
        for process in started:
            process.__exit__()


def programs(run, name):
    """Return the process ids of one of its programs."""
    return [pid for pid, line in run.processes().items() if re.search(PROGRAMS[name], line)]


def reach(run, project, stage):
    """Wait until a run is in its trial, or has started one of its programs."""
    if stage == "trial":
        until((project.path / "begun").exists, within=60)
    else:
        until(lambda: programs(run, stage), within=60)


def test_a_run_that_passes_leaves_nothing(run, project):
    process = run()
    reach(process, project, "gateway")
    assert list(process.base.iterdir())
    output, _ = process.popen.communicate(timeout=60)

    assert process.popen.returncode == 0, output
    assert process.left() == []


# How many milliseconds later: a trial takes a second, the start of the next program much less.
CHANCE = random.Random(1)
STAGES = [
    (stage, CHANCE.randrange(1000 if stage == "trial" else 200))
    for stage in ("supervisor", "server", "gateway", "trial")
]


# pytest lets SIGTERM end it as SIGKILL does, so one moment is enough for that.
ENDS = [
    *itertools.product((signal.SIGKILL, signal.SIGINT), STAGES),
    (signal.SIGTERM, STAGES[-1]),
]


@pytest.mark.parametrize(
    ("how", "stage", "later"),
    [pytest.param(how, *moment, id=f"{how.name}-{moment[0]}") for how, moment in ENDS],
)
def test_a_run_that_is_ended_at_any_moment_leaves_nothing(run, project, request, how, stage, later):
    if how == signal.SIGKILL or stage == "trial":  # elsewhere it would start for nothing
        request.getfixturevalue("with_aws")
    process = run("--rds-toxiproxy=builtin")
    reach(process, project, stage)
    time.sleep(later / 1000)
    os.killpg(process.popen.pid, how)  # as a terminal does; SIGKILL and SIGTERM as a CI runner
    process.popen.communicate(timeout=60)

    assert process.left() == []


@pytest.mark.parametrize(
    ("early", "later"), [(True, CHANCE.randrange(100)), (False, CHANCE.randrange(300))]
)
@pytest.mark.parametrize("victim", ["gateway", "toxiproxy", "server"])
def test_a_server_that_is_killed_at_any_moment_leaves_nothing(run, project, victim, early, later):
    process = run("--rds-toxiproxy=builtin")
    reach(process, project, victim if early else "trial")
    time.sleep(later / 1000)
    killed = programs(process, victim)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    output, _ = process.popen.communicate(timeout=120)

    assert killed
    assert process.left() == []
    # Killed after it was needed it may go unnoticed; otherwise it is our own error, and never a
    # figure.
    if process.popen.returncode != 0:
        assert OURS.search(output), output
        assert not ROW_OF_A_TRIAL.search(output), output


def test_two_workers_have_a_cluster_each_and_leave_nothing(run, project):
    project.makepyfile(
        """
        import time
        from pathlib import Path

        import pytest

        @pytest.mark.parametrize("n", range(4))
        def test_writer(rds_cluster, n):
            with rds_cluster.writer_endpoint.connect() as connection:
                connection.ping()
            deadline = time.monotonic() + 60
            while not Path("both-seen").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
        """
    )
    process = run("-p", "xdist", "-n2")
    until(lambda: len(programs(process, "gateway")) == 2, within=60)
    (project.path / "both-seen").touch()
    output, _ = process.popen.communicate(timeout=60)

    assert process.popen.returncode == 0, output
    assert process.left() == []
