"""What is written down of a standing cluster, so that other processes find it and act on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pytest_rdsfailover.aws.client import ApiPlace
from pytest_rdsfailover.local.aws_api.script import decode_script
from pytest_rdsfailover.local.endpoints import KINDS, endpoint_of
from pytest_rdsfailover.local.listeners import Place
from pytest_rdsfailover.local.processes.identity import Identity
from pytest_rdsfailover.local.rds_proxy import READ_ONLY, READ_WRITE
from pytest_rdsfailover.local.server.accounts import Account
from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA, aurora_version
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError, did_you_mean

# How users call the endpoints; an instance is called by its id.
CALLED = {"writer": "cluster", "reader": "reader", "proxy": READ_WRITE, "proxy-reader": READ_ONLY}


def called_in(instances: Iterable[str]) -> Mapping[str, str]:
    """Return the endpoint behind each name that users of a cluster with these instances may write."""
    return CALLED | {instance: instance for instance in instances}


def inside(called: str, known: Mapping[str, str]) -> str:
    """Return the name of inside of the endpoint that a user means, of those that are known.

    Raises:
        SettingError: if there is none of that name.
    """
    if called not in known:
        raise SettingError(
            f"there is no endpoint {called!r}{did_you_mean(called, known)} (endpoints:"
            f" {', '.join(known)})"
        )
    return known[called]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A standing cluster.

    Attributes:
        name: how users call it.
        keeper: the process that keeps it; it ends with that.
        control: path of the gateway's control socket.
        toxiproxy: where its Toxiproxy takes commands.
        prefix: what the names of its proxies begin with there.
        places: where each endpoint listens, by the names of inside.
        user: the account that clients use.
        password: its first password; another works once that was rotated.
        database: its schema.
        ca: path of the certificate authority's PEM file.
        aws: where its AWS API answers; None without the extra `aws`.
        names: the host name of each endpoint, by the names of inside; empty without `--aws-names`.
        dns: where a name server answers for them; None without one.
        identifier: the cluster's name in the AWS API.
        usual: what a failover looks like unless it is said otherwise, as `encode_script` returns it.
        seed: decides the sampled durations of its failovers.
        parts: what it is made of, in words for people.
        since: when it stood, in seconds of the epoch.
        files: paths of what its keeper writes for users, and removes at its end.
        aurora: the version of Aurora MySQL that it is like.
    """

    name: str
    keeper: Identity
    control: str
    toxiproxy: str
    prefix: str
    places: Mapping[str, Place]
    user: str
    password: str = field(repr=False)
    database: str
    ca: str
    aws: ApiPlace | None
    names: Mapping[str, str]
    dns: Place | None
    identifier: str
    usual: str = field(repr=False)
    seed: int
    parts: Mapping[str, str]
    since: float
    files: tuple[str, ...] = ()
    aurora: str = USUAL_AURORA.name

    @property
    def profile(self) -> str:
        """Return the name of the failover profile that is played unless another is asked for."""
        return decode_script(self.usual).profile.name

    @property
    def is_whole(self) -> bool:
        """Tell whether its parts fit together: each endpoint has its place, and a failover a profile."""
        try:
            return bool(self.profile) and self.places.keys() >= set(self.called.values())
        except SettingError:
            return False

    @property
    def account(self) -> Account:
        """Return the account that clients use."""
        return Account(user=self.user, password=self.password, database=self.database)

    @property
    def instances(self) -> tuple[str, ...]:
        """Return the ids of its instances."""
        return tuple(name for name in self.places if name not in KINDS)

    @property
    def called(self) -> Mapping[str, str]:
        """Return the endpoint behind each name that users may write."""
        return called_in(self.instances)

    def inside(self, called: str) -> str:
        """Return the name of inside of the endpoint that a user means.

        Raises:
            SettingError: if there is none of that name.
        """
        return inside(called, self.called)

    def endpoint(self, called: str) -> Endpoint:
        """Return an endpoint by the name that users write.

        Raises:
            SettingError: if there is none of that name.
        """
        name = self.inside(called)
        place = self.places[name]
        version = aurora_version(self.aurora)
        found = endpoint_of(name, place.host, place.port, self.account, self.ca, version)
        return replace(found, alias=self.names.get(name, ""))
