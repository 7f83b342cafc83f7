"""How a local failover is started: through the AWS API with the extra `aws`, else directly."""

from collections.abc import Mapping
from typing import Any, Protocol

from pytest_rdsfailover.aws import trigger
from pytest_rdsfailover.aws.client import AwsError, add_headers, explained
from pytest_rdsfailover.local.aws_api.client import ControlPlane
from pytest_rdsfailover.local.aws_api.script import SCRIPT, encode_script
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.profiles.choreography import choreography
from pytest_rdsfailover.local.profiles.profiles import Profile


class Trigger(Protocol):
    """Starts failovers of a local cluster."""

    @property
    def about(self) -> str:
        """Return what the trigger is, in words for people."""

    def prepare(self) -> None:
        """Do all that takes time, so that `start` does not.

        Raises:
            NotReadyError: if a server does not start.
        """

    def start(self, profile: Profile, *, writer: str, target: str, seed: int) -> None:
        """Start a failover; the gateway notes when it began.

        Raises:
            RdsFailoverError: if the failover is refused.
        """


class DirectTrigger:
    """Tells the gateway directly, without the AWS API."""

    about = "direct (pytest-rdsfailover[aws] would send it through the AWS API)"

    def __init__(self, gateway: GatewayClient) -> None:
        self._gateway = gateway

    def prepare(self) -> None:
        """Do nothing: the gateway is ready."""

    def start(self, profile: Profile, *, writer: str, target: str, seed: int) -> None:
        """Start a failover."""
        steps = choreography(profile, writer=writer, target=target, seed=seed)
        self._gateway.play(
            steps, profile.read_only_error, name=profile.name, dns_ttl=profile.dns_ttl
        )


class ApiTrigger:
    """Asks the local control plane through boto3, by the same call as a real failover.

    AWS knows no failover profiles, so the profile travels as a header of the request.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._rds: Any = None
        self._script = ""
        self.about = f"failover_db_cluster by boto3, answered by moto {plane.version}"

    def prepare(self) -> None:
        """Start the control plane, make the client, and send a first request through it."""
        if self._rds is None:
            rds = self._plane.client("rds")
            for operation in ("DescribeDBClusters", "FailoverDBCluster", "RebootDBInstance"):
                add_headers(rds, operation, self._headers)
            with explained("describe_db_clusters"):
                rds.describe_db_clusters(DBClusterIdentifier=self._plane.cluster)
            self._rds = rds

    def start(self, profile: Profile, *, writer: str, target: str, seed: int) -> None:
        """Start a failover, or restart the writer if the profile promotes no instance."""
        self.prepare()
        self._script = encode_script(profile, seed)
        try:
            if profile.moves_writer:
                trigger.fail_over(self._rds, self._plane.cluster, target)
            else:
                trigger.reboot(self._rds, writer)
        except AwsError:
            self._plane.check_moves()  # says better why nobody answers
            raise

    def _headers(self) -> Mapping[str, str]:
        return {SCRIPT: self._script}
