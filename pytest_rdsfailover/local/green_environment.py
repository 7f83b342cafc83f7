"""Makes the green environment of a local cluster, in its gateway and in its network, and deletes it."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.listeners import Listeners, Place

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_suffix() -> str:
    """Return what the names of another green environment end with."""
    return "-green-" + "".join(secrets.choice(LETTERS) for _ in range(6))


@contextmanager
def green_environment(
    gateway: GatewayClient, listeners: Listeners, cluster: Place, suffix: str
) -> Iterator[Mapping[str, Place]]:
    """Have one for the block, of which drivers are not told yet; give where its endpoints listen.

    Args:
        gateway: plays both sides.
        listeners: what clients connect to.
        cluster: where the cluster endpoint listens.
        suffix: what the green names end with.

    Raises:
        GatewayError: if there is one, or a failover is on.
        SettingError: if its endpoints cannot listen.
    """
    ports = gateway.create_blue_green(suffix)
    with ExitStack() as stack:
        stack.callback(_delete, gateway)
        yield stack.enter_context(listeners.beside(cluster, ports))


def _delete(gateway: GatewayClient) -> None:
    if gateway.describe().deployment is not None:
        gateway.delete_blue_green()
