"""The AWS API of one region through boto3: every call named, bounded, retried and on record."""

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.aws.client import AwsError, explained, sharing, unlogged
from pytest_rdsfailover.model.endpoints import Hidden
from pytest_rdsfailover.model.errors import SettingError

CONNECT_WITHIN, ANSWER_WITHIN = 5.0, 20.0  # seconds
TRIES = 6  # of a call that AWS throttles or fails to answer
HARMLESS = ("Describe", "List", "Get", "Batch", "Lookup", "Download")  # first words of operations
Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the AWS API.

    Attributes:
        action: service and operation, as IAM names the action in most cases.
        at: when it was sent, on the monotonic clock.
    """

    action: str
    at: float


class Region:
    """One region as the caller's own credentials see it.

    Args:
        name: the region; never taken from defaults.
        url: where a stand-in answers instead of AWS; None for AWS.

    Attributes:
        calls: every request so far.

    Raises:
        SettingError: if boto3 is not installed.
    """

    def __init__(self, name: str, url: str | None = None) -> None:
        try:
            import boto3.session
            import botocore.session
        except ImportError:
            raise SettingError(
                "--rds-live needs boto3: pip install 'pytest-rdsfailover[aws]'"
            ) from None
        self.name, self.url = name, url
        self.calls: list[Call] = []
        core = sharing(botocore.session.get_session())
        self._session = boto3.session.Session(region_name=name, botocore_session=core)
        self._clients: dict[tuple[str, bool], Any] = {}
        self._others: dict[str, Region] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Be the same region in another process, whose credentials come from the same places."""
        return Region, (self.name, self.url)

    def client(self, service: str, *, once: bool = False) -> Any:
        """Return the client of a service; one that sends every request *once* for triggers.

        Clients are made here only, on the thread that asks first: boto3 cannot make two at once.
        """
        if (service, once) not in self._clients:
            self._clients[service, once] = self._make(service, once=once)
        return self._clients[service, once]

    def elsewhere(self, name: str) -> "Region":
        """Return another region as the same caller sees it; its requests are on our record."""
        if name == self.name:
            return self
        if name not in self._others:
            self._others[name] = other = Region(name, self.url)
            other.calls = self.calls
        return self._others[name]

    def new_client(self, service: str) -> Any:
        """Return a client that nobody else uses."""
        return self._make(service, once=False)

    def _make(self, service: str, *, once: bool) -> Any:
        from botocore.config import Config

        options = Config(
            connect_timeout=CONNECT_WITHIN,
            read_timeout=ANSWER_WITHIN,
            retries={"mode": "standard", "total_max_attempts": 1 if once else TRIES},
        )
        with explained(f"a client of {service}"):
            made = self._session.client(
                service, region_name=self.name, endpoint_url=self.url, config=options
            )
        made.meta.events.register("before-call", self._note)
        return made

    def _note(self, model: Any, **_: Any) -> None:
        action = f"{model.service_model.service_name}:{model.name}"
        self.calls.append(Call(action=action, at=time.monotonic()))

    @property
    def mutating(self) -> list[str]:
        """Return the actions so far that may change something."""
        return [
            call.action
            for call in self.calls
            if not call.action.partition(":")[2].startswith(HARMLESS)
        ]

    def caller(self) -> Plain:
        """Return `Account` and `Arn` of who calls, and `offset`: AWS' clock minus ours.

        Raises:
            AwsError: if there are no credentials, or STS refuses them.
        """
        before = time.time()
        found = self._ask("sts", "get_caller_identity")
        middle = (before + time.time()) / 2
        date = found["ResponseMetadata"]["HTTPHeaders"].get("date")
        # The header counts whole seconds: half a second is the expected rest.
        told = None if date is None else email.utils.parsedate_to_datetime(date).timestamp() + 0.5
        offset = None if told is None else told - middle
        return {"Account": found["Account"], "Arn": found["Arn"], "offset": offset}

    def cluster(self, name: str) -> Plain:
        """Return a cluster as RDS describes it.

        Raises:
            AwsError: if there is none, or RDS refuses to tell.
        """
        found: Plain = self._ask("rds", "describe_db_clusters", DBClusterIdentifier=name)
        return _only("describe_db_clusters", found["DBClusters"])

    def instances(self, cluster: str) -> list[Plain]:
        """Return a cluster's instances as RDS describes them."""
        wanted = [{"Name": "db-cluster-id", "Values": [cluster]}]
        found = self._ask("rds", "describe_db_instances", Filters=wanted)
        return list(found["DBInstances"])

    def global_cluster(self, name: str) -> Plain:
        """Return a global database as RDS describes it."""
        found = self._ask("rds", "describe_global_clusters", GlobalClusterIdentifier=name)
        # Filtered once more: an answer about others must not be taken for one about ours.
        ours = [one for one in found["GlobalClusters"] if one["GlobalClusterIdentifier"] == name]
        return _only("describe_global_clusters", ours)

    def proxy(self, name: str) -> Plain:
        """Return a proxy as RDS describes it."""
        found = self._ask("rds", "describe_db_proxies", DBProxyName=name)
        return _only("describe_db_proxies", found["DBProxies"])

    def proxy_targets(self, name: str) -> list[Plain]:
        """Return a proxy's targets as RDS describes them."""
        return list(self._ask("rds", "describe_db_proxy_targets", DBProxyName=name)["Targets"])

    def events(self, cluster: str, minutes: int) -> list[Plain]:
        """Return the events of a cluster in the last minutes."""
        found = self._ask(
            "rds", "describe_events",
            SourceIdentifier=cluster, SourceType="db-cluster", Duration=minutes,
        )  # fmt: skip
        return list(found["Events"])

    def alarms(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return the states of the alarms that exist among *names*."""
        if not names:
            return {}
        found = self._ask("cloudwatch", "describe_alarms", AlarmNames=list(names))
        every = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in every}

    def secret(self, arn: str) -> str:
        """Return the text of a secret; its repr does not show it."""
        with unlogged():
            found = self._ask("secretsmanager", "get_secret_value", SecretId=arn)["SecretString"]
        return Hidden(found)

    def experiment(self, template: str) -> Plain:
        """Return an experiment template as FIS describes it."""
        found: Plain = self._ask("fis", "get_experiment_template", id=template)
        described: Plain = found["experimentTemplate"]
        return described

    def token(self, host: str, port: int, user: str) -> str:
        """Return a password for IAM authentication, good for new connections for 15 minutes."""
        with explained("generate_db_auth_token"), unlogged():
            made: str = self.client("rds").generate_db_auth_token(
                DBHostname=host, Port=port, DBUsername=user, Region=self.name
            )
        return Hidden(made)

    def _ask(self, service: str, method: str, **arguments: Any) -> Any:
        with explained(method):
            return getattr(self.client(service), method)(**arguments)


def _only(action: str, found: list[Plain]) -> Plain:
    if len(found) != 1:
        raise AwsError(action, "Ambiguous", f"one was asked for, {len(found)} were found")
    return found[0]
