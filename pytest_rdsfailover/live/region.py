"""The AWS API of one region through boto3: every call named, bounded, retried and on record."""

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pytest_rdsfailover.aws.client import (
    AwsError,
    explained,
    signing,
    unlogged,
    with_shared_descriptions,
)
from pytest_rdsfailover.aws.read_only import is_read_only
from pytest_rdsfailover.model.endpoints import Hidden
from pytest_rdsfailover.model.errors import SettingError

CONNECT_WITHIN, ANSWER_WITHIN = 5.0, 20.0  # seconds
BRIEF = 3.0  # seconds for an answer, where all who log in wait for it
TRIES = 6  # attempts of a call that AWS throttles or fails to answer
MOST_NAMES = 100  # alarms in one request
MOST_PAGES = 100  # of one list: a hundred entries each, far more than a cluster has
ALARM_KINDS = ("MetricAlarm", "CompositeAlarm")
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
        core = with_shared_descriptions(botocore.session.get_session())
        # The global endpoint is in us-east-1, and out of reach of a private subnet elsewhere.
        core.set_config_variable("sts_regional_endpoints", "regional")
        # Or a stand-in of one service, set for other tests, would open the gates of a real cluster.
        core.set_config_variable("ignore_configured_endpoint_urls", value=True)
        self._session = boto3.session.Session(region_name=name, botocore_session=core)
        self._clients: dict[tuple[str, bool], Any] = {}
        self._brief: dict[str, object] = {}
        self._others: dict[str, Region] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the name and the URL; another process finds its credentials in the same places."""
        return Region, (self.name, self.url)

    def client(self, service: str, *, once: bool = False) -> Any:
        """Return the client of a service; for triggers one that sends every request *once*.

        The thread that asks first makes the client: boto3 cannot make two clients at once.
        """
        if (service, once) not in self._clients:
            self._clients[service, once] = self._make(service, once=once)
        return self._clients[service, once]

    def elsewhere(self, name: str) -> "Region":
        """Return another region as the same caller sees it; our `calls` list its requests, too."""
        if name == self.name:
            return self
        if name not in self._others:
            self._others[name] = other = Region(name, self.url)
            other.calls = self.calls
        return self._others[name]

    def new_client(self, service: str) -> Any:
        """Return a new client of a service, which nobody else uses."""
        return self._make(service, once=False)

    def patient_client(self, service: str, patience: float, at_once: int) -> Any:
        """Return a new client for calls that take up to so many seconds, and are made once."""
        return self._make(service, once=True, read_timeout=patience, max_pool_connections=at_once)

    def brief_client(self, service: str) -> Any:
        """Return the client of a service for calls that others wait for; each is made once."""
        if service not in self._brief:
            self._brief[service] = self._make(
                service, once=True, connect_timeout=BRIEF, read_timeout=BRIEF
            )
        return self._brief[service]

    def signing_client(self) -> Any:
        """Return a new client of S3, whose signed URLs lead to this region."""
        return self._make("s3", once=False, more=signing())

    def _make(self, service: str, *, once: bool, more: Any = None, **others: float) -> Any:
        from botocore.config import Config

        usual = {"connect_timeout": CONNECT_WITHIN, "read_timeout": ANSWER_WITHIN}
        tries = {"mode": "standard", "total_max_attempts": 1 if once else TRIES}
        options = Config(retries=tries, **(usual | others))
        with explained(f"a client of {service}"):
            client = self._session.client(
                service,
                region_name=self.name,
                endpoint_url=self.url,
                config=options.merge(more) if more else options,
            )
        client.meta.events.register("before-call", self._note)
        return client

    def _note(self, model: Any, **_: Any) -> None:
        action = f"{model.service_model.service_name}:{model.name}"
        self.calls.append(Call(action=action, at=time.monotonic()))

    @property
    def mutating(self) -> list[str]:
        """Return the actions so far that may change something."""
        return [call.action for call in self.calls if not is_read_only(call.action)]

    def caller(self) -> Plain:
        """Return the caller's `Account` and `Arn`, and `offset`: AWS' clock minus ours, in seconds.

        `uncertainty` says by how many seconds the offset may be off: the header `Date` has whole
        seconds only, and nobody knows when in the round trip it was written.

        Raises:
            AwsError: if there are no credentials, or STS refuses them.
        """
        before = time.time()
        identity = self._ask("sts", "get_caller_identity")
        after = time.time()
        middle, uncertainty = (before + after) / 2, 0.5 + (after - before) / 2
        date = identity["ResponseMetadata"]["HTTPHeaders"].get("date")
        # The header has whole seconds only; on average half a second is missing.
        aws_time = (
            None if date is None else email.utils.parsedate_to_datetime(date).timestamp() + 0.5
        )
        offset = None if aws_time is None else aws_time - middle
        return {
            "Account": identity["Account"], "Arn": identity["Arn"], "offset": offset,
            "uncertainty": uncertainty,
        }  # fmt: skip

    def cluster(self, name: str) -> Plain:
        """Return a cluster as RDS describes it.

        Raises:
            AwsError: if there is no such cluster, or RDS refuses to describe it.
        """
        answer: Plain = self._ask("rds", "describe_db_clusters", DBClusterIdentifier=name)
        return _only("describe_db_clusters", answer["DBClusters"])

    def instances(self, cluster: str) -> list[Plain]:
        """Return a cluster's instances as RDS describes them."""
        filters = [{"Name": "db-cluster-id", "Values": [cluster]}]
        return self._all("rds", "describe_db_instances", "DBInstances", Filters=filters)

    def global_cluster(self, name: str) -> Plain:
        """Return a global database as RDS describes it."""
        answer = self._ask("rds", "describe_global_clusters", GlobalClusterIdentifier=name)
        # Filtered once more, so that no answer about another database is taken for one about ours.
        same = [
            database
            for database in answer["GlobalClusters"]
            if database["GlobalClusterIdentifier"] == name
        ]
        return _only("describe_global_clusters", same)

    def deployment(self, identifier: str) -> Plain:
        """Return a blue/green deployment as RDS describes it."""
        answer = self._ask(
            "rds", "describe_blue_green_deployments", BlueGreenDeploymentIdentifier=identifier
        )
        same = [
            deployment
            for deployment in answer["BlueGreenDeployments"]
            if deployment["BlueGreenDeploymentIdentifier"] == identifier
        ]
        return _only("describe_blue_green_deployments", same)

    def deployment_events(self, minutes: int) -> list[Plain]:
        """Return the events of all blue/green deployments in the last *minutes*."""
        kind = "blue-green-deployment"
        return self._all("rds", "describe_events", "Events", SourceType=kind, Duration=minutes)

    def proxy(self, name: str) -> Plain:
        """Return a proxy as RDS describes it."""
        answer = self._ask("rds", "describe_db_proxies", DBProxyName=name)
        return _only("describe_db_proxies", answer["DBProxies"])

    def proxy_targets(self, name: str) -> list[Plain]:
        """Return a proxy's targets as RDS describes them."""
        return self._all("rds", "describe_db_proxy_targets", "Targets", DBProxyName=name)

    def events(self, source: str, minutes: int, kind: str = "db-cluster") -> list[Plain]:
        """Return the events of a cluster or instance in the last *minutes*.

        Args:
            source: its identifier.
            minutes: how far to look back.
            kind: `db-cluster` or `db-instance`; RDS keeps their events apart.
        """
        return self._all(
            "rds", "describe_events", "Events",
            SourceIdentifier=source, SourceType=kind, Duration=minutes,
        )  # fmt: skip

    def alarms(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return the states of the alarms that exist among *names*."""
        states: dict[str, str] = {}
        for start in range(0, len(names), MOST_NAMES):
            some = list(names[start : start + MOST_NAMES])
            for kind in ALARM_KINDS:  # without a type CloudWatch tells of metric alarms only
                found = self._all(
                    "cloudwatch", "describe_alarms", f"{kind}s", AlarmNames=some, AlarmTypes=[kind]
                )
                states |= {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}
        return states

    def secret(self, arn: str, *, brief: bool = False) -> str:
        """Return the text of a secret; its repr does not show it. A *brief* look is not repeated."""
        make = self.brief_client if brief else self.client
        with unlogged(), explained("get_secret_value"):
            answer = make("secretsmanager").get_secret_value(SecretId=arn)
        if "SecretString" not in answer:
            raise AwsError("get_secret_value", "NoText", f"{arn} is a binary secret, not a text")
        return Hidden(answer["SecretString"])

    def experiment(self, identifier: str) -> Plain:
        """Return an experiment as FIS describes it."""
        answer: Plain = self._ask("fis", "get_experiment", id=identifier)
        described: Plain = answer["experiment"]
        return described

    def template(self, template: str) -> Plain:
        """Return an experiment template as FIS describes it."""
        answer: Plain = self._ask("fis", "get_experiment_template", id=template)
        described: Plain = answer["experimentTemplate"]
        return described

    def token(self, host: str, port: int, user: str) -> str:
        """Return a password for IAM authentication, good for new connections for 15 minutes."""
        with explained("generate_db_auth_token"), unlogged():
            password: str = self.client("rds").generate_db_auth_token(
                DBHostname=host, Port=port, DBUsername=user, Region=self.name
            )
        return Hidden(password)

    def _all(self, service: str, method: str, member: str, **arguments: Any) -> list[Plain]:
        """Return the answers of all pages together.

        Raises:
            AwsError: if AWS refuses, cannot be asked, or tells of more pages without end.
        """
        with explained(method):
            asked = self.client(service).get_paginator(method).paginate(**arguments)
            pages = list(islice(asked, MOST_PAGES + 1))
        if len(pages) > MOST_PAGES:
            raise AwsError(method, "NoEnd", f"the list has more than {MOST_PAGES} pages")
        return [described for page in pages for described in page.get(member, ())]

    def _ask(self, service: str, method: str, **arguments: Any) -> Any:
        with explained(method):
            return getattr(self.client(service), method)(**arguments)


def _only(action: str, described: list[Plain]) -> Plain:
    if len(described) != 1:
        raise AwsError(action, "Ambiguous", f"one was asked for, {len(described)} were found")
    return described[0]
