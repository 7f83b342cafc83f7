"""The endpoints of a local cluster: their names, inside and as users write them, and their kinds."""

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
