"""A pause of the load generator is told from one of the database, on a real server."""

import ctypes
import os
import subprocess
import sys
import time

import pytest

from pytest_rdsfailover.experiment import Plan
from pytest_rdsfailover.load.vitals import Watchdog
from pytest_rdsfailover.load.workload import InsertWorkload
from pytest_rdsfailover.observation import Observation
from pytest_rdsfailover.records import Milestone

pytest_plugins = ["plain_fixtures"]
pytestmark = pytest.mark.local
PAUSE = 0.8  # seconds, far beyond what a busy machine does by itself
PLAN = Plan(writers=4, rate=200.0, warmup=0.3, cooldown=0.3, bound=5.0)


class Pause:
    """A fault that moves no writer; stands for a failover, so that its time is judged."""

    profile, moves_writer = "pause", None

    def __init__(self):
        self.triggered = time.monotonic()

    def milestones(self):
        return [Milestone(name="trigger", at=self.triggered)]

    def settled(self):
        return True


class Still:
    """A target of one server whose failovers are whatever the test does to it."""

    mode, writer = "local", "instance-1"

    def __init__(self, server):
        self.failovers, self._server = [], server

    def prepare(self):
        pass

    def check(self):
        pass

    def audit_endpoint(self):
        return self._server.endpoint


def watch(server, fault):
    target = Still(server)

    def make(journal):
        return InsertWorkload(server.endpoint, journal.run)

    with Observation(target, server.endpoint, make, PLAN) as observation:
        observation.warm_up()
        target.failovers.append(Pause())
        fault()
    return observation.trial


def hold_the_interpreter():
    """Sleep without letting any other thread of this process run, as a busy extension does."""
    ctypes.PyDLL(None).usleep(int(PAUSE * 1e6))


def test_the_generator_s_own_pause_is_no_downtime(plain_server):
    trial = watch(plain_server, hold_the_interpreter)

    assert trial.clock.own_pause >= PAUSE * 0.9
    assert "itself stood still" in trial.clock.problem
    assert not [each for each in trial.outages if each.seconds >= PAUSE]
    assert not trial.downtime > PAUSE / 2
    assert not trial.downtime < PAUSE / 2


def test_the_database_s_pause_is_downtime_and_reliable(plain_server):
    def freeze():
        with plain_server.frozen():
            time.sleep(PAUSE)

    trial = watch(plain_server, freeze)

    assert trial.clock.problem == ""
    assert trial.downtime.upper >= PAUSE * 0.99
    assert trial.clock.own_pause_in_gap < PAUSE / 2


def test_a_stranger_s_cpu_is_seen_and_our_own_child_s_is_not():
    spin = "import time\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass"
    with Watchdog() as ours:
        subprocess.run([sys.executable, "-c", spin], check=True)
    # A shell that ends at once leaves the spinning one to somebody else.
    orphan = f'"{sys.executable}" -c "$SPIN" & exit 0'
    with Watchdog() as theirs:
        subprocess.run(["sh", "-c", orphan], check=True, env={**os.environ, "SPIN": spin})
        time.sleep(1.5)

    assert theirs.strangers > 0.2
    assert ours.strangers < theirs.strangers + 1.5  # the rest of the machine is busy as it likes
