"""One trial on a plain server, whose failover is whatever a test does to the server meanwhile."""

import time

from pytest_rdsfailover.experiment import Plan
from pytest_rdsfailover.load.workload import InsertWorkload
from pytest_rdsfailover.observation import Observation
from pytest_rdsfailover.records import Milestone

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

    def arm(self):
        pass

    def check(self):
        pass

    def audit_endpoint(self):
        return self._server.endpoint


def watch(server, fault, target=None):
    target = target or Still(server)

    def make(journal):
        return InsertWorkload(server.endpoint, journal.run)

    with Observation(target, server.endpoint, make, PLAN) as observation:
        observation.warm_up()
        target.failovers.append(Pause())
        fault()
    return observation.trial
