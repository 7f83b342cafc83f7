"""The AWS API for the user's own code in live mode: calls that may change something are refused."""

from functools import partial
from typing import Any, NoReturn

from pytest_rdsfailover.aws.read_only import is_read_only
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.errors import NotHereError, RdsFailoverError, public

LOGIN = ("rds", "connect")  # what `generate_db_auth_token` signs: the right to log in


@public
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
        # Signing is refused as well, because a signed URL could be sent by other means.
        client.meta.events.register_first("before-call", refuse_touch)
        client.meta.events.register_first("before-sign", partial(refuse_signature, service))
        return client

    def environment(self) -> NoReturn:
        """Raise NotHereError: a client of another process could move the writer past the gates."""
        raise NotHereError("other processes are not led to the AWS API of a real cluster")

    def impaired(self, **_: Any) -> NoReturn:
        """Raise NotHereError: nobody makes AWS slower."""
        raise NotHereError("the API of AWS is not impaired by tests; a local cluster's is")


def refuse_touch(model: Any, **_: Any) -> None:
    """Raise TouchError if an operation may change something."""
    _check(model.service_model.service_name, model.name)


def refuse_signature(service: str, operation_name: str, **_: Any) -> None:
    """Raise TouchError if a request that may change something is to be signed."""
    if (service, operation_name) != LOGIN:
        _check(service, operation_name)


def _check(service: str, operation: str) -> None:
    if not is_read_only(f"{service}:{operation}"):
        raise TouchError(
            f"{service}:{operation} may change something, so live mode does not send it; trigger"
            " failovers by rds_failover, behind the gates"
        )
