"""The blue/green deployment that a run names, as tests use it; nothing of it is made or deleted here."""

from collections.abc import Callable

from pytest_rdsfailover.live.addresses import Addresses
from pytest_rdsfailover.live.deployments import COMPLETED, DeploymentFacts, cluster_of
from pytest_rdsfailover.live.facts import ClusterFacts, cluster_facts
from pytest_rdsfailover.live.gatherer import Gatherer
from pytest_rdsfailover.live.watch import Watch
from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError


class NamedDeployment:
    """A real blue/green deployment, as far as tests may ask it.

    Args:
        gatherer: asks AWS.
        addresses: returns what makes endpoints.
        trigger: switches over, behind the gates.
    """

    def __init__(
        self,
        gatherer: Gatherer,
        addresses: Callable[[], Addresses],
        trigger: Callable[[], Watch],
    ) -> None:
        self._gatherer, self._addresses, self._trigger = gatherer, addresses, trigger

    @property
    def _facts(self) -> DeploymentFacts:
        found = self._gatherer.deployment()
        if found is None:  # never: the run names one
            raise RdsFailoverError("the run names no blue/green deployment")
        return found

    @property
    def _green(self) -> ClusterFacts:
        found = self._facts.green
        if found is None:  # never: the gatherer describes it
            raise RdsFailoverError("the green cluster was not described")
        return found

    @property
    def suffix(self) -> str:
        """Return what the green names end with, such as `-green-abc123`; empty after a switchover."""
        return self._green.id.removeprefix(self._gatherer.asked.cluster)

    @property
    def status(self) -> str:
        """Return its status as AWS words it: `AVAILABLE`, `SWITCHOVER_IN_PROGRESS` and others."""
        return self._facts.status

    @property
    def green_endpoint(self) -> Endpoint:
        """Return the cluster endpoint of the green side, which after a switchover is the cluster."""
        return self._addresses().cluster(self._green)

    @property
    def green_reader_endpoint(self) -> Endpoint:
        """Return the reader endpoint of the green side."""
        return self._addresses().reader(self._green)

    def green_instance_endpoint(self, instance: str) -> Endpoint:
        """Return the endpoint of the green twin of an instance of the cluster.

        Raises:
            SettingError: if it has none.
        """
        return self._addresses().instance(self._green, self._facts.twin(instance) or instance)

    @property
    def old_endpoint(self) -> Endpoint:
        """Return the cluster endpoint of what was blue.

        Raises:
            RdsFailoverError: if there was no switchover.
        """
        found = self._facts
        if found.status != COMPLETED:
            raise RdsFailoverError(f"{found}: there is no old environment")
        region, name = self._gatherer.region, cluster_of(found.source)
        return self._addresses().cluster(
            cluster_facts(region.cluster(name), region.instances(name))
        )

    def switch_over(
        self,
        profile: str | None = None,  # noqa: ARG002 - only local switchovers have one
        seed: int = 0,  # noqa: ARG002 - only local switchovers have one
        *,
        timeout: str | None = None,
    ) -> Watch:
        """Read everything again, ask every gate, and switch over; return as soon as AWS has answered.

        Args:
            profile: ignored; only local switchovers have a profile.
            seed: ignored; only local switchovers have a seed.
            timeout: as the run's, if it is given.

        Raises:
            SettingError: if the run has another time-out.
            RefusedError: naming every closed gate; nothing was changed then.
            AwsError: if AWS refuses, or cannot be asked.
        """
        asked = self._gatherer.asked.switchover_timeout
        if timeout is not None and parse_duration(timeout) != asked:
            raise SettingError(
                f"timeout={timeout!r}: that of a real switchover is the run's:"
                f" --rds-switchover-timeout={asked:g}s"
            )
        return self._trigger()
