"""A pause of the database is measured, one of the load generator is told, on a real server."""

import ctypes
import os
import subprocess
import sys
import time

import pytest
from fitness import fit
from watching import PAUSE, Still, watch

from pytest_rdsfailover.load.watchdog import Watchdog, cpu_seconds

pytestmark = [pytest.mark.local, pytest.mark.one_server]
FROZEN = 0.5  # seconds
SLACK = 0.3  # seconds; far more than a busy machine adds, far less than a sampler each second


def test_a_pause_of_the_database_is_measured_as_long_as_it_was(plain_server):
    told = {}

    def freeze():
        begun = time.monotonic()
        with plain_server.frozen():
            frozen = time.monotonic()
            time.sleep(FROZEN)
            told["shortest"] = time.monotonic() - frozen
        told["longest"] = time.monotonic() - begun

    trial = fit(lambda: watch(plain_server, freeze))

    assert trial.downtime.upper >= told["shortest"]
    assert trial.downtime.lower <= told["longest"] + 0.02
    assert abs(trial.downtime.value - FROZEN) < SLACK + (told["longest"] - told["shortest"])
    assert trial.clock.own_pause_in_gap < FROZEN / 2


class Slow(Still):
    """Arming its trigger keeps the writers from their work for a while."""

    def arm(self):
        time.sleep(0.2)
        hold_the_interpreter()
        self.armed = time.monotonic()


def stop_this_process():
    """Let a child stop this process, as a laptop that sleeps or a paused container does."""
    script = f"kill -STOP {os.getpid()}; sleep {PAUSE}; kill -CONT {os.getpid()}"
    with subprocess.Popen(["sh", "-c", script]) as child:
        child.wait()
    time.sleep(0.1)


def hold_the_interpreter():
    """Sleep without letting any other thread of this process run, as a busy extension does."""
    ctypes.PyDLL(None).usleep(int(PAUSE * 1e6))


@pytest.mark.parametrize("fault", [hold_the_interpreter, stop_this_process])
def test_the_generator_s_own_pause_is_no_downtime(plain_server, fault):
    def another(trial):
        """Return what a busy machine has brought about before the pause; empty if nothing."""
        return "" if "itself stood still" in trial.clock.problem else repr(trial.clock)

    trial = fit(lambda: watch(plain_server, fault), another)

    assert trial.clock.own_pause >= PAUSE * 0.9
    assert not [each for each in trial.outage_windows if each.seconds >= PAUSE]
    assert trial.downtime.decide("<", PAUSE / 2) is None
    assert trial.downtime.decide(">", PAUSE / 2) is None


def test_what_arms_the_trigger_keeps_no_write_back_and_blurs_no_figure(plain_server):
    def take():
        target = Slow(plain_server)
        return target, watch(plain_server, lambda: time.sleep(0.1), target)

    def longer(taken):
        """Return a downtime that a busy machine has made as long as the pause; empty if none."""
        return "" if taken[1].downtime.upper < PAUSE / 2 else repr(taken[1])

    target, trial = fit(take, longer)

    journal = trial.evidence.journal
    assert min(each.finished for each in journal) < target.armed - PAUSE
    assert trial.evidence.course.start >= target.armed
    assert trial.clock.own_pause >= PAUSE * 0.9
    assert trial.clock.natural_gap < PAUSE / 2


def test_a_stranger_s_cpu_is_told_from_our_own_child_s():
    used = "import time\nwhile time.process_time() < 0.6: pass"
    # A shell that ends at once leaves the spinning one to somebody else; its output tells of its end.
    orphan = f'"{sys.executable}" -c "$SPIN" & exit 0'
    before, begun = cpu_seconds(os.getpid()), time.monotonic()
    with (
        Watchdog() as dog,
        subprocess.Popen(
            ["sh", "-c", orphan], stdout=subprocess.PIPE, env={**os.environ, "SPIN": used}
        ) as shell,
    ):
        subprocess.run([sys.executable, "-c", used], check=True)
        shell.communicate()
    after, taken = cpu_seconds(os.getpid()), time.monotonic() - begun

    everybody, strangers = after[0] - before[0], dog.strangers * taken
    assert strangers > 0.5
    # What the rest of the machine does is in both, so nothing but ours is left: once 0.6 s.
    assert everybody - strangers == pytest.approx(0.65, abs=0.3)
