"""One trial on a plain server, whose failover is whatever a test does to the server meanwhile."""

import time

from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.trial.extensions import OwnFault
from pytest_rdsfailover.trial.observation import Observation
from pytest_rdsfailover.trial.plan import Plan

PAUSE = 0.8  # seconds, far beyond what a busy machine does by itself
PLAN = Plan(writers=4, rate=200.0, warmup=0.3, cooldown=0.3, bound=5.0)


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

    def rest(self):
        pass

    def sessions(self, _):
        return None

    def traffic(self, _):
        return None

    def audit_endpoint(self):
        return self._server.endpoint


def watch(server, fault, target=None):
    target = target or Still(server)

    def make(journal):
        return InsertWorkload(server.endpoint, journal.run)

    with Observation(target, server.endpoint, make, PLAN) as observation:
        observation.warm_up()
        # It moves no writer; it stands for a failover, so that its time is judged.
        target.failovers.append(OwnFault(triggered=time.monotonic(), profile="pause"))
        fault()
    return observation.trial
