"""The endpoints of a local cluster: their names, inside and as users write them, and their kinds."""

from abc import ABC, abstractmethod

from pytest_rdsfailover.local.rds_proxy import READ_ONLY, READ_WRITE
from pytest_rdsfailover.local.server.accounts import Account
from pytest_rdsfailover.model.aurora_versions import AuroraVersion
from pytest_rdsfailover.model.endpoints import Endpoint, Tls
from pytest_rdsfailover.mysql import driver

KINDS = {"cluster": "writer", "reader": "reader", READ_WRITE: "proxy", READ_ONLY: "proxy"}


def instance_ids(count: int) -> tuple[str, ...]:
    """Return the ids of the instances of a cluster."""
    return tuple(f"instance-{n + 1}" for n in range(count))


def endpoint_of(
    name: str, host: str, port: int, account: Account, ca: str, aurora: AuroraVersion
) -> Endpoint:
    """Return an endpoint that PyMySQL connects to.

    Args:
        name: a key of `KINDS`, or the id of an instance.
        host: its host name or address.
        port: its port.
        account: who connects.
        ca: path of the cluster's certificate authority.
        aurora: the version that the cluster is like.
    """
    kind = KINDS.get(name, "instance")
    return Endpoint(
        name=name,
        kind=kind,
        host=host,
        port=port,
        user=account.user,
        password=account.password,
        database=account.database,
        tls=Tls(ca=ca, wanted=kind == "proxy" or aurora.tls_required),
        connector=driver.connect,
    )


class NamedEndpoints(ABC):
    """A cluster that has each of its endpoints as an attribute; a subclass finds one by its name."""

    @abstractmethod
    def _endpoint(self, name: str) -> Endpoint:
        """Return an endpoint, with the password that works now.

        Args:
            name: a key of `KINDS`, or the id of an instance.
        """

    @abstractmethod
    def _check_instance(self, instance: str) -> None:
        """Raise SettingError if there is no such instance."""

    @property
    def writer_endpoint(self) -> Endpoint:
        """Return the cluster endpoint: the instance that DNS says is the writer."""
        return self._endpoint("cluster")

    @property
    def reader_endpoint(self) -> Endpoint:
        """Return the reader endpoint: any reader; the writer when there is none."""
        return self._endpoint("reader")

    @property
    def proxy_endpoint(self) -> Endpoint:
        """Return RDS Proxy's read/write endpoint: it stays while the writer moves."""
        return self._endpoint(READ_WRITE)

    @property
    def proxy_reader_endpoint(self) -> Endpoint:
        """Return RDS Proxy's read-only endpoint."""
        return self._endpoint(READ_ONLY)

    def instance_endpoint(self, instance: str) -> Endpoint:
        """Return an instance's own endpoint.

        Raises:
            SettingError: if there is no such instance.
        """
        self._check_instance(instance)
        return self._endpoint(instance)
