"""The AWS API for the user's own code in live mode: calls that may change something are refused."""

from typing import Any, NoReturn

from pytest_rdsfailover.live.region import HARMLESS, Region
from pytest_rdsfailover.model.errors import NotHereError, RdsFailoverError


class TouchError(RdsFailoverError):
    """A client of the fixtures was asked to change something; nothing was sent."""


class LiveApi:
    """Makes boto3 clients of the cluster's region; they send only calls that describe.

    Args:
        region: the region.
        cluster: identifier of the cluster, as AWS' clients name it.
    """

    def __init__(self, region: Region, cluster: str) -> None:
        self._region, self.cluster = region, cluster

    def client(self, service: str) -> Any:
        """Return a new boto3 client of a service.

        Its calls raise TouchError instead of changing anything: what moves a writer must go
        through `rds_failover`, and so through the gates.
        """
        client = self._region.new_client(service)
        client.meta.events.register_first("before-call", refuse_touch)
        return client

    def environment(self) -> NoReturn:
        """Raise NotHereError: a client of another process could move the writer past the gates."""
        raise NotHereError("other processes are not led to the AWS API of a real cluster")


def refuse_touch(model: Any, **_: Any) -> None:
    """Raise TouchError if an operation may change something."""
    if not model.name.startswith(HARMLESS):
        raise TouchError(
            f"{model.name} may change something, so live mode does not send it; trigger failovers"
            " by rds_failover, behind the gates"
        )
