"""The storage that all instances of a cluster share, and what a test may make of it. No I/O."""

from dataclasses import dataclass, field

from pytest_rdsfailover.local.gateway.accounts import Accounts
from pytest_rdsfailover.local.gateway.aurora import REPLICA_LAG
from pytest_rdsfailover.local.gateway.lag.reads import Lag
from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA, AuroraVersion
from pytest_rdsfailover.mysql.packets import ServerFault

NO_ROOM = ServerFault(1114, "HY000", "The table is full")


@dataclass(slots=True)
class Volume:
    """The cluster's storage.

    Attributes:
        full: it has no room for another row.
        commit_delay: seconds by which it makes each commit later.
        aurora: the version of Aurora MySQL that it belongs to.
        accounts: who may log in, as far as the gateway must know.
        lag: how far readers are behind; None if they are not.
        forwarding: readers forward writes of sessions that want it.
    """

    full: bool = False
    commit_delay: float = 0.0
    aurora: AuroraVersion = USUAL_AURORA
    accounts: Accounts = field(default_factory=Accounts)
    lag: Lag | None = None
    forwarding: bool = False

    @property
    def told_lag(self) -> float:
        """Return how far readers say that they are behind, in seconds."""
        return REPLICA_LAG if self.lag is None else self.lag.seconds
