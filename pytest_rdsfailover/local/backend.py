"""The local clusters of a session: started when first asked for, replaced when broken."""

import contextlib
import importlib.metadata
import os
import platform
from collections.abc import Mapping
from typing import Literal, Protocol, Self

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy
from pytest_rdsfailover.model.errors import RdsFailoverError
from pytest_rdsfailover.model.records import Environment
from pytest_rdsfailover.model.settings import Settings, check_instances

WORKER = "PYTEST_XDIST_WORKER"  # its value is gw0, gw1 ... on a worker of pytest-xdist
PACKAGES = ("pytest-rdsfailover", "pytest", "pymysql")


class LocalBackend:
    """Hands out local clusters; a context manager that ends them all.

    Args:
        settings: what the clusters are.
        shared_moto: who keeps a fork server for the AWS APIs of several processes; None for nobody.
    """

    def __init__(self, settings: Settings, shared_moto: str | None = None) -> None:
        self._settings, self._shared_moto = settings, shared_moto
        self._clusters: dict[tuple[int, int, int], LocalCluster] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.ExitStack() as stack:
            for cluster in self._clusters.values():
                stack.callback(cluster.close)
        self._clusters.clear()

    def cluster(
        self,
        instances: int | None = None,
        *,
        api: bool = False,
        number: int = 0,
        abroad: int = 0,
    ) -> LocalCluster:
        """Return the session's cluster of that size, at rest; a new one if the old one is broken.

        Args:
            instances: how many instances it has; None for the number of the run.
            api: whether its AWS API will be needed.
            number: which of those that one test may have at once.
            abroad: how many of its instances are in another region, as part of a global database.

        Raises:
            SettingError: if what was asked for cannot be had.
            NotReadyError: if a server does not start.
        """
        count = instances or self._settings.instances
        check_instances(count)
        place = count, number, abroad
        cluster = self._clusters.get(place)
        if cluster is not None and not _recovers(cluster):
            del self._clusters[place]
            cluster = None
        if cluster is None:
            port = None if number or abroad else self._port(count)
            cluster = self._clusters[place] = self._start(count, port=port, api=api, abroad=abroad)
        return cluster

    def another(self, number: int, instances: int | None = None) -> LocalCluster:
        """Return a cluster beside the one that `cluster` returns, and beside those of other numbers."""
        return self.cluster(instances, number=number)

    def release(self) -> None:
        """Do nothing: nobody else can use these clusters."""

    def _start(self, instances: int, *, port: int | None, api: bool, abroad: int) -> LocalCluster:
        settings = self._settings
        return LocalCluster(
            find_server(settings.server),
            find_toxiproxy(settings.toxiproxy),
            load_profile(settings.profile),
            instances=instances,
            aurora=settings.aurora,
            seed=settings.seed,
            blue_green=settings.blue_green,
            abroad=abroad,
            api=api,
            shared_moto=self._shared_moto,
            port=port,
            login=settings.login,
        )

    def _port(self, instances: int) -> int | None:
        """Return the port for a cluster; each worker of pytest-xdist takes the next one.

        Only a cluster of the run's own size gets the wanted port; one of another size gets any.
        """
        if self._settings.port is None or instances != self._settings.instances:
            return None
        worker = os.environ.get(WORKER, "gw0")
        return self._settings.port + int(worker.removeprefix("gw"))


def _recovers(cluster: LocalCluster) -> bool:
    """Return whether a cluster comes to rest without a fault; close it if it does not.

    What its end says, as that its supervisor does not answer, is no error of the cluster that comes next.
    """
    try:
        cluster.check_server()
        cluster.rest()
        cluster.network.mend()
        cluster.faults.mend()
        cluster.aws.undo()
    except RdsFailoverError:
        with contextlib.suppress(RdsFailoverError):
            cluster.close()
        return False
    return True


class Described(Protocol):
    """A cluster that tells what it is made of."""

    @property
    def mode(self) -> Literal["local", "live"]:
        """Return `local` or `live`."""

    def parts(self) -> Mapping[str, str]:
        """Return what the cluster is made of, in words for people."""


def environment(cluster: Described) -> Environment:
    """Return what a trial's figures depend on, as plain data that is kept beside them."""
    parts = dict(cluster.parts())
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "mode": cluster.mode,
        "parts": parts,
        "versions": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            **packages,
            **parts,
        },
        "worker": os.environ.get(WORKER, ""),
    }
