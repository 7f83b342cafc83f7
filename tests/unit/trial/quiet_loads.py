"""A load that writes nothing, on a cluster on which nothing happens; each part breaks as it is told."""

from clocks import SteppingClock

from pytest_rdsfailover.load.mix import WRITE
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import DiedError
from pytest_rdsfailover.trial.observation import Observation
from pytest_rdsfailover.trial.plan import Plan

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)


class Target:
    """A cluster on which nothing happens; its servers may be dead."""

    mode, writer, failovers = "local", "instance-1", ()
    dead = False

    def sessions(self, _):
        return None

    def traffic(self, _):
        return None

    def audit_endpoint(self):
        return PLACE

    def rest(self):
        pass

    def prepare(self):
        pass

    def arm(self):
        pass

    def check(self):
        if self.dead:
            raise DiedError("mysqld", "killed")


class Workload:
    """A table that remembers whether it is there; each step breaks as it is told."""

    steps, torn, made, needs_writer = (WRITE,), (), "table d.rds_writes_x", True

    def __init__(self, **breaks):
        self.breaks, self.there = breaks, False

    def _break(self, step):
        if step in self.breaks:
            raise self.breaks[step]

    def create(self, _):
        self.there = True
        self._break("create")

    def stored(self, _):
        self._break("stored")
        return []

    def drop(self, _):
        self._break("drop")
        self.there = False


class Load:
    """Writers that write nothing, and may break when they are stopped."""

    started, pauses, complaints, ends = 1.0, (), (), None
    alignment, unreported, notes, asleep = 0.0, (), (), ()

    def __init__(self, breaks=None):
        self.breaks, self.stops, self.patience = breaks, 0, None

    def start(self, check):
        pass

    def stop(self, timeout=10.0):
        self.stops, self.patience = self.stops + 1, timeout
        if self.breaks is not None:
            raise self.breaks


def observe(workload, load=None, **more):
    observation = Observation(
        more.pop("target", Target()),
        PLACE,
        choose({}, PLACE, retries=0, policy=ReconnectPolicy(), classify=None),
        more.pop("plan", Plan(writers=1, rate=10.0, cooldown=0.0)),
        clock=SteppingClock(10.0),
        **more,
    )
    observation._workload, observation._load = workload, load or Load()
    return observation
